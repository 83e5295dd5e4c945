/** What people do to the manifests of a study, from the command line or the page: one function for each act.
 *
 *  Promises: who asked is in the journal of decisions, or in the history of the study. Manifests follow at once, but where an identity is
 *  resolved: then within a minute.
 *  Does not: ask whether the caller may (the endpoint did).
 *  @throws NodeError STORAGE_FULL, STORAGE_FAILED, CATALOG_FAILED */
import type { ManifestRecord, Uid } from '../catalog/contract.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { NodeError } from '../errors.ts'
import { decide } from '../storage/decisions.ts'
import { type BuildOutcome, buildManifest, type ManifestParts } from './build-manifest.ts'
import { namesOfTargets } from './chains.ts'

export interface ActionParts extends ManifestParts {
  /** `storage.path`, where the journal of decisions is. */
  readonly path: string
}

/** Whoever asks for a manifest that was withdrawn means that there shall be one again. */
export async function buildNow(parts: ActionParts, studyInstanceUid: Uid, actor: string): Promise<BuildOutcome> {
  await allowManifest(parts, studyInstanceUid, actor)
  return buildManifest(parts, studyInstanceUid, 'asked by operator', actor)
}

/** @returns whether it was withheld until now */
export async function allowManifest(parts: ActionParts, studyInstanceUid: Uid, actor: string): Promise<boolean> {
  if ((await parts.catalog.findStudy(studyInstanceUid))?.withheld === undefined) return false
  await decide(parts, { kind: 'manifest allowed', studyInstanceUid }, actor)
  return true
}

/** None is made until somebody asks for one. @returns those that were in force */
export async function withdrawAll(
  parts: ActionParts,
  studyInstanceUid: Uid,
  reason: string,
  actor: string,
): Promise<readonly ManifestRecord[]> {
  await decide(parts, { kind: 'manifest withheld', studyInstanceUid, reason }, actor)
  const outcome = await buildManifest(parts, studyInstanceUid, reason, actor)
  return 'withdrawn' in outcome ? outcome.withdrawn : []
}

/** @param of  the whole study where no series is named; without a level the rules say it again, for what is to come */
export async function decideLevel(
  parts: ActionParts,
  of: { readonly studyInstanceUid: Uid; readonly seriesInstanceUid?: Uid },
  level: Confidentiality | undefined,
  actor: string,
): Promise<BuildOutcome> {
  await decide(parts, { kind: 'confidentiality decided', ...of, level }, actor)
  return buildManifest(parts, of.studyInstanceUid, 'asked by operator', actor)
}

/** @param number  of one of its identities
 *  @throws NodeError INVALID_ARGUMENT where it has none of that number */
export async function resolveIdentity(parts: ActionParts, studyInstanceUid: Uid, number: number, actor: string): Promise<void> {
  const identities = await parts.catalog.identitiesOf(studyInstanceUid)
  const chosen = identities.find((one) => one.number === number)
  if (chosen === undefined) throw new NodeError('INVALID_ARGUMENT', { studyInstanceUid, identity: number })
  const others = identities.filter((one) => one !== chosen).map(({ keys }) => keys)
  await decide(parts, { kind: 'identity chosen', studyInstanceUid, patient: chosen.keys, others }, actor)
}

/** Every manifest in force goes to its targets once more. @returns each with whom it goes to */
export async function publishAgain(
  parts: ActionParts,
  studyInstanceUid: Uid,
  actor: string,
): Promise<readonly { readonly record: ManifestRecord; readonly targets: readonly string[] }[]> {
  const inForce = (await parts.catalog.manifestsOf(studyInstanceUid)).filter(({ state }) => state === 'in force')
  const sent = []
  for (const record of inForce) {
    const targets = namesOfTargets(parts.settings().targets, record)
    const isDone = targets.length > 0 && (await parts.catalog.deliverAgain(record.sopInstanceUid, targets, { at: parts.now(), actor }))
    sent.push({ record, targets: isDone ? targets : [] })
  }
  return sent
}
