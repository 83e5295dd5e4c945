/** Made-up instances and a catalog in a temporary folder for the tests of this folder. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Catalog, CatalogQuery, InstanceFacts, Match, StorageKey } from '../../src/catalog/contract.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { uid } from '../../src/dicom/uid.ts'
import { EVERY_LEVEL } from '../support/levels.ts'

export const CT = uid('1.2.840.10008.5.1.4.1.1.2')
export const KOS = uid('1.2.840.10008.5.1.4.1.1.88.59')
export const EXPLICIT = uid('1.2.840.10008.1.2.1')

/** Instance `1.<study>.<series>.<instance>` of series `1.<study>.<series>` of study `1.<study>`. */
export function instance(
  study: number | string,
  series = 1,
  number = 1,
  keys: IndexKeys = {},
  more: Partial<InstanceFacts> = {},
): InstanceFacts {
  const sopInstanceUid = uid(`1.${study}.${series}.${number}`)
  return {
    sopInstanceUid,
    sopClassUid: CT,
    seriesInstanceUid: uid(`1.${study}.${series}`),
    studyInstanceUid: uid(`1.${study}`),
    transferSyntaxUid: EXPLICIT,
    role: 'content',
    confidentiality: 'N',
    storageKey: `instances/2026/11/23/${randomUUID()}.dcm` as StorageKey,
    fileSizeBytes: 1000,
    dataSetOffset: 300,
    sha256: createHash('sha256').update(sopInstanceUid).digest('hex'),
    source: 'CT1',
    receivedAt: 1_000_000 + number,
    keys: {
      PatientID: 'P1',
      PatientName: 'Dupont^Jean',
      StudyDate: '20260101',
      StudyTime: '101500',
      Modality: 'CT',
      SeriesNumber: String(series),
      InstanceNumber: String(number),
      ...keys,
    },
    ...more,
  }
}

/** Seconds; nothing but quiet time counts. */
export const RULES = { quietSeconds: 60, associationEndSeconds: 15, maxWaitSeconds: 14_400, mppsMaxWaitSeconds: 7_200 }

/** Studies with work, in the order of their last arrival. */
export async function pendingStudies(catalog: Catalog): Promise<string[]> {
  return (await catalog.studiesWaiting(10_000)).items.map(({ studyInstanceUid }) => studyInstanceUid)
}

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-catalog-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'catalog.sqlite')
}

export function temporaryCatalog(file = temporaryFile()): Catalog {
  const catalog = openCatalog(file)
  cleanups.push(() => catalog.close())
  return catalog
}

export function query(
  level: CatalogQuery['level'],
  conditions: CatalogQuery['conditions'] = [],
  more: Partial<CatalogQuery> = {},
): CatalogQuery {
  return { level, conditions, derived: [], includeManifests: false, levels: EVERY_LEVEL, ...more }
}

/** Every match, page by page. */
export async function findAll(catalog: Catalog, asked: CatalogQuery, pageSize = 100): Promise<Match[]> {
  const all: Match[] = []
  for (let after: string | undefined; ; ) {
    const page = await catalog.find(asked, pageSize, after)
    all.push(...page.items)
    if (page.next === undefined) return all
    after = page.next
  }
}
