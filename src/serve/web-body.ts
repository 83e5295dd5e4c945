/** What is made while it is sent, as the body of an answer.
 *
 *  Promises: the first piece is made before the answer begins, so that what fails at once is told with a status; whoever goes away, or a failure later,
 *  ends the making and leaves nothing open; a failure later is logged and cuts the answer off: it never looks whole.
 *  Does not: send, or wait for the caller (streams do). */
import { Readable } from 'node:stream'
import { type Pieces, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { NotCorrectable } from './correct-instance.ts'
import { NotRepairable } from './even-lengths.ts'

/** @throws WebRefusal where the first piece cannot be made */
export async function bodyOf(pieces: AsyncGenerator<Buffer>, { caller, stopped }: WebRequest): Promise<Pieces> {
  let first: Promise<IteratorResult<Buffer>> | undefined = pieces.next()
  await first.catch((error: unknown) => {
    throw refusalFor(error)
  })
  const told = (error: unknown): never => {
    if (!stopped.aborted) log.warn('answer on the web cut off', { caller: caller.name, error: String(error) })
    throw error
  }
  const next = (): Promise<IteratorResult<Buffer>> => {
    const made = first ?? pieces.next().catch(told)
    first = undefined
    return made
  }
  return { pieces: { next, return: () => pieces.return(undefined) } }
}

/** For HEAD. */
export function noBody(): Readable {
  return Readable.from([])
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
