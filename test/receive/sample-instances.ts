/** Small instances and a real door (storage and catalog on disk) for tests of reception. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { Catalog } from '../../src/catalog/contract.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { isStorageClass } from '../../src/dicom/sop-classes.ts'
import { newUid } from '../../src/dicom/uid.ts'
import type { ResponseFields } from '../../src/dimse/contract.ts'
import { configureLog } from '../../src/log.ts'
import type { Judging } from '../../src/receive/confidentiality-rules.ts'
import { type Door, type Incoming, receiveInstance } from '../../src/receive/store-instance.ts'
import type { Storage } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { judging } from './usual-judging.ts'

export const CT = '1.2.840.10008.5.1.4.1.1.2'
export const KOS = '1.2.840.10008.5.1.4.1.1.88.59'
export const EXPLICIT = '1.2.840.10008.1.2.1'
export const MiB = 1024 * 1024

export interface Sample {
  sopClassUid?: string
  sopInstanceUid?: string
  studyInstanceUid?: string
  seriesInstanceUid?: string
  patientId?: string
  patientName?: string
  /** Document title: code value and scheme. */
  title?: readonly [code: string, scheme: string, meaning: string]
  pixelBytes?: number
  /** What the pixels are filled with. */
  fill?: number
}

export interface SampleInstance extends Incoming {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly studyInstanceUid: string
  readonly dataSet: Buffer
}

/** Explicit VR Little Endian. An empty text leaves the element with zero length. */
export function sample(options: Sample = {}): SampleInstance {
  const uids = {
    sopClassUid: options.sopClassUid ?? CT,
    sopInstanceUid: options.sopInstanceUid ?? newUid(),
    studyInstanceUid: options.studyInstanceUid ?? newUid(),
    seriesInstanceUid: options.seriesInstanceUid ?? newUid(),
  }
  const writer = new ElementWriter({ explicit: true })
    .element(0x00080005, 'CS', 'ISO_IR 192')
    .element(0x00080016, 'UI', uids.sopClassUid)
    .element(0x00080018, 'UI', uids.sopInstanceUid)
    .element(0x00080060, 'CS', options.title === undefined ? 'CT' : 'KO')
    .element(0x00100010, 'PN', options.patientName ?? 'Doe^Jane')
    .element(0x00100020, 'LO', options.patientId ?? 'P1')
    .element(0x0020000d, 'UI', uids.studyInstanceUid)
    .element(0x0020000e, 'UI', uids.seriesInstanceUid)
    .element(0x00200013, 'IS', '1')
  const { title } = options
  if (title !== undefined) {
    writer.sequence(0x0040a043, [
      (item) => item.element(0x00080100, 'SH', title[0]).element(0x00080102, 'SH', title[1]).element(0x00080104, 'LO', title[2]),
    ])
  }
  writer.bytes(0x7fe00010, 'OW', Buffer.alloc(options.pixelBytes ?? 512, options.fill ?? 7))
  return { ...uids, transferSyntaxUid: EXPLICIT, source: 'MODALITY', dataSet: writer.finish() }
}

/** As a file. */
export function part10(instance: SampleInstance): Buffer {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = instance
  return Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }), dataSet])
}

export interface OpenedDoor extends Judging {
  readonly path: string
  readonly door: Door
  readonly storage: Storage
  readonly catalog: Catalog
  /** Study Instance UIDs of which the manifest stage was told. */
  readonly told: string[]
}

const open = new Set<Catalog>()

/** Closes every catalog opened by {@link openDoor}. */
export async function closeAll(): Promise<void> {
  for (const catalog of open) await catalog.close()
  open.clear()
}

export async function openDoor(
  options: Partial<Pick<Door, 'duplicates' | 'now'>> & { path?: string; maxInstanceBytes?: number; reserveBytes?: number } = {},
): Promise<OpenedDoor> {
  const path = options.path ?? temporaryFolder()
  const { reserveBytes = 0, maxInstanceBytes = 64 * MiB } = options
  const storage = await openStorage({ path, reserveBytes, maxInstanceBytes })
  const catalog = await openCatalog(join(path, 'catalog.sqlite'))
  open.add(catalog)
  const told: string[] = []
  const door: Door = {
    storage,
    catalog,
    duplicates: options.duplicates ?? 'keep',
    path,
    now: options.now ?? Date.now,
    kept: (studyInstanceUid) => void told.push(studyInstanceUid),
    isStorable: isStorageClass,
    ...judging,
  }
  return { path, door, storage, catalog, told, ...judging }
}

/** Sends an instance through the door as an association would. */
export async function store(door: Door, instance: Incoming & { dataSet: Buffer }, fragmentBytes = 16_384): Promise<ResponseFields> {
  const sink = receiveInstance(door, instance)
  const { dataSet } = instance
  for (let at = 0; at < dataSet.length; at += fragmentBytes) await sink.write(dataSet.subarray(at, at + fragmentBytes))
  return sink.end()
}

/** The same object with some methods taken over. */
export function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name)
      return typeof value === 'function' && !(name in methods) ? value.bind(target) : value
    },
  })
}

export function removeCatalog(path: string, which: readonly string[] = ['', '-wal', '-shm']): void {
  for (const suffix of which) rmSync(join(path, `catalog.sqlite${suffix}`), { force: true })
}

/** What these tests provoke is no news. */
export function silenceLog(): void {
  configureLog({ stream: new Writable({ write: (_chunk, _encoding, done) => done() }) })
}
