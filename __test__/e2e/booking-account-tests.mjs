// What a guest can do with the account: sign in by the link and by the code of a mail, and sign out everywhere.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { newGuest } from './browser.mjs'

/** The tests on the app that `setting()` returns: its address, its services and a browser. */
export function accountTests(setting) {
  let at

  beforeEach(() => {
    at = setting()
  })

  afterEach(() => Promise.all(at.browser.contexts().map((context) => context.close())))

  /** A device with the page on which a mail to `email` has been asked for. */
  async function requestMail(email) {
    const page = await (await at.browser.newContext()).newPage()
    await page.goto(`${at.app.url}/sign-in`)
    await page.getByLabel('E-mail').fill(email)
    await page.getByRole('button', { name: 'Send me a mail' }).click()
    return page
  }

  /** A device with the page that asks for the code. */
  async function askForMail(email) {
    const page = await requestMail(email)
    await heading(page, 'Check your mail')
    return page
  }

  /** The latest mail to `email`. */
  async function readMail(email) {
    const page = await (await at.browser.newContext()).newPage()
    await page.goto(`${at.app.url}/mailbox`)
    const mail = page.getByRole('article', { name: email }).first()
    const link = new URL(await mail.getByRole('link').getAttribute('href'), at.app.url).href
    const code = await mail.locator('code').textContent()
    await page.context().close()
    return { link, code }
  }

  async function enter(page, code) {
    await page.getByLabel('Code of six digits').fill(code)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function signIn(email) {
    const page = await askForMail(email)
    await enter(page, (await readMail(email)).code)
    await heading(page, 'Your account')
    return page
  }

  const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor()
  const says = (page, text) => page.getByRole('status').getByText(text).waitFor()

  test('the link of a mail signs in once, also after a scanner has opened it', async () => {
    const email = newGuest()
    const page = await askForMail(email)
    const { link } = await readMail(email)
    for (let scan = 0; scan < 3; scan += 1) assert.equal((await fetch(link)).status, 200)

    await page.goto(link)
    await page.getByRole('button', { name: 'Sign in on this device' }).click()
    await heading(page, 'Your account')
    await page.getByText(`Signed in as ${email}.`).waitFor()

    await page.goto(link)
    await heading(page, 'Not a valid link')
  })

  test('of two tabs with one link, one signs in', async () => {
    const email = newGuest()
    await (await askForMail(email)).close()
    const { link } = await readMail(email)
    const tabs = await Promise.all([1, 2].map(async () => (await at.browser.newContext()).newPage()))
    for (const tab of tabs) await tab.goto(link)

    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Sign in on this device' }).click()))
    const signedIn = await Promise.any(tabs.map((tab) => heading(tab, 'Your account').then(() => tab)))

    await says(
      tabs.find((tab) => tab !== signedIn),
      'This link has expired or was used.',
    )
  })

  test('the code of a mail signs in, with spaces too, and once', async () => {
    const email = newGuest()
    const page = await askForMail(email)
    const { code } = await readMail(email)

    const tab = await page.context().newPage()
    await tab.goto(`${at.app.url}/sign-in/code`)

    await enter(page, `${code.slice(0, 3)} ${code.slice(3)}`)
    await heading(page, 'Your account')

    await enter(tab, code)
    await says(tab, 'This code is not valid any more.')
    await tab.goto(`${at.app.url}/sign-in/code`)
    await heading(tab, 'Sign in')
  })

  test('of the link and the code of a mail, one signs in', async () => {
    const [byCode, byLink] = [newGuest(), newGuest()]
    const page = await askForMail(byCode)
    const mail = await readMail(byCode)
    await enter(page, mail.code)
    await heading(page, 'Your account')
    await page.goto(mail.link)
    await heading(page, 'Not a valid link')

    // The link is opened on another device than the one that has asked for the mail.
    const asking = await askForMail(byLink)
    const { link, code } = await readMail(byLink)
    const other = await (await at.browser.newContext()).newPage()
    await other.goto(link)
    await other.getByRole('button', { name: 'Sign in on this device' }).click()
    await heading(other, 'Your account')
    await enter(asking, code)
    await says(asking, 'This code is not valid any more.')
  })

  test('five wrong codes use up the right one', async () => {
    const email = newGuest()
    const page = await askForMail(email)
    const { code } = await readMail(email)
    const wrong = code === '000000' ? '000001' : '000000'

    for (const left of ['4 more attempts', '3 more attempts', '2 more attempts', '1 more attempt.']) {
      await enter(page, wrong)
      await says(page, left)
    }
    await enter(page, wrong)
    await says(page, 'This code is not valid any more.')
    await page.reload()
    await enter(page, code)
    await says(page, 'This code is not valid any more.')

    const again = await signIn(email)
    await again.getByText(`Signed in as ${email}.`).waitFor()
  })

  test('a mailbox gets five mails at once, and other mailboxes are not concerned', async () => {
    const email = newGuest()
    for (let mail = 0; mail < 5; mail += 1) await askForMail(email)

    const refused = await requestMail(email)
    await says(refused, /^That was enough mails for now\. Please try again in (2 minutes|a minute)\.$/)

    await askForMail(newGuest())
  })

  test('both devices are listed, and signing out everywhere signs out the second one', async () => {
    const email = newGuest()
    const first = await signIn(email)
    const second = await signIn(email)
    await first.reload()
    const devices = first.getByRole('list', { name: 'Devices' }).getByRole('listitem')
    assert.equal(await devices.count(), 2)
    assert.equal(await devices.filter({ hasText: 'this device' }).count(), 1)

    await first.getByRole('button', { name: 'Sign out everywhere' }).click()
    await heading(first, 'Sign in')
    await second.reload()

    await heading(second, 'Sign in')
  })

  test('signing out leaves the other device signed in, and the cookie is good for nothing', async () => {
    const email = newGuest()
    const first = await signIn(email)
    const second = await signIn(email)
    const cookies = await first.context().cookies()
    const session = cookies.find(({ name }) => name === 'session')
    assert.deepEqual([session.httpOnly, session.sameSite], [true, 'Lax'])

    await first.getByRole('button', { name: 'Sign out', exact: true }).click()
    await heading(first, 'Sign in')
    await first.context().addCookies([session])
    await first.goto(`${at.app.url}/account`)
    await heading(first, 'Sign in')
    await second.reload()

    await second.getByText(`Signed in as ${email}.`).waitFor()
  })

  test('without Redis, who is signed in stays so, and a guest can sign in', async () => {
    const email = newGuest()
    const first = await signIn(email)

    await at.services.redis.stop()
    await first.reload()
    await first.getByText(`Signed in as ${email}.`).waitFor()
    const other = await signIn(newGuest())
    await at.services.redis.start()

    await other.reload()
    await heading(other, 'Your account')
  })
}
