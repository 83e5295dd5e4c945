/** `POST /api/open`: a manifest of anybody, as a file, read for a viewer: what it refers to, and what of that is here for this caller.
 *
 *  Promises: nothing of it is kept; others have their turn meanwhile, however many series it names; two at a time for the whole node, one for a caller, who has {@link BODY_MS} to send it; what is of a level that the caller may not see is not here. A file that is no manifest
 *  is a 400 that says so. Text in it is as its maker wrote it.
 *  Does not: fetch anything from elsewhere. */
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type { Catalog, Uid } from '../../catalog/contract.ts'
import type { LevelSet } from '../../dicom/confidentiality.ts'
import { readDataSet } from '../../dicom/element-reader.ts'
import { readPart10Header } from '../../dicom/part10.ts'
import { parseUid } from '../../dicom/uid.ts'
import { Gathered } from '../../dicomweb/gathered.ts'
import { WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import { Pace } from '../../manifest/pace.ts'
import { type ReadManifest, type ReadSeries, readManifest } from '../../manifest/read-manifest.ts'
import { findingsOf } from '../../manifest/validate/validate-manifest.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { OPENED, type Opened } from './api-contract.ts'
import { findingRow } from './api-manifests.ts'
import { jsonRoute } from './json-route.ts'

/** Of 100,000 instances. */
const LARGEST_BYTES = 64 * 1024 * 1024
const AT_ONCE = 2
const BODY_MS = 60_000
const LOOK_UP = 500

export function openRoutes({ catalog }: StatusParts): WebRoute[] {
  /** Who is being served. */
  const opening = new Set<string>()
  return [
    jsonRoute({
      method: 'POST',
      path: '/api/open',
      right: 'find',
      summary: 'Read a manifest of anybody (the body: its file): what it refers to, and what of that is here',
      answer: OPENED,
      serve: async (request) => {
        const { name, levels } = request.caller
        if (opening.has(name)) throw new WebRefusal(503, 'you are opening a manifest already: one after the other', { 'Retry-After': '2' })
        if (opening.size >= AT_ONCE) throw new WebRefusal(503, 'other manifests are being opened: try again', { 'Retry-After': '2' })
        opening.add(name)
        try {
          return await opened(catalog, await Promise.race([wholeBody(request), tooLate(request)]), levels)
        } finally {
          opening.delete(name)
        }
      },
    }),
  ]
}

/** Never resolves. @throws WebRefusal 408 */
async function tooLate({ stopped }: WebRequest): Promise<never> {
  await setTimeout(BODY_MS, undefined, { signal: stopped, ref: false }).catch(() => undefined)
  throw new WebRefusal(408, `body: it did not come within ${BODY_MS / 1000} s`)
}

/** @throws WebRefusal 413, 400 */
async function wholeBody({ body }: WebRequest): Promise<Buffer> {
  const gathered = new Gathered()
  for await (const chunk of (body ?? []) as Readable) {
    gathered.push(chunk as Buffer)
    if (gathered.sizeBytes > LARGEST_BYTES) throw new WebRefusal(413, `larger than any manifest: the limit is ${LARGEST_BYTES} bytes`)
  }
  if (gathered.sizeBytes === 0) throw new WebRefusal(400, 'body: expected the file of a manifest')
  return gathered.whole()
}

async function opened(catalog: Catalog, file: Buffer, levels: LevelSet): Promise<Opened> {
  const manifest = read(file)
  const studies = Map.groupBy(manifest.series, ({ studyInstanceUid }) => studyInstanceUid)
  const rows: Opened['studies'] = []
  const pace = new Pace()
  for (const [studyInstanceUid, series] of studies) {
    const described = []
    for (const one of series) described.push(await seriesRow(catalog, one, levels, pace))
    rows.push({ studyInstanceUid, series: described })
  }
  return { ...patientOf(file, manifest), title: manifest.title.meaning, studies: rows, findings: (await findingsOf(file)).map(findingRow) }
}

function read(file: Buffer): ReadManifest {
  try {
    return readManifest(file)
  } catch (cause) {
    const isOther = cause instanceof NodeError && cause.details.reason === 'no Key Object Selection Document'
    const found = isOther ? 'a DICOM object of another class' : 'what cannot be read as a DICOM file'
    throw new WebRefusal(400, `body: found ${found}, expected a manifest (Key Object Selection Document)`, {}, { cause })
  }
}

function patientOf(file: Buffer, { transferSyntaxUid }: ReadManifest): Pick<Opened, 'patientId' | 'patientName' | 'birthDate' | 'sex'> {
  const offset = readPart10Header(file)?.dataSetOffset ?? 0
  const head = readDataSet(file.subarray(offset), transferSyntaxUid, { untilTag: 0x00110000 })
  const text = (tag: number): string => head.text(tag) ?? ''
  return { patientId: text(0x00100020), patientName: text(0x00100010), birthDate: text(0x00100030), sex: text(0x00100040) }
}

async function seriesRow(
  catalog: Catalog,
  series: ReadSeries,
  levels: LevelSet,
  pace: Pace,
): Promise<Opened['studies'][number]['series'][number]> {
  const { seriesInstanceUid, retrieveUrl, retrieveAeTitles, instances } = series
  const here = await whatIsHere(catalog, series, levels, pace)
  return {
    seriesInstanceUid,
    ...(retrieveUrl === undefined ? {} : { retrieveUrl }),
    ...(retrieveAeTitles[0] === undefined ? {} : { aeTitle: retrieveAeTitles[0] }),
    instances: instances.map(({ sopInstanceUid, sopClassUid }) => ({ sopInstanceUid, sopClassUid, here: here.has(sopInstanceUid) })),
  }
}

async function whatIsHere(
  catalog: Catalog,
  { studyInstanceUid, seriesInstanceUid, instances }: ReadSeries,
  levels: LevelSet,
  pace: Pace,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const [study, series] = [parseUid(studyInstanceUid), parseUid(seriesInstanceUid)]
  if (study === undefined || series === undefined) return found
  const uids = instances.map(({ sopInstanceUid }) => parseUid(sopInstanceUid)).filter((uid): uid is Uid => uid !== undefined)
  for (let at = 0; at < uids.length; at += LOOK_UP) {
    const keys = { studyInstanceUids: [study], seriesInstanceUids: [series], sopInstanceUids: uids.slice(at, at + LOOK_UP) }
    const page = await catalog.retrievables(keys, { levels, includeManifests: true }, LOOK_UP)
    for (const { sopInstanceUid } of page.items) found.add(sopInstanceUid)
    await pace.step()
  }
  return found
}
