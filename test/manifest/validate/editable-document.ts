/** A data set as a tree that a test can spoil: elements in any order, twice, of any VR and length, which the product's writer cannot write. */

import type { DataSet } from '../../../src/dicom/data-set.ts'
import { vrOf } from '../../../src/dicom/dictionary.ts'
import { readDataSet } from '../../../src/dicom/element-reader.ts'
import { readPart10Header } from '../../../src/dicom/part10.ts'
import { isLongForm } from '../../../src/dicom/value-representations.ts'

export interface Node {
  tag: number
  vr: string
  bytes: Buffer
  items?: Elements[]
}

/** Steps into a tree: tag, number of the item (from 0), tag, … */
export type Steps = readonly number[]

export class Elements {
  list: Node[] = []

  static of(dataSet: DataSet): Elements {
    const elements = new Elements()
    for (const { tag, vr, value, items } of dataSet.elements.values()) {
      elements.list.push({ tag, vr, bytes: Buffer.from(value), items: vr === 'SQ' ? (items ?? []).map(Elements.of) : undefined })
    }
    return elements
  }

  /** The item that the steps lead to. */
  at(...steps: Steps): Elements {
    if (steps.length === 0) return this
    const [tag, number, ...rest] = steps
    const item = this.node(tag!).items?.[number!]
    if (item === undefined) throw new Error(`no item ${number} of ${tag!.toString(16)}`)
    return item.at(...rest)
  }

  node(tag: number): Node {
    const found = this.list.find((node) => node.tag === tag)
    if (found === undefined) throw new Error(`no element ${tag.toString(16)}`)
    return found
  }

  /** Text (UTF-8), padded for its VR; items; or bytes as they are. */
  set(tag: number, value: string | Buffer | Elements[], vr = vrOf(tag) ?? 'UN'): this {
    const node: Node = { tag, vr, bytes: Buffer.alloc(0) }
    if (typeof value === 'string') node.bytes = padded(value, vr)
    else if (Buffer.isBuffer(value)) node.bytes = value
    else node.items = value
    this.list = this.list.filter((one) => one.tag !== tag)
    const place = this.list.findIndex((one) => one.tag > tag)
    this.list.splice(place === -1 ? this.list.length : place, 0, node)
    return this
  }

  remove(tag: number): this {
    this.node(tag)
    this.list = this.list.filter((node) => node.tag !== tag)
    return this
  }

  copy(): Elements {
    const copy = new Elements()
    copy.list = this.list.map((node) => ({ ...node, bytes: Buffer.from(node.bytes), items: node.items?.map((item) => item.copy()) }))
    return copy
  }

  write(explicit = true): Buffer {
    return Buffer.concat(this.list.map((node) => written(node, explicit)))
  }
}

export function elements(...entries: readonly (readonly [number, string | Buffer | Elements[]])[]): Elements {
  const made = new Elements()
  for (const [tag, value] of entries) made.set(tag, value)
  return made
}

export function code(value: string, scheme: string, meaning: string): Elements {
  return elements([0x00080100, value], [0x00080102, scheme], [0x00080104, meaning])
}

/** A Part 10 file with its meta information as elements of their own. */
export class EditableFile {
  preamble = Buffer.alloc(128)
  prefix = 'DICM'
  hasMeta = true
  explicit = true
  meta: Elements
  root: Elements

  constructor(file: Buffer) {
    const { dataSetOffset } = readPart10Header(file)!
    const meta = new Elements()
    for (let at = 132; at < dataSetOffset; ) {
      const vr = file.toString('latin1', at + 4, at + 6)
      const header = isLongForm(vr) ? 12 : 8
      const length = isLongForm(vr) ? file.readUInt32LE(at + 8) : file.readUInt16LE(at + 6)
      const tag = file.readUInt16LE(at) * 0x10000 + file.readUInt16LE(at + 2)
      meta.list.push({ tag, vr, bytes: Buffer.from(file.subarray(at + header, at + header + length)) })
      at += header + length
    }
    this.meta = meta
    this.root = Elements.of(readDataSet(file.subarray(dataSetOffset), '1.2.840.10008.1.2.1'))
  }

  /** Implicit VR bytes, whatever the meta information says. */
  writeImplicit(): Buffer {
    this.explicit = false
    return this.write()
  }

  /** @param keepLength  the group length stays as it is */
  write(keepLength = false): Buffer {
    const length = this.meta.list.find((node) => node.tag === 0x00020000)
    if (length !== undefined && !keepLength) {
      length.bytes = Buffer.alloc(4)
      length.bytes.writeUInt32LE(this.meta.write().length - 12)
    }
    const head = this.hasMeta ? [this.preamble, Buffer.from(this.prefix), this.meta.write()] : []
    return Buffer.concat([...head, this.root.write(this.explicit)])
  }
}

function padded(text: string, vr: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')])
}

function written({ tag, vr, bytes, items }: Node, explicit: boolean): Buffer {
  const value = items === undefined ? bytes : Buffer.concat(items.map((item) => itemBytes(item.write(explicit))))
  const header = Buffer.alloc(explicit && isLongForm(vr) ? 12 : 8)
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
  if (explicit) header.write(vr, 4, 'latin1')
  if (!explicit) header.writeUInt32LE(value.length, 4)
  else if (isLongForm(vr)) header.writeUInt32LE(value.length, 8)
  else header.writeUInt16LE(value.length, 6)
  return Buffer.concat([header, value])
}

function itemBytes(value: Buffer): Buffer {
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  header.writeUInt32LE(value.length, 4)
  return Buffer.concat([header, value])
}
