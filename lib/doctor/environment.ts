// What the environment says, that of the shell and that of the .env files which Next.js reads, and whether it can be
// right. The rules are those of crates/core/src/config.rs, told more fully.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

import { type Finding, ok, problem, warning } from './finding.js'

type Environment = Record<string, string | undefined>

/** The address and the token, with the names of their variables. */
export interface Credentials {
  urlName: string
  tokenName: string
  url: string
  token: string
}

const URL_NAME = 'UPSTASH_REDIS_REST_URL'
const TOKEN_NAME = 'UPSTASH_REDIS_REST_TOKEN'
const OLD_URL_NAME = 'KV_REST_API_URL'
const OLD_TOKEN_NAME = 'KV_REST_API_TOKEN'
const COPY = 'Copy it from the Upstash console, under "REST API".'

/** Passwords have 32 to 36 characters, REST tokens more. */
const SHORTEST_TOKEN = 40

const MAX_PORT = 65_535

/** The variables as the app in `folder` sees them: what the shell sets goes before the files. */
export function readEnvironment(folder: string, shell: Environment = process.env): Environment {
  const mode = shell.NODE_ENV ?? 'development'
  const files = [`.env.${mode}.local`, '.env.local', `.env.${mode}`, '.env']
  const layers = files.map((file) => {
    try {
      return parseEnv(readFileSync(join(folder, file), 'utf8'))
    } catch {
      return {}
    }
  })
  return Object.assign({}, ...layers.reverse(), shell)
}

/** The names and the values that count; `undefined` when nothing is set. */
function credentials(environment: Environment): Credentials | undefined {
  const pairs = [
    [URL_NAME, TOKEN_NAME],
    [OLD_URL_NAME, OLD_TOKEN_NAME],
  ] as const
  for (const [urlName, tokenName] of pairs) {
    const [url = '', token = ''] = [environment[urlName], environment[tokenName]]
    if (url.trim() || token.trim()) return { urlName, tokenName, url, token }
  }
  return undefined
}

export function checkEnvironment(environment: Environment): Finding[] {
  const set = credentials(environment)
  if (environment.DISABLE_REDIS === 'true') {
    return [
      warning('environment', 'DISABLE_REDIS is true: values stay in memory.', 'Remove it to use Redis.'),
    ]
  }
  if (!set) {
    const missing = `${URL_NAME} and ${TOKEN_NAME} are missing: values stay in the memory of each process.`
    return [problem('environment', missing, 'Set both, from the Upstash console, under "REST API".')]
  }
  const findings = [
    ...checkMissing(set),
    ...checkDeprecated(set),
    ...checkUrl(set),
    ...checkToken(set),
    ...checkLeaked(environment),
  ]
  return findings.length > 0 ? findings : [ok('environment', `${URL_NAME} and ${TOKEN_NAME} are set.`)]
}

function checkMissing({ urlName, tokenName, url, token }: Credentials): Finding[] {
  const [there, name] = url.trim() ? [urlName, tokenName] : [tokenName, urlName]
  if (url.trim() && token.trim()) return []
  return [problem('environment', `${there} is set, but ${name} is missing.`, COPY)]
}

function checkDeprecated({ urlName }: Credentials): Finding[] {
  if (urlName !== OLD_URL_NAME) return []
  const remedy = `Rename them to ${URL_NAME} and ${TOKEN_NAME}.`
  return [warning('environment', `${OLD_URL_NAME} and ${OLD_TOKEN_NAME} are deprecated.`, remedy)]
}

function checkUrl({ urlName, url }: Credentials): Finding[] {
  const text = url.trim()
  if (text === '') return []
  const findings = checkWhiteSpace(urlName, url)
  if (/^rediss?:/i.test(text)) {
    return [...findings, problem('environment', `${urlName} is the address for TCP clients.`, COPY)]
  }
  if (portOf(text) > MAX_PORT) {
    return [...findings, problem('environment', `${urlName} has a port above ${MAX_PORT}.`, COPY)]
  }
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    return [...findings, problem('environment', `${urlName} is no https URL.`, COPY)]
  }
  if (parsed.username || parsed.password) {
    const remedy = `Take the part before the @ out; the token goes into ${TOKEN_NAME}.`
    findings.push(problem('environment', `${urlName} holds credentials.`, remedy))
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    findings.push(warning('environment', `${urlName} is not encrypted.`, 'Use https.'))
  }
  return findings
}

/** The port that is written in `url`, which `URL` does not parse if there is no such port. */
function portOf(url: string): number {
  const [, port = ''] = /^\w+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(url) ?? []
  return Number(port)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function checkToken({ tokenName, token, url }: Credentials): Finding[] {
  const text = token.trim()
  if (text === '') return []
  const findings = checkWhiteSpace(tokenName, token)
  if (/[^\x21-\x7e]/.test(text)) {
    findings.push(problem('environment', `${tokenName} holds characters that no token has.`, COPY))
  } else if (text.length < SHORTEST_TOKEN && /\.upstash\.io\/?$/.test(url.trim())) {
    const message = `${tokenName} is too short for a token: it looks like the password.`
    findings.push(problem('environment', message, COPY))
  }
  return findings
}

function checkWhiteSpace(name: string, value: string): Finding[] {
  if (/^["'].*["']$/s.test(value.trim())) {
    return [problem('environment', `${name} has quotation marks around it.`, 'Remove them.')]
  }
  if (value === value.trim()) return []
  return [warning('environment', `${name} has white space around it, which is dropped.`, 'Remove it.')]
}

/** Next.js puts variables with this prefix into what every visitor downloads. */
function checkLeaked(environment: Environment): Finding[] {
  const names = Object.keys(environment).filter((name) =>
    /^NEXT_PUBLIC_.*(UPSTASH|REDIS|KV).*TOKEN/.test(name),
  )
  return names.map((name) =>
    problem('environment', `${name} is sent to every visitor.`, 'Remove the variable and replace the token.'),
  )
}

/** The database to ask; `undefined` when the environment names none that could answer. */
export function findDatabase(environment: Environment, findings: Finding[]): Credentials | undefined {
  if (environment.DISABLE_REDIS === 'true') return undefined
  return findings.some(({ status }) => status === 'problem') ? undefined : credentials(environment)
}
