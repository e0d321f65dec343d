/**
 * The error that a call rejects with. What the call throws synchronously is thrown on, so that a test that expects a
 * rejection fails.
 */
export function rejection(call: () => Promise<unknown>): Promise<Error & { code: string }> {
  return call().then(
    (value) => {
      throw new Error(`resolved with ${String(value)}`)
    },
    (error) => error,
  )
}
