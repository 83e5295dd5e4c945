/** C-FIND (PS3.4 C.4.1, PS3.7 9.1.2): what we hold that matches.
 *
 *  Promises: answers come in pages from the catalog, each sent in few writes when the peer has read the one before, so that memory and event
 *  loop stay free at any number; C-CANCEL ends within one page (FE00). FF01 instead of FF00 where a key with a value was not matched.
 *  Does not: limit the number of answers.
 *  Errors: none; every failure is answered: A900 identifier, A700 catalog, C000 anything else. */
import { setImmediate } from 'node:timers/promises'
import type { Match } from '../catalog/contract.ts'
import { findRequest, type Negotiated } from '../dicom/query-model.ts'
import type { OutgoingResponse, Request, ResponseFields } from '../dimse/contract.ts'
import { log } from '../log.ts'
import { FindAnswers, IDENTIFIER_CHARACTER_SET, identifierKeys, identifierSink } from './find-answers.ts'
import { answerFailure, modelOf, readIdentifier, type Serving } from './serving.ts'

export const PAGE_SIZE = 200

const STATUS_SUCCESS = 0x0000
const STATUS_PENDING = 0xff00
const STATUS_PENDING_UNSUPPORTED_KEYS = 0xff01
const STATUS_CANCELLED = 0xfe00
const OUT_OF_RESOURCES = 0xa700

/** Answers are written when they are so many bytes: some hundred of the usual ones. */
const WRITE_BYTES = 64 * 1024

export async function cFind(serving: Serving, request: Request): Promise<void> {
  try {
    await answerMatches(serving, request)
  } catch (error) {
    await answerFailure(request, error, OUT_OF_RESOURCES)
  }
}

async function answerMatches(serving: Serving, request: Request): Promise<void> {
  const { association, stopped, context } = request
  const wanted = findRequest(readIdentifier(request), modelOf(request), negotiated(request))
  if (wanted.warnings.length > 0)
    log.debug('query read with warnings', { association: association.id, warnings: wanted.warnings.join('; ') })
  const characterSet = serving.peer(association.callingAeTitle)?.characterSet ?? IDENTIFIER_CHARACTER_SET
  const sink = identifierSink(context.transferSyntax, characterSet)
  const answers = new FindAnswers(serving, wanted, sink, characterSet, identifierKeys(serving, wanted.query.level))
  const includeManifests = wanted.query.includeManifests || serving.listManifests()
  const query = { ...wanted.query, values: answers.values, includeManifests, levels: serving.levelsOf(association) }
  const fields = { status: wanted.unsupported.length > 0 ? STATUS_PENDING_UNSUPPORTED_KEYS : STATUS_PENDING }
  let after: string | undefined
  do {
    const page = await serving.catalog.find(query, PAGE_SIZE, after)
    const rest = await answerAllBut(request, answers, fields, page.items)
    after = page.next
    if (after === undefined) return finish(request, STATUS_SUCCESS, rest)
    if (!stopped.aborted) await request.respondAll(rest)
    await setImmediate() // what the peer has sent meanwhile, a C-CANCEL perhaps, is read
  } while (!stopped.aborted)
  return finish(request, STATUS_CANCELLED)
}

/** @returns the answers that have not been written yet */
async function answerAllBut(
  request: Request,
  answers: FindAnswers<Buffer>,
  fields: ResponseFields,
  matches: readonly Match[],
): Promise<OutgoingResponse[]> {
  let responses: OutgoingResponse[] = []
  let bytes = 0
  for (const match of matches) {
    if (request.stopped.aborted) return []
    const identifier = answers.readsHeaders ? await answers.encodeWithHeader(match) : answers.encode(match)
    responses.push({ fields, identifier })
    bytes += identifier.length
    if (bytes < WRITE_BYTES) continue
    await request.respondAll(responses)
    responses = []
    bytes = 0
  }
  return responses
}

/** The last answers and the final response in one write: most queries have few. */
async function finish(request: Request, status: number, rest: readonly OutgoingResponse[] = []): Promise<void> {
  const { association, stopped } = request
  if (association.ended.aborted) return
  await request.respondAll(stopped.aborted ? [{ fields: { status: STATUS_CANCELLED } }] : [...rest, { fields: { status } }])
}

/** PS3.4 C.5.1.1: one byte each, 1 where agreed. */
function negotiated({ context }: Request): Negotiated {
  const agreed = (at: number) => context.extended?.[at] === 1
  return { relational: agreed(0), dateTime: agreed(1), fuzzy: agreed(2) }
}
