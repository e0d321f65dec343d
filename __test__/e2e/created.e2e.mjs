// An app as `create-next-app@16.4.3 --yes --empty --no-tailwind --no-linter` makes it, with what docs/nextjs.md advises
// beside: fixtures/created. A later version is tried by making that folder's package.json, next.config.ts, tsconfig.json
// and app/ anew.

import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { serve, serveStandalone, startServices, tryToBuild } from './app.mjs'
import { launch } from './browser.mjs'
import { eventually } from './eventually.mjs'

const folder = join(process.env.REDLATCH_E2E_FOLDER ?? '', 'created')
const line = "serverExternalPackages: ['redlatch'],"
const services = await startServices()
const { ask, environment, gateway } = services

after(() => services.stop())

/** Runs `work` while a file of the app has another text, or is there at all. */
async function withFile(name, text, work) {
  const path = join(folder, name)
  const before = readOrUndefined(path)
  await mkdir(join(path, '..'), { recursive: true })
  writeFileSync(path, text(before))
  try {
    return await work()
  } finally {
    if (before === undefined) rmSync(path)
    else writeFileSync(path, before)
  }
}

function readOrUndefined(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The text of the only paragraph that a page ends up with. */
async function shown(url) {
  const page = await (await fetch(url)).text()
  return [...page.matchAll(/<p[^>]*>([^<]*)<\/p>/g)].at(-1)?.[1]
}

const get = async (url) => (await fetch(url)).json()

test('the files that docs/nextjs.md shows are those of the app', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'nextjs.md'), 'utf8')
  const blocks = [...text.matchAll(/^( *)```tsx?\n *\/\/ (\S+)\n([\s\S]*?)```/gm)]
  const shared = blocks
    .map(([, indent, name, block]) => [name, block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim()])
    .map(([name, block]) => [name, block, readOrUndefined(join(folder, name))?.trim()])
    .filter(([name, , file]) => file !== undefined && name !== 'next.config.ts')

  assert.ok(shared.length >= 9)
  for (const [name, block, file] of shared) assert.equal(block, file, name)
})

for (const bundler of ['turbopack', 'webpack']) {
  test(`without the line in next.config, the error of ${bundler} names it`, {
    timeout: 120_000,
  }, async () => {
    const withoutLine = (text) => {
      assert.ok(text.includes(line))
      return text.replace(line, '')
    }

    const { code, text } = await withFile('next.config.ts', withoutLine, () =>
      tryToBuild(bundler, folder, {}),
    )

    assert.equal(code, 1)
    assert.match(text, /add-redlatch-to-serverExternalPackages-in-next\.config\.js/)
  })
}

describe('a page that reads a cache and says nothing', { timeout: 120_000 }, () => {
  const source = `import { redisManager } from '@/lib/redis'
    export default async function Page() { return <p>{await redisManager.get('key')}</p> }`

  for (const [where, env] of [
    ['memory', {}],
    ['Redis', environment],
  ]) {
    test(`is refused by the build on ${where}, with what to do`, async () => {
      const build = () => tryToBuild('turbopack', folder, env)

      const { code, text } = await withFile('app/quiet/page.tsx', () => source, build)

      assert.equal(code, 1)
      assert.match(text, /Route "\/quiet": .*uncached or runtime data during prerendering/)
      assert.match(text, /<Suspense fallback/)
    })
  }
})

describe('the app, built on memory', { timeout: 180_000 }, () => {
  let app
  let built

  before(async () => {
    built = await tryToBuild('turbopack', folder, {})
    app = await serve('start', environment, folder)
  })

  after(() => app?.stop())

  test('its build succeeds and has nothing to complain of about the package', () => {
    assert.equal(built.code, 0, built.text)
    // A production server without the two variables is told so, once.
    const told = built.text
      .split('\n')
      .filter((line) => /redlatch|can't resolve|module not found/i.test(line))
    assert.equal(told.length, 1, built.text)
    assert.match(told[0], /^redlatch: UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN are missing/)
  })

  test('what reads below <Suspense> is read for each request, also where a route says nothing', async () => {
    assert.deepEqual([await shown(`${app.url}/visits`), await shown(`${app.url}/visits`)], ['1', '2'])
    const count = await get(`${app.url}/api/count`)
    assert.equal(await get(`${app.url}/api/count`), count + 1)
    assert.match(built.text, /○ \/cached/)
    assert.equal(await shown(`${app.url}/cached`), 'no greeting yet')
  })

  test('a route after connection() says how Redis is', async () => {
    const { status, mode } = await get(`${app.url}/api/health`)

    assert.deepEqual([status, mode], ['healthy', 'redis'])
  })

  test('the first route takes a form once, refuses bad input, and passes through proxy.ts', async () => {
    const send = (body) => fetch(`${app.url}/api/book`, { method: 'POST', body })
    const form = { eventId: 'evt_2', guestEmail: 'ada@example.com', startTime: '2030-01-01T10:00:00Z' }
    const bodies = [form, form, { ...form, startTime: 7 }, 'none'].map((body) => JSON.stringify(body))

    const answers = []
    for (const body of [...bodies, 'null', 'not JSON']) answers.push(await send(body))

    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 409, 400, 400, 400, 400],
    )
    const counted = await ask('KEYS', 'requests:*')
    const counts = await ask('MGET', ...counted)
    const sum = counts.map(Number).reduce((total, count) => total + count, 0)
    assert.equal(sum, answers.length)
  })

  test('a form that failed before anything has happened can be sent again', async () => {
    const body = JSON.stringify({ eventId: 'full', guestEmail: 'ada@example.com', startTime: 'today' })
    const send = () => fetch(`${app.url}/api/book`, { method: 'POST', body })

    assert.deepEqual([(await send()).status, (await send()).status], [500, 500])
  })

  test('a form with a server action books once', async () => {
    const browser = await launch()
    const page = await browser.newPage()
    const told = (text) => page.getByRole('status').getByText(text).waitFor()
    await page.goto(`${app.url}/book`)
    const book = async () => {
      await page.getByLabel('E-mail').fill('grace@example.com')
      await page.getByRole('button').click()
    }

    await book()
    await told('Booked.')
    await book()
    await told('This form has been submitted already.')
    await browser.close()
  })

  test('the wrapped route and the wrapped action charge once', async () => {
    const headers = { 'idempotency-key': 'order-1' }
    const send = () => fetch(`${app.url}/api/pay`, { method: 'POST', headers, body: '{"amount":4200}' })
    const paid = [await send(), await send()]
    assert.deepEqual(
      paid.map(({ status, headers }) => [status, headers.get('idempotent-replayed')]),
      [
        [201, null],
        [201, 'true'],
      ],
    )

    const browser = await launch()
    const page = await browser.newPage()
    await page.goto(`${app.url}/pay`)
    await page.getByRole('button').dblclick()
    await page.getByRole('status').getByText('Payment 2.').waitFor()
    await browser.close()

    assert.equal(await ask('GET', 'charges'), '2')
  })
})

describe('a shutdown with the handler of docs/nextjs.md', { timeout: 180_000 }, () => {
  const standalone = (text) => text.replace(line, `${line} output: 'standalone',`)
  const starts = [
    ['next start', () => tryToBuild('turbopack', folder, {}), (env) => serve('start', env, folder)],
    [
      'the standalone server',
      () => withFile('next.config.ts', standalone, () => tryToBuild('turbopack', folder, {})),
      (env) => serveStandalone(env, folder),
    ],
  ]

  for (const [name, build, start] of starts) {
    test(`${name} answers the request that it has, and replays what an outage has kept`, async () => {
      await build()
      const app = await start({ ...environment, NEXT_MANUAL_SIG_HANDLE: '1' })
      // Next listens before it has run instrumentation.ts, and answers when it has.
      await get(`${app.url}/api/health`)
      await gateway.refuse()
      const slow = begin(`${app.url}/api/write`)
      await get(`${app.url}/api/health`)
      await eventually(() => app.output().includes('redis is degraded'))

      const ended = app.stop()
      await eventually(() => app.output().includes('shutting down'))
      slow.end(`by ${name}`)
      const status = await slow.status
      await gateway.recover()

      assert.deepEqual([status, await ended], [204, 0], app.output())
      assert.equal(await ask('GET', 'written'), `written by ${name}`)
    })
  }
})

/** A request whose body goes on until `end` is called. */
function begin(url) {
  const sent = request(url, { method: 'POST' })
  const status = new Promise((resolve, reject) => {
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
  })
  sent.write('written ')
  return { status, end: (text) => sent.end(text) }
}

describe('next dev', { timeout: 120_000 }, () => {
  test('follows .env.local when it is filled in, and says so once', async () => {
    const app = await serve('dev', {}, folder)
    const mode = async () => (await get(`${app.url}/api/health`)).mode
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`)
    assert.equal(await mode(), 'in-memory')

    await withFile(
      '.env.local',
      () => variables.join(''),
      async () => {
        await eventually(async () => (await mode()) === 'redis')
        await mode()
        await app.stop()
      },
    )

    assert.equal(app.output().match(/the environment has changed/g).length, 1, app.output())
  })
})
