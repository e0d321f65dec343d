#!/usr/bin/env node
// npx redlatch doctor [--json]: checks the project in the current folder. Ends with 1 when there is a problem, with 2
// when it was not asked properly.
// npx redlatch init [--yes]: adds this package to the project. Ends with 1 when it did not.

import { parseArgs } from 'node:util'

import { diagnose } from './diagnosis.js'
import type { Finding } from './finding.js'
import { init } from './init.js'

const USAGE = `Usage: redlatch doctor [--json]
       redlatch init [--yes]

doctor  Checks the project in this folder: the addon, next.config, the environment, the database.
init    Adds redlatch to the project in this folder: lib/redis.ts, next.config, .env.example. Shows the changes and asks
        before it makes them, unless --yes is given.
`
const SIGNS = { ok: 'ok', warning: 'warning', problem: 'PROBLEM', skipped: '-' }

interface Command {
  name: 'doctor' | 'init'
  json?: boolean | undefined
  yes?: boolean | undefined
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

function parse(): Command | 'help' | undefined {
  const options = {
    json: { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) return 'help'
    const [name, ...more] = positionals
    if (more.length > 0) return undefined
    if (name === 'doctor' && !values.yes) return { name, ...values }
    if (name === 'init' && !values.json) return { name, ...values }
  } catch {
    // An option that there is not.
  }
  return undefined
}

async function doctor(json: boolean): Promise<boolean> {
  const findings = await diagnose(process.cwd())
  const isHealthy = findings.every(({ status }) => status !== 'problem')
  const report = json ? `${JSON.stringify({ ok: isHealthy, findings }, null, 2)}\n` : table(findings)
  process.stdout.write(report)
  return isHealthy
}

async function main(): Promise<void> {
  const command = parse()
  if (command === undefined || command === 'help') {
    process[command ? 'stdout' : 'stderr'].write(USAGE)
    process.exitCode = command ? 0 : 2
    return
  }
  const { name, json = false, yes = false } = command
  const isDone = await (name === 'doctor' ? doctor(json) : init(process.cwd(), yes))
  process.exitCode = isDone ? 0 : 1
}

main()
