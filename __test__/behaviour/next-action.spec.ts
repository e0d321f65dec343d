import { describe, expect, jest, test } from '@jest/globals'
import { idempotentAction } from 'redlatch/next'
import { controlFlow } from '../support/control-flow'
import { uniqueKey } from '../support/samples'

const scope = () => 'user_1'

describe('idempotentAction', () => {
  const formOf = (key: string, fields: Record<string, string> = {}) => {
    const form = new FormData()
    form.set('idempotencyKey', key)
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    return form
  }

  test('the same form twice is one execution, also with other fields of React and another state', async () => {
    const action = jest.fn(async (_: unknown, form: FormData) => ({ paid: form.get('amount') }))
    const pay = idempotentAction(action, { scope })
    const key = uniqueKey()

    const first = await pay(null, formOf(key, { amount: '5', $ACTION_ID_1: 'a' }))
    const second = await pay({ paid: '5' }, formOf(key, { amount: '5', $ACTION_ID_2: 'b' }))

    expect(action).toHaveBeenCalledTimes(1)
    expect([first, second]).toStrictEqual([{ paid: '5' }, { paid: '5' }])
    await expect(pay(null, formOf(key, { amount: '6' }))).rejects.toMatchObject({
      code: 'ERR_IDEMPOTENCY_MISMATCH',
    })
  })

  test.each([
    ['redirect()', 'NEXT_REDIRECT;push;/thanks;307;'],
    ['notFound()', 'NEXT_HTTP_ERROR_FALLBACK;404'],
  ])('what %s throws is an outcome, which a repeated call throws again', async (_, digest) => {
    const { thrower } = controlFlow(digest)
    const pay = idempotentAction(thrower, { scope })
    const key = uniqueKey()

    for (let time = 0; time < 2; time += 1) {
      await expect(pay(formOf(key))).rejects.toMatchObject({ digest })
    }

    expect(thrower).toHaveBeenCalledTimes(1)
  })

  test.each([401, 403])('what Next.js throws for %i frees the key', async (status) => {
    const { error, thrower } = controlFlow(`NEXT_HTTP_ERROR_FALLBACK;${status}`)
    const pay = idempotentAction(thrower, { scope })
    const key = uniqueKey()

    for (let time = 0; time < 2; time += 1) await expect(pay(formOf(key))).rejects.toBe(error)

    expect(thrower).toHaveBeenCalledTimes(2)
  })

  test('two actions without names that React has registered keep equal keys apart', async () => {
    const actions = ['pay', 'refund'].map((done) => {
      const action = idempotentAction(async (_: FormData) => done, { scope })
      return Object.assign(action, { $$id: done })
    })
    const key = uniqueKey()

    const answers = await Promise.all(actions.map((action) => action(formOf(key))))

    expect(answers).toStrictEqual(['pay', 'refund'])
  })

  test('another error frees the key, and a call without a key is refused', async () => {
    let calls = 0
    const pay = idempotentAction(
      async (_: FormData) => {
        calls += 1
        if (calls === 1) throw new Error('declined')
      },
      { scope },
    )
    const key = uniqueKey()

    await expect(pay(formOf(key))).rejects.toThrow('declined')
    expect(await pay(formOf(key))).toBeUndefined()
    await expect(pay(new FormData())).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })
})
