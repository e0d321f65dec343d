// next.config, read as code: running it could do anything.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Node, nameOf, Syntax } from './syntax.js'

export const NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs'].map((ending) => `next.config.${ending}`)
export const OPTION = 'serverExternalPackages'
export const LINE = `${OPTION}: ['redlatch']`
const PACKAGE = 'redlatch'

/** What an option says about this package: it has it, it has not, it cannot be read, or there is no such option. */
export type Mention = 'listed' | 'unlisted' | 'unclear' | 'absent'

/** The configuration of a project. */
export class NextConfig {
  private constructor(
    readonly name: string,
    readonly syntax: Syntax,
  ) {}

  /** The configuration in `folder`; `undefined` when there is none. Throws when it cannot be parsed. */
  static read(folder: string): NextConfig | undefined {
    for (const name of NAMES) {
      let text: string
      try {
        text = readFileSync(join(folder, name), 'utf8')
      } catch {
        continue
      }
      return new NextConfig(name, new Syntax(text))
    }
    return undefined
  }

  /** What the list `option` says about this package. */
  mention(option: string): Mention {
    const lists = this.lists(option).map((value) => this.syntax.strings(value))
    if (lists.some(({ strings }) => strings.includes(PACKAGE))) return 'listed'
    if (lists.some(({ isComplete }) => !isComplete)) return 'unclear'
    if (lists.length > 0) return 'unlisted'
    return this.isSelfContained() ? 'absent' : 'unclear'
  }

  /** The values that `option` gets, in an object or by an assignment. */
  lists(option: string): Node[] {
    const values: Node[] = []
    for (const { node, around } of this.syntax.walk()) {
      if (node.type === 'ObjectProperty' && isNamed(node, option) && !isExperimental(around)) {
        values.push(node.value as Node)
      } else if (node.type === 'AssignmentExpression') {
        const { type, property } = node.left as Node
        if (type === 'MemberExpression' && nameOf(property) === option) values.push(node.right as Node)
      }
    }
    return values
  }

  /** The object that is the configuration. */
  object(): Node | undefined {
    return this.syntax.object(this.syntax.defaultExport())
  }

  /** Whether the whole configuration is in this file. */
  private isSelfContained(): boolean {
    const object = this.object()
    if (!object) return false
    return (object.properties as Node[]).every(
      (property) =>
        property.type !== 'SpreadElement' || this.syntax.object(property.argument as Node) !== undefined,
    )
  }
}

function isNamed(property: Node, name: string): boolean {
  return property.computed !== true && nameOf(property.key) === name
}

/** Next.js does not read the option there. */
function isExperimental(around: Node[]): boolean {
  return around.some((node) => node.type === 'ObjectProperty' && isNamed(node, 'experimental'))
}
