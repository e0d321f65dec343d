import { beforeEach, expect, test } from '@jest/globals'
import { SessionCache } from 'redlatch'
import { advanceBy, reset } from 'redlatch/testing'

beforeEach(() => reset())

test('a session ends when it has not been used for its idle time', async () => {
  const sessions = new SessionCache({ idleSeconds: 600 })
  const { id } = await sessions.create({ userId: 'u' })

  advanceBy(599)
  expect(await sessions.get(id)).not.toBeNull()
  advanceBy(599)
  expect(await sessions.get(id, { touch: false })).not.toBeNull()
  advanceBy(1)

  expect(await sessions.get(id)).toBeNull()
})

test('a session ends with its absolute time, however much it is used', async () => {
  const sessions = new SessionCache({ idleSeconds: 600, absoluteSeconds: 1_500 })
  const { id } = await sessions.create({ userId: 'u' })

  for (let minute = 0; minute < 24; minute += 1) {
    advanceBy(60)
    expect(await sessions.get(id)).not.toBeNull()
  }
  advanceBy(60)

  expect(await sessions.get(id)).toBeNull()
})

test('a touch within touchEverySeconds is not written', async () => {
  const sessions = new SessionCache({ idleSeconds: 600, touchEverySeconds: 120 })
  const { id } = await sessions.create({ userId: 'u' })

  advanceBy(119)
  expect(await sessions.touch(id)).toBe(true)
  advanceBy(481)

  expect(await sessions.get(id)).toBeNull()
})
