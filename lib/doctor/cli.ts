#!/usr/bin/env node
// npx redlatch doctor [--json]: checks the project in the current folder. Ends with 1 when there is a problem, with 2
// when it was not asked properly.

import { parseArgs } from 'node:util'

import { checkClients } from './clients.js'
import { checkDatabase } from './database.js'
import { checkEnvironment, findDatabase, readEnvironment } from './environment.js'
import type { Finding } from './finding.js'
import { checkAddon, checkNext } from './project.js'

const USAGE = `Usage: redlatch doctor [--json]

Checks the project in this folder: the addon, next.config, the environment, the database.
`
const SIGNS = { ok: 'ok', warning: 'warning', problem: 'PROBLEM', skipped: '-' }

async function diagnose(folder: string): Promise<Finding[]> {
  const environment = readEnvironment(folder)
  const settings = checkEnvironment(environment)
  return [
    await checkAddon(),
    checkNext(folder),
    ...settings,
    ...(await quietly(() => checkDatabase(findDatabase(environment, settings)))),
    checkClients(folder),
  ]
}

/** What the package logs is in the findings, and must not get between the lines of the report. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { info, warn, error } = console
  const silent = () => undefined
  Object.assign(console, { info: silent, warn: silent, error: silent })
  try {
    return await work()
  } finally {
    Object.assign(console, { info, warn, error })
  }
}

function table(findings: Finding[]): string {
  const lines = findings.flatMap(({ check, status, message, remedy }) => [
    `${SIGNS[status].padEnd(9)}${check.padEnd(13)}${message}`,
    ...(remedy ? [`${' '.repeat(22)}${remedy}`] : []),
  ])
  const count = (status: Finding['status']) => {
    const { length } = findings.filter((finding) => finding.status === status)
    return `${length} ${status}${length === 1 ? '' : 's'}`
  }
  return `${lines.join('\n')}\n\n${count('problem')}, ${count('warning')}\n`
}

function parse(): { json?: boolean | undefined; help?: boolean | undefined; isRight: boolean } {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    return {
      ...values,
      isRight: values.help === true || (positionals.length === 1 && positionals[0] === 'doctor'),
    }
  } catch {
    return { isRight: false }
  }
}

async function main(): Promise<void> {
  const { json, help, isRight } = parse()
  if (help || !isRight) {
    process[isRight ? 'stdout' : 'stderr'].write(USAGE)
    process.exitCode = isRight ? 0 : 2
    return
  }
  const findings = await diagnose(process.cwd())
  const isHealthy = findings.every(({ status }) => status !== 'problem')
  const report = json ? `${JSON.stringify({ ok: isHealthy, findings }, null, 2)}\n` : table(findings)
  process.stdout.write(report)
  process.exitCode = isHealthy ? 0 : 1
}

main()
