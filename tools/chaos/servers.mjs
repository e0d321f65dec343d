// The servers of a run: gateways, and a real Redis that can be paused, killed and restarted, with or without its data.
//
// Redis listens on a socket file behind a relay on a free loopback port. The relay keeps the port while Redis is stopped.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { GatewayControl } from '../gateway/control.mjs'
import spawning from '../gateway/spawn.js'

/** A gateway in front of `redis`, so that a fault can hit one client only. */
export class Gateway extends GatewayControl {
  /** Without `redis`, the gateway starts its own. */
  static async start(redis) {
    const { address, stop } = await spawning.spawnGateway(redis ? ['--redis-url', redis.url] : [])
    return new Gateway(address, stop)
  }

  constructor(address, stop) {
    super(address)
    this.address = { url: address.url, token: address.token }
    this.stop = stop
  }
}

const BALLAST_KEYS = 400_000

export class Redis {
  #relay
  #root = mkdtempSync(join(tmpdir(), 'redlatch-chaos-'))
  #directory
  #process

  static async start() {
    const redis = new Redis()
    redis.#relay = createServer((client) => redis.#relayTo(client))
    redis.#relay.listen(0, '127.0.0.1')
    await once(redis.#relay, 'listening')
    await redis.startEmpty()
    return redis
  }

  get url() {
    return `redis://127.0.0.1:${this.#relay.address().port}`
  }

  pause() {
    this.#process.kill('SIGSTOP')
  }

  resume() {
    this.#process.kill('SIGCONT')
  }

  /** Kills it, as a crash would. Resolves once it has exited. */
  async kill() {
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  /** With so many keys of no meaning that loading them takes a while. */
  async startEmpty() {
    this.#directory = mkdtempSync(join(this.#root, 'data-'))
    await this.startWithData()
    const fill = `for i = 1, ${BALLAST_KEYS} do redis.call('SET', 'ballast:' .. i, i) end`
    const filled = spawn('redis-cli', ['-s', this.#socket, 'EVAL', fill, '0'], { stdio: 'ignore' })
    await once(filled, 'exit')
  }

  /** Resolves when the data is loaded. */
  async startWithData() {
    // The log is written before a reply is sent, so a killed Redis keeps everything it replied to.
    const options = ['--port', '0', '--unixsocket', this.#socket, '--dir', this.#directory, '--save', '']
    const log = ['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0']
    this.#process = spawn('redis-server', [...options, ...log], { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface({ input: this.#process.stdout })) {
      if (line.includes('ready to accept connections')) break
    }
    if (this.#process.exitCode !== null) throw new Error('redis-server exited before it was ready')
    this.#process.stdout.resume()
  }

  async stop() {
    await this.kill()
    this.#relay.close()
    rmSync(this.#root, { recursive: true })
  }

  get #socket() {
    return join(this.#root, 'redis.sock')
  }

  #relayTo(client) {
    const redis = connect(this.#socket)
    client.setNoDelay(true)
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ]) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  }
}
