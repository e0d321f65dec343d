import { describe, expect, test } from '@jest/globals'
import { outputOf } from '../support/run-node'

/**
 * What a call in a process of Next.js resolves to, and whether that is before the task after the call's own one: Next
 * renders in one task and takes what it has in the next.
 */
const callIn = (unit: string) => `
  const { AsyncLocalStorage } = require('node:async_hooks')
  const units = globalThis[Symbol.for('@next/work-unit-async-storage@16.4.3')] = new AsyncLocalStorage()
  const { redisManager } = require('redlatch')
  let when = 'early'
  const render = () => redisManager.incr('count').then((count) => console.log(count, when))
  setTimeout(() => units.run(${unit}, render))
  setTimeout(() => { when = 'late' })`

describe('on memory, in Next.js', () => {
  test.each([
    ["{ type: 'prerender' }"],
    ["{ type: 'prerender-client' }"],
    ["{ type: 'prerender-runtime' }"],
    ["{ type: 'request', stagedRendering: {} }"],
  ])('a call in %s settles in a later turn, as a response would', async (unit) => {
    expect(await outputOf(callIn(unit))).toBe('1 late')
  })

  test.each([
    ['undefined'],
    ["{ type: 'request' }"],
    ["{ type: 'request', stagedRendering: null }"],
    ["{ type: 'cache' }"],
    ["{ type: 'prerender-legacy' }"],
    ["{ type: 'of a later version' }"],
  ])('a call in %s settles at once', async (unit) => {
    expect(await outputOf(callIn(unit))).toBe('1 early')
  })

  test('a wrong argument rejects during a prerender, too', async () => {
    const output = await outputOf(`
      const { AsyncLocalStorage } = require('node:async_hooks')
      const units = globalThis[Symbol.for('@next/work-unit-async-storage@16.4.3')] = new AsyncLocalStorage()
      const { redisManager } = require('redlatch')
      units.run({ type: 'prerender' }, () => redisManager.get(7).catch(({ code }) => console.log(code)))`)

    expect(output).toBe('ERR_INVALID_ARG_TYPE')
  })
})
