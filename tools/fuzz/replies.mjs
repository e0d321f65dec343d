// The wrong ways to answer. Each takes the socket, the request, a source of random choices, and the honest answer.

const NUMBERS = ['1e400', '-0', '9223372036854775808', '1.5', '1e2', '0x10', '00', '-']
const RETRY_AFTER = [
  '0',
  '-1',
  '3600',
  '18446744073709551615',
  '1e9',
  'soon',
  'Wed, 21 Oct 2099 07:28:00 GMT',
  '\u00ff',
]
const REFUSALS = [
  'ERR',
  'WRONGTYPE',
  'OOM',
  'LOADING',
  'BUSY',
  'READONLY',
  'NOSCRIPT',
  'NOAUTH',
  'ERR max requests limit exceeded',
  '',
]

export const wrongReplies = {
  mutated({ socket, random, honest, send }) {
    send(socket, mutated(Buffer.from(honest()), random))
  },

  truncated({ socket, random, honest }) {
    const body = honest()
    const kept = body.slice(0, random.between(0, body.length))
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${kept}`)
  },

  /** Valid HTTP, so that only the JSON is cut. */
  cutJson({ socket, random, honest, send }) {
    const body = honest()
    send(socket, body.slice(0, random.between(0, body.length - 1)))
  },

  wrongTypes({ socket, request, random, send }) {
    const one = () => `{"result":${anyJson(random, 3)}}`
    const many = () => Array.from({ length: random.between(0, request.commands.length + 1) }, one)
    send(socket, random.once(2) ? one() : `[${many().join(',')}]`)
  },

  numbers({ socket, request, random, send }) {
    const one = () => `{"result":${random.pick(NUMBERS)}}`
    send(socket, request.path === '/' ? one() : `[${request.commands.map(one).join(',')}]`)
  },

  nested({ socket, random, send }) {
    const depth = random.pick([100, 1_000, 100_000])
    send(socket, `{"result":${'['.repeat(depth)}${random.once(2) ? ']'.repeat(depth) : ''}}`)
  },

  /** Until the client hangs up. */
  endless({ socket, random }) {
    const head = random.once(2) ? 'transfer-encoding: chunked' : 'content-length: 1000000000000000'
    const data = 'A'.repeat(65_536)
    const chunk = head.startsWith('t') ? `10000\r\n${data}\r\n` : data
    socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
    const flood = () => {
      while (!socket.destroyed && socket.write(chunk));
      if (!socket.destroyed) socket.once('drain', flood)
    }
    flood()
  },

  slow({ socket, random, honest }) {
    const body = honest()
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`)
    let at = 0
    const until = random.between(0, body.length)
    const timer = setInterval(
      () => {
        if (socket.destroyed || at >= until) return clearInterval(timer)
        socket.write(body[at])
        at += 1
      },
      random.between(1, 30),
    )
  },

  headers({ socket, random, honest, send }) {
    const headers = random.pick([
      { 'retry-after': random.pick(RETRY_AFTER) },
      { 'upstash-sync-token': 'x'.repeat(random.pick([0, 1_024, 1_025, 20_000])) },
      { 'upstash-sync-token': '\u00ff\u0080' },
      Object.fromEntries(Array.from({ length: 90 }, (_, number) => [`x-${number}`, 'y'.repeat(100)])),
      { 'content-encoding': 'gzip' },
      { location: 'http://127.0.0.1:1/' },
      { connection: 'close' },
      { 'x-large': 'z'.repeat(500_000) },
    ])
    send(socket, honest(), { headers, status: random.pick([200, 200, 429, 503]) })
  },

  status({ socket, random, honest, send }) {
    const status = random.pick([
      100, 101, 102, 204, 206, 301, 307, 400, 401, 403, 404, 413, 418, 429, 431, 500, 503, 599, 999,
    ])
    send(socket, random.once(2) ? honest() : '', { status })
  },

  /** No HTTP at all. */
  garbage({ socket, random }) {
    const bytes = Buffer.from(Array.from({ length: random.between(0, 300) }, () => random.between(0, 255)))
    socket.end(random.pick([bytes, 'HTTP/9.9 200\r\n\r\n', 'HTTP/1.1 \r\n\r\n', '\r\n\r\n', '+PONG\r\n']))
  },

  /** An answer that nobody asked for follows. */
  twice({ socket, honest, send }) {
    send(socket, honest())
    send(socket, '{"result":"AAAA"}')
  },

  hangUp({ socket }) {
    socket.destroy()
  },

  silence() {},

  /** Error texts that repeat what the request held, in many spellings. */
  echoes({ socket, request, random, send }) {
    const words = request.commands.flat()
    const one = () => {
      const secret = spelled(String(random.pick(words)), random)
      return { error: `${random.pick(REFUSALS)} something about ${secret} went wrong` }
    }
    const body = random.once(3) ? one() : request.commands.map(one)
    const text = JSON.stringify(request.path === '/' ? one() : body)
    send(socket, random.once(8) ? `oops ${spelled(String(random.pick(words)), random)}` : text, {
      status: random.pick([200, 400, 429, 500]),
    })
  },
}

function spelled(word, random) {
  return random.pick([
    word,
    encodeURIComponent(word),
    [...Buffer.from(word)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    JSON.stringify(word),
    [...word].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    `'${word}'`,
    ` ${word.slice(0, 70)} `,
  ])
}

function mutated(bytes, random) {
  let changed = bytes
  for (let times = random.between(1, 4); times > 0; times -= 1) {
    const at = random.between(0, changed.length)
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)]
    const noise = Buffer.from([random.between(0, 255)])
    changed = random.pick([
      () => Buffer.concat([before, noise, after]),
      () => Buffer.concat([before, after.subarray(1)]),
      () => Buffer.concat([before, noise, after.subarray(1)]),
      () => Buffer.concat([before, before.subarray(-random.between(1, 20)), after]),
    ])()
  }
  return changed
}

function anyJson(random, depth) {
  const leaf = () =>
    random.pick(['null', 'true', '1', '-7', '"OK"', '"not base64!"', '"QUFB"', '""', '{}', '[]'])
  if (depth === 0 || random.once(2)) return leaf()
  const parts = Array.from({ length: random.between(0, 4) }, () => anyJson(random, depth - 1))
  return random.once(2) ? `[${parts.join(',')}]` : `{"result":${parts[0] ?? 'null'},"error":${leaf()}}`
}
