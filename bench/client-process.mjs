// The process of one client: connects, and makes the calls that the parent process asks for.

import { answerParent } from './answer.mjs'
import { makers } from './calls.mjs'
import { load } from './load.mjs'
import { prefill } from './values.mjs'

let client

const actions = {
  async connect({ module, address }) {
    const { connect } = await import(`./clients/${module}.mjs`)
    client = await connect(address)
  },

  async prefill({ bytes }) {
    await prefill(client, bytes)
  },

  /** Lets the client open its connections, and V8 see what it is to optimize. */
  async warmUp({ bytes, milliseconds }) {
    for (const make of Object.values(makers)) {
      for (const inFlight of [1, 64]) await load(make(client, bytes), inFlight, milliseconds)
    }
  },

  async measure({ kind, bytes, inFlight, milliseconds }) {
    const figures = await load(makers[kind](client, bytes), inFlight, milliseconds)
    client.check?.()
    return figures
  },
}

answerParent(actions)
