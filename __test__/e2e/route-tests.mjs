// What `idempotentRoute` promises, in the real Next.js: fixtures/booking/app/api/once, joined and strict.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, test } from 'node:test'

import { eventually } from './eventually.mjs'

export function routeTests(setting) {
  let at
  let key

  beforeEach(() => {
    at = setting()
    key = randomUUID()
  })

  afterEach(() => at.services.gateway.recover())

  function send({
    path = '/api/once/1',
    what = 'count',
    headers = { 'idempotency-key': key },
    rest = '',
  } = {}) {
    return fetch(at.app.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ what, rest }),
      redirect: 'manual',
    })
  }

  const isReplayed = (response) => response.headers.get('idempotent-replayed') === 'true'
  const calls = async () => Number(await at.services.ask('GET', `calls:${key}`))

  /** Makes the handlers of the key wait until `release` is called. */
  async function hold() {
    await at.services.ask('SET', `hold:${key}`, 'here')
    return { release: () => at.services.ask('DEL', `hold:${key}`) }
  }

  test('the same key again gets the same response, marked as replayed', async () => {
    const [first, second] = [await send(), await send()]

    assert.deepEqual([first.status, isReplayed(first)], [201, false])
    assert.deepEqual([second.status, isReplayed(second)], [201, true])
    assert.deepEqual([await first.json(), await second.json()], [{ calls: 1 }, { calls: 1 }])
    assert.equal(second.headers.get('link'), '<1>')
    assert.deepEqual(await (await send({ path: '/api/once/2' })).json(), { calls: 2 })
  })

  test('the same key while the handler works gets 409 with Retry-After', async () => {
    const { release } = await hold()
    const first = send()
    await eventually(async () => (await calls()) === 1)

    const second = await send()
    await release()

    assert.deepEqual([second.status, second.headers.get('retry-after')], [409, '1'])
    assert.equal(second.headers.get('content-type'), 'application/problem+json')
    assert.match(second.headers.get('link'), /^<https:\/\/app\.example\/keys>/)
    assert.deepEqual([(await first).status, await calls()], [201, 1])
  })

  test('with waitMs, twenty requests at once are one execution, and all get its response', async () => {
    const { release } = await hold()
    const sent = Array.from({ length: 20 }, () => send({ path: '/api/joined' }))
    await eventually(async () => (await calls()) === 1)
    await release()

    const responses = await Promise.all(sent)

    assert.equal(responses.filter(isReplayed).length, 19)
    const bodies = await Promise.all(responses.map((response) => response.text()))
    assert.deepEqual([...new Set(bodies)], ['{"calls":1}'])
  })

  for (const [name, headers, title] of [
    ['no key', {}, 'Idempotency-Key is missing'],
    ['an empty key', { 'idempotency-key': '""' }, 'Idempotency-Key is malformed'],
    ['a key of 256 characters', { 'idempotency-key': 'k'.repeat(256) }, 'Idempotency-Key is malformed'],
    ['a key that is not ASCII', { 'idempotency-key': 'caf\u00e9' }, 'Idempotency-Key is malformed'],
  ]) {
    test(`${name} gets 400`, async () => {
      const response = await send({ headers })

      assert.equal(response.status, 400)
      assert.equal((await response.json()).title, title)
    })
  }

  test('another body with the same key gets 422', async () => {
    await send()

    const other = await send({ rest: 'another' })

    assert.deepEqual([other.status, await calls()], [422, 1])
  })

  test('a body over the limit gets 413, and the server goes on', async () => {
    const response = await send({ rest: 'x'.repeat(1_048_576) })

    assert.deepEqual([response.status, await calls()], [413, 0])
    assert.equal((await send()).status, 201)
  })

  test('a cookie is set once, however the handler sets it', async () => {
    const [first, second] = [await send({ what: 'cookies' }), await send({ what: 'cookies' })]

    assert.deepEqual(
      first.headers.getSetCookie().map((cookie) => cookie.split(';')[0]),
      ['session=1', 'calls=1'],
    )
    assert.deepEqual([isReplayed(second), second.headers.getSetCookie()], [true, []])
    assert.equal(second.headers.get('etag'), '"1"')
  })

  test('a streamed body is replayed whole', async () => {
    const responses = [await send({ what: 'stream' }), await send({ what: 'stream' })]

    for (const response of responses) {
      assert.deepEqual([response.status, await response.text()], [202, 'calls: 1.'])
    }
    assert.ok(isReplayed(responses[1]))
  })

  for (const [what, status] of [
    ['redirect', 307],
    ['notFound', 404],
  ]) {
    test(`what ${what}() makes is replayed`, async () => {
      const responses = [await send({ what }), await send({ what })]

      const location = what === 'redirect' ? '/once/paid?calls=1' : null
      assert.deepEqual(
        responses.map((response) => [response.status, response.headers.get('location')]),
        [status, status].map((each) => [each, location]),
      )
      assert.deepEqual([responses.map(isReplayed), await calls()], [[false, true], 1])
    })
  }

  test('a handler that throws frees the key', async () => {
    const [first, second] = [await send({ what: 'throw' }), await send({ what: 'throw' })]

    assert.equal(first.status, 500)
    assert.deepEqual([second.status, isReplayed(second), await second.json()], [201, false, { calls: 2 }])
  })

  test("with onOutage: 'reject' a request without Redis gets 503, and can be sent again afterwards", async () => {
    await at.services.gateway.refuse()

    const refused = await send({ path: '/api/strict' })
    await at.services.gateway.recover()
    // The prober finds out that Redis is back.
    let answered
    await eventually(async () => {
      answered = await send({ path: '/api/strict' })
      return answered.status !== 503
    })

    assert.deepEqual([refused.status, refused.headers.get('content-type')], [503, 'application/problem+json'])
    assert.deepEqual([answered.status, await answered.json()], [201, { calls: 1 }])
  })
}
