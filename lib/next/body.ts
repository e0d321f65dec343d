/** All bytes of a body; nothing when there are more than `most`. */
export async function bytesOf(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<Uint8Array | undefined> {
  if (!body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    length += value.byteLength
    if (length > most) {
      // The other half of a cloned body goes on without this one.
      reader.cancel().catch(() => undefined)
      return undefined
    }
    chunks.push(value)
  }
}
