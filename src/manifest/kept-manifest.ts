/** The file of a manifest of this node, whole, as it is kept. */
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import type { Storage } from '../storage/contract.ts'

/** @returns undefined where its row is lost
 *  @throws NodeError STORAGE_FAILED where its file is */
export async function keptManifest(
  { catalog, storage }: { readonly catalog: Catalog; readonly storage: Storage },
  record: ManifestRecord,
): Promise<Buffer | undefined> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  return facts && storage.readStart(facts.storageKey, facts.fileSizeBytes)
}
