/** Everything of a study that is in force is taken back, and nothing takes its place. One transaction; the study is then dealt with as far as the revision goes
 *  that was looked at. @throws NodeError CATALOG_FAILED */
import type { ManifestChange, ManifestRecord, StudyState } from '../catalog/contract.ts'
import type { ManifestParts } from './build-manifest.ts'
import type { Because } from './manifest-version.ts'

/** @param records  all manifests of the study
 *  @param also     what else is told
 *  @returns those that were in force */
export async function withdrawInForce(
  { catalog, now }: Pick<ManifestParts, 'catalog' | 'now'>,
  { studyInstanceUid, revision }: Pick<StudyState, 'studyInstanceUid' | 'revision'>,
  records: readonly ManifestRecord[],
  because: Because,
  also: readonly ManifestChange[] = [],
): Promise<readonly ManifestRecord[]> {
  const withdrawn = records.filter(({ state }) => state === 'in force')
  const at = now()
  const changes = withdrawn.map(({ sopInstanceUid }) => ({ kind: 'withdrawn', manifestUid: sopInstanceUid, at, ...because }) as const)
  await catalog.settleStudy(studyInstanceUid, revision, [...changes, ...also])
  return withdrawn
}
