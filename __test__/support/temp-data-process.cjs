// A process that calls TempDataCache, for tests of what several processes do at once. It is sent the name of a method and
// the arguments of many calls, makes them in one turn, and sends back what they resolved to.

const { TempDataCache } = require('redlatch')

process.on('message', async ({ method, calls }) => {
  process.send(await Promise.all(calls.map((args) => TempDataCache[method](...args))))
})
