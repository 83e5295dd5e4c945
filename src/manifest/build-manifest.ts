/** Makes the manifest of one study, if there is something new to say.
 *
 *  Promises: same content, no new manifest; changed content, new SOP Instance UID, version + 1, the former one superseded, one delivery for
 *  each target, all in one transaction behind the file. A manifest in force that has lost its file is followed by a version that says the same. Never an empty manifest; none for a study in conflict. Safe to repeat at any
 *  point: a crash between file and row leaves a file without a row, which the start adopts or sets aside. Two processes that build
 *  the same study at once cannot both enter the same version: one fails, and finds nothing to do when it tries again.
 *  Does not: decide when (due-studies.ts).
 *  The file notes its record (manifest-note.ts): after the loss of the catalog the same content still makes no new version.
 *  @throws NodeError STORAGE_FULL, STORAGE_FAILED, CATALOG_FAILED */
import type { Catalog, InstanceFacts, ManifestRecord } from '../catalog/contract.ts'
import { encodeManifestNote } from '../catalog/manifest-note.ts'
import type { AeTitle } from '../dicom/ae-title.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { offsetOfStudy } from '../dicom/time-zone.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { newUid, type Uid, uid } from '../dicom/uid.ts'
import { log } from '../log.ts'
import type { KeptFile, Storage } from '../storage/contract.ts'
import { contentDigest, type ManifestContent, manifestContent } from './evidence.ts'
import type { ManifestIdentity } from './kos-modules.ts'
import { type EncodedManifest, encodeManifest } from './kos-xds-i.ts'
import { manifestSeriesUid } from './manifest-series.ts'

export interface ManifestSettings {
  /** Ours: what every series of the manifest names as Retrieve AE Title. */
  readonly aeTitle: AeTitle
  readonly retrieveLocationUid: Uid
  readonly institution?: string
  readonly institutionDepartment?: string
  /** IANA name. */
  readonly timezone: string
  readonly seriesNumber: number
  readonly quietSeconds: number
  /** Names of the targets that every manifest is delivered to. */
  readonly targets: readonly string[]
}

export interface ManifestParts {
  readonly catalog: Catalog
  readonly storage: Storage
  /** As they are now: they can change while the node runs. */
  readonly settings: () => ManifestSettings
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly newUid?: () => Uid
}

export type BuildOutcome =
  | { readonly kind: 'made'; readonly record: ManifestRecord }
  /** The one in force says the same. */
  | { readonly kind: 'unchanged'; readonly record: ManifestRecord }
  /** Nothing to refer to. */
  | { readonly kind: 'empty' }
  /** More than one patient identity: withheld until resolved. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown study' }

const WRITE_BYTES = 256 * 1024

/** @param reason  why now, in words, for the record */
export async function buildManifest(parts: ManifestParts, studyInstanceUid: Uid, reason: string): Promise<BuildOutcome> {
  const { catalog } = parts
  const study = await catalog.findStudy(studyInstanceUid)
  if (study === undefined) return { kind: 'unknown study' }
  if (study.inConflict) return { kind: 'conflict' }
  const settings = parts.settings()
  const source = { ...settings, retrieveAeTitle: settings.aeTitle }
  const content = manifestContent(study, await catalog.evidence(studyInstanceUid), source)
  const former = await catalog.manifestsOf(studyInstanceUid)
  const inForce = former.find((record) => record.state === 'in force')
  if (content.instanceCount === 0) {
    if (inForce !== undefined) log.warn('study has no instance left, its manifest stays', { StudyInstanceUID: studyInstanceUid })
    await catalog.settleStudy(studyInstanceUid, study.revision)
    return { kind: 'empty' }
  }
  const digest = await contentDigest(content)
  const isSame = inForce?.contentDigest === digest
  if (isSame && (await isWhole(parts, inForce))) {
    // After the loss of the catalog, or for a target that is new, it may still have to go somewhere.
    await catalog.ensureDeliveries(inForce.sopInstanceUid, settings.targets, parts.now())
    await catalog.settleStudy(studyInstanceUid, study.revision)
    return { kind: 'unchanged', record: inForce }
  }
  const identity = newIdentity(parts, settings, content, 1 + Math.max(0, ...former.map((record) => record.version)))
  const record: ManifestRecord = {
    sopInstanceUid: identity.sopInstanceUid,
    studyInstanceUid,
    seriesInstanceUid: identity.seriesInstanceUid,
    version: identity.version,
    contentDigest: digest,
    state: 'in force',
    instanceCount: content.instanceCount,
    createdAt: identity.createdAt.getTime(),
    reason: isSame ? `version ${inForce.version} has lost its file` : reason,
  }
  await write(parts, await encodeManifest(content, identity, encodeManifestNote(record)), record, study.revision)
  tell(record, content)
  return { kind: 'made', record }
}

/** Whether the bytes can still be given: the row is there (`check` removes that of a damaged file), and its file in its size. */
async function isWhole({ catalog, storage }: ManifestParts, record: ManifestRecord): Promise<boolean> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  return facts !== undefined && (await storage.size(facts.storageKey)) === facts.fileSizeBytes
}

function newIdentity(parts: ManifestParts, settings: ManifestSettings, content: ManifestContent, version: number): ManifestIdentity {
  const { studyInstanceUid, copied, statedOffset } = content
  const createdAt = new Date(parts.now())
  const referenced = new Set<string>(content.series.map((series) => series.seriesInstanceUid))
  return {
    sopInstanceUid: (parts.newUid ?? newUid)(),
    seriesInstanceUid: manifestSeriesUid(studyInstanceUid, settings.retrieveLocationUid, referenced),
    seriesNumber: settings.seriesNumber,
    version,
    createdAt,
    timezoneOffset: offsetOfStudy({ stated: statedOffset, date: copied.StudyDate, time: copied.StudyTime }, settings.timezone, createdAt),
  }
}

/** File first, then everything else in one transaction; a file that no row names goes again. */
async function write(parts: ManifestParts, encoded: EncodedManifest, record: ManifestRecord, revision: number): Promise<void> {
  const { catalog, storage } = parts
  const file = await keep(storage, encoded)
  const facts: InstanceFacts = {
    sopInstanceUid: record.sopInstanceUid,
    sopClassUid: uid(KEY_OBJECT_SELECTION_DOCUMENT_STORAGE),
    seriesInstanceUid: record.seriesInstanceUid,
    studyInstanceUid: record.studyInstanceUid,
    transferSyntaxUid: uid(EXPLICIT_VR_LITTLE_ENDIAN),
    role: 'manifest',
    storageKey: file.key,
    fileSizeBytes: file.fileSizeBytes,
    dataSetOffset: file.dataSetOffset,
    sha256: file.sha256,
    source: parts.settings().aeTitle,
    receivedAt: record.createdAt,
    keys: encoded.keys,
  }
  try {
    await catalog.settleStudy(record.studyInstanceUid, revision, { facts, record, targets: parts.settings().targets })
  } catch (error) {
    const named = await catalog.findByStorageKey(file.key).catch(() => undefined)
    if (named === undefined) await storage.remove(file.key).catch(() => undefined)
    throw error
  }
}

async function keep(storage: Storage, { header, dataSet }: EncodedManifest): Promise<KeptFile> {
  const draft = await storage.draft('manifests')
  try {
    draft.begin(header)
    for (let start = 0; start < dataSet.length; start += WRITE_BYTES) await draft.write(dataSet.subarray(start, start + WRITE_BYTES))
    return await draft.keep()
  } catch (error) {
    await draft.discard()
    throw error
  }
}

function tell(record: ManifestRecord, content: ManifestContent): void {
  const { sopInstanceUid, studyInstanceUid, version, instanceCount, reason } = record
  log.info('manifest made', {
    StudyInstanceUID: studyInstanceUid,
    SOPInstanceUID: sopInstanceUid,
    version,
    instances: instanceCount,
    reason,
  })
  if (content.leftOut.length === 0) return
  log.warn('attributes of the study are not valid and left out of its manifest', {
    StudyInstanceUID: studyInstanceUid,
    attributes: content.leftOut,
  })
}
