// A server that answers Upstash's protocol honestly or in one of many wrong ways, on raw sockets.

import { once } from 'node:events'
import { createServer } from 'node:net'

import { wrongReplies } from './replies.mjs'

export class HostileServer {
  sent = {}
  #server
  #random
  #sockets = new Set()
  #isHostile = true

  static async start(random) {
    const server = new HostileServer()
    server.#random = random
    server.#server = createServer((socket) => server.#serve(socket))
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  behave() {
    this.#isHostile = false
    for (const socket of this.#sockets) socket.destroy()
  }

  stop() {
    this.behave()
    this.#server.close()
  }

  #serve(socket) {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      for (;;) {
        const request = read(received)
        if (!request) return
        received = received.subarray(request.bytes)
        this.#answer(socket, request)
      }
    })
  }

  #answer(socket, request) {
    const kinds = Object.keys(wrongReplies)
    // Mostly honest, so that the client goes on asking.
    const kind = this.#isHostile && this.#random.once(4) ? this.#random.pick(kinds) : 'honest'
    this.sent[kind] = (this.sent[kind] ?? 0) + 1
    if (kind === 'honest') send(socket, honest(request))
    else wrongReplies[kind]({ socket, request, random: this.#random, honest: () => honest(request), send })
  }
}

/** The first whole request in `bytes`. */
function read(bytes) {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.subarray(0, end).toString('latin1')
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  if (bytes.length < end + 4 + length) return undefined
  const body = bytes.subarray(end + 4, end + 4 + length).toString()
  const [, path] = head.split(' ')
  return { bytes: end + 4 + length, path, commands: path === '/' ? [JSON.parse(body)] : JSON.parse(body) }
}

export function send(socket, body, { status = 200, headers = {} } = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = Buffer.byteLength(body)
  socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: ${length}\r\n${lines.join('')}\r\n`, 'latin1')
  socket.write(body)
}

function honest({ path, commands }) {
  const results = commands.map((command) => ({ result: resultOf(command) }))
  return JSON.stringify(path === '/' ? results[0] : results)
}

function resultOf([name, ...args]) {
  switch (name) {
    case 'PING':
      return base64('PONG')
    case 'GET':
    case 'GETDEL':
      return args[0].includes('absent') ? null : base64(`{"value":"${args[0].length}"}`)
    case 'MGET':
      return args.map(() => null)
    case 'SET':
      return 'OK'
    default:
      return 1
  }
}

const base64 = (text) => Buffer.from(text).toString('base64')
