// Changes of files, shown before they are made.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file as it is, and as it is to be. */
export interface Change {
  /** Its path in the project, with `/`. */
  path: string
  /** `undefined` when there is no such file. */
  before: string | undefined
  after: string
}

/** The text of a file; `undefined` when there is none. */
export function read(folder: string, path: string): string | undefined {
  try {
    return readFileSync(join(folder, path), 'utf8')
  } catch {
    return undefined
  }
}

export function write(folder: string, { path, after }: Change): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, after)
}

/** How many unchanged lines are shown around a change. */
const CONTEXT = 2

/** What changes, as `diff -u` writes it. A change is one block: lines before and after it are the same. */
export function difference({ path, before, after }: Change): string {
  const [old, now] = [lines(before ?? ''), lines(after)]
  let start = 0
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1
  let same = 0
  while (same < Math.min(old.length, now.length) - start && old.at(-1 - same) === now.at(-1 - same)) same += 1
  const [oldEnd, nowEnd] = [old.length - same, now.length - same]
  const first = Math.max(0, start - CONTEXT)
  const marked = (mark: string, part: string[]) => part.map((line) => `${mark}${line}`)
  return [
    before === undefined ? '--- /dev/null' : `--- ${path}`,
    `+++ ${path}`,
    `@@ -${range(first, oldEnd, old)} +${range(first, nowEnd, now)} @@`,
    ...marked(' ', old.slice(first, start)),
    ...marked('-', old.slice(start, oldEnd)),
    ...marked('+', now.slice(start, nowEnd)),
    ...marked(' ', old.slice(oldEnd, oldEnd + CONTEXT)),
    '',
  ].join('\n')
}

function range(first: number, end: number, all: string[]): string {
  const length = Math.min(end + CONTEXT, all.length) - first
  return `${length === 0 ? first : first + 1},${length}`
}

function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
