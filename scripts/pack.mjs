// Packs the package and this machine's platform package as they are published.
// What `napi prepublish` writes into package.json for that is written into a copy here, so that the clone stays clean.
// There, too, the links of the pages become those that lead somewhere outside the repository.
//   node scripts/pack.mjs <folder>   packs the package alone, for publishing, and prints where the tarball is

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { publishedPage } from './links.mjs'
import { repositoryUrl, withoutPlaceholder } from './repository.mjs'
import { fail, root } from './setup.mjs'

/** Makes the two tarballs in `folder`, with the addon from `addons`. */
export function pack(folder, addons = join(root, 'dist')) {
  const addon = readdirSync(addons).find((name) => name.endsWith('.node'))
  if (!addon) fail('There is no addon to pack: run npm run build first.')
  const platform = addon.split('.')[1]
  const main = packMain(folder)
  const platformFolder = join(root, 'npm', platform)
  const platformManifest = JSON.parse(readFileSync(join(platformFolder, 'package.json'), 'utf8'))
  const binding = packFolder(folder, platformFolder, platformManifest, join(addons, addon))
  return { main, binding, bindingName: platformManifest.name, addon }
}

/** Makes the tarball of the package itself in `folder`. */
function packMain(folder) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const platforms = readdirSync(join(root, 'npm'))
  manifest.optionalDependencies = Object.fromEntries(
    platforms.map((name) => [`${manifest.napi.packageName}-${name}`, manifest.version]),
  )
  return packFolder(folder, root, manifest)
}

function packFolder(target, source, manifest, addon) {
  const stage = mkdtempSync(join(target, 'stage-'))
  const [{ files }] = npmPack(source, '--dry-run')
  const paths = files.map(({ path }) => path)
  for (const path of paths) cpSync(join(source, path), join(stage, path))
  const published = {
    url: repositoryUrl(manifest),
    version: manifest.version,
    files: new Set(paths),
  }
  for (const path of paths.filter((path) => path.endsWith('.md'))) {
    const text = readFileSync(join(source, path), 'utf8')
    writeFileSync(join(stage, path), publishedPage(path, text, published))
  }
  if (addon) cpSync(addon, join(stage, manifest.main))
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(withoutPlaceholder(manifest), null, 2)}\n`)
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

if (process.argv[1] === import.meta.filename) {
  const folder = resolve(process.argv[2] ?? '.')
  mkdirSync(folder, { recursive: true })
  console.log(packMain(folder))
}
