/** Follows every reference of a manifest: is it known where the document says, can it be had, is it what was promised?
 *
 *  Promises: each reference is looked for by C-FIND (Study Root, IMAGE level) and retrieved by C-GET at the AE title that its series
 *  names; by C-MOVE to ourselves where that node refuses C-GET; and by WADO-RS at its Retrieve URL where that is to be followed, which must bring the same. SOP class and SOP Instance UID are compared, and the SHA-256 of the data set
 *  where the catalog knows what must come. Whatever fails is in the report, under its reference; nothing is thrown for it.
 *  Does not: keep what it retrieves by C-GET, open files. IHE RAD TF-2 4.68.4.1.2.1; PS3.4 C.4.1, C.4.2, C.4.3. */
import { createHash } from 'node:crypto'
import { type AeTitle, parseAeTitle } from '../dicom/ae-title.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE } from '../dicom/sop-classes.ts'
import { IMPLICIT_VR_LITTLE_ENDIAN, TRANSFER_SYNTAXES } from '../dicom/transfer-syntaxes.ts'
import type { IncomingStore, StoreSink } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import type { ReadManifest, ReadReference, ReadSeries } from './read-manifest.ts'
import { type ConnectTo, end, failureIn, imageIdentifier, move, portions, queryContext } from './retrieve-requests.ts'
import { type CameByWado, seriesByWado } from './verify-by-wado.ts'

export interface VerifyParts {
  readonly connectTo: ConnectTo
  /** SHA-256 of the data set, lower-case hex, where the catalog knows it; undefined also where what is sent is not what is kept, byte for byte:
   *  a data set of odd length is mended on its way (docs/decisions/0006-odd-lengths.md). */
  readonly expectedSha256?: (sopInstanceUid: string) => Promise<string | undefined>
  /** For nodes that refuse C-GET: where to send, and what has come there since. */
  readonly moveTo?: { readonly destination: AeTitle; readonly sha256Of: (sopInstanceUid: string) => Promise<string | undefined> }
  /** Where the Retrieve URL of a series is to be followed too: up to, and without, `/studies`. */
  readonly wadoBase?: (series: ReadSeries) => URL | undefined
  readonly onProgress?: (done: number, total: number) => void
}

export interface ReferenceProblem {
  readonly sopInstanceUid: string
  readonly problem: string
}

export interface SeriesReport {
  readonly seriesInstanceUid: string
  readonly aeTitle?: string
  readonly references: number
  /** Answered by C-FIND with the SOP class that the manifest promises. */
  readonly found: number
  /** Retrieved, and equal to what was promised. */
  readonly retrieved: number
  readonly by?: 'C-GET' | 'C-MOVE'
  /** Retrieved by WADO-RS as well, and the same; absent where that was not tried. */
  readonly byWado?: number
  readonly problems: readonly ReferenceProblem[]
}

export interface VerifyReport {
  readonly sopInstanceUid: string
  readonly references: number
  readonly retrieved: number
  readonly series: readonly SeriesReport[]
  /** Every reference led back. */
  readonly complete: boolean
}

/** C-MOVE: complete, one or more failures (PS3.4 C.4.2.1.5). */
const SUBOPERATIONS_INCOMPLETE = 0xb000

/** One reference on its way. */
interface Check {
  readonly reference: ReadReference
  foundClass?: string
  retrieved?: { readonly sopClassUid?: string; readonly sha256?: string }
  failure?: string
  wadoFailure?: string
}

export async function verifyManifest(manifest: ReadManifest, parts: VerifyParts): Promise<VerifyReport> {
  const total = manifest.series.reduce((sum, series) => sum + series.instances.length, 0)
  const reports: SeriesReport[] = []
  let done = 0
  for (const series of manifest.series) {
    reports.push(await verifySeries(series, manifest.sopInstanceUid, parts))
    done += series.instances.length
    parts.onProgress?.(done, total)
  }
  const retrieved = reports.reduce((sum, report) => sum + report.retrieved, 0)
  const complete = total > 0 && reports.every((report) => report.problems.length === 0)
  return { sopInstanceUid: manifest.sopInstanceUid, references: total, retrieved, series: reports, complete }
}

async function verifySeries(series: ReadSeries, manifestUid: string, parts: VerifyParts): Promise<SeriesReport> {
  const aeTitle = series.retrieveAeTitles.map(parseAeTitle).find((title) => title !== undefined)
  const checks = new Map<string, Check>(series.instances.map((reference) => [reference.sopInstanceUid, { reference }]))
  let by: SeriesReport['by']
  if (aeTitle === undefined) failAll(checks.values(), 'the manifest names no AE title to retrieve from')
  else {
    await noteFailure(checks.values(), 'C-FIND', () => findSeries(series, aeTitle, checks, parts))
    by = await retrieveSeries(series, aeTitle, checks, parts)
  }
  const byWado = await followUrl(series, manifestUid, checks, parts)
  const problems: ReferenceProblem[] = []
  for (const check of checks.values()) {
    const problem = (await problemOf(check, parts)) ?? check.wadoFailure
    if (problem !== undefined) problems.push({ sopInstanceUid: check.reference.sopInstanceUid, problem })
  }
  const found = [...checks.values()].filter((check) => check.foundClass === check.reference.sopClassUid).length
  const { seriesInstanceUid, instances } = series
  return { seriesInstanceUid, aeTitle, references: instances.length, found, retrieved: checks.size - problems.length, by, byWado, problems }
}

async function problemOf(check: Check, parts: VerifyParts): Promise<string | undefined> {
  const { reference, foundClass, retrieved, failure } = check
  if (failure !== undefined && retrieved === undefined) return failure
  if (foundClass === undefined) return failure ?? 'not found by C-FIND'
  if (foundClass !== reference.sopClassUid) return `has SOP class ${foundClass}, not ${reference.sopClassUid}`
  if (retrieved === undefined) return 'found, but not sent'
  if (retrieved.sopClassUid !== undefined && retrieved.sopClassUid !== reference.sopClassUid)
    return `was sent as SOP class ${retrieved.sopClassUid}`
  const expected = await parts.expectedSha256?.(reference.sopInstanceUid)
  return expected !== undefined && expected !== retrieved.sha256 ? 'was sent with other bytes than those kept' : undefined
}

/** @returns how many came and are what C-GET or C-MOVE brought; undefined where no URL is to be followed */
async function followUrl(
  series: ReadSeries,
  manifestUid: string,
  checks: ReadonlyMap<string, Check>,
  { wadoBase }: VerifyParts,
): Promise<number | undefined> {
  const base = wadoBase?.(series)
  if (base === undefined) return undefined
  try {
    const came = await seriesByWado(series, base, manifestUid)
    for (const [uid, check] of checks) check.wadoFailure = wadoProblem(check, came.get(uid))
  } catch (error) {
    for (const check of checks.values()) check.wadoFailure = `WADO-RS: ${error instanceof Error ? error.message : String(error)}`
  }
  return [...checks.values()].filter(({ wadoFailure }) => wadoFailure === undefined).length
}

function wadoProblem({ reference, retrieved }: Check, came: CameByWado | undefined): string | undefined {
  if (came === undefined) return 'was not sent by WADO-RS'
  if (came.sopClassUid !== undefined && came.sopClassUid !== reference.sopClassUid)
    return `was sent as SOP class ${came.sopClassUid} by WADO-RS`
  const other = retrieved?.sha256 !== undefined && retrieved.sha256 !== came.sha256
  return other ? 'was sent with other bytes by WADO-RS' : undefined
}

function failAll(checks: Iterable<Check>, failure: string): void {
  for (const check of checks) check.failure ??= failure
}

async function noteFailure(checks: Iterable<Check>, step: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    failAll(checks, `${step}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

// --- C-FIND

async function findSeries(series: ReadSeries, aeTitle: AeTitle, checks: ReadonlyMap<string, Check>, parts: VerifyParts): Promise<void> {
  const association = await parts.connectTo(aeTitle, [queryContext(STUDY_ROOT_FIND)])
  try {
    for await (const answer of association.find(STUDY_ROOT_FIND, imageIdentifier(series, ''))) {
      const match = readDataSet(answer, IMPLICIT_VR_LITTLE_ENDIAN)
      const check = checks.get(match.text(0x00080018) ?? '')
      if (check !== undefined) check.foundClass = match.text(0x00080016) ?? check.reference.sopClassUid
    }
  } finally {
    await end(association)
  }
}

// --- C-GET, C-MOVE

/** @returns the service that was used in the end */
async function retrieveSeries(
  series: ReadSeries,
  aeTitle: AeTitle,
  checks: ReadonlyMap<string, Check>,
  parts: VerifyParts,
): Promise<SeriesReport['by']> {
  const byClass = Map.groupBy([...checks.values()], (check) => check.reference.sopClassUid)
  try {
    for (const [sopClassUid, ofClass] of byClass) await getInstances(series, aeTitle, sopClassUid, ofClass, parts)
    return 'C-GET'
  } catch (error) {
    const { moveTo } = parts
    const refused = error instanceof NodeError && error.code === 'NO_CONTEXT'
    if (!refused || moveTo === undefined) {
      failAll(checks.values(), `C-GET: ${error instanceof Error ? error.message : String(error)}`)
      return 'C-GET'
    }
    await noteFailure(checks.values(), 'C-MOVE', () => moveInstances(series, aeTitle, [...checks.values()], moveTo, parts))
    return 'C-MOVE'
  }
}

/** One SOP class at a time: a context for each transfer syntax, so that everything comes as it is stored. */
async function getInstances(
  series: ReadSeries,
  aeTitle: AeTitle,
  sopClassUid: string,
  checks: readonly Check[],
  parts: VerifyParts,
): Promise<void> {
  const storage = TRANSFER_SYNTAXES.map(({ uid }) => ({ abstractSyntax: sopClassUid, transferSyntaxes: [uid], asScp: true }))
  const association = await parts.connectTo(aeTitle, [queryContext(STUDY_ROOT_GET), ...storage])
  try {
    const byUid = new Map(checks.map((check) => [check.reference.sopInstanceUid, check]))
    for (const uids of portions([...byUid.keys()])) {
      const answer = await association.get(STUDY_ROOT_GET, imageIdentifier(series, uids.join('\\')), (incoming) => takeIn(incoming, byUid))
      noteStatus(
        answer,
        'C-GET',
        uids.map((uid) => byUid.get(uid)!),
      )
    }
  } finally {
    await end(association)
  }
}

/** Digests what arrives and keeps nothing. */
function takeIn({ command }: IncomingStore, checks: ReadonlyMap<string, Check>): StoreSink {
  const hash = createHash('sha256')
  return {
    write: (fragment) => {
      hash.update(fragment)
      return undefined
    },
    end: async () => {
      const check = checks.get(command.affectedSopInstanceUid ?? '')
      if (check !== undefined) check.retrieved = { sopClassUid: command.affectedSopClassUid, sha256: hash.digest('hex') }
      return { status: 0x0000 }
    },
    abandon: () => undefined,
  }
}

async function moveInstances(
  series: ReadSeries,
  aeTitle: AeTitle,
  checks: readonly Check[],
  moveTo: NonNullable<VerifyParts['moveTo']>,
  parts: VerifyParts,
): Promise<void> {
  const association = await parts.connectTo(aeTitle, [queryContext(STUDY_ROOT_MOVE)])
  try {
    const byUid = new Map(checks.map((check) => [check.reference.sopInstanceUid, check]))
    for (const uids of portions([...byUid.keys()])) {
      const answer = await move(association, series, uids, moveTo.destination)
      const sent = answer.status === 0x0000 || answer.status === SUBOPERATIONS_INCOMPLETE
      for (const uid of sent ? uids : []) {
        const sha256 = answer.failed.has(uid) ? undefined : await moveTo.sha256Of(uid)
        if (sha256 !== undefined) byUid.get(uid)!.retrieved = { sha256 }
      }
      noteStatus(
        answer,
        'C-MOVE',
        uids.map((uid) => byUid.get(uid)!),
      )
    }
  } finally {
    await end(association)
  }
}

function noteStatus(answer: { status?: number; errorComment?: string }, service: string, checks: readonly Check[]): void {
  const failure = failureIn(answer)
  if (failure !== undefined) failAll(checks, `${service}: ${failure}`)
}
