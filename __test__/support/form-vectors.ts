import type { FormCache } from 'redlatch'
import { claim, submission } from './samples'

type Method = Exclude<keyof typeof FormCache, 'prototype' | 'key' | 'generateKey' | 'healthCheck'>

/** The error that a call rejects with. */
interface Refusal {
  name: 'TypeError' | 'RangeError'
  code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE'
  /** What the message names. */
  about: string
}

/** A call with what comes after the key, and what it resolves to or rejects with. */
export type Step = [method: Method, args: unknown[], outcome: { is: unknown } | { refusal: Refusal }]

const now = 'now'
const done = { is: undefined }
const wrongType = (about: string) => refused('TypeError', 'ERR_INVALID_ARG_TYPE', about)
const wrongValue = (about: string) => refused('RangeError', 'ERR_INVALID_ARG_VALUE', about)
const wrongField = (about: string) => refused('TypeError', 'ERR_INVALID_ARG_VALUE', about)

function refused(name: Refusal['name'], code: Refusal['code'], about: string) {
  return { refusal: { name, code, about } }
}

/** A form that is no booking. */
const contact = { email: 'guest@example.com', message: 'Hello', tags: ['a'], timestamp: 7 }

const marked = (status: string) => ({ ...submission, status, timestamp: now })

const whatHappens: [label: string, steps: Step[]][] = [
  [
    'an absent entry',
    [
      ['get', [], { is: null }],
      ['isProcessing', [], { is: false }],
      ['markCompleted', [], done],
      ['markFailed', [], done],
      ['delete', [], done],
      ['get', [], { is: null }],
    ],
  ],
  [
    'the first claim, which is granted, and the second, which changes nothing',
    [
      ['tryAcquireProcessing', [claim], { is: true }],
      ['tryAcquireProcessing', [{ ...claim, eventId: 'evt_2' }], { is: false }],
      ['get', [], { is: submission }],
      ['isProcessing', [], { is: true }],
    ],
  ],
  [
    'a claim that says it is completed, which is not taken over',
    [
      ['tryAcquireProcessing', [{ ...submission, status: 'completed' }], { is: true }],
      ['get', [], { is: submission }],
    ],
  ],
  ...(['processing', 'completed', 'failed'] as const).map((status): [string, Step[]] => [
    `an entry that is ${status}, which blocks`,
    [
      ['set', [{ ...submission, status }], done],
      ['isProcessing', [], { is: status === 'processing' }],
      ['tryAcquireProcessing', [claim], { is: false }],
      ['get', [], { is: { ...submission, status } }],
    ],
  ]),
  ...(['markCompleted', 'markFailed'] as const).map((mark): [string, Step[]] => [
    `${mark}, after which the entry still blocks`,
    [
      ['tryAcquireProcessing', [claim], { is: true }],
      [mark, [], done],
      ['isProcessing', [], { is: false }],
      ['get', [], { is: marked(mark === 'markFailed' ? 'failed' : 'completed') }],
      ['tryAcquireProcessing', [claim], { is: false }],
    ],
  ]),
  [
    'a deleted entry, which can be claimed again and is not brought back by a mark',
    [
      ['tryAcquireProcessing', [claim], { is: true }],
      ['delete', [], done],
      ['markCompleted', [], done],
      ['get', [], { is: null }],
      ['tryAcquireProcessing', [claim], { is: true }],
    ],
  ],
  [
    'fields beyond those that are known, which stay',
    [
      ['set', [{ ...submission, note: { tags: ['a'], none: null } }], done],
      ['markFailed', [], done],
      ['get', [], { is: { ...marked('failed'), note: { tags: ['a'], none: null } } }],
    ],
  ],
  [
    'a form of another kind, which is claimed, marked and read as a booking is',
    [
      ['tryAcquireProcessing', [contact], { is: true }],
      ['tryAcquireProcessing', [contact], { is: false }],
      ['isProcessing', [], { is: true }],
      ['markCompleted', [], done],
      ['get', [], { is: { ...contact, status: 'completed', timestamp: now } }],
      ['tryAcquireProcessing', [claim], { is: false }],
    ],
  ],
  [
    'a form that has nothing but its state',
    [
      ['set', [{ status: 'failed', timestamp: 7 }], done],
      ['get', [], { is: { status: 'failed', timestamp: 7 } }],
    ],
  ],
  [
    'fields of a booking with other types, which are kept',
    [
      ['set', [{ ...submission, eventId: 7, guestEmail: null, startTime: ['text'] }], done],
      ['get', [], { is: { ...submission, eventId: 7, guestEmail: null, startTime: ['text'] } }],
    ],
  ],
  [
    'data that says by toJSON what it is',
    [
      ['tryAcquireProcessing', [{ toJSON: () => claim }], { is: true }],
      ['get', [], { is: submission }],
    ],
  ],
]

const circular: Record<string, unknown> = { ...submission }
circular.self = circular

const badTtls = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]
const badFields: [field: string, values: unknown[]][] = [
  ['timestamp', ['7', null, undefined, Number.NaN, [7], new Map()]],
]
const badStatuses = ['done', 'Processing', '', null, undefined, ['failed']]

const whatIsRefused: [label: string, step: Step][] = [
  ...[null, 'text', 7, undefined].flatMap((data): [string, Step][] => [
    [`set of ${data}`, ['set', [data], wrongType('formData')]],
    [`a claim with ${data}`, ['tryAcquireProcessing', [data], wrongType('formData')]],
  ]),
  ...badFields.flatMap(([field, values]) =>
    values.flatMap((value): [string, Step][] => [
      [
        `set with ${String(value)} as ${field}`,
        ['set', [{ ...submission, [field]: value }], wrongField(field)],
      ],
      [
        `a claim with ${String(value)} as ${field}`,
        ['tryAcquireProcessing', [{ ...claim, [field]: value }], wrongField(field)],
      ],
    ]),
  ),
  ...badStatuses.map((status): [string, Step] => [
    `set with the status ${String(status)}`,
    ['set', [{ ...submission, status }], wrongField('status')],
  ]),
  ['set of an array', ['set', [[submission]], wrongField('formData')]],
  ['set of a circular object', ['set', [circular], wrongField('formData')]],
  ['set of what turns into nothing', ['set', [{ toJSON: () => undefined }], wrongField('formData')]],
  ...badTtls.flatMap((ttl): [string, Step][] => [
    [`set for ${ttl} seconds`, ['set', [submission, ttl], wrongValue('ttlSeconds')]],
    [`a claim for ${ttl} seconds`, ['tryAcquireProcessing', [claim, ttl], wrongValue('ttlSeconds')]],
    [`markCompleted for ${ttl} seconds`, ['markCompleted', [ttl], wrongValue('ttlSeconds')]],
    [`markFailed for ${ttl} seconds`, ['markFailed', [ttl], wrongValue('ttlSeconds')]],
  ]),
  ...['60', null, true].map((ttl): [string, Step] => [
    `a claim for ${JSON.stringify(ttl)} seconds`,
    ['tryAcquireProcessing', [claim, ttl], wrongType('ttlSeconds')],
  ]),
]

/** Calls on one key in turn, with what each resolves to or rejects with. `now` stands for the time of the call. */
export const formVectors: [label: string, steps: Step[]][] = [
  ...whatHappens,
  ...whatIsRefused.map(([label, step]): [string, Step[]] => [
    `${label}, which is refused and stores nothing`,
    [step, ['get', [], { is: null }]],
  ]),
]

/** Keys that every call refuses. */
export const badFormKeys: [label: string, key: unknown, refusal: Refusal][] = [
  ['an empty key', '', wrongValue('key').refusal],
  ['a key with a lone surrogate', 'a\ud800', wrongValue('key').refusal],
  ['a key of more than 32 KiB with its prefix', 'k'.repeat(32 * 1024 - 4), wrongValue('key').refusal],
  ['a key of more than 32 KiB in UTF-8', 'é'.repeat(16 * 1024 - 2), wrongValue('key').refusal],
  ['a number as key', 7, wrongType('key').refusal],
  ['null as key', null, wrongType('key').refusal],
  ['no key', undefined, wrongType('key').refusal],
]
