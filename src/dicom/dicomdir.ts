/** The directory of a file-set (Basic Directory IOD, PS3.3 F; PS3.10 8.6): which files it holds, by patient, study and series.
 *
 *  Promises: Explicit VR Little Endian; offsets count from the first byte of the file to the item of a record, which is where readers look for it; each record
 *  whose keys need it says ISO_IR 192; records come depth first, in the order in which instances were added. One entry per patient, study and series.
 *  Does not: write files, or check that file IDs exist. */
import { type RecordKeys, recordType } from './directory-records.ts'
import { ElementWriter } from './element-writer.ts'
import { part10Header } from './part10.ts'
import { MEDIA_STORAGE_DIRECTORY } from './sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntaxes.ts'
import type { Uid } from './uid.ts'

/** A record and those below it. */
export interface DirectoryNode {
  /** PATIENT, STUDY, SERIES, or the type of an instance. */
  readonly type: string
  readonly keys: RecordKeys
  readonly file?: DirectoryFile
  readonly below: DirectoryNode[]
}

export interface DirectoryFile {
  /** Components of the file ID: at most 8 of at most 8 characters A-Z 0-9 _ (PS3.10 8.2). */
  readonly id: readonly string[]
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
}

export function fileNode(file: DirectoryFile, keys: RecordKeys): DirectoryNode {
  return { type: recordType(file.sopClassUid), keys, file, below: [] }
}

/** The record of a node, and where it begins, from the first byte of the file. */
interface Placed {
  readonly bytes: Buffer
  readonly offset: number
}

/** Where in a record the values of its offsets are: of the next record (0004,1400), and of the first one below (0004,1420). */
const NEXT_AT = 8
const LOWER_AT = 30
const ITEM = Buffer.from([0xfe, 0xff, 0x00, 0xe0])
const DIRECTORY_RECORD_SEQUENCE = Buffer.from([0x04, 0x00, 0x20, 0x12, 0x53, 0x51, 0, 0])

const SEQUENCE_HEADER = 12
const ITEM_HEADER = 8
const IN_USE = '65535'

/** @param sopInstanceUid  of the directory itself */
export function dicomdir(roots: readonly DirectoryNode[], sopInstanceUid: Uid): Buffer {
  const header = part10Header({ sopClassUid: MEDIA_STORAGE_DIRECTORY, sopInstanceUid, transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN })
  const placed = new Map<DirectoryNode, Placed>()
  let offset = header.length + directory(0, 0).finish().length + SEQUENCE_HEADER
  for (const node of depthFirst(roots)) {
    const bytes = encoded(node)
    placed.set(node, { bytes, offset })
    offset += ITEM_HEADER + bytes.length
  }
  link(roots, placed)
  const first = roots[0] && placed.get(roots[0])!.offset
  const last = roots.at(-1) && placed.get(roots.at(-1)!)!.offset
  const records = [...placed.values()].flatMap(({ bytes }) => [ITEM, lengthOf(bytes), bytes])
  const length = [...placed.values()].reduce((sum, { bytes }) => sum + ITEM_HEADER + bytes.length, 0)
  return Buffer.concat([header, directory(first ?? 0, last ?? 0).finish(), DIRECTORY_RECORD_SEQUENCE, lengthOf(length), ...records])
}

function lengthOf(of: Buffer | number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(typeof of === 'number' ? of : of.length)
  return bytes
}

/** Everything before the records. */
function directory(first: number, last: number): ElementWriter {
  return new ElementWriter({ explicit: true })
    .element(0x00041130, 'CS', '')
    .element(0x00041200, 'UL', String(first))
    .element(0x00041202, 'UL', String(last))
    .element(0x00041212, 'US', '0')
}

function* depthFirst(nodes: readonly DirectoryNode[]): Generator<DirectoryNode> {
  for (const node of nodes) {
    yield node
    yield* depthFirst(node.below)
  }
}

function link(nodes: readonly DirectoryNode[], placed: ReadonlyMap<DirectoryNode, Placed>): void {
  for (const [at, node] of nodes.entries()) {
    const one = placed.get(node)!
    const [next, lower] = [nodes[at + 1], node.below[0]]
    one.bytes.writeUInt32LE(next === undefined ? 0 : placed.get(next)!.offset, NEXT_AT)
    one.bytes.writeUInt32LE(lower === undefined ? 0 : placed.get(lower)!.offset, LOWER_AT)
    link(node.below, placed)
  }
}

/** The record; its offsets are not known yet. */
function encoded(node: DirectoryNode): Buffer {
  const item = new ElementWriter({ explicit: true })
    .element(0x00041400, 'UL', '0')
    .element(0x00041410, 'US', IN_USE)
    .element(0x00041420, 'UL', '0')
    .element(0x00041430, 'CS', node.type)
  if (node.file !== undefined) {
    const { id, sopClassUid, sopInstanceUid, transferSyntaxUid } = node.file
    item
      .element(0x00041500, 'CS', id.join('\\'))
      .element(0x00041510, 'UI', sopClassUid)
      .element(0x00041511, 'UI', sopInstanceUid)
      .element(0x00041512, 'UI', transferSyntaxUid)
  }
  if (!isPlain(node.keys)) item.element(0x00080005, 'CS', 'ISO_IR 192')
  write(item, node.keys)
  return item.finish()
}

function write(item: ElementWriter, keys: RecordKeys): void {
  for (const key of keys) {
    if ('text' in key) item.element(key.tag, key.vr, key.text)
    else
      item.sequence(
        key.tag,
        key.items.map((elements) => (to: ElementWriter) => write(to, elements)),
      )
  }
}

function isPlain(keys: RecordKeys): boolean {
  return keys.every((key) => ('text' in key ? /^[\x00-\x7f]*$/.test(key.text) : key.items.every(isPlain)))
}
