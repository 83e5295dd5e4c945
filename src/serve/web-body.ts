/** What is made while it is sent, as the body of an answer.
 *
 *  Promises: the first piece is made before the answer begins, so that what fails at once is told with a status; whoever goes away, or a failure later,
 *  ends the making and leaves nothing open; a failure later is logged and cuts the answer off: it never looks whole.
 *  Does not: send, or wait for the caller (streams do). */
import { Readable } from 'node:stream'
import { WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { NotCorrectable } from './correct-instance.ts'
import { NotRepairable } from './even-lengths.ts'

const HIGH_WATER_BYTES = 256 * 1024

/** @throws WebRefusal where the first piece cannot be made */
export async function bodyOf(pieces: AsyncGenerator<Buffer>, { caller, stopped }: WebRequest): Promise<Readable> {
  const first = await pieces.next().catch((error: unknown) => {
    throw refusalFor(error)
  })
  const told = (error: unknown): never => {
    if (!stopped.aborted) log.warn('answer on the web cut off', { caller: caller.name, error: String(error) })
    throw error
  }
  const body = Readable.from(following(first, pieces, told), { objectMode: false, highWaterMark: HIGH_WATER_BYTES })
  // A generator that was never asked for its first piece does not come to its `finally`; this one was.
  body.once('close', () => void pieces.return(undefined).catch(() => undefined))
  return body
}

/** For HEAD. */
export function noBody(): Readable {
  return Readable.from([])
}

async function* following(
  first: IteratorResult<Buffer>,
  pieces: AsyncGenerator<Buffer>,
  told: (error: unknown) => never,
): AsyncGenerator<Buffer> {
  if (first.done === true) return
  yield first.value
  try {
    yield* pieces
  } catch (error) {
    told(error)
  }
}

/** Why one instance cannot be had, in words. */
export function refusalFor(error: unknown): unknown {
  if (!(error instanceof NodeError)) return error
  const refusal = (status: number, detail: string): WebRefusal => new WebRefusal(status, detail, {}, { cause: error })
  if (error instanceof NotCorrectable) return refusal(500, 'stored patient or study values cannot be corrected, so it is not sent')
  if (error instanceof NotRepairable) return refusal(500, 'stored values have odd lengths that cannot be mended')
  if (error.code === 'STORAGE_FAILED') return refusal(500, 'the stored file cannot be read')
  if (error.code === 'INFLATED_TOO_LARGE') return refusal(406, 'it is too large to be inflated')
  if (error.code === 'UNREADABLE')
    return refusal(406, `it cannot be given in this form: ${String(error.details.why ?? 'it cannot be decoded')}`)
  return error
}
