/** A stored data set that says what is in force, as a stream (PS3.3 C.7.1.1, C.7.2.1, C.12.1.1.9).
 *
 *  Promises: the elements of the plan are replaced, put in or left out, one item is appended to Original Attributes Sequence (0400,0561), and the
 *  group lengths of the groups concerned are left out, for they would be wrong (PS3.5 7.2). Every other byte goes out as it is stored. Memory does
 *  not grow with the data set. An element of the plan that comes out of its order, or twice, is left out.
 *  Errors: NodeError UNREADABLE, and what the source throws. Sizes in bytes. */
import type { Readable } from 'node:stream'
import { UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import type { CorrectionPlan } from './correction-plan.ts'
import { ElementOutput } from './element-output.ts'
import { ElementStream, type StreamedElement } from './element-stream.ts'
import { ORIGINAL_ATTRIBUTES_SEQUENCE, originalAttributes } from './original-attributes.ts'
import { FLUSH_FROM } from './reencode.ts'

const HELD_BELOW = 64 * 1024
const LARGEST_ORIGINAL_ATTRIBUTES = 16 * 1024 * 1024

/** @param system  how this node names itself in Modifying System (0400,0563) */
export async function* correctedDataSet(source: Readable, plan: CorrectionPlan, system: string): AsyncGenerator<Buffer> {
  const elements = new ElementStream(source, plan.encoding)
  const output = new ElementOutput(plan.encoding)
  const changed = new Set(plan.changes.map(({ tag }) => tag))
  const groups = new Set([...changed, ORIGINAL_ATTRIBUTES_SEQUENCE].map((tag) => tag >>> 16))
  const due = new Due(plan, system)
  try {
    for (let element = await elements.next(); element !== undefined; element = await elements.next()) {
      const { tag } = element.header
      due.writeBefore(tag, output)
      if (tag === ORIGINAL_ATTRIBUTES_SEQUENCE && due.takeOriginalAttributes()) {
        output.bytes(originalAttributes(plan, system, await elements.whole(element, LARGEST_ORIGINAL_ATTRIBUTES)))
      } else if (changed.has(tag) || ((tag & 0xffff) === 0 && groups.has(tag >>> 16))) await elements.skip(element)
      else yield* passed(elements, element, output)
      if (output.length >= FLUSH_FROM) yield output.take()
    }
    due.writeBefore(Number.POSITIVE_INFINITY, output)
    yield output.take()
    yield* elements.rest()
  } finally {
    await elements.close()
  }
}

async function* passed(elements: ElementStream, element: StreamedElement, output: ElementOutput): AsyncGenerator<Buffer> {
  const { length } = element.header
  output.bytes(element.headerBytes)
  if (length !== UNDEFINED_LENGTH && length < HELD_BELOW) {
    for await (const chunk of elements.content(element)) output.bytes(chunk)
    return
  }
  yield output.take()
  yield* elements.content(element)
  output.bytes(elements.delimiter(element))
}

/** What has still to be written, each element before the first one that follows it. */
class Due {
  readonly #elements: { readonly tag: number; readonly bytes: () => Buffer }[]

  constructor(plan: CorrectionPlan, system: string) {
    this.#elements = [
      ...plan.changes.map(({ tag, element }) => ({ tag, bytes: () => element })),
      { tag: ORIGINAL_ATTRIBUTES_SEQUENCE, bytes: () => originalAttributes(plan, system) },
    ]
  }

  writeBefore(tag: number, output: ElementOutput): void {
    while (this.#elements.length > 0 && this.#elements[0]!.tag < tag) output.bytes(this.#elements.shift()!.bytes())
  }

  /** @returns false where one has been written already */
  takeOriginalAttributes(): boolean {
    if (this.#elements.length !== 1) return false
    this.#elements.pop()
    return true
  }
}
