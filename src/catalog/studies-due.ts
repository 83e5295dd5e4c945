/** Studies as the manifest stage sees them (which have work: studies-pending.ts): what is in force of them, and that the work is done. */

import { NodeError } from '../errors.ts'
import { addKeys, COLUMNS, type Row } from './columns.ts'
import type { IndexKeys, ManifestChange, StudyIdentity, StudyState, Uid } from './contract.ts'
import { tell } from './history.ts'
import { keepInstance } from './keep.ts'
import { addManifest, withdrawManifest } from './manifests.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'
import { stepsTold } from './steps.ts'

export function findStudy(statements: Statements, studyInstanceUid: string): StudyState | undefined {
  const row = statements.row(STUDY_SQL.byUid, studyInstanceUid)
  return row && stateOf(row)
}

export function studiesInConflict(statements: Statements): StudyState[] {
  return statements.all(STUDY_SQL.inConflict).map(stateOf)
}

/** Runs inside a transaction. A study that changed after `revision` stays due. */
export function settleStudy(
  statements: Statements,
  studyInstanceUid: Uid,
  revision: number,
  changes: readonly ManifestChange[] = [],
): void {
  if (statements.run(STUDY_SQL.settle, revision, revision, revision, studyInstanceUid).changes === 0) {
    throw new NodeError('CATALOG_FAILED', { step: 'settle study', reason: 'no such study', studyInstanceUid })
  }
  stepsTold(statements, studyInstanceUid)
  if (changes.some(({ kind }) => kind === 'made') && findStudy(statements, studyInstanceUid)?.inConflict) {
    throw new NodeError('CATALOG_FAILED', { step: 'settle study', reason: 'a second identity has come meanwhile', studyInstanceUid })
  }
  for (const change of changes) {
    if (change.kind === 'told') tell(statements, change.entry)
    else if (change.kind === 'withdrawn') withdrawManifest(statements, change)
    else make(statements, change)
  }
}

function make(statements: Statements, change: Extract<ManifestChange, { kind: 'made' }>): void {
  const outcome = keepInstance(statements, change.facts, false)
  if (outcome.kind !== 'kept') {
    throw new NodeError('CATALOG_FAILED', {
      step: 'settle study',
      reason: 'manifest UID taken',
      sopInstanceUid: change.facts.sopInstanceUid,
    })
  }
  addManifest(statements, change)
}

export function identitiesOf(statements: Statements, studyInstanceUid: string): StudyIdentity[] {
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) return []
  return statements.all(STUDY_SQL.identities, studyId).map((row) => ({
    number: row[0] as number,
    patientId: text(row[1]),
    issuerOfPatientId: text(row[2]),
    patientName: text(row[3]),
    patientBirthDate: text(row[4]),
    patientSex: text(row[5]),
    keys: identifying(row),
    instances: row[6] as number,
    inForce: row[7] === 1,
    level: row[9] as number,
  }))
}

function identifying([, PatientID, IssuerOfPatientID, PatientName, PatientBirthDate, , , , qualifiers]: Row): IndexKeys {
  const said = { PatientID, IssuerOfPatientID, PatientName, PatientBirthDate, IssuerOfPatientIDQualifiersSequence: qualifiers }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => typeof value === 'string')) as IndexKeys
}

const text = (value: Row[number] | undefined): string => (value ?? '') as string

function stateOf(row: Row): StudyState {
  const keys: IndexKeys = {}
  addKeys('PATIENT', row, 8, keys)
  addKeys('STUDY', row, 8 + COLUMNS.PATIENT.keywords.length, keys)
  return {
    studyInstanceUid: row[0] as Uid,
    revision: row[1] as number,
    manifestRevision: row[2] as number,
    lastReceivedAt: row[3] as number,
    inConflict: row[4] === 1,
    ...(row[5] === null ? {} : { withheld: row[5] as string }),
    isUrgent: row[6] !== null,
    ...(row[7] === null ? {} : { pendingSince: row[7] as number }),
    keys,
  }
}
