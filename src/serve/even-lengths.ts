/** A stored data set of odd length, made even for sending (PS3.5 7.1.1): many receivers refuse a PDV fragment of odd length, and the last one of
 *  such a data set is odd.
 *
 *  Promises: the same transfer syntax and the same values, each with the padding of its VR (PS3.5 6.2); lengths of sequences and items,
 *  fragments and their Basic Offset Table corrected; a deflated one gets the NUL behind it that it should have (PS3.5 A.5). The file is read
 *  through once before anything is sent, so that what cannot be repaired is found while the association is still untouched; it stays as it is.
 *  Does not: touch data sets of even length, whatever they hold.
 *  Errors: {@link NotRepairable}, and what the source throws. Sizes in bytes. */
import { Readable } from 'node:stream'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import { FragmentPlan } from './even-fragments.ts'
import { reencodeEven } from './reencode.ts'

/** The structure of the data set is broken: where padding belongs cannot be told. */
export class NotRepairable extends NodeError {
  constructor(cause: NodeError) {
    super('UNREADABLE', { ...cause.details, while: 'making odd lengths even' }, { cause })
  }
}

export function isOdd({ fileSizeBytes, dataSetOffset }: { readonly fileSizeBytes: number; readonly dataSetOffset: number }): boolean {
  return (fileSizeBytes - dataSetOffset) % 2 === 1
}

/** @param open  the data set as stored; called twice
 *  @returns a function that gives the repaired data set */
export async function madeEven(open: () => Readable, transferSyntaxUid: string, stopped: AbortSignal): Promise<() => Readable> {
  const syntax = encodingOf(transferSyntaxUid)
  if (syntax.deflated) return () => Readable.from(withNul(open()), { objectMode: false })
  const plan = new FragmentPlan()
  try {
    for await (const _ of reencodeEven(open, syntax, plan, false)) stopped.throwIfAborted()
    plan.settle()
  } catch (error) {
    throw error instanceof NodeError && error.code === 'UNREADABLE' ? new NotRepairable(error) : error
  }
  return () => reencodeEven(open, syntax, plan, true)
}

async function* withNul(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* source
  yield Buffer.alloc(1)
}
