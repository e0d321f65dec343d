// Says whether everything is there that a release needs: the tools that publish only warn when an addon is missing.
//   node scripts/check-release.mjs <tag>

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryUrl } from './repository.mjs'
import { fail, root } from './setup.mjs'

const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))
const manifest = read('package.json')
const { version, napi } = manifest

const problems = []
if (process.argv[2] !== `v${version}`)
  problems.push(`The tag is ${process.argv[2]}, but the version is ${version}.`)
if (!repositoryUrl(manifest))
  problems.push(
    'package.json names no repository, without which there is no provenance: node scripts/set-repository.mjs URL',
  )
const platforms =
  readFileSync(join(root, 'lib', 'addon.ts'), 'utf8').match(/'[a-z\d]+-(x64|arm64)[a-z-]*'/g) ?? []
if (platforms.length !== napi.targets.length)
  problems.push('lib/addon.ts does not name the platforms of package.json.')
for (const platform of platforms.map((quoted) => quoted.slice(1, -1))) {
  const { version: own, main } = read('npm', platform, 'package.json')
  if (own !== version) problems.push(`npm/${platform} has version ${own}, not ${version}.`)
  if (!existsSync(join(root, 'npm', platform, main))) problems.push(`npm/${platform}/${main} is missing.`)
}
if (problems.length > 0) fail(problems.join('\n'))
