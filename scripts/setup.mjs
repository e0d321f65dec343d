// Builds and installs what the scripts need in a fresh clone. It only uses Node itself.

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

/** What a command prints. */
export function printed(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e9 })
  if (status !== 0) fail(`${[command, ...args].join(' ')} failed:\n${stderr}`)
  return stdout.trim()
}

/** Exits with a message that says what to do. */
export function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}

/** Whether a program is installed. Some exit with an error when asked for their version. */
function isOnPath(command) {
  const { error, status } = spawnSync(command, ['--version'], { stdio: 'ignore', shell: isWindows })
  return isWindows ? status === 0 : error === undefined
}

/** Installs the npm packages of package-lock.json, unless they are up to date. */
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

/** Builds the Upstash-compatible gateway for tests. */
export function buildGateway() {
  const built = run('cargo', ['build', '--release', '--package', 'redlatch-gateway'])
  if (!built) fail('Building the gateway failed; see above.')
}

/** Installs Redis, unless it is installed. */
export function installRedis() {
  if (!tryInstallRedis()) fail('Redis is missing: put redis-server 7 on the PATH and try again.')
}

/** Installs Redis, unless it is installed; whether it is now. */
export function tryInstallRedis() {
  installProgram('redis-server', { apt: 'redis-server', brew: 'redis' })
  return isOnPath('redis-server')
}

/** Installs libfaketime, with which a program sees another wall clock, unless it is installed. */
export function installFaketime() {
  installProgram('faketime', { apt: 'faketime', brew: 'libfaketime' })
}

/** Installs Chromium, unless it is installed, and sets CHROMIUM to its path. */
export function installChromium() {
  process.env.CHROMIUM ||= findChromium()
  if (process.env.CHROMIUM) return
  installProgram('chromium', { apt: 'chromium', brew: 'chromium' })
  process.env.CHROMIUM = findChromium()
  if (!process.env.CHROMIUM) fail('Chromium is missing: install it, or set CHROMIUM to its program.')
}

/** The path of Chromium or Chrome; empty if neither is installed. */
function findChromium() {
  return ['chromium', 'chromium-browser', 'google-chrome'].map(whereIs).find(Boolean) ?? ''
}

function whereIs(command) {
  const { status, stdout } = spawnSync(isWindows ? 'where' : 'which', [command], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0].trim() : ''
}

/** Installs wrk, an HTTP load generator, unless it is installed. The benchmark also runs without it. */
export function installWrk() {
  installProgram('wrk', { apt: 'wrk', brew: 'wrk' })
}

/** Installs a program with the system's package manager, without questions, unless it is installed. */
export function installProgram(program, packages) {
  if (!isOnPath(program)) installSystemPackage(program, packages)
}

/** Installs `what` with the system's package manager, without questions. */
export function installSystemPackage(what, packages) {
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
  const isKnown = (tool) => packages[tool === 'brew' ? 'brew' : 'apt'] && isOnPath(tool)
  const [tool, commands] = attempts.find(([tool]) => isKnown(tool)) ?? ['', []]
  if (commands.length > 0) {
    console.log(`${what} is missing: about to install it with ${tool} (${commands.at(-1).join(' ')}).`)
  }
  for (const [command, ...args] of commands) run(command, args)
}
