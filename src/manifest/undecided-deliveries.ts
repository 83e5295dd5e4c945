/** Deliveries of manifests whose study is in conflict, seen to at each start, for they may have come back from their files without any: the worker, which sees to those of every other study,
 *  does not come to this one before somebody has decided.
 *
 *  Promises: afterwards the manifest in force of each study in conflict has a delivery to each target, waiting, done or failed. Safe to repeat.
 *  Does not: make manifests. */
import type { Catalog, StudyState } from '../catalog/contract.ts'

/** @param at  milliseconds since 1970 */
export async function ensureUndecidedDeliveries(catalog: Catalog, targets: readonly string[], at: number): Promise<void> {
  const ensure = async ({ studyInstanceUid }: StudyState): Promise<void> => {
    const inForce = (await catalog.manifestsOf(studyInstanceUid)).find((record) => record.state === 'in force')
    if (inForce !== undefined) await catalog.ensureDeliveries(inForce.sopInstanceUid, targets, at)
  }
  // At once, so that they share a commit.
  await Promise.all((await catalog.studiesInConflict()).map(ensure))
}
