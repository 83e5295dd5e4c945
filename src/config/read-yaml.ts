/** A YAML file as a tree of plain values, with the place of each.
 *
 *  Promises: everything that YAML itself finds wrong (syntax, tabs, a key given twice, more than one document, unknown tags) is a mistake with
 *  line and column. A key without a value counts as not given, so that a section can be commented out line by line; not in an entry of a list,
 *  where what is missing means "any": a rule or a peer that forgot its value would hold for everybody.
 *  Does not: know settings. */
import { readFileSync } from 'node:fs'
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { ConfigError, type TreePath } from './mistakes.ts'

export interface Place {
  /** From 1. */
  readonly line: number
  readonly column: number
}

export interface YamlFile {
  readonly tree: unknown
  /** The same with the keys that have no value (null). */
  readonly asWritten: unknown
  /** Where the value at a path stands, or its name; the nearest enclosing thing where there is none. */
  placeOf(path: TreePath, at: 'name' | 'value'): Place
}

/** @param shownAs the file's name in messages
 *  @throws ConfigError where it cannot be read, is no UTF-8 or no YAML */
export function readYaml(file: string, shownAs: string): YamlFile {
  return parseYaml(readText(file, shownAs), shownAs)
}

/** @throws ConfigError */
export function readText(file: string, shownAs: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    throw new ConfigError([`${shownAs}: cannot be read: ${reasonOf(error)}`])
  }
}

/** @throws ConfigError */
export function parseYaml(text: string, shownAs: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problems = [...document.errors, ...document.warnings]
  if (problems.length > 0)
    throw new ConfigError(problems.map((problem) => `${shownAs}:${inWords(placeAt(lines, problem.pos[0]))} ${problem.message}`))
  const asWritten = plainTree(document, shownAs)
  return {
    tree: withoutEmpty(asWritten),
    asWritten,
    placeOf: (path, at) => placeAt(lines, offsetOf(document, path, at)),
  }
}

/** `4:9` */
export function inWords(place: Place): string {
  return `${place.line}:${place.column}`
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function plainTree(document: Document, shownAs: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw new ConfigError([`${shownAs}: cannot be read: ${reasonOf(error)}`])
  }
}

function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const given = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(given.map(([name, inner]) => [name, withoutEmpty(inner)]))
}

function offsetOf(document: Document, path: TreePath, at: 'name' | 'value'): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1
    if (isSeq(node) && typeof step === 'number') node = node.items[step]
    else if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && (isScalar(item.key) ? String(item.key.value) : String(item.key)) === String(step),
      )
      if (pair === undefined) break
      if (last && at === 'name') return startOf(pair.key) ?? offset
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else break
    offset = startOf(node) ?? offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return typeof node === 'object' && node !== null && 'range' in node ? (node as Node).range?.[0] : undefined
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'no permission'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text'
  return error instanceof Error ? error.message : String(error)
}
