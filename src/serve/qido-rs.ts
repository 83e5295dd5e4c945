/** QIDO-RS (PS3.18 10.6, IHE RAD-129): searches for studies, series and instances on the web.
 *
 *  Promises: the question becomes the identifier of a C-FIND and is answered by the same model, catalog and view: the same matches in the same order
 *  (newest study first; series and instances by number), with dates and times of one event combined. Answers come from the catalog and go out page by
 *  page, as the caller reads. What was cut, not matched or not done is told in `Warning` (PS3.18 8.3.4.4.1, 8.3.4.5). A search that finds nothing is answered
 *  200 with an empty list: 204 is what some editions say, DICOM CP-2473 and all clients that read JSON want this.
 *  Does not: write XML; know who may ask (the route does).
 *  Errors: WebRefusal 400 naming the parameter, 406. */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { CatalogQuery, Match } from '../catalog/contract.ts'
import { tagText } from '../dicom/dictionary.ts'
import { QUERY_RETRIEVE_LEVEL } from '../dicom/query-keys.ts'
import { type FindRequest, findRequest } from '../dicom/query-model.ts'
import { acceptedJson } from '../dicomweb/accept-json.ts'
import { readSearchParameters, type SearchParameters } from '../dicomweb/search-parameters.ts'
import { uidInPath } from '../dicomweb/uid-in-path.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import { FindAnswers, type ServiceKey, type ServiceKeys } from './find-answers.ts'
import { JSON_CHARACTER_SET, JsonAnswers } from './json-answers.ts'
import { allAttributes, type SearchScope, usualAttributes } from './search-attributes.ts'
import { SearchPlaces } from './search-places.ts'
import type { Serving } from './serving.ts'

export interface SearchParts
  extends Pick<Serving, 'catalog' | 'storage' | 'aeTitle' | 'retrieveLocationUid' | 'timezone' | 'listManifests'> {
  /** `web.qido.maxResults` */
  mostResults(): number
}

const STUDY_INSTANCE_UID = 0x0020000d
const SERIES_INSTANCE_UID = 0x0020000e
const RETRIEVE_URL = 0x00081190
const AVAILABLE_TRANSFER_SYNTAX_UID = 0x00083002
const PAGE_SIZE = 100
/** Answers that are only counted cost little each. */
const COUNTED_PAGE_SIZE = 1000

/** One search, ready to be answered. */
interface Search {
  readonly query: CatalogQuery
  readonly answers: FindAnswers<string>
  readonly offset: number
  readonly limit: number
  /** What the order and number of the answers depend on. */
  readonly question: string
  /** Whoever has gone away is counted for no longer. */
  readonly stopped: AbortSignal
}

type Levels = 'STUDY' | 'SERIES' | 'IMAGE'

export class QidoRs {
  readonly #parts: SearchParts
  readonly #places = new SearchPlaces()

  constructor(parts: SearchParts) {
    this.#parts = parts
  }

  /** `…/studies`, `…/studies/{study}/series` and so on: what the parameters of the route name is searched in. */
  async search(level: Levels, request: WebRequest): Promise<WebAnswer> {
    const contentType = acceptedJson(request)
    const service = `${request.base}/dicom-web`
    const { study, series } = request.params
    const scope = { level, isInStudy: study !== undefined, isInSeries: series !== undefined }
    const parameters = readSearchParameters(request.query)
    const wanted = findRequestOf(scope, request, parameters)
    const search = this.#searchOf(wanted, parameters, request, service)
    const first = await this.#firstPage(search)
    const more = first.next !== undefined && (search.limit <= PAGE_SIZE || (await this.#isCut(search, first.next)))
    const warnings = [
      ...(parameters.ignored.length > 0 ? [`Not supported and ignored: ${parameters.ignored.join(' ')}`] : []),
      ...parameters.without.map(notDone),
      ...notMatched(wanted, parameters),
      ...(more ? ['There are additional results that can be requested'] : []),
    ].map((text) => `299 ${service}: ${text}`)
    const headers = { 'Content-Type': contentType, ...(warnings.length > 0 && { Warning: warnings.join(', ') }) }
    if (first.next === undefined || search.limit <= PAGE_SIZE)
      return { status: 200, headers, body: Buffer.from(`[${first.texts.join(',')}]`) }
    return { status: 200, headers, body: Readable.from(this.#pages(search, first.texts, first.next), { objectMode: false }) }
  }

  #searchOf(
    wanted: FindRequest,
    { limit, offset }: SearchParameters,
    { caller, query: asked, stopped }: WebRequest,
    service: string,
  ): Search {
    // What is of a level below the one asked for is not given (PS3.18 10.6.3.3.1).
    const requested = wanted.requested.filter(({ source, tag }) => source !== 'unknown' && tag !== QUERY_RETRIEVE_LEVEL)
    const answers = new FindAnswers(
      this.#parts,
      { ...wanted, requested },
      new JsonAnswers(),
      JSON_CHARACTER_SET,
      addedKeys(wanted, service),
    )
    const includeManifests = wanted.query.includeManifests || this.#parts.listManifests()
    const query = { ...wanted.query, values: answers.values, includeManifests, levels: caller.levels }
    const { level, conditions, levels } = query
    return {
      query,
      answers,
      offset,
      limit: Math.min(limit ?? Number.POSITIVE_INFINITY, this.#parts.mostResults()),
      stopped,
      question: JSON.stringify([level, conditions, includeManifests, levels, asked.get('fuzzymatching')]),
    }
  }

  async #firstPage(search: Search): Promise<{ texts: string[]; next?: string }> {
    if (search.limit === 0) return { texts: [] }
    const start = await this.#placeAt(search)
    if (start === 'behind') return { texts: [] }
    return await this.#page(search, Math.min(PAGE_SIZE, search.limit), search.offset, start)
  }

  async #page(search: Search, size: number, offset: number, after: string | undefined): Promise<{ texts: string[]; next?: string }> {
    const { items, next } = await this.#parts.catalog.find(search.query, size, after)
    if (next !== undefined) this.#places.note(search.question, offset + items.length, next)
    return { texts: await textsOf(search.answers, items), next }
  }

  /** Where the offset lies; `behind`: there are not so many. */
  async #placeAt({ query, offset, question, stopped }: Search): Promise<string | undefined | 'behind'> {
    if (offset === 0) return undefined
    const known = this.#places.nearest(question, offset)
    if (known?.offset === offset) return known.after
    return (
      (await this.#passed({ query, stopped }, offset - (known?.offset ?? 0), known?.after, (passed, after) =>
        this.#places.note(question, (known?.offset ?? 0) + passed, after),
      )) ?? 'behind'
    )
  }

  /** Passes over so many matches.
   *  @param reached  told of each place on the way
   *  @returns the place behind them; undefined where there is nothing behind them */
  async #passed(
    { query, stopped }: Pick<Search, 'query' | 'stopped'>,
    count: number,
    from: string | undefined,
    reached?: (passed: number, after: string) => void,
  ): Promise<string | undefined> {
    const counted = { ...query, values: [], derived: [] }
    let after = from
    for (let left = count; left > 0; ) {
      if (stopped.aborted) throw new WebRefusal(499, 'the caller is gone')
      const { items, next } = await this.#parts.catalog.find(counted, Math.min(left, COUNTED_PAGE_SIZE), after)
      if (next === undefined) return undefined
      left -= items.length
      after = next
      reached?.(count - left, after)
    }
    return after
  }

  /** Whether there is more than the limit allows, behind the first page. */
  async #isCut(search: Search, after: string): Promise<boolean> {
    return (await this.#passed(search, search.limit - PAGE_SIZE, after)) !== undefined
  }

  async *#pages(search: Search, first: readonly string[], next: string): AsyncGenerator<string> {
    yield `[${first.join(',')}`
    let after: string | undefined = next
    for (let sent = first.length; after !== undefined && sent < search.limit; ) {
      const page: { texts: string[]; next?: string } = await this.#page(
        search,
        Math.min(PAGE_SIZE, search.limit - sent),
        search.offset + sent,
        after,
      )
      if (page.texts.length > 0) yield `,${page.texts.join(',')}`
      sent += page.texts.length
      after = page.next
      await setImmediate()
    }
    yield ']'
  }
}

/** Each kind of key is read as C-FIND reads it; fuzzy matching is what is negotiated there. */
function findRequestOf(scope: SearchScope, request: WebRequest, { keys, includesAll, isFuzzy }: SearchParameters): FindRequest {
  for (const path of usualAttributes(scope)) keys.include(path)
  if (includesAll) for (const path of allAttributes(scope)) keys.include(path)
  const [study, series] = [uidInPath(request, 'study'), uidInPath(request, 'series')]
  if (study !== undefined) keys.fix(STUDY_INSTANCE_UID, study)
  if (series !== undefined) keys.fix(SERIES_INSTANCE_UID, series)
  try {
    return findRequest(keys.identifier(scope.level), 'STUDY', { relational: true, dateTime: true, fuzzy: isFuzzy })
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'IDENTIFIER_MISMATCH') throw error
    throw new WebRefusal(400, `${error.details.key}: ${error.details.found}`, {}, { cause: error })
  }
}

/** Retrieve URL of each level, and how an instance is stored (PS3.18 10.6.3.3). */
function addedKeys({ query: { level } }: FindRequest, service: string): ServiceKeys {
  const keys = new Map<number, ServiceKey>([[RETRIEVE_URL, (into, match) => into.element(RETRIEVE_URL, 'UR', urlOf(service, match))]])
  if (level === 'IMAGE')
    keys.set(AVAILABLE_TRANSFER_SYNTAX_UID, (into, match) => into.element(AVAILABLE_TRANSFER_SYNTAX_UID, 'UI', match.transferSyntaxUid))
  return keys
}

function urlOf(service: string, { StudyInstanceUID: study, SeriesInstanceUID: series, SOPInstanceUID: instance }: Match): string {
  const steps = [`studies/${study}`, series && `series/${series}`, instance && `instances/${instance}`]
  return [service, ...steps.filter(Boolean)].join('/')
}

async function textsOf(answers: FindAnswers<string>, matches: readonly Match[]): Promise<string[]> {
  if (!answers.readsHeaders) return matches.map((match) => answers.encode(match))
  const texts: string[] = []
  for (const match of matches) texts.push(await answers.encodeWithHeader(match))
  return texts
}

/** PS3.18 8.3.4.5, 8.3.4.6. */
function notDone(parameter: string): string {
  const what = parameter === 'emptyvaluematching' ? 'Empty Value Matching' : 'Multiple Value Matching'
  return `The ${parameter} parameter is not supported. ${what} has not been performed.`
}

/** Where C-FIND answers FF01 (PS3.4 C.4.1.1.4). */
function notMatched({ unsupported }: FindRequest, { keys }: SearchParameters): string[] {
  const names = [...unsupported.map(tagText), ...keys.notCompared.map((name) => name.replace(/[^\w.,]/g, ''))]
  return names.length === 0 ? [] : [`Not matched here, answers may hold more than was asked for: ${names.slice(0, 10).join(' ')}`]
}
