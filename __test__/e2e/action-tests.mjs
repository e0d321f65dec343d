// What `idempotentAction` promises, to a user of a browser with and without scripts: fixtures/booking/app/once.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { clicker, countPosts } from './browser.mjs'
import { eventually } from './eventually.mjs'

export function actionTests(setting) {
  let at
  let page
  let sent

  beforeEach(() => {
    at = setting()
  })

  afterEach(() => Promise.all(at.browser.contexts().map((context) => context.close())))

  /** Opens the page with the forms, and counts the actions that it sends. */
  async function open(javaScriptEnabled = true) {
    page = await (await at.browser.newContext({ javaScriptEnabled })).newPage()
    sent = countPosts(page)
    await page.goto(`${at.app.url}/once`)
    if (javaScriptEnabled) await page.waitForLoadState('networkidle')
  }

  const button = (name) => page.getByRole('button', { name })
  const keyOnPage = () => page.locator('input[name=idempotencyKey]').first().getAttribute('value')
  const paid = () => page.getByText('Paid by call 1.').waitFor()
  const calls = async (name, key) => Number(await at.services.ask('GET', `calls:${name}:${key}`))

  test('a double click is one call, and leads where redirect() says', async () => {
    await open()
    const key = await keyOnPage()
    await at.services.ask('SET', `hold:pay:${key}`, 'here')

    await button('Pay').dblclick()
    await eventually(async () => (await calls('pay', key)) === 1)
    await at.services.ask('DEL', `hold:pay:${key}`)
    await paid()

    assert.equal(await calls('pay', key), 1)
  })

  test('going back and sending the form again leads to the same page, without another call', async () => {
    await open()
    const key = await keyOnPage()

    await button('Pay').click()
    await paid()
    await page.goBack()
    await button('Pay').waitFor()
    assert.equal(await keyOnPage(), key)
    await button('Pay').click()
    await paid()

    assert.deepEqual([sent(), await calls('pay', key)], [2, 1])
  })

  test('notFound() is shown again, without another call', async () => {
    await open()
    const key = await keyOnPage()

    for (let time = 0; time < 2; time += 1) {
      await button('Look').click()
      await page.getByRole('heading', { name: 'This page could not be found.' }).waitFor()
      await page.goBack()
      await page.goForward()
    }

    assert.equal(await calls('look', key), 1)
  })

  test('useActionState gets the first result again, and cookies are set once', async () => {
    await open()
    const key = await keyOnPage()

    await button('Count').click()
    await page.getByText('Call 1.').waitFor()
    await page.context().clearCookies()
    const answered = page.waitForResponse((response) => response.request().method() === 'POST')
    await button('Count').click()
    await answered
    await page.getByText('Call 1.').waitFor()

    assert.deepEqual([sent(), await calls('count', key)], [2, 1])
    assert.deepEqual(await page.context().cookies(), [])
  })

  test('two actions with one key are two calls', async () => {
    await open()
    const key = await keyOnPage()
    await button('Count').click()
    await page.getByText('Call 1.').waitFor()
    // The cookie that the action has set made Next.js render the page anew, with another key.
    const field = page.locator('input[name=idempotencyKey]').first()
    await field.evaluate((input, value) => input.setAttribute('value', value), key)
    await button('Pay').click()
    await paid()

    assert.deepEqual([await calls('count', key), await calls('pay', key)], [1, 1])
  })

  test('without a script, a second click is no second call either', async () => {
    await open(false)
    const key = await keyOnPage()
    await at.services.ask('SET', `hold:pay:${key}`, 'here')

    const click = await clicker(button('Pay'))
    await click()
    await eventually(async () => (await calls('pay', key)) === 1)
    await click()
    await eventually(() => sent() === 2)
    await at.services.ask('DEL', `hold:pay:${key}`)
    await paid()

    assert.equal(await calls('pay', key), 1)
  })

  for (const [name, form, status, location] of [
    ['redirect()', 0, 303, '/once/paid?calls=1'],
    ['notFound()', 1, 404, null],
  ]) {
    test(`without a script, ${name} is answered again in the same way`, async () => {
      await open(false)
      const key = await keyOnPage()
      const fields = await page
        .locator('form')
        .nth(form)
        .locator('input')
        .evaluateAll((inputs) => inputs.map((input) => [input.name, input.value]))

      const responses = []
      for (let time = 0; time < 2; time += 1) {
        const body = new FormData()
        for (const [field, value] of fields) body.set(field, value)
        responses.push(await fetch(`${at.app.url}/once`, { method: 'POST', body, redirect: 'manual' }))
      }

      assert.deepEqual(
        responses.map((response) => [response.status, response.headers.get('location')]),
        [status, status].map((each) => [each, location]),
      )
      assert.equal(await calls(form === 0 ? 'pay' : 'look', key), 1)
    })
  }
}
