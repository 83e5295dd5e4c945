/** Deliveries of manifests that came back from their files while their study is in conflict: the worker, which sees to those of every other study,
 *  does not come to this one before somebody has decided.
 *
 *  Promises: afterwards the manifest in force of each study in conflict has a delivery to each target, waiting, done or failed. Safe to repeat.
 *  Does not: make manifests. */
import type { Catalog } from '../catalog/contract.ts'

/** @param at  milliseconds since 1970 */
export async function ensureUndecidedDeliveries(catalog: Catalog, targets: readonly string[], at: number): Promise<void> {
  for (const { studyInstanceUid } of await catalog.studiesInConflict()) {
    const inForce = (await catalog.manifestsOf(studyInstanceUid)).find((record) => record.state === 'in force')
    if (inForce !== undefined) await catalog.ensureDeliveries(inForce.sopInstanceUid, targets, at)
  }
}
