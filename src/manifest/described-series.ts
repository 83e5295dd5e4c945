/** What the catalog knows of the series of a study, for a person who reads a manifest: the manifest itself names UIDs alone. */
import type { Catalog, CatalogQuery } from '../catalog/contract.ts'
import type { LevelSet } from '../dicom/confidentiality.ts'
import { parseUid } from '../dicom/uid.ts'
import type { SeriesDescription } from './manifest-tree.ts'

const PAGE = 1_000

/** By Series Instance UID; empty where the text is no UID or the study is not here. What only instances of other levels than `levels` have brought is
 *  not in it. */
export async function describedSeries(
  catalog: Pick<Catalog, 'find'>,
  studyInstanceUid: string,
  levels: LevelSet,
): Promise<ReadonlyMap<string, SeriesDescription>> {
  const known = new Map<string, SeriesDescription>()
  const uid = parseUid(studyInstanceUid)
  if (uid === undefined) return known
  const query: CatalogQuery = {
    level: 'SERIES',
    conditions: [{ keyword: 'StudyInstanceUID', kind: 'value', value: uid }],
    derived: [],
    values: ['SeriesInstanceUID', 'Modality', 'SeriesNumber', 'SeriesDescription'],
    includeManifests: false,
    levels,
  }
  for (let after: string | undefined, isMore = true; isMore; isMore = after !== undefined) {
    const page = await catalog.find(query, PAGE, after)
    for (const { SeriesInstanceUID: series = '', Modality: modality, SeriesNumber: number, SeriesDescription: description } of page.items)
      known.set(series, { modality, number, description })
    after = page.next
  }
  return known
}
