// The syntax tree of a JavaScript or TypeScript file, and what can be read from it without running it.

import { parse as parseWithBabel } from './babel-parser.js'

/** A node of the tree, as ESTree and Babel have them. */
export interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

/** Strings that a list holds. It can hold more, unless it `isComplete`. */
export interface StringList {
  strings: string[]
  isComplete: boolean
}

/** What says something about a value to the compiler only. */
const TRANSPARENT = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'ParenthesizedExpression',
  'AwaitExpression',
])
const FUNCTION = /^(ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/
/** A variable that names another one, and so on, ends here. */
const MAX_DEPTH = 20

/** A file that has been parsed. */
export class Syntax {
  readonly root: Node
  /** The values of variables, and functions, by name. */
  readonly #declared = new Map<string, Node>()

  /** Throws when `text` cannot be parsed. */
  constructor(readonly text: string) {
    this.root = parseWithBabel(text, {
      sourceType: 'unambiguous',
      plugins: ['typescript'],
      allowReturnOutsideFunction: true,
      createImportExpressions: true,
    }).program as Node
    for (const { node } of this.walk()) {
      if (node.type === 'VariableDeclarator' && node.init) {
        this.#declared.set(nameOf(node.id), node.init as Node)
      } else if (node.type === 'FunctionDeclaration' && node.id) this.#declared.set(nameOf(node.id), node)
    }
  }

  /** All nodes, each with those around it, the innermost last. */
  *walk(node: Node = this.root, around: Node[] = []): Generator<{ node: Node; around: Node[] }> {
    yield { node, around }
    const below = [...around, node]
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) yield* this.walk(child, below)
      }
    }
  }

  /** What `node` stands for: without types around it, and behind the variable that it names. */
  resolve(node: Node, depth = 0): Node {
    if (depth > MAX_DEPTH) return node
    if (TRANSPARENT.has(node.type)) return this.resolve((node.expression ?? node.argument) as Node, depth + 1)
    const declared = node.type === 'Identifier' ? this.#declared.get(nameOf(node)) : undefined
    return declared ? this.resolve(declared, depth + 1) : node
  }

  /** What the file exports as its default, in either kind of module. */
  defaultExport(): Node | undefined {
    for (const { node } of this.walk()) {
      if (node.type === 'ExportDefaultDeclaration') return node.declaration as Node
      if (node.type === 'TSExportAssignment') return node.expression as Node
      if (node.type === 'AssignmentExpression' && isModuleExports(node.left as Node))
        return node.right as Node
    }
    return undefined
  }

  /** The object that `node` is, that a function returns, or that is handed to a function which adds to it. */
  object(node: Node | undefined, depth = 0): Node | undefined {
    if (!node || depth > MAX_DEPTH) return undefined
    const value = this.resolve(node)
    if (value.type === 'ObjectExpression') return value
    if (value.type === 'CallExpression') return this.#first(value.arguments as Node[], depth)
    if (!FUNCTION.test(value.type)) return undefined
    const body = value.body as Node
    if (body.type !== 'BlockStatement') return this.object(body, depth + 1)
    const returned = (body.body as Node[]).filter(({ type }) => type === 'ReturnStatement')
    return this.#first(
      returned.map(({ argument }) => argument as Node),
      depth,
    )
  }

  #first(nodes: Node[], depth: number): Node | undefined {
    for (const node of nodes) {
      const object = this.object(node, depth + 1)
      if (object) return object
    }
    return undefined
  }

  /** The strings of the list that `node` is. */
  strings(node: Node, depth = 0): StringList {
    const value = this.resolve(node)
    const unknown = { strings: [], isComplete: false }
    if (depth > MAX_DEPTH) return unknown
    if (value.type === 'ArrayExpression') {
      return union((value.elements as (Node | null)[]).map((element) => this.#element(element, depth)))
    }
    const callee = value.type === 'CallExpression' ? (value.callee as Node) : undefined
    if (callee?.type === 'MemberExpression' && nameOf(callee.property) === 'concat') {
      const lists = [callee.object as Node, ...(value.arguments as Node[])]
      return union(lists.map((list) => this.#concatenated(list, depth)))
    }
    return unknown
  }

  #element(element: Node | null, depth: number): StringList {
    if (element === null) return { strings: [], isComplete: true }
    if (element.type === 'SpreadElement') return this.strings(element.argument as Node, depth + 1)
    const text = this.#string(element)
    return text === undefined ? { strings: [], isComplete: false } : { strings: [text], isComplete: true }
  }

  #concatenated(node: Node, depth: number): StringList {
    const text = this.#string(node)
    return text === undefined ? this.strings(node, depth + 1) : { strings: [text], isComplete: true }
  }

  #string(node: Node): string | undefined {
    const value = this.resolve(node)
    if (value.type === 'StringLiteral') return value.value as string
    const quasis = value.type === 'TemplateLiteral' ? (value.quasis as Node[]) : []
    const [only, ...more] = quasis
    return only && more.length === 0 ? (only.value as { cooked: string }).cooked : undefined
  }
}

/** The name of an identifier, or the text of a string as a key. */
export function nameOf(node: unknown): string {
  const { name, value } = node as { name?: unknown; value?: unknown }
  return String(name ?? value ?? '')
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function isModuleExports(node: Node): boolean {
  return (
    node.type === 'MemberExpression' &&
    nameOf(node.object) === 'module' &&
    nameOf(node.property) === 'exports'
  )
}

function union(lists: StringList[]): StringList {
  return {
    strings: lists.flatMap(({ strings }) => strings),
    isComplete: lists.every(({ isComplete }) => isComplete),
  }
}
