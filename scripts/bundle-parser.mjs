// Puts a minified copy of @babel/parser into dist/doctor, with its license. The doctor reads next.config with it, and
// the package still depends on nothing.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { minifySync } from '@swc/core'

const require = createRequire(import.meta.url)
const folder = dirname(require.resolve('@babel/parser/package.json'))
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const license = readFileSync(join(folder, 'LICENSE'), 'utf8').trim()
const source = readFileSync(join(folder, 'lib', 'index.js'), 'utf8')
// Node 20 runs what this makes.
const { code } = minifySync(source, { compress: { ecma: 2020 }, mangle: true, module: false })

const target = new URL('../dist/doctor/babel-parser.js', import.meta.url)
writeFileSync(target, `/*!\n@babel/parser ${version}\n\n${license}\n*/\n${code}\n`)
