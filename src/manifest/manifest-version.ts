/** One version of one manifest: whether there is something new to say, and its file.
 *
 *  Promises: same content, no new version; changed content, or a file that was lost, a new SOP Instance UID, version + 1. The file is on disk
 *  before the catalog is told. Where the catalog refuses, {@link discard} takes it away again.
 *  The file notes its record (manifest-note.ts): after the loss of the catalog the same content still makes no new version.
 *  What is not valid by its dialect's rules (validate/) is not kept and never sent.
 *  Does not: change the catalog. @throws NodeError STORAGE_FULL, STORAGE_FAILED, CATALOG_FAILED */
import type { InstanceFacts, ManifestChange, ManifestRecord, StudyState } from '../catalog/contract.ts'
import { encodeManifestNote } from '../catalog/manifest-note.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { offsetOfStudy } from '../dicom/time-zone.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { newUid, type Uid, uid } from '../dicom/uid.ts'
import type { KeptFile, Storage } from '../storage/contract.ts'
import type { ManifestParts, ManifestSettings } from './build-manifest.ts'
import type { Chain } from './chains.ts'
import { contentDigest, type Dialect, type EncodedManifest, encodeManifest } from './dialects.ts'
import { type ManifestContent, manifestContent } from './evidence.ts'
import type { ManifestIdentity } from './kos-modules.ts'
import { manifestSeriesUid } from './manifest-series.ts'
import { patientKeyOf } from './patient-key.ts'
import { findingsOf } from './validate/validate-manifest.ts'

export type Made = Extract<ManifestChange, { kind: 'made' }>

export type Version =
  | { readonly kind: 'made'; readonly change: Made; readonly content: ManifestContent }
  /** The one in force says the same. */
  | { readonly kind: 'unchanged'; readonly record: ManifestRecord }
  /** Nothing to refer to. */
  | { readonly kind: 'empty' }
  /** What would be said is not valid: it is not sent. `findings` in words, without values of a patient. */
  | { readonly kind: 'withheld'; readonly findings: readonly string[] }

/** Why now, in words, and who asked. */
export interface Because {
  readonly reason: string
  readonly actor: string
}

export async function nextVersion(parts: ManifestParts, study: StudyState, chain: Chain, because: Because): Promise<Version> {
  const settings = parts.settings()
  const content = manifestContent(study, chain.evidence, { ...settings, retrieveAeTitle: settings.aeTitle })
  if (content.instanceCount === 0) return { kind: 'empty' }
  const digest = await contentDigest(chain.dialect, content)
  const { inForce } = chain
  const isSame = inForce?.contentDigest === digest
  if (isSame && (await isWhole(parts, inForce))) return { kind: 'unchanged', record: inForce }
  const identity = newIdentity(parts, content, chain)
  const record: ManifestRecord = {
    sopInstanceUid: identity.sopInstanceUid,
    studyInstanceUid: study.studyInstanceUid,
    confidentiality: chain.confidentiality,
    dialect: chain.dialect,
    seriesInstanceUid: identity.seriesInstanceUid,
    version: identity.version,
    contentDigest: digest,
    patientKey: patientKeyOf(study.keys),
    state: 'in force',
    instanceCount: content.instanceCount,
    createdAt: identity.createdAt.getTime(),
    reason: isSame ? `version ${inForce.version} has lost its file` : because.reason,
  }
  const encoded = await encodeManifest(chain.dialect, content, identity, encodeManifestNote(record))
  const findings = await errorsIn(
    Buffer.concat([encoded.header, encoded.dataSet]),
    { studyInstanceUid: record.studyInstanceUid, dialect: chain.dialect },
    settings,
  )
  if (findings.length > 0) return { kind: 'withheld', findings }
  const facts = factsOf(record, encoded, await keep(parts.storage, encoded), settings.aeTitle)
  const others = settings.targets.map(({ name }) => name).filter((name) => !chain.targets.includes(name))
  return { kind: 'made', change: { kind: 'made', facts, record, targets: chain.targets, others, actor: because.actor }, content }
}

/** What is wrong with a manifest of ours, in words, without values of a patient: with anything it must not leave.
 *  @param file  Part 10 */
export async function errorsIn(
  file: Buffer,
  { studyInstanceUid, dialect }: { readonly studyInstanceUid: Uid; readonly dialect: Dialect },
  { aeTitle, retrieveLocationUid }: ManifestSettings,
): Promise<readonly string[]> {
  const findings = await findingsOf(file, { studyInstanceUid, aeTitle, retrieveLocationUid, dialect })
  return findings.filter(({ severity }) => severity === 'error').map(({ path, text, section }) => `${path}: ${text} (${section})`)
}

/** The file of a version that the catalog did not take. */
export async function discard({ catalog, storage }: ManifestParts, { facts }: Made): Promise<void> {
  const named = await catalog.findByStorageKey(facts.storageKey).catch(() => undefined)
  if (named === undefined) await storage.remove(facts.storageKey).catch(() => undefined)
}

/** Whether the bytes can still be given: the row is there (`check` removes that of a damaged file), and its file in its size. */
async function isWhole({ catalog, storage }: ManifestParts, record: ManifestRecord): Promise<boolean> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  return facts !== undefined && (await storage.size(facts.storageKey)) === facts.fileSizeBytes
}

export function newIdentity(parts: ManifestParts, content: ManifestContent, chain: Chain): ManifestIdentity {
  const settings = parts.settings()
  const { studyInstanceUid, copied, statedOffset } = content
  const createdAt = new Date(parts.now())
  const referenced = new Set<string>(content.series.map((series) => series.seriesInstanceUid))
  return {
    sopInstanceUid: (parts.newUid ?? newUid)(),
    seriesInstanceUid: manifestSeriesUid(studyInstanceUid, settings.retrieveLocationUid, referenced, chain),
    seriesNumber: settings.seriesNumber,
    version: chain.version + 1,
    createdAt,
    timezoneOffset: offsetOfStudy({ stated: statedOffset, date: copied.StudyDate, time: copied.StudyTime }, settings.timezone, createdAt),
  }
}

function factsOf(record: ManifestRecord, encoded: EncodedManifest, file: KeptFile, source: string): InstanceFacts {
  return {
    sopInstanceUid: record.sopInstanceUid,
    sopClassUid: uid(KEY_OBJECT_SELECTION_DOCUMENT_STORAGE),
    seriesInstanceUid: record.seriesInstanceUid,
    studyInstanceUid: record.studyInstanceUid,
    transferSyntaxUid: uid(EXPLICIT_VR_LITTLE_ENDIAN),
    role: 'manifest',
    confidentiality: record.confidentiality,
    storageKey: file.key,
    fileSizeBytes: file.fileSizeBytes,
    dataSetOffset: file.dataSetOffset,
    sha256: file.sha256,
    source,
    receivedAt: record.createdAt,
    keys: encoded.keys,
  }
}

const WRITE_BYTES = 256 * 1024

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
