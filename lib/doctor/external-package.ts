// Puts this package into `serverExternalPackages` of a next.config.

import { LINE, type NextConfig, OPTION } from './next-config.js'
import type { Node } from './syntax.js'

/** The text of `config` with the option; `undefined` when it cannot be told where the option has to be. */
export function withExternalPackage(config: NextConfig): string | undefined {
  const { text } = config.syntax
  if (config.mention('transpilePackages') === 'listed') return undefined
  const mention = config.mention(OPTION)
  if (mention === 'listed') return text
  const quote = text.split('"').length > text.split("'").length ? '"' : "'"
  const written = (line: string) => line.replaceAll("'", quote)
  const [value, ...more] = config.lists(OPTION)
  if (value) {
    const list = config.syntax.resolve(value)
    const isOne = more.length === 0 && list.type === 'ArrayExpression'
    return isOne ? inserted(text, list, list.elements as Node[], written("'redlatch'")) : undefined
  }
  const object = config.object()
  return object && inserted(text, object, object.properties as Node[], written(LINE))
}

/** `text` with `item` as the first one in the brackets of `node`, written as those that are there. */
function inserted(text: string, node: Node, items: Node[], item: string): string {
  const [open, first] = [node.start + 1, items[0]]
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  if (!first) {
    const isObject = node.type === 'ObjectExpression'
    const inside = text.slice(open, node.end - 1)
    const around = isObject && inside.trim() === '' ? `${eol}  ${item},${eol}` : item
    return `${text.slice(0, open)}${around}${inside.trim() === '' ? '' : `, ${inside.trim()}`}${text.slice(node.end - 1)}`
  }
  const gap = text.slice(open, first.start)
  if (!gap.includes('\n'))
    return `${text.slice(0, open)}${/^\s/.test(gap) ? ' ' : ''}${item},${gap.replace(/^(?!\s)/, ' ')}${text.slice(first.start)}`
  const lineStart = text.lastIndexOf('\n', first.start) + 1
  const [indentation = ''] = /^[ \t]*/.exec(text.slice(lineStart)) ?? []
  return `${text.slice(0, open)}${eol}${indentation}${item},${text.slice(open)}`
}
