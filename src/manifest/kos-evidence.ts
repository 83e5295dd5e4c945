/** Current Requested Procedure Evidence Sequence (0040,A375): one item, the study (PS3.3 Tables C.17-3 and C.17-3a; IHE RAD TF-2
 *  4.68.4.1.2.1.1). In every series stands where to retrieve it from. */
import type { ElementWriter } from '../dicom/element-writer.ts'
import type { ManifestContent, ManifestInstance, ManifestSeries } from './evidence.ts'
import { item, items, referencedSop } from './kos-items.ts'
import type { Pace } from './pace.ts'

/** What a dialect says beside the references. */
export interface EvidenceExtras {
  /** Retrieve URL (0008,1190) of a series. */
  readonly retrieveUrl: (series: ManifestSeries) => string | undefined
  readonly inSeries?: (to: ElementWriter, series: ManifestSeries) => void
  readonly inInstance?: (to: ElementWriter, instance: ManifestInstance) => void
}

/** @returns the value of the sequence */
export async function evidence(content: ManifestContent, extras: EvidenceExtras, pace: Pace): Promise<Buffer> {
  const series: Buffer[] = []
  for (const one of content.series) series.push(await seriesItem(one, content, extras, pace))
  return item((study) => {
    study.element(0x0020000d, 'UI', content.studyInstanceUid)
    study.bytes(0x00081115, 'SQ', Buffer.concat(series))
  })
}

async function seriesItem(series: ManifestSeries, { source }: ManifestContent, extras: EvidenceExtras, pace: Pace): Promise<Buffer> {
  const instances = await items(series.instances, (to, one) => instanceItem(to, one, extras), pace)
  await pace.step()
  const retrieveUrl = extras.retrieveUrl(series)
  return item((to) => {
    to.element(0x0020000e, 'UI', series.seriesInstanceUid)
    to.element(0x00080054, 'AE', source.retrieveAeTitle)
    to.element(0x0040e011, 'UI', source.retrieveLocationUid)
    if (retrieveUrl !== undefined) to.element(0x00081190, 'UR', retrieveUrl)
    extras.inSeries?.(to, series)
    to.bytes(0x00081199, 'SQ', instances)
  })
}

function instanceItem(to: ElementWriter, instance: ManifestInstance, extras: EvidenceExtras): void {
  referencedSop(to, instance)
  extras.inInstance?.(to, instance)
}
