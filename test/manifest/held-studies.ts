/** A storage and a catalog on disk with studies in them, taken in through the real door, for tests of the manifest and publish stages. */
import type { Catalog, InstanceFacts, ManifestRecord } from '../../src/catalog/contract.ts'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { encoderFor } from '../../src/dicom/character-set.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import type { ManifestParts, ManifestSettings } from '../../src/manifest/build-manifest.ts'
import type { TargetOfManifests } from '../../src/manifest/chains.ts'
import { type ReadManifest, readManifest } from '../../src/manifest/read-manifest.ts'
import type { Storage } from '../../src/storage/contract.ts'
import { EXPLICIT, type OpenedDoor, openDoor, store } from '../receive/sample-instances.ts'
import { dialectDefaults } from './sample-study.ts'

export const LOCATION = uid('2.25.123456789012345678901234567890')

export const settings: ManifestSettings = {
  aeTitle: aeTitle('ARIANE'),
  retrieveLocationUid: LOCATION,
  institution: 'Hôpital de la Croix-Rousse',
  timezone: 'Europe/Paris',
  seriesNumber: 59,
  mixedLevels: 'split',
  targets: [],
  ...dialectDefaults,
}

/** A target that is given everything. */
export const target = (name: string): TargetOfManifests => ({ name, dialect: 'xds-i', levels: ['N'] })

/** What the node holds, and what its manifest stage works with. */
export interface Held extends OpenedDoor {
  readonly parts: ManifestParts
}

/** @param options.path  a storage that is there already; a new one where absent */
export async function holdNothing(
  options: { settings?: Partial<ManifestSettings>; now?: () => number; path?: string } = {},
): Promise<Held> {
  const now = options.now ?? Date.now
  const door = await openDoor({ now, path: options.path })
  const { catalog, storage } = door
  return { ...door, parts: { catalog, storage, now, settings: () => ({ ...settings, ...options.settings }) } }
}

export interface Wanted {
  readonly study: Uid
  readonly series?: Uid
  readonly seriesNumber?: number
  readonly instanceNumber?: number
  readonly sopInstanceUid?: Uid
  readonly sopClassUid?: string
  readonly characterSet?: string
  readonly patientName?: string
  readonly patientId?: string
  readonly accessionNumber?: string
  /** More elements, or others instead. */
  readonly also?: (to: ElementWriter) => void
}

/** Takes one instance in; throws where the door refuses it. */
export async function receive(held: Held, wanted: Wanted): Promise<Uid> {
  const sopInstanceUid = wanted.sopInstanceUid ?? newUid()
  const sopClassUid = wanted.sopClassUid ?? '1.2.840.10008.5.1.4.1.1.2'
  const characterSet = wanted.characterSet ?? 'ISO_IR 192'
  const to = new ElementWriter({ explicit: true, encode: encoderFor(characterSet) })
    .element(0x00080005, 'CS', characterSet)
    .element(0x00080016, 'UI', sopClassUid)
    .element(0x00080018, 'UI', sopInstanceUid)
    .element(0x00080020, 'DA', '20260115')
    .element(0x00080030, 'TM', '101500')
    .element(0x00080050, 'SH', wanted.accessionNumber)
    .element(0x00080060, 'CS', 'CT')
    .element(0x00081030, 'LO', 'Scanner thoracique')
    .element(0x0008103e, 'LO', 'Parenchyme')
    .element(0x00100010, 'PN', wanted.patientName ?? 'Doe^Jane')
    .element(0x00100020, 'LO', wanted.patientId ?? 'P1')
    .element(0x0020000d, 'UI', wanted.study)
    .element(0x0020000e, 'UI', wanted.series ?? uid(`${wanted.study}.1`))
    .element(0x00200011, 'IS', String(wanted.seriesNumber ?? 1))
    .element(0x00200013, 'IS', String(wanted.instanceNumber ?? 1))
  wanted.also?.(to)
  const answer = await store(held.door, {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: EXPLICIT,
    source: 'MODALITY',
    dataSet: to.finish(),
  })
  // A warning keeps it all the same.
  if (answer.status !== 0x0000 && answer.status >> 12 !== 0xb)
    throw new Error(`refused: ${answer.status.toString(16)} ${answer.errorComment}`)
  return sopInstanceUid
}

/** The file of a manifest as it is kept. */
export async function fileOf({ catalog, storage }: { catalog: Catalog; storage: Storage }, record: ManifestRecord): Promise<Buffer> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  return storage.readStart(facts!.storageKey, facts!.fileSizeBytes)
}

export async function manifestInForce(held: Held, study: Uid): Promise<{ record: ManifestRecord; file: Buffer; manifest: ReadManifest }> {
  const record = (await held.catalog.manifestsOf(study)).find((one) => one.state === 'in force')
  if (record === undefined) throw new Error('no manifest in force')
  const file = await fileOf(held, record)
  return { record, file, manifest: readManifest(file) }
}

/** A study of many instances as rows only: the manifest needs no more of them. */
export async function holdRows(held: Held, study: Uid, series: number, instancesEach: number): Promise<void> {
  const base: Omit<InstanceFacts, 'sopInstanceUid' | 'seriesInstanceUid' | 'storageKey' | 'keys'> = {
    sopClassUid: uid('1.2.840.10008.5.1.4.1.1.2'),
    studyInstanceUid: study,
    transferSyntaxUid: uid(EXPLICIT),
    role: 'content',
    confidentiality: 'N',
    fileSizeBytes: 1,
    dataSetOffset: 0,
    sha256: '00',
    source: 'MODALITY',
    receivedAt: held.parts.now(),
  }
  for (let at = 1; at <= series; at++) {
    const seriesInstanceUid = uid(`${study}.${at}`)
    const keys = { PatientID: 'P1', PatientName: 'Doe^Jane', Modality: 'CT', SeriesNumber: String(at) }
    const rows = Array.from({ length: instancesEach }, (_, index) =>
      held.catalog.keep({
        ...base,
        seriesInstanceUid,
        sopInstanceUid: uid(`${study}.${at}.${index + 1}`),
        storageKey: `instances/2026/01/15/${at}-${index}.dcm` as InstanceFacts['storageKey'],
        keys: { ...keys, InstanceNumber: String(index + 1) },
      }),
    )
    await Promise.all(rows)
  }
}
