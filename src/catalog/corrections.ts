/** Which instances of a study go out with other patient and study values than their files have, and with which (decision 0016).
 *
 *  Of a file that carries the identity in force: what was decided of it. Of one that carries another identity of the same patient (two records that
 *  became one, an identifier that was changed): who the patient is, and what is known of them; nothing is taken away but the issuer. Of one that was
 *  made out to another patient: everything. While a conflict is undecided, nothing. Manifests of ours stay what they are. */
import type { IndexKeyword } from '../dicom/index-attributes.ts'
import { COLUMNS, keysOf, type Row } from './columns.ts'
import type { Correction, CorrectionReason, IndexKeys } from './contract.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import type { Statements } from './statements.ts'

/** `corrected` of a row. */
export interface Decided {
  readonly keywords: readonly IndexKeyword[]
  readonly at: number
  readonly reason: CorrectionReason
}

/** `replaced` of an identity. */
export interface Replaced {
  readonly at: number
  readonly reason: CorrectionReason
  readonly isSamePatient: boolean
}

/** Who the patient is; absent means absent. */
export const IDENTIFIERS: readonly IndexKeyword[] = ['PatientID', 'IssuerOfPatientID', 'IssuerOfPatientIDQualifiersSequence']
/** What is known of them, where it is. */
export const KNOWN: readonly IndexKeyword[] = [
  'PatientName',
  'PatientBirthDate',
  'PatientBirthTime',
  'PatientSex',
  'OtherPatientNames',
  'OtherPatientIDsSequence',
]

/** By the row id of the identity that a file carries. */
export type StudyCorrections = ReadonlyMap<number, Correction>

/** @returns undefined where nothing of the study was ever decided */
export function correctionsOf(statements: Statements, studyId: number): StudyCorrections | undefined {
  const study = statements.row(CORRECTION_SQL.studyOf, studyId)
  if (study === undefined || study[0] !== 1) return undefined
  const [, inConflict, ofStudy, ...studyRow] = study
  const identities = statements.all(CORRECTION_SQL.identitiesOf, studyId)
  const inForce = identities.find((row) => row[1] === 1)!
  const studyDecided = parsed<Decided>(ofStudy)
  const studyValues = picked(keysOf('STUDY', studyRow), studyDecided?.keywords ?? [], true)
  const found = new Map<number, Correction>()
  for (const identity of identities) {
    const patient = patientCorrection(identity, inForce, inConflict === 1)
    const values = { ...studyValues, ...patient.values }
    if (Object.keys(values).length > 0)
      found.set(identity[0] as number, { ...latest([...patient.by, studyDecided]), isOtherPatient: patient.isOther, values })
  }
  return found
}

interface PatientCorrection {
  readonly values: IndexKeys
  readonly isOther: boolean
  readonly by: readonly (Decided | Replaced | undefined)[]
}

function patientCorrection(identity: Row, inForce: Row, inConflict: boolean): PatientCorrection {
  const right = keysOf('PATIENT', inForce.slice(4))
  const decided = parsed<Decided>(inForce[2])
  const replaced = parsed<Replaced>(identity[3])
  if (identity[1] === 1) return { values: picked(right, decided?.keywords ?? [], true), isOther: false, by: [decided] }
  if (replaced === undefined || (inConflict && !replaced.isSamePatient)) return { values: {}, isOther: false, by: [] }
  if (!replaced.isSamePatient) return { values: picked(right, COLUMNS.PATIENT.keywords, true), isOther: true, by: [replaced, decided] }
  const known = picked(right, [...KNOWN, ...(decided?.keywords ?? [])], false)
  return { values: { ...known, ...picked(right, IDENTIFIERS, true) }, isOther: false, by: [replaced, decided] }
}

/** @param withAbsent  '' for those that have no value */
function picked(keys: IndexKeys, keywords: readonly IndexKeyword[], withAbsent: boolean): IndexKeys {
  const values: IndexKeys = {}
  for (const keyword of keywords) if (withAbsent || keys[keyword] !== undefined) values[keyword] = keys[keyword] ?? ''
  return values
}

function latest(by: readonly (Decided | Replaced | undefined)[]): Pick<Correction, 'reason' | 'decidedAt'> {
  const last = by.filter((one) => one !== undefined).sort((a, b) => b.at - a.at)[0]
  return { reason: last?.reason ?? 'CORRECT', decidedAt: last?.at ?? 0 }
}

/** What one of our own columns holds as JSON. */
export function parsed<T>(text: unknown): T | undefined {
  return typeof text === 'string' ? (JSON.parse(text) as T) : undefined
}

export function mayBeCorrected(statements: Statements, sopInstanceUid: string): boolean {
  return statements.value(CORRECTION_SQL.mayBeCorrected, sopInstanceUid) === 1
}
