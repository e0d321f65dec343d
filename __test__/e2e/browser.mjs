// Debian's Chromium, driven by playwright-core, and the booking page as a guest uses it.

import { randomUUID } from 'node:crypto'
import { chromium } from 'playwright-core'

const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the browser. Its sandbox is off only where it cannot work, for the superuser. */
export function launch() {
  const args = process.getuid?.() === 0 ? [...quiet, '--no-sandbox'] : quiet
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args })
}

/** A tab with the booking page; tabs of one guest share `context`. */
export async function openBooking(context, url) {
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.goto(`${url}/book`)
  return { page, errors, ...booking(page) }
}

/** How many forms and requests to change something the page has sent from now on. */
export function countPosts(page) {
  let sent = 0
  page.on('request', (request) => {
    sent += request.method() === 'POST' ? 1 : 0
  })
  return () => sent
}

/** A function that clicks, also while the page waits for the one to which a click has led. Locators wait for that, too. */
export async function clicker(locator) {
  const { x, y } = await locator.boundingBox()
  return () => locator.page().mouse.click(x + 5, y + 5)
}

export const newGuest = () => `${randomUUID()}@example.com`

function booking(page) {
  const button = page.getByRole('button', { name: /^Book/ })
  const outcome = page.getByRole('status')
  return {
    button,
    fill: async (email) => {
      await page.getByLabel('Name').fill('Ada Lovelace')
      await page.getByLabel('E-mail').fill(email)
    },
    /** Chooses a time by its place on the page. */
    choose: (place) => page.getByRole('radio').nth(place).check({ force: true }),
    /** Waits until the page says what became of the submission; the word is the panel's first one. */
    told: (word) => outcome.getByText(`${word}.`).waitFor(),
    paymentUrl: () => page.getByRole('link', { name: 'Continue to payment' }).getAttribute('href'),
  }
}
