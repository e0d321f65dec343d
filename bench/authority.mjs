// A certificate authority made for one run, and the files with which a server on this machine proves itself.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

const options = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' }

/** Paths of PEM files: the authority's certificate, and the certificate and key that are valid for 127.0.0.1. */
export async function makeAuthority() {
  const authority = await generate([{ name: 'commonName', value: 'redlatch bench authority' }], {
    ...options,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  })
  const server = await generate([{ name: 'commonName', value: 'redlatch bench' }], {
    ...options,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-bench-'))
  const files = { authority: 'authority.pem', certificate: 'certificate.pem', key: 'key.pem' }
  const paths = Object.fromEntries(Object.entries(files).map(([what, name]) => [what, join(folder, name)]))
  writeFileSync(paths.authority, authority.cert)
  writeFileSync(paths.certificate, server.cert)
  writeFileSync(paths.key, server.private, { mode: 0o600 })
  return { ...paths, remove: () => rmSync(folder, { recursive: true }) }
}
