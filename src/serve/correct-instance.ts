/** A stored instance on its way out, with the patient and study values that are in force (decision 0016).
 *
 *  Promises: an instance whose file says what is in force is not touched. Else the data set comes corrected in its own transfer syntax, deflated
 *  again where it was, with all of its text in ISO_IR 192 where its own character set cannot express a value. What cannot be corrected is found
 *  before anything is sent: it is never sent as it is.
 *  Does not: change SOP, Series or Study Instance UIDs, or files.
 *  Errors: {@link NotCorrectable}, NodeError STORAGE_FAILED. */
import { Readable } from 'node:stream'
import { createDeflateRaw } from 'node:zlib'
import type { Correction, Retrievable } from '../catalog/contract.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import { correctedDataSet } from './correct-data-set.ts'
import { type CorrectionPlan, NEEDS_UTF_8, planCorrection } from './correction-plan.ts'
import { isOdd } from './even-lengths.ts'
import { inflated } from './reencode.ts'
import { toUtf8 } from './to-utf-8.ts'

/** The data set cannot be followed up to what would have to change. */
export class NotCorrectable extends NodeError {
  constructor(cause: NodeError) {
    super('UNREADABLE', { ...cause.details, while: 'correcting patient and study values' }, { cause })
  }
}

export interface Corrected {
  /** The data set in its transfer syntax. */
  readonly open: () => Readable
  /** Values of odd length may have to be mended yet, see even-lengths.ts. */
  readonly maybeOdd: boolean
}

/** @param open    the data set as stored
 *  @param system  how this node names itself
 *  @returns undefined where the file says what is in force */
export async function corrected(
  open: () => Readable,
  instance: Pick<Retrievable, 'transferSyntaxUid' | 'fileSizeBytes' | 'dataSetOffset'>,
  correction: Correction,
  system: string,
): Promise<Corrected | undefined> {
  const syntax = encodingOf(instance.transferSyntaxUid)
  const plain = syntax.deflated ? () => inflated(open()) : open
  try {
    const plan = await planCorrection(plain, syntax, correction)
    if (plan === undefined) return undefined
    if (plan !== NEEDS_UTF_8) return outgoing(plain, plan, system, syntax.deflated, isOdd(instance) || plan.changes.some(wasOdd))
    const unicode = toUtf8(plain, syntax)
    const again = await planCorrection(unicode, syntax, correction)
    if (again === undefined || again === NEEDS_UTF_8) throw new NodeError('UNREADABLE', { why: 'text that no character set can express' })
    return outgoing(unicode, again, system, syntax.deflated, true)
  } catch (error) {
    throw error instanceof NodeError && error.code === 'UNREADABLE' ? new NotCorrectable(error) : error
  }
}

function wasOdd({ former }: CorrectionPlan['changes'][number]): boolean {
  return former !== undefined && former.length % 2 === 1
}

function outgoing(open: () => Readable, plan: CorrectionPlan, system: string, isDeflated: boolean, maybeOdd: boolean): Corrected {
  const plain = () => Readable.from(correctedDataSet(open(), plan, system), { objectMode: false })
  if (!isDeflated) return { open: plain, maybeOdd }
  return { open: () => Readable.from(deflated(plain()), { objectMode: false }), maybeOdd: false }
}

/** Of even length (PS3.5 A.5). */
async function* deflated(source: Readable): AsyncGenerator<Buffer> {
  const deflate = createDeflateRaw()
  source.once('error', (error) => deflate.destroy(error))
  let size = 0
  try {
    for await (const chunk of source.pipe(deflate)) {
      size += chunk.length
      yield chunk
    }
    if (size % 2 === 1) yield Buffer.alloc(1)
  } finally {
    source.destroy()
  }
}
