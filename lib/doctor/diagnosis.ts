// All checks of a project, one after the other. A check that throws is a finding, too.

import { checkClients } from './clients.js'
import { checkDatabase } from './database.js'
import { checkEnvironment, findDatabase, readEnvironment } from './environment.js'
import { type Finding, problem } from './finding.js'
import { checkAddon, checkNext } from './project.js'

export async function diagnose(folder: string): Promise<Finding[]> {
  const environment = readEnvironment(folder)
  const addon = await attempt('addon', checkAddon)
  const next = await attempt('next', () => checkNext(folder))
  const settings = await attempt('environment', () => checkEnvironment(environment))
  const database = await attempt('database', () =>
    quietly(() => checkDatabase(findDatabase(environment, settings), environment)),
  )
  const clients = await attempt('clients', () => checkClients(folder))
  return [...addon, ...next, ...settings, ...database, ...clients]
}

type Findings = Finding | Finding[]

async function attempt(check: string, work: () => Findings | Promise<Findings>): Promise<Finding[]> {
  try {
    return [await work()].flat()
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    // Not the message: it could hold anything.
    const message = `The check itself failed (${code}).`
    return [problem(check, message, 'Run it again; if it fails again, report it with this line.')]
  }
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
