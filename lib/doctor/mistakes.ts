// What is wrong with the URL and the token, as precisely as their texts tell. The rules are those of
// crates/core/src/config/mistake.rs, with what to do about each.

import type { Credentials } from './environment.js'
import { type Finding, problem, warning } from './finding.js'

const COPY = 'Copy it from the Upstash console, under "REST API".'
const MAX_PORT = 65_535
/** How long passwords of Upstash are. REST tokens are longer. */
const PASSWORD = /^.{30,39}$/
const QUOTES = '["\'`\u2018\u2019\u201c\u201d]'
const UPSTASH = /\.upstash\.io$/
const TCP_CLIENTS = /rediss?:\/\//i

const wrong = (message: string, remedy = COPY) => problem('environment', message, remedy)

export function checkPair({ urlName, tokenName, url, token }: Credentials): Finding[] {
  const [urlText, tokenText] = [url.trim(), token.trim()]
  if (tokenText !== '' && looksLikeAddress(tokenText)) {
    if (looksLikeAddress(urlText)) return [wrong(`${tokenName} holds a URL, not the REST token.`)]
    return [wrong(`${tokenName} holds the URL, and ${urlName} the token.`, 'Exchange the two values.')]
  }
  return [
    ...checkWhiteSpace(urlName, url),
    ...checkWhiteSpace(tokenName, token),
    ...(urlText === '' ? [] : (checkAny(urlName, urlText) ?? checkUrl(urlName, tokenName, urlText))),
    ...(tokenText === ''
      ? []
      : (checkAny(tokenName, tokenText) ?? checkToken(tokenName, tokenText, urlText))),
  ]
}

/** Whether `text` is the address of an Upstash database for TCP clients, as it is in `REDIS_URL`. */
export function isTcpAddressOfUpstash(text: string): boolean {
  return TCP_CLIENTS.test(text) && /\.(upstash\.io|vercel-storage\.com)(:\d+)?\/?$/.test(text.trim())
}

/** What is wrong with either, which then says nothing more. */
function checkAny(name: string, text: string): Finding[] | undefined {
  if (new RegExp(`^${QUOTES}|${QUOTES}$`).test(text)) {
    return [wrong(`${name} has quotation marks around it, which are part of the value.`, 'Remove them.')]
  }
  if (/[,;]$/.test(text)) return [wrong(`${name} ends with a comma or semicolon.`, 'Remove it.')]
  if (new RegExp(`^(export\\s+)?${name}\\s*=`).test(text)) {
    return [wrong(`${name} holds its own name.`, 'Keep what is behind the =.')]
  }
  return undefined
}

function checkUrl(name: string, tokenName: string, text: string): Finding[] {
  if (TCP_CLIENTS.test(text)) return [wrong(`${name} is the address for TCP clients.`)]
  if (portOf(text) > MAX_PORT) return [wrong(`${name} has a port above ${MAX_PORT}.`)]
  if (/\s/.test(text)) return [wrong(`${name} holds white space.`)]
  if (!text.includes('://')) return [wrong(`${name} is no https URL: it does not start with https://.`)]
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return [wrong(`${name} is no https URL.`)]
  if (parsed.username || parsed.password) {
    const remedy = `Take the part before the @ out; the token goes into ${tokenName}.`
    return [wrong(`${name} holds credentials.`, remedy)]
  }
  return checkAddress(name, parsed)
}

function checkAddress(name: string, { protocol, hostname, pathname, search, hash }: URL): Finding[] {
  if (hostname === 'console.upstash.com') {
    return [wrong(`${name} is the address of the Upstash console.`, 'Copy the REST URL that it shows.')]
  }
  if (search || hash) return [wrong(`${name} has more than a host and a port.`)]
  if (UPSTASH.test(hostname) && pathname !== '/') {
    return [wrong(`${name} has a path.`, 'Keep what is before it, https://name.upstash.io.')]
  }
  if (protocol === 'http:' && !isLoopback(hostname)) {
    return [warning('environment', `${name} is not encrypted.`, 'Use https.')]
  }
  return []
}

function looksLikeAddress(text: string): boolean {
  return text.includes('://') || /\.upstash\.io\/*$/.test(text)
}

/** The port that is written in `url`, which `URL` does not parse if there is no such port. */
function portOf(url: string): number {
  const [, port = ''] = /^\w+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(url) ?? []
  return Number(port)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function checkToken(name: string, text: string, url: string): Finding[] {
  const [kind] = [
    ['white space', /\s/],
    ['non-ASCII', /[^\0-\x7f]/],
    ['control characters', /[^\x21-\x7e]/],
  ].find(([, pattern]) => (pattern as RegExp).test(text)) ?? [undefined]
  if (kind) return [wrong(`${name} holds characters that no token has (${kind}).`)]
  if (PASSWORD.test(text) && URL.canParse(url) && UPSTASH.test(new URL(url).hostname)) {
    return [wrong(`${name} is too short for a token: it looks like the password.`)]
  }
  return []
}

function checkWhiteSpace(name: string, value: string): Finding[] {
  if (value === value.trim() || value.trim() === '') return []
  return [warning('environment', `${name} has white space around it, which is dropped.`, 'Remove it.')]
}
