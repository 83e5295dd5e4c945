/** The Image Library of a MADO manifest: TID 1600 with one group for each series (TID 1602) and one entry for each instance (TID 1601),
 *  whose descriptors hang below it (IHE RAD Supplement MADO, Tables 6.X.2.9-1 to 6.X.2.9-4; PS3.16 TID 1600 to 1602, 1609).
 *
 *  Promises: counts are those of the evidence; every container is SEPARATE. */

import { type MadoVocabulary, nomenclatures } from '../config/nomenclatures.ts'
import type { ElementWriter } from '../dicom/element-writer.ts'
import type { Code } from './codes.ts'
import type { ManifestContent, ManifestInstance, ManifestSeries } from './evidence.ts'
import {
  codeItem,
  codeSequence,
  containerItem,
  dateItem,
  type Fill,
  item,
  items,
  numberItem,
  referenceItem,
  textItem,
  timeItem,
  uidItem,
} from './kos-items.ts'
import { type MadoDescription, modalityCode } from './mado-content.ts'
import type { Pace } from './pace.ts'

const CONTEXT = 'HAS ACQ CONTEXT'
const dcm = (value: string, meaning: string) => codeSequence({ value, scheme: 'DCM', meaning })
const units = (value: string) => codeSequence({ value: `{${value}}`, scheme: 'UCUM', meaning: value })

/** PS3.16 Annex D. */
const NAMES = {
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  targetRegion: dcm('123014', 'Target Region'),
  seriesNumber: dcm('113607', 'Series Number'),
  seriesInstanceUid: dcm('112002', 'Series Instance UID'),
  numberOfFrames: dcm('121140', 'Number of Frames'),
  instanceNumber: dcm('113609', 'Instance Number'),
  documentTitle: dcm('121144', 'Document Title'),
} as const
const UNITS = { series: units('series'), instances: units('instances'), frames: units('frames') } as const

/** @returns one item: the container of the whole */
export async function imageLibrary(
  { series }: ManifestContent,
  { modalities, regions }: MadoDescription,
  vocabulary: MadoVocabulary,
  pace: Pace,
): Promise<Buffer> {
  const head: Fill[] = [
    ...modalities.map((code) => codeItem(CONTEXT, NAMES.modality, code)),
    ...regions.map((code) => codeItem(CONTEXT, NAMES.targetRegion, code)),
    numberItem(CONTEXT, codeSequence(vocabulary.numberOfStudyRelatedSeries), String(series.length), UNITS.series),
  ]
  const groups: Buffer[] = []
  for (const one of series) groups.push(await group(one, vocabulary, pace))
  return item(containerItem(NAMES.imageLibrary, Buffer.concat([...head.map(item), ...groups])))
}

async function group(series: ManifestSeries, vocabulary: MadoVocabulary, pace: Pace): Promise<Buffer> {
  const entries = await items(series.instances, entry, pace)
  return item(containerItem(NAMES.imageLibraryGroup, Buffer.concat([...seriesDescriptors(series, vocabulary).map(item), entries])))
}

function seriesDescriptors(series: ManifestSeries, vocabulary: MadoVocabulary): readonly Fill[] {
  const { date, time, description, number, bodyPart } = series
  return [
    codeItem(CONTEXT, NAMES.modality, modalityCode(series.modality)),
    ...given(date, (text) => dateItem(CONTEXT, codeSequence(vocabulary.seriesDate), text)),
    ...given(time, (text) => timeItem(CONTEXT, codeSequence(vocabulary.seriesTime), text)),
    ...given(description, (text) => textItem(CONTEXT, codeSequence(vocabulary.seriesDescription), text)),
    ...given(number, (text) => textItem(CONTEXT, NAMES.seriesNumber, text)),
    uidItem(CONTEXT, NAMES.seriesInstanceUid, series.seriesInstanceUid),
    ...given(bodyPart, region),
    numberItem(CONTEXT, codeSequence(vocabulary.numberOfSeriesRelatedInstances), String(series.instances.length), UNITS.instances),
  ]
}

/** A code where the table has one, else the words of the instances. */
function region(bodyPart: string): Fill {
  const code: Code | undefined = nomenclatures().bodyParts.get(bodyPart)?.code
  return code === undefined ? textItem(CONTEXT, NAMES.targetRegion, bodyPart) : codeItem(CONTEXT, NAMES.targetRegion, code)
}

function entry(to: ElementWriter, instance: ManifestInstance): void {
  referenceItem(to, instance)
  const { numberOfFrames, instanceNumber, documentTitle } = instance
  const descriptors = [
    ...given(numberOfFrames, (text) => numberItem(CONTEXT, NAMES.numberOfFrames, text, UNITS.frames)),
    ...given(instanceNumber, (text) => textItem(CONTEXT, NAMES.instanceNumber, text)),
    ...given(documentTitle, (code) => codeItem(CONTEXT, NAMES.documentTitle, code)),
  ]
  if (descriptors.length > 0) to.sequence(0x0040a730, descriptors)
}

function given<Value>(value: Value | undefined, make: (value: Value) => Fill): readonly Fill[] {
  return value === undefined ? [] : [make(value)]
}
