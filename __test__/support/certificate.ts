import { generateKeyPairSync, sign } from 'node:crypto'

/** A certificate for `localhost` that nobody trusts but who is given it, as PEM. Node cannot make one by itself. */
export function selfSignedCertificate(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(object('2a8648ce3d040302'))
  const name = sequence(der(0x31, sequence(object('550403'), der(0x0c, Buffer.from('redlatch test')))))
  const year = new Date().getUTCFullYear()
  const validity = sequence(time(`${year - 1}0101000000Z`), time(`${year + 1}0101000000Z`))
  const localhost = sequence(der(0x82, Buffer.from('localhost')))
  const alternativeName = sequence(object('551d11'), der(0x04, localhost))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeName)),
  )
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(sequence(body, ecdsaWithSha256, signature)),
  }
}

/** An element of X.690's DER: its tag, its length and its content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const [high, low] = [body.length >> 8, body.length & 0xff]
  const length = high > 0 ? [0x82, high, low] : low < 0x80 ? [low] : [0x81, low]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}

const sequence = (...content: Buffer[]) => der(0x30, ...content)
const object = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const time = (text: string) => der(0x18, Buffer.from(text))

function pem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
