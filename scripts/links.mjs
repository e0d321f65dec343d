// The links of the pages in the package. In the repository they are relative. npm shows README.md without the other files,
// and the package has not all of them.

import { existsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

import { fail, root } from './setup.mjs'

const CODE_BLOCK = /(^```[\s\S]*?^```$)/m
const LINK = /(!?)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)/g

/**
 * The text of the page at `path` as it is published. With the `url` of the repository, README.md links there, to the
 * files of `version`, and so do other pages for what is not in the package. Without it, only links within the package
 * stay; of the others the words stay.
 * @param {{ url: string | null, version: string, files: Set<string> }} published
 */
export function publishedPage(path, text, { url, version, files }) {
  const publishedLink = (link, mark, words, target, anchor = '') => {
    const file = posix.join(posix.dirname(path), target)
    if (!existsSync(join(root, file))) fail(`${path} links to ${file}, which is not there.`)
    if (files.has(file) && !(url && path === 'README.md')) return link
    if (!url) return mark ? `_${words}_` : words
    const kind = statSync(join(root, file)).isDirectory() ? 'tree' : mark ? 'raw' : 'blob'
    return `${mark}[${words}](${url}/${kind}/v${version}/${file}${anchor})`
  }
  const parts = text.split(CODE_BLOCK)
  return parts.map((part, index) => (index % 2 ? part : part.replace(LINK, publishedLink))).join('')
}
