/** Contents that every dialect is tried with, and what is read back of them. */
import type { EvidenceSeries } from '../../src/catalog/contract.ts'
import type { DataSet } from '../../src/dicom/data-set.ts'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { uid } from '../../src/dicom/uid.ts'
import type { DialectSettings } from '../../src/manifest/dialect-settings.ts'
import { type Dialect, encodeManifest } from '../../src/manifest/dialects.ts'
import { type ManifestContent, type ManifestSource, manifestContent } from '../../src/manifest/evidence.ts'
import type { ManifestIdentity } from '../../src/manifest/kos-modules.ts'
import { CT, identity, patient, series, source, study } from './sample-study.ts'

export const KOS = '1.2.840.10008.5.1.4.1.1.88.59'
export const MULTI_FRAME_US = '1.2.840.10008.5.1.4.1.1.3.1'
export const BASE = 'https://pacs.example/aets/ARIANE/rs'

export const ofInterest = codes({ value: '113000', scheme: 'DCM', meaning: 'Of Interest' })
export const act = codes({ value: 'ZBQK002', scheme: 'CCAM', meaning: 'Radiographie du thorax' })

/** A code sequence as the catalog keeps it. */
export function codes(...all: readonly { value: string; scheme: string; meaning: string }[]): string {
  const text = (vr: string, value: string) => ({ vr, Value: [value] })
  return JSON.stringify(
    all.map(({ value, scheme, meaning }) => ({
      '00080100': text('SH', value),
      '00080102': text('SH', scheme),
      '00080104': text('LO', meaning),
    })),
  )
}

export const chest = series(1, [CT, CT], {
  SeriesDate: '20260115',
  SeriesTime: '101600',
  SeriesDescription: 'Parenchyme',
  BodyPartExamined: 'CHEST',
})
export const cine: EvidenceSeries = withFrames(series(2, [MULTI_FRAME_US], { Modality: 'US', BodyPartExamined: 'SOMEWHERE' }), '120')
export const keyImages: EvidenceSeries = titled(series(3, [KOS], { Modality: 'KO', SeriesDescription: 'Images clés' }))

function withFrames(of: EvidenceSeries, numberOfFrames: string): EvidenceSeries {
  return { ...of, instances: of.instances.map((one) => ({ ...one, numberOfFrames })) }
}

function titled(of: EvidenceSeries): EvidenceSeries {
  return { ...of, instances: of.instances.map((one) => ({ ...one, documentTitle: ofInterest })) }
}

/** Everything that MADO asks for. */
export const whole: Partial<ManifestSource> = {
  retrieveUrl: BASE,
  patientIdIssuer: 'HOSPITAL',
  patientIdIssuerOid: uid('1.2.3.100'),
  accessionIssuerOid: uid('1.2.3.101'),
  placerIssuerOid: uid('1.2.3.102'),
}

export interface Sample {
  readonly keys?: IndexKeys
  readonly evidence?: readonly EvidenceSeries[]
  readonly from?: Partial<ManifestSource>
  readonly mado?: Partial<DialectSettings['mado']>
  readonly drimbox?: Partial<DialectSettings['drimbox']>
}

export function contentOf({
  keys = patient,
  evidence = [chest, cine, keyImages],
  from = whole,
  mado,
  drimbox,
}: Sample = {}): ManifestContent {
  const settings = { mado: { ...source.mado, ...mado }, drimbox: { ...source.drimbox, ...drimbox } }
  return manifestContent(study(keys), evidence, { ...source, ...from, ...settings })
}

export async function fileIn(dialect: Dialect, sample: Sample = {}, over: Partial<ManifestIdentity> = {}): Promise<Buffer> {
  const { header, dataSet } = await encodeManifest(dialect, contentOf(sample), { ...identity, ...over }, 'note')
  return Buffer.concat([header, dataSet])
}

export function dataSetOf(file: Buffer): DataSet {
  const { dataSetOffset, transferSyntaxUid } = readPart10Header(file)!
  return readDataSet(file.subarray(dataSetOffset), transferSyntaxUid!)
}

/** A content tree in words, one line for each item: indented, references by kind. */
export function treeOf(parent: DataSet, indent = ''): string[] {
  return parent.items(0x0040a730).flatMap((item) => [`${indent}${itemText(item)}`, ...treeOf(item, `${indent}  `)])
}

function itemText(item: DataSet): string {
  const name = item.items(0x0040a043)[0]?.text(0x00080104)
  const coded = item.items(0x0040a168)[0]
  const measured = item.items(0x0040a300)[0]
  const units = measured?.items(0x004008ea)[0]?.text(0x00080100)
  const value = [
    coded && `${coded.text(0x00080100)} ${coded.text(0x00080102)}`,
    measured && `${measured.text(0x0040a30a)} ${units}`,
    ...[0x0040a160, 0x0040a121, 0x0040a122, 0x0040a124].map((tag) => item.text(tag)),
    item.items(0x00081199)[0]?.text(0x00081155),
  ].find((text) => text !== undefined)
  return [item.text(0x0040a010), item.text(0x0040a040), name, value].filter((text) => text !== undefined).join(' | ')
}
