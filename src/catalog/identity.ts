/** Whose study it is. A patient is one Patient ID within one issuer (name, universal ID); a study belongs to one patient, the identity received
 *  first, until another is put in force. Where the Patient ID is empty (type 2, PS3.3 C.7.1.1), the patient is that of this study alone.
 *  Within a study what is missing (type 3: the issuer) contradicts nothing: the identity is completed by the instance that has it.
 *  An identity that contradicts those of its study is recorded and puts the study in conflict; it never moves the study by itself. Who decides is an
 *  operator, or after the loss of the catalog the manifest that was made upon that decision. */
import { parseDate } from '../dicom/dates.ts'
import { jsonElementText, parseJsonItems } from '../dicom/dicom-json.ts'
import type { IndexKeys, IndexKeyword } from '../dicom/index-attributes.ts'
import { fold } from '../dicom/person-name.ts'
import { NodeError } from '../errors.ts'
import { COLUMNS, canFill, keysOf, type Row, rowOf } from './columns.ts'
import type { Replaced } from './corrections.ts'
import { type RuledIdentity, ruledIdentity } from './identity-rules.ts'
import { recomputeMixed } from './relevel.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LEVEL_SQL } from './sql/levels.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import type { Statements } from './statements.ts'

export interface IdentityOfStudy {
  readonly id: number
  readonly conflict: boolean
}

/** Equal text, equal patient. @param row  values of the PATIENT level */
export function identityKey(row: Row, studyInstanceUid: string): string {
  const id = textOf(row, 'PatientID')
  const issuer = textOf(row, 'IssuerOfPatientID')
  const universalId = universalIdOf(textOf(row, 'IssuerOfPatientIDQualifiersSequence'))
  if (id !== '') return JSON.stringify([id, issuer, universalId])
  const { name, birthDate } = markOf(row)
  return JSON.stringify(['', issuer, universalId, studyInstanceUid, name, birthDate])
}

/** What patients are told apart by, '' where absent. */
interface Mark {
  readonly id: string
  readonly issuer: string
  /** Universal Entity ID (0040,0032) of the Issuer of Patient ID Qualifiers Sequence (0010,0024). */
  readonly universalId: string
  readonly name: string
  readonly birthDate: string
}

const at = Object.fromEntries(COLUMNS.PATIENT.names.map((name, index) => [name, index]))

const textOf = (row: Row, keyword: IndexKeyword): string => (row[at[keyword]!] ?? '') as string

function markOf(row: Row): Mark {
  const name = textOf(row, 'PatientName')
  return {
    id: textOf(row, 'PatientID'),
    issuer: textOf(row, 'IssuerOfPatientID'),
    universalId: universalIdOf(textOf(row, 'IssuerOfPatientIDQualifiersSequence')),
    name: name === '' ? '' : fold(name),
    birthDate: parseDate(textOf(row, 'PatientBirthDate')) ?? '',
  }
}

function universalIdOf(items: string): string {
  if (items === '') return ''
  try {
    const [item] = parseJsonItems(items)
    return item === undefined ? '' : (jsonElementText(item, 0x00400032) ?? '').trim()
  } catch {
    return ''
  }
}

/** Whether two instances of one study can be of one patient: what only one of them says is no contradiction. Name and birth date count where
 *  a Patient ID is missing. */
function areCompatible(a: Mark, b: Mark): boolean {
  const agree = (name: keyof Mark): boolean => a[name] === '' || b[name] === '' || a[name] === b[name]
  if (!agree('id') || !agree('issuer') || !agree('universalId')) return false
  return (a.id !== '' && b.id !== '') || (agree('name') && agree('birthDate'))
}

/** The patient of that key, made or completed from these values; those of a lower level take the place of those of a higher one.
 *  @param level  bit of the confidentiality level that the values come from
 *  @returns its row id */
export function keepPatient(statements: Statements, key: string, row: Row, level: number): number {
  const present = statements.row(KEEP_SQL.patientByKey, key)
  if (present === undefined) return statements.run(KEEP_SQL.insertPatient, level, key, ...row).id
  const id = present[0] as number
  const held = present[LEVEL_OF_PATIENT] as number
  if (level < held) statements.run(KEEP_SQL.lowerPatient, level, ...row, id)
  else if (level === held && canFill('PATIENT', present.slice(1), row)) statements.run(KEEP_SQL.fillPatient, ...row, id)
  return id
}

/** In a row of KEEP_SQL.patientByKey. */
export const LEVEL_OF_PATIENT = 1 + COLUMNS.PATIENT.keywords.length

export interface NewIdentity {
  readonly studyId: number
  readonly key: string
  /** Bit of the confidentiality level that its values come from. */
  readonly level: number
}

/** The first identity of a new study; where a decision says who that is, the one in force beside it.
 *  @returns the row id of the one that the instance carries */
export function beginIdentity(statements: Statements, of: NewIdentity, row: Row, ruled?: RuledIdentity): number {
  const { studyId, key, level } = of
  const isSame = ruled?.replaced === undefined
  const { id } = statements.run(KEEP_SQL.insertIdentity, studyId, level, 1, isSame ? 1 : 0, key, ...(isSame ? (ruled?.row ?? row) : row))
  if (ruled === undefined) return id
  const inForce = isSame ? id : statements.run(KEEP_SQL.insertIdentity, studyId, level, 2, 1, ruled.key, ...ruled.row).id
  if (ruled.corrected !== undefined) statements.run(CORRECTION_SQL.setCorrected, JSON.stringify(ruled.corrected), inForce)
  if (ruled.replaced !== undefined) replace(statements, studyId, id, ruled.replaced)
  statements.run(CORRECTION_SQL.setIsCorrected, studyId)
  return id
}

function replace(statements: Statements, studyId: number, identityId: number, replaced: Replaced): void {
  statements.run(CORRECTION_SQL.setReplaced, JSON.stringify(replaced), identityId)
  statements.run(CORRECTION_SQL.setIsCorrected, studyId)
}

export interface StudyOfInstance {
  readonly id: number
  readonly inConflict: boolean
  readonly patientId: number
  readonly studyInstanceUid: string
  /** Bit of the confidentiality level of what arrives. */
  readonly level: number
  /** Several levels give values: who has which is found out afterwards (relevel.ts). */
  readonly isMixed: boolean
}

/** Finds or records the identity of an instance that arrives for a study we hold.
 *  @param beforeFill  called before an identity is completed */
export function keepIdentity(
  statements: Statements,
  study: StudyOfInstance,
  key: string,
  row: Row,
  beforeFill: () => void,
): IdentityOfStudy & { readonly row: Row } {
  const present = statements.row(KEEP_SQL.identityByKey, study.id, key) ?? compatibleIdentity(statements, study.id, row)
  if (present !== undefined) {
    const filled = fillIdentity(statements, study, present, row, beforeFill)
    return { id: present[0] as number, conflict: study.inConflict, row: filled }
  }
  return { ...anotherIdentity(statements, study, key, row), row }
}

function anotherIdentity(statements: Statements, study: StudyOfInstance, key: string, row: Row): IdentityOfStudy {
  const id = addIdentity(statements, { studyId: study.id, key, level: study.level }, row)
  const ruled = ruledIdentity(statements, key, [...row])
  if (ruled?.replaced !== undefined && ruled.key === statements.row(CORRECTION_SQL.identityOf, study.id)?.[1]) {
    replace(statements, study.id, id, ruled.replaced)
    return { id, conflict: study.inConflict }
  }
  statements.run(KEEP_SQL.setConflict, 1, study.id)
  return { id, conflict: true }
}

/** Another identity of a study, not in force. @returns its row id */
export function addIdentity(statements: Statements, { studyId, key, level }: NewIdentity, row: Row): number {
  const number = (statements.value<number>(KEEP_SQL.highestIdentity, studyId) ?? 0) + 1
  return statements.run(KEEP_SQL.insertIdentity, studyId, level, number, 0, key, ...row).id
}

/** One with the same Patient ID before one that has none, the one in force before others. */
function compatibleIdentity(statements: Statements, studyId: number, row: Row): Row | undefined {
  const patientId = row[at.PatientID!] ?? null
  const mark = markOf(row)
  const alike = statements
    .all(KEEP_SQL.identitiesAlike, studyId, patientId, patientId)
    .filter((one) => areCompatible(markOf(one.slice(2)), mark))
  return alike.find((one) => patientId !== null && one[2 + at.PatientID!] === patientId) ?? alike[0]
}

/** Completes an identity; what it is known by can grow (an issuer that was missing), and the study then moves to the patient of that key.
 *  @returns its values */
function fillIdentity(statements: Statements, study: StudyOfInstance, [id, inForce, ...held]: Row, row: Row, beforeFill: () => void): Row {
  const universalId = (of: Row) => universalIdOf(textOf(of, 'IssuerOfPatientIDQualifiersSequence'))
  const isIssuerFound = universalId(row) !== '' && universalId(held) === ''
  if (!isIssuerFound && !canFill('PATIENT', held, row)) return held
  const kept = isIssuerFound ? held.with(at.IssuerOfPatientIDQualifiersSequence!, null) : held
  const filled = rowOf('PATIENT', { ...keysOf('PATIENT', row), ...keysOf('PATIENT', kept) })
  beforeFill()
  const key = identityKey(filled, study.studyInstanceUid)
  if (study.isMixed) {
    growKey(statements, study, [id!, inForce!], key)
    return held
  }
  statements.run(KEEP_SQL.overwriteIdentity, key, ...filled, id!)
  if (inForce === 1) moveTo(statements, study, keepPatient(statements, key, filled, study.level))
  return filled
}

/** What an identity is known by is no more than its key: a row that must not show all of it does not make it less. */
function growKey(statements: Statements, study: StudyOfInstance, [id, inForce]: Row, key: string): void {
  const former = statements.value<string>(LEVEL_SQL.identityKey, id!)!
  const parts = JSON.parse(former) as string[]
  const grown = JSON.stringify((JSON.parse(key) as string[]).map((part, at) => parts[at] || part))
  if (grown === former || parts[0] === '') return
  statements.run(LEVEL_SQL.setIdentityKey, grown, id!)
  if (inForce !== 1) return
  const present = statements.row(LEVEL_SQL.patient, study.patientId)!
  moveTo(statements, study, keepPatient(statements, grown, rowOf('PATIENT', keysOf('PATIENT', present, 3)), present[1] as number))
}

function moveTo(statements: Statements, study: StudyOfInstance, patientId: number): void {
  if (patientId === study.patientId) return
  statements.run(KEEP_SQL.setPatient, patientId, study.id)
  statements.run(KEEP_SQL.deleteEmptyPatient, study.patientId)
}

/** Puts one identity in force: the study moves to its patient, the conflict ends, the revision rises. */
export function resolveStudy(statements: Statements, studyInstanceUid: string, identityNumber: number, at = Date.now()): void {
  const study = statements.row(KEEP_SQL.studyByUid, studyInstanceUid)
  const identity = study && statements.row(KEEP_SQL.identityByNumber, study[0] as number, identityNumber)
  if (study === undefined || identity === undefined) throw new NodeError('INVALID_ARGUMENT', { studyInstanceUid, identityNumber })
  const [studyId, , formerPatient] = study as number[]
  const [identityId, key, ...values] = identity
  statements.run(KEEP_SQL.noIdentityInForce, studyId!)
  statements.run(KEEP_SQL.putInForce, identityId as number)
  statements.run(CORRECTION_SQL.setReplaced, null, identityId as number)
  statements.run(CORRECTION_SQL.replaceOthers, JSON.stringify({ at, reason: 'CORRECT', isSamePatient: false } satisfies Replaced), studyId!)
  statements.run(CORRECTION_SQL.setIsCorrected, studyId!)
  const level = values[COLUMNS.PATIENT.keywords.length] as number
  const patientId = keepPatient(statements, key as string, rowOf('PATIENT', keysOf('PATIENT', values)), level)
  statements.run(KEEP_SQL.setPatient, patientId, studyId!)
  statements.run(KEEP_SQL.setConflict, 0, studyId!)
  statements.run(LIFECYCLE_SQL.changed, at, studyId!)
  statements.run(KEEP_SQL.deleteEmptyPatient, formerPatient!)
  recomputeMixed(statements, studyId!)
}

/** Puts the study in conflict, as it was before anybody decided. */
export function leaveUndecided(statements: Statements, studyId: number): void {
  statements.run(KEEP_SQL.setConflict, 1, studyId)
}

/** The one identity of a study that a manifest means by its patient: the equal one, or the only one that contradicts nothing of it (an identity
 *  is completed by instances that come later).
 *  @returns undefined where none is, or more than one */
export function identityNamed(statements: Statements, studyId: number, patient: IndexKeys): { number: number; id: number } | undefined {
  const wanted = markOf(mended(rowOf('PATIENT', patient)))
  const identities = statements.all(KEEP_SQL.identitiesOfStudy, studyId).map(([number, id, ...row]) => ({
    number: number as number,
    id: id as number,
    mark: markOf(mended(row)),
  }))
  const equal = identities.filter(({ mark }) => areEqual(mark, wanted))
  const meant = equal.length > 0 ? equal : identities.filter(({ mark }) => areCompatible(mark, wanted))
  return meant.length === 1 ? meant[0] : undefined
}

function areEqual(a: Mark, b: Mark): boolean {
  if (a.id !== b.id || a.issuer !== b.issuer || a.universalId !== b.universalId) return false
  return a.id !== '' || (a.name === b.name && a.birthDate === b.birthDate)
}

const LONGEST = 64
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g

/** What is left of these values in a manifest, which holds none that is not valid (PS3.5 6.2): an identifier as a whole or not at all, of a name
 *  the part that fits. Values that are left as they are by this are so by a manifest. */
function mended(row: Row): Row {
  const identifier = (text: string): string | null => {
    const clean = text.replace(CONTROL, '').trim()
    return clean.includes('\\') || [...clean].length > LONGEST ? null : clean
  }
  const group = (text: string): string => [...text.split('^', 5).join('^').replace(CONTROL, '').trim()].slice(0, LONGEST).join('')
  const name = textOf(row, 'PatientName').split('\\', 1)[0]!.split('=', 3).map(group).join('=')
  return row
    .with(at.PatientID!, identifier(textOf(row, 'PatientID')))
    .with(at.IssuerOfPatientID!, identifier(textOf(row, 'IssuerOfPatientID')))
    .with(at.PatientName!, name)
}

/** Forgets identities that no instance carries any more; the conflict ends with the second one. */
export function pruneIdentities(statements: Statements, studyId: number): void {
  const { changes } = statements.run(KEEP_SQL.deleteEmptyIdentities, studyId)
  if (changes > 0 && statements.value(KEEP_SQL.countIdentities, studyId) === 1) statements.run(KEEP_SQL.setConflict, 0, studyId)
}
