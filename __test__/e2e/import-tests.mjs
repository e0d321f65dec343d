// What `import ... from 'redlatch'` gives in each place of an app; see fixtures/booking.

import assert from 'node:assert/strict'
import { test } from 'node:test'

const key = 'evt_1-guest_example_com-2026-01-01T10_00_00Z'

export function importTests(setting) {
  test('server components and client components get what works there', async () => {
    const { app, browser } = setting()
    const page = await (await browser.newContext()).newPage()
    const requests = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(`${app.url}/probe`)

    const { claims, server } = JSON.parse(await page.locator('#browser').textContent())

    assert.equal(await page.locator('#server').textContent(), 'read by a server component')
    assert.equal(await page.locator('#server-key').textContent(), key)
    assert.equal(await page.locator('#client-key').textContent(), key)
    assert.deepEqual(claims, [true, false])
    assert.match(server, /call redisManager\.get on the server/)
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(app.url)),
      [],
    )
  })

  test('an Edge route makes keys, and is told what to do about the rest', async () => {
    const response = await fetch(`${setting().app.url}/api/edge`)

    const answer = await response.json()

    assert.equal(answer.key, key)
    for (const message of [answer.read, answer.health]) {
      assert.match(message, /cannot run in the Edge runtime.*remove `export const runtime = 'edge'`/)
    }
  })

  test('proxy.ts and routes of the Pages Router get the addon', async () => {
    const response = await fetch(`${setting().app.url}/api/pages`)

    assert.match(response.headers.get('x-passed'), /^[1-9]\d*$/)
    assert.deepEqual(await response.json(), { passed: response.headers.get('x-passed') })
  })

  test('instrumentation has used the package before the first request', () => {
    assert.match(setting().app.output(), /booking: caches on Redis, healthy/)
  })
}
