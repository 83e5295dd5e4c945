/** C-FIND (PS3.4 C.4.1, PS3.7 9.1.2): what we hold that matches.
 *
 *  Promises: answers come in pages from the catalog, each sent when the peer has read the one before, so that memory and event loop stay
 *  free at any number; C-CANCEL ends within one page (FE00). FF01 instead of FF00 where a key with a value was not matched.
 *  Does not: limit the number of answers.
 *  Errors: none; every failure is answered: A900 identifier, A700 catalog, C000 anything else. */
import { setImmediate } from 'node:timers/promises'
import { findRequest, type Negotiated } from '../dicom/query-model.ts'
import type { Request } from '../dimse/contract.ts'
import { log } from '../log.ts'
import { FindAnswers } from './find-answers.ts'
import { answerFailure, modelOf, readIdentifier, type Serving } from './serving.ts'

export const PAGE_SIZE = 200

const STATUS_SUCCESS = 0x0000
const STATUS_PENDING = 0xff00
const STATUS_PENDING_UNSUPPORTED_KEYS = 0xff01
const STATUS_CANCELLED = 0xfe00
const OUT_OF_RESOURCES = 0xa700

export async function cFind(serving: Serving, request: Request): Promise<void> {
  try {
    const status = await answerMatches(serving, request)
    if (!request.association.ended.aborted) await request.respond({ status })
  } catch (error) {
    await answerFailure(request, error, OUT_OF_RESOURCES)
  }
}

/** @returns the final status */
async function answerMatches(serving: Serving, request: Request): Promise<number> {
  const { association, stopped, context } = request
  const wanted = findRequest(readIdentifier(request), modelOf(request), negotiated(request))
  if (wanted.warnings.length > 0)
    log.debug('query read with warnings', { association: association.id, warnings: wanted.warnings.join('; ') })
  const query = { ...wanted.query, includeManifests: wanted.query.includeManifests || serving.listManifests() }
  const answers = new FindAnswers(serving, wanted, context.transferSyntax, serving.peer(association.callingAeTitle)?.characterSet)
  const status = wanted.unsupported.length > 0 ? STATUS_PENDING_UNSUPPORTED_KEYS : STATUS_PENDING
  let after: string | undefined
  do {
    const page = await serving.catalog.find(query, PAGE_SIZE, after)
    for (const match of page.items) {
      if (stopped.aborted) return STATUS_CANCELLED
      await request.respond({ status }, await answers.encode(match))
    }
    after = page.next
    await setImmediate() // what the peer has sent meanwhile, a C-CANCEL perhaps, is read
    if (stopped.aborted) return STATUS_CANCELLED
  } while (after !== undefined)
  return STATUS_SUCCESS
}

/** PS3.4 C.5.1.1: one byte each, 1 where agreed. */
function negotiated({ context }: Request): Negotiated {
  const agreed = (at: number) => context.extended?.[at] === 1
  return { relational: agreed(0), dateTime: agreed(1), fuzzy: agreed(2) }
}
