// The links in the pages of the package, and whether they lead somewhere.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, 'code')

/** The targets of all links and pictures in a page. Pictures for light and dark are HTML. */
export const linkTargets = (text) =>
  [...withoutCode(text).matchAll(/(?:\]\(|\b(?:src|srcset)=")([^)"\s]+)/g)].map(([, target]) => target)

export const isRelative = (target) => !/^[a-z]+:/.test(target)

/** The anchors of a page, as GitHub and npm make them of its headings. */
function anchors(page) {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The relative links of the page at `path` in `folder` that lead to no file there, or to no heading of it. */
export function deadLinks(folder, path) {
  const page = join(folder, path)
  return linkTargets(readFileSync(page, 'utf8'))
    .filter(isRelative)
    .filter((target) => {
      const [file, anchor] = target.split('#')
      const found = file ? join(dirname(page), file) : page
      return !existsSync(found) || (anchor && !anchors(found).includes(anchor))
    })
    .map((target) => `${path}: ${target}`)
}
