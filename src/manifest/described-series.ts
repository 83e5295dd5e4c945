/** What the catalog knows of the series of a study, for a person who reads a manifest: the manifest itself names UIDs alone. */
import type { Catalog } from '../catalog/contract.ts'
import { parseUid } from '../dicom/uid.ts'
import type { SeriesDescription } from './manifest-tree.ts'

/** By Series Instance UID; empty where the text is no UID or the study is not here. */
export async function describedSeries(catalog: Catalog, studyInstanceUid: string): Promise<ReadonlyMap<string, SeriesDescription>> {
  const known = new Map<string, SeriesDescription>()
  const uid = parseUid(studyInstanceUid)
  for (const series of uid === undefined ? [] : await catalog.evidence(uid)) {
    const { Modality: modality, SeriesNumber: number, SeriesDescription: description } = series.keys
    known.set(series.seriesInstanceUid, { modality, number, description })
  }
  return known
}
