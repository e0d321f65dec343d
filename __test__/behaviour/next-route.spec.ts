import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { idempotentRoute } from 'redlatch/next'
import { controlFlow } from '../support/control-flow'
import { uniqueKey } from '../support/samples'

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)

afterAll(() => warn.mockRestore())

const scope = () => 'user_1'

interface Sent {
  key?: string | undefined
  body?: BodyInit
  headers?: Record<string, string>
  method?: string
  path?: string
}

function request({ key, body = '{"amount":5}', headers = {}, method = 'POST', path = '/pay' }: Sent = {}) {
  return new Request(`https://app.example${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }), ...headers },
    ...(method === 'POST' && { body }),
  })
}

/** A handler that counts its calls and answers with their number. */
function counting(
  respond: (calls: number) => Response | Promise<Response> = (calls) => Response.json({ calls }),
) {
  const handler = jest.fn(async (sent: Request) => {
    if (sent.method === 'POST') await sent.text()
    return respond(handler.mock.calls.length)
  })
  return handler
}

describe('idempotentRoute', () => {
  test('the same key gets the same response, marked as replayed', async () => {
    const handler = counting(() =>
      Response.json({ id: 1 }, { status: 201, headers: { location: '/orders/1', 'x-other': 'no' } }),
    )
    const route = idempotentRoute(handler, { scope })
    const key = uniqueKey()

    const [first, second] = [await route(request({ key })), await route(request({ key }))]

    expect(handler).toHaveBeenCalledTimes(1)
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect([second.status, second.headers.get('location')]).toStrictEqual([201, '/orders/1'])
    expect(second.headers.get('x-other')).toBeNull()
    expect(await second.json()).toStrictEqual(await first.json())
  })

  test('two requests at once are one execution; without a wait the second gets 409', async () => {
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const handler = counting(async (calls) => {
      await ended
      return Response.json({ calls })
    })
    const key = uniqueKey()
    const patient = idempotentRoute(handler, { scope, waitMs: 5_000 })
    const impatient = idempotentRoute(handler, { scope })

    const patients = Promise.all([patient(request({ key })), patient(request({ key }))])
    const third = await impatient(request({ key }))
    end()
    const [first, second] = await patients

    expect(handler).toHaveBeenCalledTimes(1)
    expect([await first.json(), await second.json()]).toStrictEqual([{ calls: 1 }, { calls: 1 }])
    expect([third.status, third.headers.get('retry-after')]).toStrictEqual([409, '1'])
    expect(third.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each([
    ['absent', undefined, 400],
    ['over 255 characters', 'k'.repeat(256), 400],
    ['not ASCII', 'caf\u00e9', 400],
    ['an empty string', '""', 400],
  ])('a key that is %s is refused with a problem that links to the documentation', async (_, key, status) => {
    const handler = counting()
    const docsUrl = 'https://app.example/docs/keys'

    const response = await idempotentRoute(handler, { scope, docsUrl })(request({ key }))

    expect(response.status).toBe(status)
    expect(response.headers.get('link')).toContain(docsUrl)
    expect(await response.json()).toMatchObject({ status, title: expect.stringContaining('Idempotency-Key') })
    expect(handler).not.toHaveBeenCalled()
  })

  test('an error of the handler is thrown as it is, also one with a code of redlatch', async () => {
    const error = Object.assign(new Error('of another cache'), { code: 'ERR_REDIS_UNAVAILABLE' })
    const route = idempotentRoute(
      async () => {
        throw error
      },
      { scope },
    )

    await expect(route(request({ key: uniqueKey() }))).rejects.toBe(error)
  })

  test('a quoted and a bare key are the same', async () => {
    const handler = counting()
    const route = idempotentRoute(handler, { scope })
    const key = uniqueKey()

    await route(request({ key: `"${key}"` }))
    await route(request({ key: ` ${key} ` }))

    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('another body with the same key gets 422', async () => {
    const handler = counting()
    const route = idempotentRoute(handler, { scope })
    const key = uniqueKey()
    await route(request({ key }))

    const response = await route(request({ key, body: '{"amount":6}' }))

    expect(response.status).toBe(422)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('a form is the same with another boundary, and another with another field', async () => {
    const handler = counting()
    const route = idempotentRoute(handler, { scope })
    const key = uniqueKey()
    const form = (amount: string) => {
      const fields = new FormData()
      fields.set('amount', amount)
      return new Request('https://app.example/pay', {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body: fields,
      })
    }

    const statuses = [await route(form('5')), await route(form('5')), await route(form('6'))]

    expect(statuses.map(({ status }) => status)).toStrictEqual([200, 200, 422])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('a body that is no form, although its type says so, reaches the handler', async () => {
    const handler = counting(() => new Response('no form', { status: 400 }))
    const route = idempotentRoute(handler, { scope })
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }

    const response = await route(request({ key: uniqueKey(), headers, body: 'nothing of that kind' }))

    expect([response.status, handler.mock.calls.length]).toStrictEqual([400, 1])
  })

  test('scope, method and path keep equal keys apart', async () => {
    const handler = counting()
    const key = uniqueKey()
    const of = (user: string) => idempotentRoute(handler, { scope: () => user })

    await of('a')(request({ key }))
    await of('b')(request({ key }))
    await of('a')(request({ key, path: '/refund' }))

    expect(handler).toHaveBeenCalledTimes(3)
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])('%s passes through', async (method) => {
    const handler = counting()
    const route = idempotentRoute(handler, { scope })
    const key = uniqueKey()

    await route(request({ key, method }))
    await route(request({ key, method }))

    expect(handler).toHaveBeenCalledTimes(2)
  })

  test('a response that a later request may not get is not kept, unless store says so', async () => {
    const handler = counting((calls) => new Response(null, { status: calls === 1 ? 503 : 200 }))
    const key = uniqueKey()
    const route = idempotentRoute(handler, { scope })
    expect([(await route(request({ key }))).status, (await route(request({ key }))).status]).toStrictEqual([
      503, 200,
    ])

    const strict = idempotentRoute(
      counting(() => new Response(null, { status: 429 })),
      { scope, store: () => true },
    )
    const another = uniqueKey()
    await strict(request({ key: another }))
    const replayed = await strict(request({ key: another }))
    expect([replayed.status, replayed.headers.get('idempotent-replayed')]).toStrictEqual([429, 'true'])
  })

  test('an error of the handler frees the key', async () => {
    const key = uniqueKey()
    let calls = 0
    const route = idempotentRoute(
      () => {
        calls += 1
        if (calls === 1) throw new Error('database')
        return new Response('ok')
      },
      { scope },
    )

    await expect(route(request({ key }))).rejects.toThrow('database')

    expect(await (await route(request({ key }))).text()).toBe('ok')
  })

  test.each([
    ['redirect()', 'NEXT_REDIRECT;push;/thanks;to=you;303;', [303, '/thanks;to=you']],
    ['notFound()', 'NEXT_HTTP_ERROR_FALLBACK;404', [404, null]],
  ])('what %s throws is a response, which a repeated request gets', async (_, digest, expected) => {
    const { error, thrower } = controlFlow(digest)
    const route = idempotentRoute(thrower, { scope })
    const key = uniqueKey()

    await expect(route(request({ key }))).rejects.toBe(error)
    const { status, headers } = await route(request({ key }))

    expect([status, headers.get('location')]).toStrictEqual(expected)
    expect(headers.get('idempotent-replayed')).toBe('true')
    expect(thrower).toHaveBeenCalledTimes(1)
  })

  test.each([401, 403])(
    'like a response with %i, what Next.js throws for it frees the key',
    async (status) => {
      const { error, thrower } = controlFlow(`NEXT_HTTP_ERROR_FALLBACK;${status}`)
      const route = idempotentRoute(thrower, { scope })
      const key = uniqueKey()

      for (let time = 0; time < 2; time += 1) await expect(route(request({ key }))).rejects.toBe(error)

      expect(thrower).toHaveBeenCalledTimes(2)
    },
  )

  test('cookies are not replayed, bytes and streams are', async () => {
    const bytes = Uint8Array.from([0, 255, 128, 10])
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.subarray(0, 2))
          controller.enqueue(bytes.subarray(2))
          controller.close()
        },
      })
    const route = idempotentRoute(
      counting(() => new Response(stream(), { headers: { 'set-cookie': 'session=1', etag: '"1"' } })),
      { scope, headers: ['etag', 'Set-Cookie'] },
    )
    const key = uniqueKey()

    const [first, second] = [await route(request({ key })), await route(request({ key }))]

    expect(first.headers.get('set-cookie')).toBe('session=1')
    expect([second.headers.get('set-cookie'), second.headers.get('etag')]).toStrictEqual([null, '"1"'])
    for (const response of [first, second]) {
      expect([...new Uint8Array(await response.arrayBuffer())]).toStrictEqual([...bytes])
    }
  })

  test('a body over the limit gets 413; a response over it is not kept, but its request is not made again', async () => {
    const handler = counting(() => new Response('x'.repeat(2_000)))
    const route = idempotentRoute(handler, { scope, maxBodyBytes: 1_000 })
    const key = uniqueKey()

    expect((await route(request({ key: uniqueKey(), body: 'y'.repeat(1_001) }))).status).toBe(413)
    const [first, second] = [await route(request({ key })), await route(request({ key }))]

    expect((await first.text()).length).toBe(2_000)
    expect(second.status).toBe(409)
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('a request without a key can pass', async () => {
    const handler = counting()

    const response = await idempotentRoute(handler, { scope, required: false })(request())

    expect(await response.json()).toStrictEqual({ calls: 1 })
  })
})

test('without a scope there is one warning', async () => {
  warn.mockClear()
  const route = idempotentRoute(counting())

  await route(request({ key: uniqueKey() }))
  await route(request({ key: uniqueKey() }))

  const warnings = warn.mock.calls.filter(([text]) => String(text).includes('scope'))
  expect(warnings).toHaveLength(1)
})
