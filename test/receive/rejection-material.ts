/** A study of two series, rejection notes about it in any encoding, and what a caller sees of it: for tests of IHE IOCM. */
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { LevelSet } from '../../src/dicom/confidentiality.ts'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { reconcile } from '../../src/receive/reconcile.ts'
import { replayDecisions } from '../../src/storage/decisions.ts'
import { fileOf, type Held, holdNothing } from '../manifest/held-studies.ts'
import { ct, dataSet, EXPLICIT_LE, encode, type Overrides, TAG, type TestDataSet, type TestElement, textOf } from '../support/data-sets.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { closeAll, KOS, removeCatalog, store } from './sample-instances.ts'

export type Code = '113000' | '113001' | '113037' | '113038' | '113039'

export interface Study {
  readonly study: Uid
  /** Two of the first series, one of the second. */
  readonly images: readonly TestDataSet[]
  readonly uids: readonly Uid[]
}

export function someStudy(more: (at: number) => Overrides = () => ({})): Study {
  const study = newUid()
  const series = [newUid(), newUid()]
  const images = [0, 0, 1].map((of, at) =>
    ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [TAG.SeriesInstanceUID]: ['UI', series[of]!],
      [TAG.Modality]: ['CS', of === 0 ? 'CT' : 'MR'],
      [TAG.InstanceNumber]: ['IS', String(at + 1)],
      ...more(at),
    }),
  )
  return { study, images, uids: images.map((image) => uid(textOf(image, TAG.SOPInstanceUID))) }
}

export const otherBytes = (image: TestDataSet): TestDataSet =>
  new Map([...image, [0x00204000, ['LT', 'other bytes'] as TestElement] as const].sort(([a], [b]) => a - b))

/** @param named  instances; of another study where `elsewhere` */
export function note(
  code: Code,
  { study, images }: Pick<Study, 'study' | 'images'>,
  named: readonly (TestDataSet | Uid)[],
  more: Overrides = {},
  elsewhere?: Uid,
): TestDataSet {
  const item = (elements: Overrides): TestDataSet => dataSet(elements)
  const reference = (one: TestDataSet | Uid): TestDataSet =>
    item({ 528720: ['UI', '1.2.840.10008.5.1.4.1.1.2'], 528725: ['UI', typeof one === 'string' ? one : textOf(one, TAG.SOPInstanceUID)] })
  const series = item({ 528793: ['SQ', named.map(reference)], 2097166: ['UI', newUid()] })
  const evidence = item({ 528661: ['SQ', [series]], 2097165: ['UI', elsewhere ?? study] })
  const title = item({ 524544: ['SH', code], 524546: ['SH', 'DCM'], 524548: ['LO', 'Title'] })
  return dataSet({
    [TAG.SpecificCharacterSet]: ['CS', 'ISO_IR 100'],
    [TAG.SOPClassUID]: ['UI', KOS],
    [TAG.SOPInstanceUID]: ['UI', newUid()],
    [TAG.StudyDate]: ['DA', '20260301'],
    [TAG.Modality]: ['CS', 'KO'],
    [TAG.PatientName]: ['PN', textOf(images[0]!, TAG.PatientName)],
    [TAG.PatientID]: ['LO', textOf(images[0]!, TAG.PatientID)],
    [TAG.StudyInstanceUID]: ['UI', study],
    [TAG.SeriesInstanceUID]: ['UI', newUid()],
    [TAG.InstanceNumber]: ['IS', '1'],
    4235331: ['SQ', [title]],
    4236149: ['SQ', named.length === 0 ? [] : [evidence]],
    ...more,
  })
}

/** @returns the status */
export async function send(held: Held, elements: TestDataSet, source = 'MODALITY', transferSyntaxUid = EXPLICIT_LE): Promise<number> {
  const [sopClassUid, sopInstanceUid] = [textOf(elements, TAG.SOPClassUID), textOf(elements, TAG.SOPInstanceUID)]
  const { status } = await store(held.door, {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid,
    source,
    dataSet: encode(elements, transferSyntaxUid),
  })
  return status
}

/** The node stops and starts again. */
export async function restarted(held: Held): Promise<Held> {
  await closeAll()
  return take(held)
}

/** The node starts again without its catalog. */
export async function rebuilt(held: Held): Promise<Held> {
  await closeAll()
  removeCatalog(held.path)
  return take(held)
}

async function take({ path, door, parts }: Held): Promise<Held> {
  const next = await holdNothing({ path })
  const { confidentialityOf, quality, duplicates } = door
  const again = {
    ...next,
    confidentialityOf,
    quality,
    door: { ...next.door, confidentialityOf, quality, duplicates },
    parts: { ...next.parts, settings: parts.settings },
  }
  await reconcile(again)
  await replayDecisions(again)
  return again
}

/** Row and file of an instance are lost. */
export async function lose(held: Held, instance: Uid): Promise<void> {
  const { storageKey } = (await held.catalog.findInstance(instance))!
  unlinkSync(join(held.path, storageKey))
  await held.catalog.forget(instance, storageKey)
}

export interface Sight {
  readonly instances: readonly string[]
  readonly retrievable: readonly string[]
  readonly series: readonly string[]
  /** Of the study, as one line; undefined where it does not exist. */
  readonly study: string | undefined
  readonly patients: number
}

/** What a caller sees of a study, at every level. */
export async function seen({ catalog }: Held, study: Uid, levels: LevelSet = EVERY_LEVEL): Promise<Sight> {
  const of = { keyword: 'StudyInstanceUID', kind: 'list', values: [study] } as const
  const ask = async (
    level: 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE',
    derived: readonly (
      | 'NumberOfStudyRelatedInstances'
      | 'NumberOfStudyRelatedSeries'
      | 'ModalitiesInStudy'
      | 'NumberOfSeriesRelatedInstances'
    )[] = [],
  ) => (await catalog.find({ level, conditions: [of], derived, includeManifests: false, levels }, 1000)).items
  const view = { levels, includeManifests: false }
  const [found] = await ask('STUDY', ['NumberOfStudyRelatedInstances', 'NumberOfStudyRelatedSeries', 'ModalitiesInStudy'])
  const retrievable = (await catalog.retrievables({ studyInstanceUids: [study] }, view, 1000)).items
    .map((one) => one.sopInstanceUid as string)
    .sort()
  if ((await catalog.countRetrievables({ studyInstanceUids: [study] }, view)) !== retrievable.length) throw new Error('two counts')
  return {
    instances: (await ask('IMAGE')).map((one) => one.SOPInstanceUID!).sort(),
    retrievable,
    series: (await ask('SERIES', ['NumberOfSeriesRelatedInstances']))
      .map((one) => `${one.Modality} ${one.NumberOfSeriesRelatedInstances}`)
      .sort(),
    study: found && `${found.NumberOfStudyRelatedInstances} in ${found.NumberOfStudyRelatedSeries}: ${found.ModalitiesInStudy}`,
    patients: (await ask('PATIENT')).length,
  }
}

/** The instances that the manifests in force refer to, after the manifest stage has been there. */
export async function referred(held: Held, study: Uid): Promise<{ kind: string; versions: number; uids: readonly string[] }> {
  const { kind } = await buildManifest(held.parts, study, 'asked')
  const records = await held.catalog.manifestsOf(study)
  const files = await Promise.all(records.filter(({ state }) => state === 'in force').map((record) => fileOf(held, record)))
  const uids = files.flatMap((file) =>
    readManifest(file).series.flatMap(({ instances }) => instances.map((one) => one.sopInstanceUid as string)),
  )
  return { kind, versions: records.length, uids: uids.sort() }
}
