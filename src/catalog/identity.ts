/** Whose study it is. A patient is one Patient ID within one issuer; a study belongs to one patient, the identity received first,
 *  until another is put in force. Where the Patient ID is empty (type 2, PS3.3 C.7.1.1), the patient is that of this study alone.
 *  An identity that a study did not have before is recorded and puts the study in conflict; nothing moves by itself. */
import { parseDate } from '../dicom/dates.ts'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { fold } from '../dicom/person-name.ts'
import { NodeError } from '../errors.ts'
import { addKeys, canFill, type Row, rowOf } from './columns.ts'
import { significant } from './normal-forms.ts'
import { KEEP_SQL } from './sql/keep.ts'
import type { Statements } from './statements.ts'

export interface IdentityOfStudy {
  readonly id: number
  readonly conflict: boolean
}

/** Equal text, equal patient. */
export function identityKey(keys: IndexKeys, studyInstanceUid: string): string {
  const id = significant(keys.PatientID, 'LO') ?? ''
  const issuer = significant(keys.IssuerOfPatientID, 'LO') ?? ''
  if (id !== '') return JSON.stringify([id, issuer])
  const name = significant(keys.PatientName, 'PN')
  return JSON.stringify(['', issuer, studyInstanceUid, name === undefined ? '' : fold(name), parseDate(keys.PatientBirthDate ?? '') ?? ''])
}

/** The patient of that key, made or completed from these values. @returns its row id */
export function keepPatient(statements: Statements, key: string, row: Row): number {
  const present = statements.row(KEEP_SQL.patientByKey, key)
  if (present === undefined) return statements.run(KEEP_SQL.insertPatient, key, ...row).id
  const id = present[0] as number
  if (canFill('PATIENT', present.slice(1), row)) statements.run(KEEP_SQL.fillPatient, ...row, id)
  return id
}

/** The first identity of a new study. */
export function beginIdentity(statements: Statements, studyId: number, key: string, row: Row): number {
  return statements.run(KEEP_SQL.insertIdentity, studyId, 1, 1, key, ...row).id
}

/** Finds or records the identity of an instance that arrives for a study we hold. */
export function keepIdentity(statements: Statements, studyId: number, inConflict: boolean, key: string, row: Row): IdentityOfStudy {
  const present = statements.row(KEEP_SQL.identityByKey, studyId, key)
  if (present !== undefined) {
    const id = present[0] as number
    if (canFill('PATIENT', present.slice(2), row)) {
      statements.run(KEEP_SQL.fillIdentity, ...row, id)
      if (present[1] === 1) keepPatient(statements, key, row)
    }
    return { id, conflict: inConflict }
  }
  const number = (statements.value<number>(KEEP_SQL.highestIdentity, studyId) ?? 0) + 1
  const { id } = statements.run(KEEP_SQL.insertIdentity, studyId, number, 0, key, ...row)
  statements.run(KEEP_SQL.setConflict, 1, studyId)
  return { id, conflict: true }
}

/** Puts one identity in force: the study moves to its patient, the conflict ends, the revision rises. */
export function resolveStudy(statements: Statements, studyInstanceUid: string, identityNumber: number): void {
  const study = statements.row(KEEP_SQL.studyByUid, studyInstanceUid)
  const identity = study && statements.row(KEEP_SQL.identityByNumber, study[0] as number, identityNumber)
  if (study === undefined || identity === undefined) throw new NodeError('INVALID_ARGUMENT', { studyInstanceUid, identityNumber })
  const [studyId, , formerPatient] = study as number[]
  const [identityId, key, ...values] = identity
  statements.run(KEEP_SQL.noIdentityInForce, studyId!)
  statements.run(KEEP_SQL.putInForce, identityId as number)
  const keys: IndexKeys = {}
  addKeys('PATIENT', values, 0, keys)
  const patientId = keepPatient(statements, key as string, rowOf('PATIENT', keys))
  statements.run(KEEP_SQL.moveStudy, patientId, studyId!)
  statements.run(KEEP_SQL.deleteEmptyPatient, formerPatient!)
}

/** Forgets identities that no instance carries any more; the conflict ends with the second one. */
export function pruneIdentities(statements: Statements, studyId: number): void {
  const { changes } = statements.run(KEEP_SQL.deleteEmptyIdentities, studyId)
  if (changes > 0 && statements.value(KEEP_SQL.countIdentities, studyId) === 1) statements.run(KEEP_SQL.setConflict, 0, studyId)
}
