// Where the repository is. package.json and those of the platform packages name it, for npm and for the links of its pages.
// Until `node scripts/set-repository.mjs URL` has filled it in, they name a placeholder, which is not published.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './setup.mjs'

const PLACEHOLDER = 'https://github.com/OWNER/redlatch'

/** The address of the repository; `null` while it is the placeholder. */
export function repositoryUrl({ repository }) {
  const url = repository?.url.replace(/^git\+/, '').replace(/\.git$/, '')
  return !url || url === PLACEHOLDER ? null : url
}

/** The manifest without what names the placeholder. */
export function withoutPlaceholder(manifest) {
  if (repositoryUrl(manifest)) return manifest
  const { repository, homepage, bugs, ...rest } = manifest
  return rest
}

/** Writes `url` into package.json and those of the platform packages. */
export function setRepository(url) {
  const folders = readdirSync(join(root, 'npm')).map((name) => `npm/${name}`)
  for (const folder of ['', ...folders]) {
    const file = join(root, folder, 'package.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    const repository = { type: 'git', url: `git+${url}.git`, ...(folder && { directory: folder }) }
    const named = { repository, homepage: `${url}#readme`, bugs: { url: `${url}/issues` } }
    writeFileSync(file, `${JSON.stringify(Object.assign(manifest, named), null, 2)}\n`)
  }
}
