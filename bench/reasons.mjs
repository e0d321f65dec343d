// Why a target may stay unreached, by how its row begins. The report shows those of the rows that it concerns.

const peer = `Once its code is warm, as here and as on a server that has run for a minute, the peer makes two to three times as
many calls as in the run from which this target was taken (39,800 a second with 64 in flight).`

const twoCores = `Client, gateway and Redis share two processors, and with so many calls in flight the servers take more of them
than the client does.`

const ownFloor = `What is left on the main thread is the measuring loop itself, reading the key through Node-API, and making and
settling the promise.`

const steps = 'A step that needs the result of the one before cannot share its request, with any client.'

const reasons = {
  'in flight 64: throughput': `${peer} ${twoCores}`,
  'in flight 64: main-thread active': `${peer} ${ownFloor}`,
  'in flight 512: throughput against': twoCores,
  'in flight 512: throughput': `${peer} ${twoCores}`,
  'in flight 512: main-thread active': `${peer} ${ownFloor}`,
  'in flight 512: process CPU': peer,
  'TLS, in flight 1': `What is left is one turn of the event loop: a call into the addon, a microtask, a wake-up and one call back.`,
  'TLS, in flight 64': `${peer} ${ownFloor}`,
  'in flight 1: p50 against wrk': `wrk does everything on one thread. A call goes from the main thread to the I/O thread and back, which are two
switches of threads more.`,
  'memory, 10,000 entries': `In a profile the two large parts are the way through Node-API and moka's look-up, whose entries lie scattered in
memory. A plain map would be faster, but neither bounded nor free of sweeps.`,
  'memory, 10 to 1,000,000 entries': `The number of steps is the same; the caches of the processor hold ten entries, and not a million.`,
  'require, warm':
    'Loading maps 3.5 MB from a file and resolves its relocations; how long that takes depends on the machine.',
  'idempotent API call': steps,
  'known customer': steps,
  'form submission': `${steps} What is saved is the read before the mark.`,
}

/** The reasons for the rows of `targets` that are not reached, each once. */
export function reasonsFor(targets) {
  const missed = targets.filter(({ reached }) => reached === false)
  const found = Object.entries(reasons).map(([start, reason]) => {
    // A row belongs to the longest beginning that fits.
    const rows = missed.filter(({ what }) => longest(what) === start)
    return rows.length > 0 ? `- **${start}.** ${reason}` : undefined
  })
  return found.filter(Boolean).join('\n')
}

function longest(what) {
  const fitting = Object.keys(reasons).filter((start) => what.startsWith(start))
  return fitting.sort((a, b) => b.length - a.length)[0]
}
