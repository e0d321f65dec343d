import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { selfSignedCertificate } from '../support/certificate'
import { sharedGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const { url, token } = sharedGateway()
const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)

let directory: string
let certificate: string
let server: Server

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'redlatch-'))
  certificate = join(directory, 'certificate.pem')
  const { key, cert } = selfSignedCertificate()
  await writeFile(certificate, cert)
  // Speaks TLS in front of the gateway.
  server = createServer({ key, cert }, (secured) => {
    const plain = connect(Number(new URL(url).port), '127.0.0.1')
    secured.pipe(plain).pipe(secured)
    for (const socket of [secured, plain]) socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

beforeEach(() => {
  delete process.env.NODE_EXTRA_CA_CERTS
  redisManager.configure({ url: `https://localhost:${(server.address() as AddressInfo).port}`, token })
  warn.mockClear()
})

afterAll(async () => {
  delete process.env.NODE_EXTRA_CA_CERTS
  await redisManager.close()
  server.close()
  await rm(directory, { recursive: true })
})

test('a certificate of NODE_EXTRA_CA_CERTS is trusted', async () => {
  process.env.NODE_EXTRA_CA_CERTS = certificate
  const key = uniqueKey()

  await redisManager.set(key, 'value', 60)

  expect(await redisManager.healthCheck()).toMatchObject({ status: 'healthy', mode: 'redis' })
  expect(await redisManager.get(key)).toBe('value')
  expect(warn).not.toHaveBeenCalled()
})

test('a certificate that nobody has vouched for is not trusted', async () => {
  expect(await redisManager.healthCheck()).toMatchObject({
    status: 'unhealthy',
    mode: 'redis',
    error: expect.stringMatching(/cannot connect/),
  })
})

test('NODE_EXTRA_CA_CERTS that names no file is told once and otherwise ignored', async () => {
  process.env.NODE_EXTRA_CA_CERTS = join(directory, 'absent.pem')

  await redisManager.healthCheck()
  await redisManager.healthCheck()

  const told = warn.mock.calls.filter(([text]) => String(text).includes('NODE_EXTRA_CA_CERTS'))
  expect(told).toStrictEqual([[expect.stringMatching(/^redlatch: .*NODE_EXTRA_CA_CERTS/)]])
})
