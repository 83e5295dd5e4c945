/** The header KOS-SOPInstanceUID of French DRIMbox readers: the manifest by which they ask.
 *
 *  Promises: by the setting `web.kosHeader` it is ignored, or it must name a manifest that is in force for who asks and that refers to what is
 *  asked for, else 404. A former version stands for the one that is in force now: who holds it has not heard yet of a late image, and need not. One
 *  that was withdrawn stands for nothing. Where it is required and missing, or no UID, 400, as the reference implementation answers. Pictures that the page shows to a
 *  person need none: an image in a page sends no header. Whatever gives an instance as it is stored does, by whatever service.
 *  Does not: narrow an answer down to what the manifest refers to.
 *  @throws WebRefusal 400, 404 */
import { buffer } from 'node:stream/consumers'
import type { Catalog, Retrievable } from '../catalog/contract.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { quoted } from '../dicomweb/accept.ts'
import { WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import { NodeError } from '../errors.ts'
import type { Storage } from '../storage/contract.ts'
import type { Target, WadoParts } from './wado-target.ts'
import { refusalFor } from './web-body.ts'

const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59'
const NAME = 'KOS-SOPInstanceUID'
const LARGEST_MANIFEST = 64 * 1024 * 1024
/** Manifests whose references are remembered: a reader asks for one series after the other. */
const REMEMBERED = 20

/** Study → series → instances. */
type References = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>

/** @param gives  what would be answered */
export async function demandManifest(
  parts: WadoParts,
  { headers, caller }: WebRequest,
  target: Target,
  gives: 'instances' | 'picture' = 'instances',
): Promise<void> {
  const rule = parts.kosHeader() === 'require' && gives === 'picture' && caller.isPerson === true ? 'check' : parts.kosHeader()
  const text = headers['kos-sopinstanceuid']
  if (rule === 'ignore') return
  if (text === undefined || text === '') {
    if (rule === 'check') return
    throw new WebRefusal(400, `the header ${NAME} is missing: expected the SOP Instance UID of the manifest`)
  }
  const uid = parseUid(String(text))
  if (uid === undefined) throw new WebRefusal(400, `${NAME} is ${quoted(String(text))}, expected the SOP Instance UID of a manifest`)
  const present = await presentVersion(parts.catalog, uid)
  const { items } = await parts.catalog.retrievables({ sopInstanceUids: [present] }, { ...target.view, includeManifests: true }, 1)
  const manifest = items[0]
  if (manifest?.sopClassUid !== KEY_OBJECT_SELECTION) throw new WebRefusal(404, `${NAME} names no manifest that is in force here`)
  const references = await referencesOf(parts.storage, manifest).catch((error: unknown) => {
    throw refusalFor(error)
  })
  if (present === target.instance || refersTo(references, target)) return
  throw new WebRefusal(404, `the manifest that ${NAME} names does not refer to this`)
}

/** @returns `uid` itself where it was not superseded */
async function presentVersion(catalog: Catalog, uid: Uid): Promise<Uid> {
  let present = uid
  for (let record = await catalog.findManifest(uid); record?.state === 'superseded' && record.supersededBy !== undefined; ) {
    present = record.supersededBy
    record = await catalog.findManifest(present)
  }
  return present
}

function refersTo(references: References, { study, series, instance }: Target): boolean {
  const ofStudy = references.get(study)
  if (ofStudy === undefined || series === undefined) return ofStudy !== undefined
  const ofSeries = ofStudy.get(series)
  return instance === undefined ? ofSeries !== undefined : ofSeries?.has(instance) === true
}

const remembered = new WeakMap<Storage, Map<string, Promise<References>>>()

function referencesOf(storage: Storage, manifest: Retrievable): Promise<References> {
  const known = remembered.get(storage) ?? new Map<string, Promise<References>>()
  remembered.set(storage, known)
  const references = known.get(manifest.sha256) ?? readReferences(storage, manifest)
  known.delete(manifest.sha256)
  known.set(manifest.sha256, references)
  references.catch(() => known.delete(manifest.sha256))
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!)
  return references
}

/** Current Requested Procedure Evidence (0040,A375) and Pertinent Other Evidence (0040,A385). */
async function readReferences(storage: Storage, manifest: Retrievable): Promise<References> {
  if (manifest.fileSizeBytes > LARGEST_MANIFEST) throw new NodeError('UNREADABLE', { why: 'the manifest is too large' })
  const dataSet = readDataSet(await buffer(storage.open(manifest.storageKey, manifest.dataSetOffset)), manifest.transferSyntaxUid)
  const references = new Map<string, Map<string, Set<string>>>()
  for (const study of [...dataSet.items(0x0040a375), ...dataSet.items(0x0040a385)]) {
    const studyUid = study.text(0x0020000d) ?? ''
    const ofStudy = references.get(studyUid) ?? new Map<string, Set<string>>()
    references.set(studyUid, ofStudy)
    for (const series of study.items(0x00081115)) {
      const seriesUid = series.text(0x0020000e) ?? ''
      const ofSeries = ofStudy.get(seriesUid) ?? new Set<string>()
      ofStudy.set(seriesUid, ofSeries)
      for (const instance of series.items(0x00081199)) ofSeries.add(instance.text(0x00081155) ?? '')
    }
  }
  return references
}
