/** An error that is its own cause, which nobody may follow to its end. */
function circular(): Error {
  const error = new Error('circular')
  error.cause = error
  return error
}

/** What code can throw, each with a label. The last two throw again when they are asked for their text. */
export const thrown: [label: string, value: unknown][] = [
  ['an Error', new Error('of the caller')],
  ['a symbol', Symbol('of the caller')],
  ['a string', 'of the caller'],
  ['undefined', undefined],
  ['null', null],
  ['a bigint', 7n],
  ['an error that is its own cause', circular()],
  ['an error whose cause is a symbol', new Error('of the caller', { cause: Symbol('cause') })],
  ['an object without a prototype', Object.create(null)],
  [
    'an object whose message throws',
    {
      get message() {
        throw new Error('of the message')
      },
    },
  ],
]
