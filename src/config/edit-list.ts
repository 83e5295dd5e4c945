/** Adds or removes one entry of a top-level list in YAML text, and leaves every other byte as it is: comments, order, alignment, quotes.
 *
 *  Promises: the result, read again, is the former tree with that one change; where cutting and inserting text cannot do it (anchors, tags, odd
 *  layouts), the document is written anew, which keeps comments but not alignment.
 *  Does not: look at the file, or know what an entry means. The text must be YAML without mistakes. */
import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, stringify, YAMLSeq } from 'yaml'

export type Entry = Readonly<Record<string, unknown>>

/** @returns the text with the entry at the end of the list, which is made where there is none */
export function withEntry(text: string, list: string, entry: Entry): string {
  const document = parseDocument(text)
  const wanted = treeWith(document, list, [...entriesOf(document, list), entry])
  const inserted = insertText(text, document, list, flowText(entry))
  if (inserted !== undefined && holds(inserted, wanted)) return inserted
  if (!isSeq(document.get(list))) document.set(list, new YAMLSeq())
  document.addIn([list], document.createNode(entry, { flow: true }))
  return document.toString({ lineWidth: 0 })
}

/** @param at position in the list */
export function withoutEntry(text: string, list: string, at: number): string {
  const document = parseDocument(text)
  const wanted = treeWith(document, list, entriesOf(document, list).toSpliced(at, 1))
  const cut = cutText(text, document, list, at)
  if (cut !== undefined && holds(cut, wanted)) return cut
  document.deleteIn([list, at])
  return document.toString({ lineWidth: 0 })
}

function entriesOf(document: Document, list: string): unknown[] {
  const tree = document.toJS() as Record<string, unknown> | null
  const entries = tree?.[list]
  return Array.isArray(entries) ? entries : []
}

function treeWith(document: Document, list: string, entries: readonly unknown[]): unknown {
  return { ...(document.toJS() as object | null), [list]: entries }
}

/** Whether the text reads as the tree; a list without entries may also be a key without value. */
function holds(text: string, tree: unknown): boolean {
  const document = parseDocument(text)
  if (document.errors.length > 0) return false
  const read = document.toJS() as Record<string, unknown>
  const filled = Object.fromEntries(Object.entries(read).map(([name, value]) => [name, isEmptyList(tree, name) ? (value ?? []) : value]))
  return isDeepStrictEqual(filled, tree)
}

function isEmptyList(tree: unknown, name: string): boolean {
  const value = (tree as Record<string, unknown>)[name]
  return Array.isArray(value) && value.length === 0
}

function flowText(entry: Entry): string {
  return stringify(entry, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()
}

function insertText(text: string, document: Document, list: string, entry: string): string | undefined {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const root = document.contents
  if (root === null) return `${ended(text, newline)}${list}:${newline}  - ${entry}${newline}`
  if (!isMap(root) || root.flow) return undefined
  const pair = root.items.find((item) => isScalar(item.key) && item.key.value === list)
  if (pair === undefined) return `${ended(text, newline)}${list}:${newline}  - ${entry}${newline}`
  const value = pair.value
  if (isSeq(value) && value.flow) {
    const last = value.items.at(-1) as Node | undefined
    return last?.range ? spliced(text, last.range[1], last.range[1], `, ${entry}`) : spliced(text, ...rangeOf(value), `[ ${entry} ]`)
  }
  if (isSeq(value)) {
    const last = value.items.at(-1) as Node | undefined
    const indent = indentAt(text, rangeOf(value)[0])
    return last?.range && indent !== undefined
      ? insertLine(text, endOfContent(text, last.range), `${indent}- ${entry}`, newline)
      : undefined
  }
  if (value === null) return insertLine(text, rangeOf(pair.key as Node)[1], `  - ${entry}`, newline)
  if (!isScalar(value) || value.value !== null) return undefined
  return value.source === ''
    ? insertLine(text, rangeOf(pair.key as Node)[1], `  - ${entry}`, newline)
    : spliced(text, ...rangeOf(value), `[ ${entry} ]`)
}

function cutText(text: string, document: Document, list: string, at: number): string | undefined {
  const value = document.get(list)
  if (!isSeq(value)) return undefined
  const item = value.items[at] as Node | undefined
  if (!item?.range) return undefined
  if (!value.flow) {
    const start = lineStart(text, item.range[0])
    return /^ *-\s+$/.test(text.slice(start, item.range[0]))
      ? spliced(text, start, lineEnd(text, endOfContent(text, item.range)), '')
      : undefined
  }
  const next = value.items[at + 1] as Node | undefined
  const former = value.items[at - 1] as Node | undefined
  if (next?.range) return spliced(text, item.range[0], next.range[0], '')
  return spliced(text, former?.range ? former.range[1] : item.range[0], item.range[1], '')
}

function rangeOf(node: Node): [number, number] {
  return [node.range?.[0] ?? 0, node.range?.[1] ?? 0]
}

/** Where the last character of a node is followed by something else: a block's range may take in the line break. */
function endOfContent(text: string, range: readonly [number, number, number]): number {
  return range[0] + text.slice(range[0], range[1]).trimEnd().length
}

function spliced(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end)
}

/** After the line that holds an offset. */
function insertLine(text: string, offset: number, line: string, newline: string): string {
  const end = lineEnd(text, offset)
  return `${ended(text.slice(0, end), newline)}${line}${newline}${text.slice(end)}`
}

function ended(text: string, newline: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}${newline}`
}

function indentAt(text: string, offset: number): string | undefined {
  const indent = text.slice(lineStart(text, offset), offset)
  return /^ *$/.test(indent) ? indent : undefined
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

/** Behind the line break. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end < 0 ? text.length : end + 1
}
