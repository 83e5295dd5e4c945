/** Deliveries of manifests whose study is in conflict, seen to at each start, for they may have come back from their files without any: the worker, which sees to those of every other study,
 *  does not come to this one before somebody has decided.
 *
 *  Promises: afterwards the manifest in force of each study in conflict has a delivery to each target, waiting, done or failed. Safe to repeat.
 *  Does not: make manifests. */
import type { Catalog, StudyState } from '../catalog/contract.ts'
import { namesOfTargets, type TargetOfManifests } from './chains.ts'

/** @param at  milliseconds since 1970 */
export async function ensureUndecidedDeliveries(catalog: Catalog, targets: readonly TargetOfManifests[], at: number): Promise<void> {
  const ensure = async ({ studyInstanceUid }: StudyState): Promise<void> => {
    const inForce = (await catalog.manifestsOf(studyInstanceUid)).filter((record) => record.state === 'in force')
    await Promise.all(inForce.map((record) => catalog.ensureDeliveries(record.sopInstanceUid, namesOfTargets(targets, record), at)))
  }
  // At once, so that they share a commit.
  await Promise.all((await catalog.studiesInConflict()).map(ensure))
}
