// Makes trouble for two processes that use the package, and checks that what it promises was kept. The addon and the
// gateway have to be built: `npm run chaos` sees to that. Takes
// --seconds (60), --seed and --only with kinds of faults. Ends with status 1 if a promise was broken.

import { readOptions } from './options.mjs'
import { report } from './report.mjs'
import { runChaos } from './run.mjs'

const options = readOptions()
const seed = `seed ${options.seed}, ${options.seconds} s`
console.log(seed)
const outcome = await runChaos(options)
console.log(report(outcome).join('\n'))
console.log(seed)
process.exitCode = outcome.violations.length === 0 ? 0 : 1
