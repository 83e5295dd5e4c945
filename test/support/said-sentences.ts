/** The sentences that the node's sources say, read out of them: what stands in them as text, `7` where a value comes in.
 *
 *  Promises: each text that looks like a sentence, each branch of a choice inside of one; not what is logged, compared, or a name of a state.
 *  Does not: follow a text to where it is shown. Which files are read is the caller's choice. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { PROJECT } from './node-process.ts'

interface Node {
  readonly type: string
  readonly [name: string]: unknown
}

/** Two words at least. */
const SENTENCE = /\p{L}{2,}[^\p{L}]* [^\p{L}]*\p{L}{2,}/u
const MOST_BRANCHES = 48
const VALUE = '7'

export type Place = (node: Node) => boolean

/** Everything that a file says. */
export const anywhere: Place = () => true

/** What is given to a constructor or function of that name. */
export const givenTo =
  (...names: readonly string[]): Place =>
  ({ type, callee }) => {
    const { name, property } = (callee ?? {}) as { name?: string; property?: { name?: string } }
    return (type === 'NewExpression' || type === 'CallExpression') && names.includes(name ?? property?.name ?? '')
  }

/** What is called so. */
export const named =
  (...names: readonly string[]): Place =>
  ({ type, key }) =>
    type === 'Property' && names.includes((key as { name?: string }).name ?? '')

/** @param files  globs from the project's folder
 *  @returns sentence and file */
export function sentencesIn(files: readonly string[], places: readonly Place[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const file of globSync(files as string[], { cwd: PROJECT }).sort()) {
    const { program, errors } = parseSync(file, readFileSync(join(PROJECT, file), 'utf8'))
    if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`)
    for (const text of saidBy(program as unknown as Node, places, false)) if (SENTENCE.test(text) && !found.has(text)) found.set(text, file)
  }
  return found
}

function* saidBy(node: unknown, places: readonly Place[], isInside: boolean): Generator<string> {
  if (Array.isArray(node)) for (const one of node) yield* saidBy(one, places, isInside)
  if (!isNode(node) || isSilent(node)) return
  const inside = isInside || places.some((place) => place(node))
  if (inside && (node.type === 'Literal' || node.type === 'TemplateLiteral')) yield* branches(node) ?? []
  for (const [name, value] of Object.entries(node)) {
    if (name === 'test' && node.type === 'SwitchCase') continue
    if (name === 'key' && node.type === 'Property') continue
    yield* saidBy(value, places, inside)
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** Types, the log, what is compared, names of kinds and states. */
function isSilent(node: Node): boolean {
  const { type, callee, key, operator } = node as Node & { callee?: Node & { object?: { name?: string } }; key?: { name?: string } }
  if (type === 'ImportDeclaration' || type.startsWith('TSType') || type === 'TSInterfaceDeclaration') return true
  if (type === 'CallExpression' && callee?.object?.name === 'log') return true
  if (type === 'Property' && ['kind', 'state', 'summary', 'path'].includes(key?.name ?? '')) return true
  return type === 'BinaryExpression' && (operator === '===' || operator === '!==')
}

/** @returns undefined where it is no text */
function branches(node: Node): readonly string[] | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? [node.value] : undefined
  if (node.type === 'ConditionalExpression') {
    const [one, other] = [branches(node.consequent as Node), branches(node.alternate as Node)]
    return one === undefined && other === undefined ? undefined : [...(one ?? [VALUE]), ...(other ?? [VALUE])]
  }
  if (node.type !== 'TemplateLiteral') return undefined
  const quasis = (node.quasis as readonly { value: { cooked: string } }[]).map(({ value }) => value.cooked)
  return (node.expressions as readonly Node[]).reduce<readonly string[]>(
    (before, expression, at) =>
      before.flatMap((text) => (branches(expression) ?? [VALUE]).map((one) => text + one + quasis[at + 1]!)).slice(0, MOST_BRANCHES),
    [quasis[0]!],
  )
}
