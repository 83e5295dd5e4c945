/** Deletes the instances of a study, or of one series of it: the one way in which this product deletes what it has acknowledged.
 *
 *  Promises: availability is a lock (CI-SIS, volet « Références d'objets d'imagerie », 4.1): nothing that a manifest in force refers to is deleted.
 *  In this order: the intent is on disk; the instances are hidden from everybody; the manifests are revised or withdrawn and the deliveries that tell
 *  so are rows (IHE RAD TF-2 4.68); then rows go, then files. A crash at any point leaves something that {@link resumeDeletions} brings to its end.
 *  What arrives meanwhile, also again, is new and stays. The manifests themselves stay, as they were, hidden; so do their records and the history,
 *  which tells of the deletion.
 *  Does not: decide what is to be deleted. Works in small portions, with {@link DeletionParts.rest} between them, beside a running node or within it.
 *  @throws NodeError CATALOG_FAILED, STORAGE_FAILED, STORAGE_FULL (a revised manifest cannot be written): the deletion is then taken up later */
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Deletion, DeletionLimits, DeletionUnderWay, ManifestRecord } from '../catalog/contract.ts'
import type { Uid } from '../dicom/uid.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { syncFolder } from '../storage/day-folders.ts'
import { forgetIntent, intend, intents, isIntended } from '../storage/deletion-intents.ts'
import { buildManifest, type ManifestParts } from './build-manifest.ts'
import type { Because } from './manifest-version.ts'
import { withdrawInForce } from './withdraw-in-force.ts'

export interface DeletionParts extends ManifestParts {
  /** `storage.path` */
  readonly path: string
  /** Called between two portions: waits while others need the machine. */
  readonly rest?: () => Promise<void> | undefined
  /** Asked between two portions: a deletion that is stopped is taken up later. */
  readonly isStopped?: () => boolean
  /** Called after each portion. */
  readonly progress?: (step: 'hidden' | 'removed', instances: number) => void
}

export interface WhatToDelete extends Pick<DeletionLimits, 'lastReceivedBefore'> {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid?: Uid
  readonly reason: string
  readonly actor: string
  readonly withdraw: boolean
}

export type DeletionOutcome =
  | {
      readonly kind: 'deleted'
      readonly instances: number
      readonly bytes: number
      /** New versions, without what is deleted. */
      readonly made: readonly ManifestRecord[]
      readonly withdrawn: readonly ManifestRecord[]
    }
  /** Manifests in force refer to it. */
  | { readonly kind: 'locked'; readonly by: readonly ManifestRecord[] }
  | { readonly kind: 'nothing to delete' }
  /** A series of a study with more than one patient: which manifest would be right is not decided. */
  | { readonly kind: 'conflict' }
  /** As {@link DeletionParts.isStopped} asked. */
  | { readonly kind: 'stopped' }

const FILES_AT_ONCE = 100
/** Each further one means that the manifest stage of another process has built the study at the same moment. */
const MOST_ATTEMPTS = 8

export async function deleteInstances(parts: DeletionParts, what: WhatToDelete): Promise<DeletionOutcome> {
  const { lastReceivedBefore, ...of } = what
  const study = await parts.catalog.findStudy(of.studyInstanceUid)
  if (study?.inConflict && of.seriesInstanceUid !== undefined) return { kind: 'conflict' }
  const deletion: Deletion = { id: randomUUID(), at: parts.now(), ...of }
  await intend(parts.path, deletion)
  return carryOut(parts, deletion, { lastReceivedBefore })
}

/** Brings to their end the deletions that a crash, or somebody's interruption, has left.
 *  @returns how many */
export async function resumeDeletions(parts: DeletionParts): Promise<number> {
  await removeFiles(parts)
  await hideUnfinished(parts)
  let resumed = 0
  for (const deletion of await parts.catalog.deletionsUnderWay()) if (await resumeOne(parts, deletion)) resumed++
  return resumed
}

/** The first part of {@link resumeDeletions}, before anybody is answered: what was being deleted is given to nobody. */
export async function hideUnfinished(parts: DeletionParts): Promise<void> {
  const { catalog, path } = parts
  for (const intent of await intents(path)) {
    if ((await catalog.findDeletion(intent.id)) !== undefined || !(await isIntended(path, intent.id))) continue
    // Before the catalog heard of it, or the catalog is another one: what came later is not meant.
    const begun = await catalog.beginDeletion(intent, { receivedUntil: intent.at })
    if (begun.kind === 'locked' || begun.kind === 'nothing to delete') await forgetIntent(path, intent.id)
  }
  for (const { id } of await catalog.deletionsUnderWay()) await hideAll(parts, id)
}

/** One that fails holds up no other. */
async function resumeOne(parts: DeletionParts, deletion: Deletion): Promise<boolean> {
  const named = { StudyInstanceUID: deletion.studyInstanceUid, reason: deletion.reason }
  try {
    log.warn('a deletion that was begun is taken up', named)
    return (await finish(parts, deletion)).kind === 'deleted'
  } catch (error) {
    log.error('a deletion that was begun cannot go on; it is taken up later', { ...named, error })
    return false
  }
}

async function carryOut(parts: DeletionParts, deletion: Deletion, limits: DeletionLimits): Promise<DeletionOutcome> {
  for (;;) {
    const begun = await parts.catalog.beginDeletion(deletion, limits)
    if (begun.kind === 'begun') return finish(parts, deletion)
    if (begun.kind !== 'another is under way') {
      await forgetIntent(parts.path, deletion.id)
      return begun
    }
    const other = await finish(parts, begun.other)
    if (other.kind === 'stopped') return other
  }
}

async function finish(parts: DeletionParts, deletion: Deletion): Promise<DeletionOutcome> {
  const { catalog, path } = parts
  if (!(await hideAll(parts, deletion.id))) return { kind: 'stopped' }
  const { made, withdrawn } = await settle(parts, deletion)
  if (!(await removeAll(parts, deletion.id))) return { kind: 'stopped' }
  await forgetIntent(path, deletion.id)
  const before = await catalog.findDeletion(deletion.id)
  const ended = (await catalog.endDeletion(deletion.id)) ?? before
  if (ended !== undefined) tell(ended, made, withdrawn)
  return { kind: 'deleted', instances: ended?.instances ?? 0, bytes: ended?.bytes ?? 0, made, withdrawn }
}

function tell(ended: DeletionUnderWay, made: readonly ManifestRecord[], withdrawn: readonly ManifestRecord[]): void {
  const { studyInstanceUid, seriesInstanceUid, instances, bytes, reason, actor } = ended
  const names = { StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: seriesInstanceUid }
  log.warn('instances deleted', { ...names, instances, bytes, reason, actor, made: made.length, withdrawn: withdrawn.length })
}

/** @returns whether all are hidden */
async function hideAll(parts: DeletionParts, id: string): Promise<boolean> {
  let after: string | undefined
  do {
    if (parts.isStopped?.() === true) return false
    after = await parts.catalog.hideDeleted(id, after)
    parts.progress?.('hidden', (await parts.catalog.findDeletion(id))?.hidden ?? 0)
    await parts.rest?.()
  } while (after !== undefined)
  return true
}

interface Revised {
  readonly made: readonly ManifestRecord[]
  readonly withdrawn: readonly ManifestRecord[]
}

/** Until no manifest in force refers to what is hidden, whoever has seen to it. */
async function settle(parts: DeletionParts, deletion: Deletion): Promise<Revised> {
  const { catalog } = parts
  const made: ManifestRecord[] = []
  const withdrawn: ManifestRecord[] = []
  for (let attempt = 1; !(await catalog.isDeletionSettled(deletion.id)); attempt++) {
    try {
      const revised = await revise(parts, deletion)
      made.push(...revised.made)
      withdrawn.push(...revised.withdrawn)
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !(error instanceof NodeError) || error.code !== 'CATALOG_FAILED') throw error
    }
    if (attempt > MOST_ATTEMPTS) throw new NodeError('CATALOG_FAILED', { step: 'delete', reason: 'its manifests cannot be revised' })
  }
  return { made, withdrawn }
}

async function revise(parts: DeletionParts, { studyInstanceUid, reason, actor }: Deletion): Promise<Revised> {
  const outcome = await buildManifest(parts, studyInstanceUid, reason, actor)
  if (outcome.kind === 'unknown study') return { made: [], withdrawn: [] }
  if (outcome.kind !== 'conflict') return outcome
  const withdrawn = await withdrawAll(parts, studyInstanceUid, { reason, actor })
  return { made: [], withdrawn: [...outcome.withdrawn, ...withdrawn] }
}

/** None is made of a study in conflict; those that were made before it refer to what is hidden now. */
async function withdrawAll(parts: DeletionParts, studyInstanceUid: Uid, because: Because): Promise<readonly ManifestRecord[]> {
  const { catalog } = parts
  const study = await catalog.findStudy(studyInstanceUid)
  if (study === undefined) return []
  return withdrawInForce(parts, study, await catalog.manifestsOf(studyInstanceUid), because)
}

/** @returns whether all are gone */
async function removeAll(parts: DeletionParts, id: string): Promise<boolean> {
  let removed = 0
  for (;;) {
    if (parts.isStopped?.() === true) return false
    const rows = await parts.catalog.removeDeleted(id)
    await removeFiles(parts)
    if (rows === 0) return true
    removed += rows
    parts.progress?.('removed', removed)
    await parts.rest?.()
  }
}

/** Those that no row names any more. */
async function removeFiles({ catalog, storage, path }: DeletionParts): Promise<void> {
  for (;;) {
    const keys = await catalog.filesToRemove(FILES_AT_ONCE)
    if (keys.length === 0) return
    await Promise.all(keys.map((key) => storage.remove(key)))
    // A name that came back after a power failure would be taken for an instance that has lost its row.
    for (const folder of new Set(keys.map((key) => dirname(join(path, key))))) await syncIfThere(folder)
    await catalog.filesRemoved(keys)
  }
}

async function syncIfThere(folder: string): Promise<void> {
  try {
    await syncFolder(folder)
  } catch (error) {
    if (!(error instanceof NodeError) || error.details.errno !== 'ENOENT') throw error
  }
}
