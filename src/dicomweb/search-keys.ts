/** Keys of a search on the web (PS3.18 8.3.4.1, 8.3.4.3) as the identifier that C-FIND would ask with: names and paths of attributes, their values.
 *
 *  Promises: attributes are named by keyword, `ggggeeee` or `gggg,eeee`, inside of sequences by a path with dots; UIDs and codes come as lists by comma,
 *  backslash or repetition; what is asked for twice is asked for once.
 *  Does not: match, or know which keys can be matched (dicom/query-model.ts).
 *  Errors: WebRefusal 400, naming the parameter; values are not repeated. */
import { isAlmostKeyword, tagOf, tagText, vrOf } from '../dicom/dictionary.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { isKey, isPrivate } from '../dicom/query-keys.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { isText, numberBytes } from '../dicom/value-representations.ts'
import { WebRefusal } from './web-service.ts'

const SPECIFIC_CHARACTER_SET = 0x00080005
const QUERY_RETRIEVE_LEVEL = 0x00080052
/** Attributes of a path. */
const MOST_STEPS = 8
/** PS3.18 8.3.4.1 has lists of UIDs; a code (CS) has no comma either. */
const LIST_VRS = new Set(['UI', 'CS'])

interface Node {
  readonly vr: string
  value?: string
  items?: Tree
}
type Tree = Map<number, Node>

export class SearchKeys {
  readonly #tree: Tree = new Map()
  /** Parameters whose values are of a kind that no search compares. */
  readonly notCompared: string[] = []

  /** Asks for an attribute. @param name  as the caller wrote it, for a refusal */
  include(path: readonly number[], name = path.map(tagText).join('.')): void {
    this.#nodeAt(path, name)
  }

  /** Asks for what an attribute is to be. @returns nothing; several values of a list add up */
  match(path: readonly number[], value: string, name: string): void {
    const node = this.#nodeAt(path, name)
    if (node.vr === 'SQ' && value !== '') throw new WebRefusal(400, `${name}: a sequence; name an attribute in it, as ${name}.00080100`)
    const text = LIST_VRS.has(node.vr) ? value.replaceAll(',', '\\') : value
    if (node.value !== undefined && node.value !== text && !LIST_VRS.has(node.vr)) throw new WebRefusal(400, `${name}: given twice`)
    if (value !== '' && !isText(node.vr) && numberBytes(node.vr) === undefined) this.notCompared.push(name)
    else if (LIST_VRS.has(node.vr) && node.value) node.value += `\\${text}`
    else node.value = text
  }

  /** What the path of the address fixes, whatever else is asked. */
  fix(tag: number, uid: string): void {
    const node = this.#nodeAt([tag], tagText(tag))
    if (node.value !== undefined && node.value !== '' && node.value !== uid)
      throw new WebRefusal(400, `${tagText(tag)}: the address names another one`)
    node.value = uid
  }

  /** As C-FIND would send it. */
  identifier(level: string): DataSet {
    const writer = new ElementWriter({ explicit: true })
    writeTree(writer, this.#tree)
    writer.element(SPECIFIC_CHARACTER_SET, 'CS', 'ISO_IR 192').element(QUERY_RETRIEVE_LEVEL, 'CS', level)
    return readDataSet(writer.finish(), EXPLICIT_VR_LITTLE_ENDIAN)
  }

  #nodeAt(path: readonly number[], name: string): Node {
    let tree = this.#tree
    for (const tag of path.slice(0, -1)) {
      const outer = nodeIn(tree, tag, name)
      if (outer.vr !== 'SQ') throw new WebRefusal(400, `${name}: ${tagText(tag)} is no sequence`)
      outer.items ??= new Map()
      tree = outer.items
    }
    return nodeIn(tree, path.at(-1)!, name)
  }
}

function nodeIn(tree: Tree, tag: number, name: string): Node {
  if (!isKey(tag) || tag === QUERY_RETRIEVE_LEVEL) throw new WebRefusal(400, `${name}: nothing that can be searched for`)
  const found = tree.get(tag)
  if (found !== undefined) return found
  const node: Node = { vr: vrOf(tag) ?? 'UN' }
  tree.set(tag, node)
  return node
}

function writeTree(writer: ElementWriter, tree: Tree): void {
  for (const [tag, { vr, value, items }] of tree) {
    if (items !== undefined) writer.sequence(tag, [(inner) => writeTree(inner, items)])
    else if (vr === 'SQ') writer.sequence(tag, [])
    else writeValue(writer, tag, vr, value)
  }
}

function writeValue(writer: ElementWriter, tag: number, vr: string, value: string | undefined): void {
  try {
    if (value === undefined || value === '') writer.bytes(tag, vr, Buffer.alloc(0))
    else writer.element(tag, vr, value)
  } catch {
    throw new WebRefusal(400, `${tagText(tag)}: not a value of its kind (${vr})`)
  }
}

/** @returns undefined where the text names no attribute */
export function parseAttributePath(text: string): readonly number[] | undefined {
  const steps = text.split('.')
  if (steps.length > MOST_STEPS) return undefined
  const path: number[] = []
  for (const step of steps) {
    const tag = parseAttribute(step)
    if (tag === undefined) return undefined
    path.push(tag)
  }
  return path
}

/** Whether a parameter is meant to be an attribute, though it may be none: it is written like a keyword or a tag. */
export function isMeantAsAttribute(name: string): boolean {
  return name.split('.').some((step) => /^[A-Z0-9]/.test(step) || /^[0-9a-f]{4},?[0-9a-f]{4}$/i.test(step) || isAlmostKeyword(step))
}

function parseAttribute(text: string): number | undefined {
  const tag = /^([0-9a-f]{4}),?([0-9a-f]{4})$/i.exec(text)
  if (tag === null) return tagOf(text)
  const number = Number.parseInt(tag[1]! + tag[2]!, 16)
  return vrOf(number) !== undefined || isPrivate(number) ? number : undefined
}
