import type { Database } from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { Catalog, Condition, Level } from '../../src/catalog/contract.ts'
import { openDatabase } from '../../src/catalog/database.ts'
import { planOf } from '../../src/catalog/query-plan.ts'
import { CORRECTION_SQL } from '../../src/catalog/sql/corrections.ts'
import { DELETION_SQL } from '../../src/catalog/sql/deletions.ts'
import { DUE_SQL, STEP_SQL } from '../../src/catalog/sql/due.ts'
import { CANDIDATE_SQL, DERIVED_SQL, derivedValues, FIND_SQL, SIEVE_SQL } from '../../src/catalog/sql/find.ts'
import { INSTANCE_SQL } from '../../src/catalog/sql/instances.ts'
import { KEEP_SQL } from '../../src/catalog/sql/keep.ts'
import { LEVEL_SQL } from '../../src/catalog/sql/levels.ts'
import { LIFECYCLE_SQL } from '../../src/catalog/sql/lifecycle.ts'
import { REJECTION_SQL } from '../../src/catalog/sql/rejections.ts'
import { STANDING_CANDIDATES, STATUS_SQL } from '../../src/catalog/sql/status.ts'
import { DELIVERY_SQL, MANIFEST_SQL, STUDY_SQL } from '../../src/catalog/sql/studies.ts'
import { UPKEEP_SQL } from '../../src/catalog/sql/upkeep.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { planned } from '../../src/catalog/statements.ts'
import { uid } from '../../src/dicom/uid.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { instance, KOS, query, temporaryFile } from './catalog-material.ts'

/** Statements that may walk a whole table or index, and why. */
const MAY_SCAN: Readonly<Record<string, string>> = {
  [UPKEEP_SQL.countPatients]: 'totals are asked by people, and a count walks the smallest index',
  [UPKEEP_SQL.countStudies]: 'as above',
  [UPKEEP_SQL.countSeries]: 'as above',
  [UPKEEP_SQL.countManifestSeries]: 'as above; one row per manifest',
  [UPKEEP_SQL.countWaiting]: 'walks the partial index of what waits only',
  [UPKEEP_SQL.countConflicts]: 'walks the partial index of conflicts only',
  [UPKEEP_SQL.boundPeers]: 'a thousand rows at most',
  [UPKEEP_SQL.peers]: 'a thousand rows at most',
  [UPKEEP_SQL.everyStudyChanged]: 'at a start after the loss of the write-ahead log',
  [DELETION_SQL.all]: 'deletions that are not finished: a few',
  [DELIVERY_SQL.waitingExcept]: 'at a start or a reload, over what waits',
  [DELIVERY_SQL.closeExcept]: 'as above',
  [REJECTION_SQL.notJournaled]: 'at a start, over the index of notes',
  [DELETION_SQL.filesToRemove]: 'takes the first of the table, in its order',
  [STUDY_SQL.inConflict]: 'walks the partial index of conflicts only',
  [STATUS_SQL.manifests]: 'a count by the smallest index; one row per manifest',
  [STATUS_SQL.deliveriesInTrouble]: 'takes the first of a partial index, in its order',
  [STATUS_SQL.studiesOf('withheld')]: 'walks the partial indexes of what is withheld only',
  [STATUS_SQL.studiesOf('collecting')]: 'walks the partial index of studies with work only',
  [STANDING_CANDIDATES.conflict!]: 'walks the partial index of conflicts only, as far as asked',
  [STANDING_CANDIDATES.withheld!]: 'walks the partial indexes of what is withheld only, as far as asked',
  [STANDING_CANDIDATES.collecting!]: 'walks the partial index of studies with work only, as far as asked',
  [STANDING_CANDIDATES.withdrawn!]: 'walks the partial index of what is withdrawn only, as far as asked',
  [DUE_SQL.held]: 'walks the partial index of studies that steps hold back, in order, as far as asked',
  [DUE_SQL.quietLongest]: 'walks the partial index of studies with work, in order, as far as asked',
}

/** Statements that may sort what they found, and why. All others read in the order of an index. */
const MAY_SORT: Readonly<Record<string, string>> = {
  [DELETION_SQL.all]: 'deletions that are not finished: a few',
  [STUDY_SQL.identities]: 'a few identities of one study',
  [KEEP_SQL.identitiesAlike]: 'as above',
  [MANIFEST_SQL.ofStudy]: 'the manifests of one study',
  [REJECTION_SQL.refresh]: 'the few notes that name one instance',
  [REJECTION_SQL.refreshNamedBy]: 'as above',
  [STATUS_SQL.standings]: 'the few manifests of one study that are in force',
}

const steps = (db: Database, sql: string): string[] => {
  const parameters = new Array(sql.split('?').length - 1).fill(null)
  return (db.prepare(`EXPLAIN QUERY PLAN ${planned(sql)}`).all(...parameters) as { detail: string }[]).map(({ detail }) => detail)
}

const ALL = planOf(query('IMAGE')).values

const scansOf = (db: Database, sql: string): string[] =>
  // Candidates are a list of ours, w is one parameter, and named is what one note names or is named by; the indexes of values that are several hold next to nothing.
  steps(db, sql).filter((step) => /^SCAN /.test(step) && !HARMLESS.test(step))
const HARMLESS =
  /^SCAN (?:c|json_each) VIRTUAL TABLE|^SCAN (?:w|named)$|^SCAN CONSTANT ROW|^SCAN \(subquery|USING (?:COVERING )?INDEX \w+_several$/

const sortsOf = (db: Database, sql: string): string[] => steps(db, sql).filter((step) => /USE TEMP B-TREE FOR .*ORDER BY/.test(step))

/** What is wrong with a plan. */
function faults(db: Database, sql: string): string[] {
  const found = [...(sql in MAY_SCAN ? [] : scansOf(db, sql)), ...(sql in MAY_SORT ? [] : sortsOf(db, sql))]
  return found.map((step) => `${step}  <-  ${sql}`)
}

it('finds every fixed statement by an index', () => {
  const db = openDatabase(temporaryFile())
  const texts = [
    KEEP_SQL,
    LEVEL_SQL,
    LIFECYCLE_SQL,
    REJECTION_SQL,
    CORRECTION_SQL,
    INSTANCE_SQL,
    STUDY_SQL,
    MANIFEST_SQL,
    DELIVERY_SQL,
    DUE_SQL,
    STEP_SQL,
    UPKEEP_SQL,
    DELETION_SQL,
    Object.values(DERIVED_SQL).map((value) => derivedValues([value])),
    CANDIDATE_SQL.STUDY,
    CANDIDATE_SQL.PATIENT,
  ]
    .flatMap((table) => Object.values(table) as string[])
    .concat(Object.values(STATUS_SQL).flatMap((text) => (typeof text === 'string' ? text : ['withheld', 'collecting'].map(text))))
    .concat(Object.values(STANDING_CANDIDATES))
    .concat(SIEVE_SQL.flatMap(({ end, held }) => [end, held]))
    .concat(Object.values(FIND_SQL).map((text) => (typeof text === 'string' ? text : text('', ALL))))
  expect(texts.flatMap((sql) => faults(db, sql))).toEqual([])
  expect(Object.keys(MAY_SCAN).filter((sql) => scansOf(db, sql).length === 0)).toEqual([])
  expect(Object.keys(MAY_SORT).filter((sql) => sortsOf(db, sql).length === 0)).toEqual([])
  db.close()
})

it('finds by an index whatever a query asks, alone and together, at every level', async () => {
  const db = openDatabase(temporaryFile())
  const texts = new Set<string>()
  const prepare = db.prepare.bind(db)
  db.prepare = ((sql: string) => {
    texts.add(sql)
    return prepare(sql)
  }) as typeof db.prepare
  const catalog = catalogOn(db)
  await everything(catalog)
  db.prepare = prepare
  const asked = [...texts].filter((sql) => /^(SELECT|UPDATE|DELETE|INSERT|WITH)/.test(sql))
  expect(asked.length).toBeGreaterThan(100)
  expect(asked.flatMap((sql) => faults(db, sql))).toEqual([])
  // A parameter that the planner can see makes it plan at each execution.
  expect(asked.filter((sql) => !sql.startsWith('INSERT') && /(?<!SELECT |json_each\()\?/.test(sql))).toEqual([])
  await catalog.close()
})

it('walks the days that are asked for only', () => {
  const days = (condition: Condition) => planOf(query('STUDY', [condition])).dates
  expect(days({ keyword: 'StudyDate', kind: 'value', value: '20260102' })).toEqual({ from: '20260102', to: '20260102' })
  expect(days({ keyword: 'StudyDate', kind: 'range', from: '20260102' })).toMatchObject({ from: '20260102' })
  const none = days({ keyword: 'StudyDate', kind: 'value', value: 'soon' })!
  expect(none.from > none.to).toBe(true)
  expect(days({ keyword: 'SeriesDate', kind: 'value', value: '20260102' })).toBeUndefined()
})

async function everything(catalog: Catalog): Promise<void> {
  await catalog.keep(instance(1))
  await catalog.keep(instance(1, 9, 1, {}, { role: 'manifest', sopClassUid: KOS }))
  const text = [
    'PatientID',
    'AccessionNumber',
    'PatientName',
    'StudyDescription',
    'OtherPatientNames',
    'Modality',
    'ImageType',
    'ModalitiesInStudy',
  ] as const
  const value = [
    'StudyDate',
    'StudyTime',
    'PatientBirthDate',
    'PatientWeight',
    'SeriesNumber',
    'ContentDate',
    'SOPClassesInStudy',
    'SOPInstanceUID',
  ] as const
  const conditions: Condition[] = [
    ...text.map((keyword) => ({ keyword, kind: 'wildcard', pattern: 'P*x' }) as const),
    ...text.map((keyword) => ({ keyword, kind: 'value', value: 'P1' }) as const),
    ...value.map((keyword) => ({ keyword, kind: 'value', value: '1' }) as const),
    ...(['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'] as const).map(
      (keyword) => ({ keyword, kind: 'list', values: ['1.1', '1.1.1', '1.1.1.1'] }) as const,
    ),
    ...(['Modality', 'ImageType', 'ModalitiesInStudy'] as const).map(
      (keyword) => ({ keyword, kind: 'list', values: ['CT', 'MR'] }) as const,
    ),
    ...(['StudyDate', 'StudyTime', 'SeriesDate', 'AcquisitionTime'] as const).map(
      (keyword) => ({ keyword, kind: 'range', from: '20260101' }) as const,
    ),
    { keyword: 'StudyDate', timeKeyword: 'StudyTime', kind: 'dateTimeRange', from: '20260101' },
    { keyword: 'RequestAttributesSequence', kind: 'item', attributes: [{ tag: '00400007', pattern: 'x' }] },
  ]
  const levels: Level[] = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE']
  for (const level of levels) {
    await catalog.find(query(level), 1)
    for (const condition of conditions) {
      await catalog.find(query(level, [condition]), 10)
      await catalog.find(
        query(level, [condition, conditions[0]!, { keyword: 'Modality', kind: 'value', value: 'CT' }], { includeManifests: true }),
        10,
      )
    }
  }
  for (const keys of [
    { patientId: 'P1' },
    { studyInstanceUids: [uid('1.1')] },
    { seriesInstanceUids: [uid('1.1.1')] },
    { sopInstanceUids: [uid('1.1.1.1')] },
  ]) {
    await catalog.retrievables(keys, { levels: EVERY_LEVEL, includeManifests: false }, 10)
    await catalog.countRetrievables(keys, { levels: EVERY_LEVEL, includeManifests: true })
  }
}
