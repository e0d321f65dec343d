// What the environment says, that of the shell and that of the .env files which Next.js reads, and whether it can be
// right.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expand, parseEnvFile } from './env-file.js'
import { type Finding, ok, problem, warning } from './finding.js'
import { checkPair, isTcpAddressOfUpstash } from './mistakes.js'
import { isStandalone } from './project.js'

export type Environment = Record<string, string | undefined>

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

/** Variables that hold the address for TCP clients. */
const TCP_URLS = ['REDIS_URL', 'UPSTASH_REDIS_URL', 'KV_URL']

/** The variables as the app in `folder` sees them: what the shell sets goes before the files. */
export function readEnvironment(folder: string, shell: Environment = process.env): Environment {
  const mode = shell.NODE_ENV ?? (isStandalone(folder) ? 'production' : 'development')
  const local = mode === 'test' ? [] : ['.env.local']
  const inFiles: Environment = {}
  for (const file of ['.env', `.env.${mode}`, ...local, `.env.${mode}.local`]) {
    try {
      Object.assign(inFiles, parseEnvFile(readFileSync(join(folder, file), 'utf8')))
    } catch {
      // Not there.
    }
  }
  const all = { ...inFiles, ...shell }
  for (const [name, value = ''] of Object.entries(inFiles)) {
    if (shell[name] === undefined) all[name] = expand(value, all)
  }
  return all
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
  if (isDisabled(environment)) {
    return [
      warning('environment', 'DISABLE_REDIS is true: values stay in memory.', 'Remove it to use Redis.'),
    ]
  }
  if (!set) return [...checkAbsent(environment), ...checkLeaked(environment)]
  const { urlName, tokenName } = set
  const findings = [
    ...checkMissing(set, environment),
    ...checkDeprecated(set),
    ...checkPair(set),
    ...checkLeaked(environment),
  ]
  return findings.length > 0 ? findings : [ok('environment', `${urlName} and ${tokenName} are set.`)]
}

/** Values stay in memory on purpose. */
function isDisabled(environment: Environment): boolean {
  return environment.DISABLE_REDIS?.trim() === 'true'
}

function checkAbsent(environment: Environment): Finding[] {
  const tcp = TCP_URLS.find((name) => isTcpAddressOfUpstash(environment[name] ?? ''))
  const other = tcp ? `${tcp} is the address for TCP clients, which is not used; ` : ''
  const missing = `${URL_NAME} and ${TOKEN_NAME} are missing: values stay in the memory of each process.`
  return [
    problem('environment', `${other}${missing}`, 'Set both, from the Upstash console, under "REST API".'),
  ]
}

function checkMissing({ urlName, tokenName, url, token }: Credentials, environment: Environment): Finding[] {
  const [there, name] = url.trim() ? [urlName, tokenName] : [tokenName, urlName]
  if (url.trim() && token.trim()) return []
  const absence = environment[name] === undefined ? 'missing' : 'empty'
  return [problem('environment', `${there} is set, but ${name} is ${absence}.`, COPY)]
}

function checkDeprecated({ urlName }: Credentials): Finding[] {
  if (urlName !== OLD_URL_NAME) return []
  const remedy = `Rename them to ${URL_NAME} and ${TOKEN_NAME}.`
  return [warning('environment', `${OLD_URL_NAME} and ${OLD_TOKEN_NAME} are deprecated.`, remedy)]
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
  if (isDisabled(environment)) return undefined
  return findings.some(({ status }) => status === 'problem') ? undefined : credentials(environment)
}
