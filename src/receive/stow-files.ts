/** The parts of a request that are DICOM files (PS3.18 10.5.2), one after the other to the door, while the durable end of some is awaited.
 *
 *  Promises: outcomes are in the order of the parts; an instance is kept, and told as kept, although a later part is broken. Bounded: {@link MOST_PARTS}
 *  parts, {@link MOST_ENDING} of them on their way to the disk.
 *  Errors: WebRefusal 413 for too many or too much; whoever reads calls {@link FileParts.cutOff} then. */
import { DICOM, parseMediaType } from '../dicomweb/media-type.ts'
import type { PartReceiver } from '../dicomweb/multipart-parser.ts'
import { WebRefusal } from '../dicomweb/web-service.ts'
import { ERRORS } from '../errors.ts'
import type { StoreOutcome } from './store-answer.ts'
import type { Door } from './store-instance.ts'
import { type Common, FilePart, refused } from './store-part.ts'

export const MOST_PARTS = 20_000
const MOST_ENDING = 4
/** Encodings that are none (RFC 2045 6.2). */
const AS_IT_IS = new Set(['binary', '8bit', '7bit'])

export class FileParts implements PartReceiver {
  readonly #door: Door
  readonly #common: Common
  readonly #largestBytes: number
  readonly #outcomes: StoreOutcome[] = []
  readonly #ending = new Set<Promise<void>>()
  #count = 0
  #part: FilePart | undefined
  #partBytes = 0

  /** @param largestBytes  of one part: `storage.maxInstanceBytes` */
  constructor(door: Door, common: Common, largestBytes: number) {
    this.#door = door
    this.#common = common
    this.#largestBytes = largestBytes
  }

  begins(headers: ReadonlyMap<string, string>): undefined {
    if (this.#count >= MOST_PARTS) throw new WebRefusal(413, `more than ${MOST_PARTS} parts: send the others in another request`)
    this.#count++
    this.#partBytes = 0
    this.#part = new FilePart(this.#door, this.#common)
    const problem = problemOf(headers)
    if (problem !== undefined) this.#part.abandon(refused(problem))
  }

  data(bytes: Buffer): Promise<void> | undefined {
    this.#partBytes += bytes.length
    // The door has refused it already: its end is not waited for.
    if (this.#partBytes > this.#largestBytes) throw new WebRefusal(413, ERRORS.INSTANCE_TOO_LARGE.tell)
    return this.#part?.data(bytes)
  }

  async ends(): Promise<void> {
    this.#end(this.#part!)
    if (this.#ending.size >= MOST_ENDING) await Promise.race(this.#ending)
  }

  /** Nothing more comes. Of the part under way nothing is left. */
  cutOff(reason: StoreOutcome): void {
    if (this.#part === undefined) return
    this.#part.abandon(reason)
    this.#end(this.#part)
  }

  #end(part: FilePart): void {
    const at = this.#count - 1
    this.#part = undefined
    const ending = part.end().then((outcome) => {
      this.#outcomes[at] = outcome
      this.#ending.delete(ending)
    })
    this.#ending.add(ending)
  }

  /** When all that ended is durable or refused. */
  async outcomes(): Promise<readonly StoreOutcome[]> {
    await Promise.all(this.#ending)
    return this.#outcomes
  }
}

function problemOf(headers: ReadonlyMap<string, string>): string | undefined {
  const type = headers.get('content-type')
  if (type !== undefined && parseMediaType(type)?.type !== DICOM) return `a part that is not ${DICOM}`
  const encoding = headers.get('content-transfer-encoding')
  return encoding === undefined || AS_IT_IS.has(encoding.toLowerCase()) ? undefined : 'a part with a transfer encoding other than binary'
}
