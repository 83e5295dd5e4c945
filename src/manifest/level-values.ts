/** What a manifest of one confidentiality level says of patient, study and series: what the instances of that level brought. What only those of another level did
 *  is not for its readers (CI-SIS, volet « Références d'objets d'imagerie », 4.3). Where a study has one level only, its rows say it. */
import type { Catalog, StudyState } from '../catalog/contract.ts'
import type { Chain } from './chains.ts'

export async function asItsLevelSays(
  catalog: Pick<Catalog, 'valuesAt'>,
  study: StudyState,
  chain: Chain,
): Promise<{ readonly study: StudyState; readonly chain: Chain }> {
  const values = await catalog.valuesAt(study.studyInstanceUid, chain.confidentiality)
  if (values === undefined) return { study, chain }
  const evidence = chain.evidence.map((series) => ({ ...series, keys: values.series.get(series.seriesInstanceUid) ?? series.keys }))
  return { study: { ...study, keys: values.keys }, chain: { ...chain, evidence } }
}
