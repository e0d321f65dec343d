// A certificate authority for servers on 127.0.0.1, for a run.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY_TYPE = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' }

/** PEM files in `parent`: the certificate of a new authority, and a certificate and its key for 127.0.0.1. */
export async function makeAuthority(parent) {
  // Loaded here, so that it is not in the memory of processes that only import this.
  const { generate } = await import('selfsigned')
  const authority = await generate([{ name: 'commonName', value: 'redlatch authority' }], {
    ...KEY_TYPE,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  })
  const server = await generate([{ name: 'commonName', value: 'redlatch server' }], {
    ...KEY_TYPE,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const folder = mkdtempSync(join(parent, 'redlatch-authority-'))
  const files = { authority: 'authority.pem', certificate: 'certificate.pem', key: 'key.pem' }
  const paths = Object.fromEntries(Object.entries(files).map(([what, name]) => [what, join(folder, name)]))
  writeFileSync(paths.authority, authority.cert)
  writeFileSync(paths.certificate, server.cert)
  writeFileSync(paths.key, server.private, { mode: 0o600 })
  return { ...paths, remove: () => rmSync(folder, { recursive: true }) }
}
