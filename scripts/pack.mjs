// Packs the package and this machine's platform package as they are published.
// What `napi prepublish` writes into package.json for that is written into a copy here, so that the clone stays clean.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { fail, root } from './setup.mjs'

/** Makes the two tarballs in `folder`, with the addon from `addons`. */
export function pack(folder, addons = join(root, 'dist')) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const addon = readdirSync(addons).find((name) => name.endsWith('.node'))
  if (!addon) fail('There is no addon to pack: run npm run build first.')
  const platform = addon.split('.')[1]
  const platforms = readdirSync(join(root, 'npm'))
  manifest.optionalDependencies = Object.fromEntries(
    platforms.map((name) => [`${manifest.napi.packageName}-${name}`, manifest.version]),
  )
  const main = packFolder(folder, root, manifest)
  const platformFolder = join(root, 'npm', platform)
  const platformManifest = JSON.parse(readFileSync(join(platformFolder, 'package.json'), 'utf8'))
  const binding = packFolder(folder, platformFolder, platformManifest, join(addons, addon))
  return { main, binding, bindingName: platformManifest.name, addon }
}

function packFolder(target, source, manifest, addon) {
  const stage = mkdtempSync(join(target, 'stage-'))
  const [{ files }] = npmPack(source, '--dry-run')
  for (const { path } of files) cpSync(join(source, path), join(stage, path))
  if (addon) cpSync(addon, join(stage, manifest.main))
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const [{ filename }] = npmPack(stage, '--pack-destination', target)
  rmSync(stage, { recursive: true })
  return join(target, filename.replace('@', '').replace('/', '-'))
}

/** What `npm pack --json` says of the package in `folder`. */
function npmPack(folder, ...options) {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', '--ignore-scripts', ...options], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail(`npm pack failed:\n${stderr}`)
  return Object.values(JSON.parse(stdout))
}
