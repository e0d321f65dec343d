#!/usr/bin/env node
'use strict'

// npx redlatch doctor [--json]: checks the project in the current folder. Ends with 1 when there is a problem, with 2
// when it was not asked properly.

const { parseArgs } = require('node:util')

const { checkClients } = require('./clients.js')
const { checkDatabase } = require('./database.js')
const { canConnect, checkEnvironment, readEnvironment } = require('./environment.js')
const { checkAddon, checkNext } = require('./project.js')

const USAGE = `Usage: redlatch doctor [--json]

Checks the project in this folder: the addon, next.config, the environment, the database.
`
const SIGNS = { ok: 'ok', warning: 'warning', problem: 'PROBLEM', skipped: '-' }

async function diagnose(folder) {
  const environment = readEnvironment(folder)
  const settings = checkEnvironment(environment)
  return [
    checkAddon(),
    checkNext(folder),
    ...settings,
    ...(await quietly(() => checkDatabase(canConnect(environment, settings)))),
    checkClients(folder),
  ]
}

/** What the package tells on the console is in the findings, and must not get between the lines of the report. */
async function quietly(work) {
  const { info, warn, error } = console
  const silent = () => undefined
  Object.assign(console, { info: silent, warn: silent, error: silent })
  try {
    return await work()
  } finally {
    Object.assign(console, { info, warn, error })
  }
}

function table(findings) {
  const lines = findings.flatMap(({ check, status, message, remedy }) => [
    `${SIGNS[status].padEnd(9)}${check.padEnd(13)}${message}`,
    ...(remedy ? [`${' '.repeat(22)}${remedy}`] : []),
  ])
  const count = (status) => {
    const { length } = findings.filter((finding) => finding.status === status)
    return `${length} ${status}${length === 1 ? '' : 's'}`
  }
  return `${lines.join('\n')}\n\n${count('problem')}, ${count('warning')}\n`
}

function parse() {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    return { ...values, isRight: values.help || (positionals.length === 1 && positionals[0] === 'doctor') }
  } catch {
    return { isRight: false }
  }
}

async function main() {
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
