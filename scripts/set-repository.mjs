// Says where the repository is, once: from then on the packed pages link there, and a release can be made.
//   node scripts/set-repository.mjs https://github.com/owner/name

import { setRepository } from './repository.mjs'
import { fail } from './setup.mjs'

const url = process.argv[2]?.replace(/(\.git)?\/?$/, '')
if (!/^https:\/\/[\w.-]+(\/[\w.-]+){2,}$/.test(url ?? '')) {
  fail(
    'Give the https address of the repository: node scripts/set-repository.mjs https://github.com/owner/name',
  )
}
setRepository(url)
console.log(`package.json and npm/*/package.json name ${url}.`)
