// What the tests, the demonstration and the benchmark need, made ready in a fresh clone. Uses nothing but Node itself.

import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const isWindows = process.platform === 'win32'

/** Runs a command in the project's root with its output shown; `false` when it fails. */
export function run(command, args, options = {}) {
  console.log(`> ${[command, ...args].join(' ')}`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: isWindows, ...options }).status === 0
}

/** Ends the process with a sentence that says what to do. */
export function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}

/** Whether there is such a program. Not all of them end well when asked for their version. */
function isOnPath(command) {
  const { error, status } = spawnSync(command, ['--version'], { stdio: 'ignore', shell: isWindows })
  return isWindows ? status === 0 : error === undefined
}

/** Installs the npm packages that package-lock.json names, unless they are there. */
export function installPackages() {
  const installed = `${root}/node_modules/.package-lock.json`
  const isFresh =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}/package-lock.json`).mtimeMs
  if (!isFresh && !run('npm', ['ci', '--no-audit', '--no-fund'])) fail('npm ci failed; see above.')
}

/** Builds the addon for this machine. */
export function buildAddon() {
  if (!isOnPath('cargo')) fail('Rust is missing: install it from https://rustup.rs and try again.')
  if (!run('npm', ['run', 'build'])) fail('Building the addon failed; see above.')
}

/** Builds the Upstash-compatible gateway that the tests run on. */
export function buildGateway() {
  const built = run('cargo', ['build', '--release', '--package', 'redlatch-gateway'])
  if (!built) fail('Building the gateway failed; see above.')
}

/** Installs Redis where that takes no question, unless it is there. */
export function installRedis() {
  installProgram('redis-server', { apt: 'redis-server', brew: 'redis' })
  if (!isOnPath('redis-server')) fail('Redis is missing: put redis-server 7 on the PATH and try again.')
}

/** Installs Chromium where that takes no question, unless it is there, and tells the tests where it is. */
export function installChromium() {
  process.env.CHROMIUM ||= findChromium()
  if (process.env.CHROMIUM) return
  installProgram('chromium', { apt: 'chromium', brew: 'chromium' })
  process.env.CHROMIUM = findChromium()
  if (!process.env.CHROMIUM) fail('Chromium is missing: install it, or set CHROMIUM to its program.')
}

/** The path of the first of these programs that is there; the empty string when none is. */
function findChromium() {
  return ['chromium', 'chromium-browser', 'google-chrome'].map(whereIs).find(Boolean) ?? ''
}

function whereIs(command) {
  const { status, stdout } = spawnSync(isWindows ? 'where' : 'which', [command], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0].trim() : ''
}

/** Installs wrk, an HTTP load generator, where that takes no question. The benchmark can do without it. */
export function installWrk() {
  installProgram('wrk', { apt: 'wrk', brew: 'wrk' })
}

/** Installs a program as the operating system has it, unless it is there. */
function installProgram(program, packages) {
  if (isOnPath(program)) return
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const attempts = [
    [
      'apt-get',
      [
        [...sudo, 'apt-get', 'update'],
        [...sudo, 'apt-get', 'install', '-y', packages.apt],
      ],
    ],
    ['brew', [['brew', 'install', packages.brew]]],
  ]
  const [tool, commands] = attempts.find(([tool]) => isOnPath(tool)) ?? ['', []]
  if (commands.length > 0) {
    console.log(`${program} is missing: about to install it with ${tool} (${commands.at(-1).join(' ')}).`)
  }
  for (const [command, ...args] of commands) run(command, args)
}
