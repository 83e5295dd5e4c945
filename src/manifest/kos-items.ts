/** Items of long sequences and of content trees (PS3.3 C.17.3), written at a pace.
 *
 *  Promises: items of defined length (PS3.5 7.5.1); the event loop turns between them (pace.ts).
 *  Does not: know a template: each dialect composes its own. */
import { ElementWriter } from '../dicom/element-writer.ts'
import { referenceValueType } from '../dicom/sop-classes.ts'
import { type Code, writeCode } from './codes.ts'
import type { ManifestInstance } from './evidence.ts'
import type { Pace } from './pace.ts'

export type Fill = (to: ElementWriter) => void
export type Relationship = 'CONTAINS' | 'HAS ACQ CONTEXT' | 'HAS CONCEPT MOD'

/** The value of a sequence with one item for each of `entries`. */
export async function items<T>(entries: readonly T[], fill: (to: ElementWriter, entry: T) => void, pace: Pace): Promise<Buffer> {
  const parts: Buffer[] = []
  for (const entry of entries) {
    parts.push(item((to) => fill(to, entry)))
    const turn = pace.step()
    if (turn !== undefined) await turn
  }
  return Buffer.concat(parts)
}

/** One item with its header. */
export function item(fill: Fill): Buffer {
  const writer = new ElementWriter({ explicit: true })
  fill(writer)
  return writer.finishItem()
}

/** The value of a sequence with this code as its one item. */
export function codeSequence(code: Code): Buffer {
  return item((to) => writeCode(to, code))
}

export function referencedSop(to: ElementWriter, instance: ManifestInstance): void {
  to.element(0x00081150, 'UI', instance.sopClassUid)
  to.element(0x00081155, 'UI', instance.sopInstanceUid)
}

/** TID 2010 rows 8 to 10, TID 1601 row 1: no concept name ("Purpose of reference shall not be present"). */
export function referenceItem(to: ElementWriter, instance: ManifestInstance): void {
  to.element(0x0040a010, 'CS', 'CONTAINS')
  to.element(0x0040a040, 'CS', referenceValueType(instance.sopClassUid))
  to.sequence(0x00081199, [(inner) => referencedSop(inner, instance)])
}

/** What every named content item begins with.
 *  @param name  value of a code sequence: made once, written often */
function namedItem(to: ElementWriter, relationship: Relationship, valueType: string, name: Buffer): ElementWriter {
  return to.element(0x0040a010, 'CS', relationship).element(0x0040a040, 'CS', valueType).bytes(0x0040a043, 'SQ', name)
}

export function codeItem(relationship: Relationship, name: Buffer, value: Code): Fill {
  return (to) => void namedItem(to, relationship, 'CODE', name).bytes(0x0040a168, 'SQ', codeSequence(value))
}

export function textItem(relationship: Relationship, name: Buffer, text: string): Fill {
  return (to) => void namedItem(to, relationship, 'TEXT', name).element(0x0040a160, 'UT', text)
}

/** @param units  value of a code sequence */
export function numberItem(relationship: Relationship, name: Buffer, value: string, units: Buffer): Fill {
  return (to) => {
    namedItem(to, relationship, 'NUM', name)
    to.sequence(0x0040a300, [(measured) => measured.bytes(0x004008ea, 'SQ', units).element(0x0040a30a, 'DS', value)])
  }
}

export function dateItem(relationship: Relationship, name: Buffer, date: string): Fill {
  return (to) => void namedItem(to, relationship, 'DATE', name).element(0x0040a121, 'DA', date)
}

export function timeItem(relationship: Relationship, name: Buffer, time: string): Fill {
  return (to) => void namedItem(to, relationship, 'TIME', name).element(0x0040a122, 'TM', time)
}

export function uidItem(relationship: Relationship, name: Buffer, uid: string): Fill {
  return (to) => void namedItem(to, relationship, 'UIDREF', name).element(0x0040a124, 'UI', uid)
}

/** @param content  value of its Content Sequence */
export function containerItem(name: Buffer, content: Buffer): Fill {
  return (to) => {
    namedItem(to, 'CONTAINS', 'CONTAINER', name)
    to.element(0x0040a050, 'CS', 'SEPARATE').bytes(0x0040a730, 'SQ', content)
  }
}
