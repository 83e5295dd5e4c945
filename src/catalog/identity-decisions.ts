/** Decisions about who a patient is and what a study is called, applied to rows (decide.ts): runs inside a transaction.
 *
 *  Promises: every study concerned shows the values decided, in queries and manifests; its revision rises, so that its manifests follow; the
 *  identities that files carry stay known, so that what arrives under them is neither a conflict nor a step back. What is not here yet follows
 *  when it comes (identity-rules.ts), so that the order of decision and rebuild does not matter.
 *  Does not: change instances or files. */
import type { IndexKeyword } from '../dicom/index-attributes.ts'
import { NodeError } from '../errors.ts'
import { COLUMNS, keysOf, type Row, rowOf } from './columns.ts'
import type { CorrectionReason, Decision, IndexKeys, Uid } from './contract.ts'
import { type Decided, parsed, type Replaced } from './corrections.ts'
import { changed } from './history.ts'
import { addIdentity, identityNamed, keepPatient, LEVEL_OF_PATIENT } from './identity.ts'
import { type FormerValues, ruleOf } from './identity-rules.ts'
import { recomputeMixed, settlePatient, whoItIs } from './relevel.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LEVEL_SQL } from './sql/levels.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

type Of<K extends Decision['kind']> = Extract<Decision, { kind: K }>

/** Key of a patient with another Patient ID or issuer, as identity.ts makes it. */
function changedKey(key: string, values: IndexKeys): string {
  const [id, issuer, universalId] = JSON.parse(key) as string[]
  return JSON.stringify([values.PatientID ?? id, values.IssuerOfPatientID ?? issuer, universalId])
}

export function updatePatient(statements: Statements, decision: Of<'patient updated'>): void {
  const { patientKey: key, values, former, at } = decision
  const newKey = changedKey(key, values)
  const present = statements.row(KEEP_SQL.patientByKey, key)
  const said = present === undefined ? {} : formerOf(statements, present[0] as number, keywordsOf(values))
  setRule(statements, { key, intoKey: newKey === key ? undefined : newKey, values, former: together(said, former), at, reason: 'CORRECT' })
  statements.run(CORRECTION_SQL.noAlias, newKey)
  if (present === undefined) return
  const row = rowOf('PATIENT', { ...keysOf('PATIENT', present, 1), ...values })
  const change: Change = {
    decision,
    key: newKey,
    values,
    reason: 'CORRECT',
    why: 'patient values were corrected',
  }
  const other = newKey === key ? undefined : statements.row(KEEP_SQL.patientByKey, newKey)
  if (other === undefined) statements.run(CORRECTION_SQL.overwritePatient, newKey, ...row, present[0]!)
  moveStudies(statements, present[0] as number, (other?.[0] ?? present[0]) as number, { ...change, row })
  if (other !== undefined && levelOf(other) > levelOf(present)) settlePatient(statements, other[0] as number)
}

/** Of a row of KEEP_SQL.patientByKey: the bit of the level that its values come from. */
const levelOf = (patient: Row | undefined): number => (patient?.[LEVEL_OF_PATIENT] ?? 0) as number

export function mergePatients(statements: Statements, decision: Of<'patients merged'>): void {
  const { fromKey, intoKey, values, at } = decision
  if (fromKey === intoKey) throw new NodeError('INVALID_ARGUMENT', { reason: 'a patient cannot be merged into itself' })
  setRule(statements, { key: fromKey, intoKey, values, former: {}, at, reason: 'COERCE' })
  statements.run(CORRECTION_SQL.noAlias, intoKey)
  const into = statements.row(KEEP_SQL.patientByKey, intoKey)
  const intoId = into === undefined ? undefined : (into[0] as number)
  const from = statements.row(KEEP_SQL.patientByKey, fromKey)
  const said = into === undefined ? values : keysOf('PATIENT', into, 1)
  // What only a higher level knows of the one that stays is not for those who see the other one.
  const row = rowOf('PATIENT', from !== undefined && levelOf(into) > levelOf(from) ? whoItIs(said) : said)
  const change = {
    decision,
    key: intoKey,
    values: {},
    reason: 'COERCE',
    why: 'two records of its patient became one',
    row,
  } as const
  if (intoId !== undefined) settleConflicts(statements, intoId, fromKey, change)
  if (from === undefined) return
  const toId = intoId ?? keepPatient(statements, intoKey, row, levelOf(from))
  moveStudies(statements, from[0] as number, toId, change)
  if (levelOf(into) > levelOf(from)) settlePatient(statements, toId)
}

export function updateStudy(statements: Statements, decision: Of<'study updated'>): void {
  const { studyInstanceUid, values, at } = decision
  const rule = statements.row(CORRECTION_SQL.studyRule, studyInstanceUid)
  const ruled = { ...parsed<IndexKeys>(rule?.[0]), ...values }
  statements.run(CORRECTION_SQL.setStudyRule, studyInstanceUid, JSON.stringify(ruled), at)
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) return
  const [, , corrected, ...row] = statements.row(CORRECTION_SQL.studyOf, studyId)!
  const decided = joined(parsed<Decided>(corrected), { keywords: keywordsOf(values), at, reason: 'CORRECT' })
  statements.run(CORRECTION_SQL.overwriteStudy, JSON.stringify(decided), ...rowOf('STUDY', { ...keysOf('STUDY', row), ...values }), studyId)
  finish(statements, { id: studyId, studyInstanceUid }, decision, 'study values were corrected')
}

/** Also told at a replay, where another identity may have come since: that is not decided by this. */
export function chooseIdentity(statements: Statements, decision: Of<'identity chosen'>): void {
  const { studyInstanceUid, patient, others, at } = decision
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  const chosen = studyId === undefined ? undefined : identityNamed(statements, studyId, patient)
  if (studyId === undefined || chosen === undefined)
    throw new NodeError('INVALID_ARGUMENT', { reason: 'no such identity', studyInstanceUid })
  const left = others.flatMap((other) => identityNamed(statements, studyId, other) ?? []).filter(({ id }) => id !== chosen.id)
  const isDone = statements.row(CORRECTION_SQL.identityOf, studyId)?.[0] === chosen.id
  if (isDone && left.every(({ id }) => statements.value(CORRECTION_SQL.isReplaced, id) === 1)) return
  const replaced: Replaced = { at, reason: 'CORRECT', isSamePatient: false }
  for (const { id } of left) statements.run(CORRECTION_SQL.setReplaced, JSON.stringify(replaced), id)
  putIdentityInForce(statements, { studyId, studyInstanceUid }, chosen, decision)
}

function putIdentityInForce(
  statements: Statements,
  { studyId, studyInstanceUid }: { readonly studyId: number; readonly studyInstanceUid: Uid },
  { id, number }: { readonly id: number; readonly number: number },
  decision: Decision,
): void {
  const former = statements.value<number>(KEEP_SQL.patientOfStudy, studyId)!
  const [, key, ...values] = statements.row(KEEP_SQL.identityByNumber, studyId, number)!
  statements.run(KEEP_SQL.noIdentityInForce, studyId)
  statements.run(KEEP_SQL.putInForce, id)
  statements.run(CORRECTION_SQL.setReplaced, null, id)
  const level = values[COLUMNS.PATIENT.keywords.length] as number
  const patientId = keepPatient(statements, key as string, rowOf('PATIENT', keysOf('PATIENT', values)), level)
  statements.run(KEEP_SQL.setPatient, patientId, studyId)
  statements.run(KEEP_SQL.deleteEmptyPatient, former)
  finish(statements, { id: studyId, studyInstanceUid }, decision, 'it was decided which patient is right')
}

interface Change {
  readonly decision: Decision
  /** Of the patient in force from now on. */
  readonly key: string
  /** What was decided of them. */
  readonly values: IndexKeys
  readonly reason: CorrectionReason
  readonly why: string
}

type Moved = Change & { readonly row: ReturnType<typeof rowOf> }

interface StudyRow {
  readonly id: number
  readonly studyInstanceUid: Uid
}

function moveStudies(statements: Statements, fromPatient: number, toPatient: number, change: Moved): void {
  for (const [id, uid] of statements.all(CORRECTION_SQL.studiesOfPatient, fromPatient)) {
    const study = { id: id as number, studyInstanceUid: uid as Uid }
    putInForce(statements, study, change)
    statements.run(KEEP_SQL.setPatient, toPatient, study.id)
    finish(statements, study, change.decision, change.why)
  }
  if (fromPatient !== toPatient) statements.run(KEEP_SQL.deleteEmptyPatient, fromPatient)
}

function putInForce(statements: Statements, study: StudyRow, change: Moved): void {
  const { values, reason, decision } = change
  const [formerId, formerKey] = statements.row(CORRECTION_SQL.identityOf, study.id)!
  const [id, corrected] = identityFor(statements, study, change)
  const decided = joined(parsed<Decided>(corrected), { keywords: keywordsOf(values), at: decision.at, reason })
  if (decided.keywords.length > 0) statements.run(CORRECTION_SQL.setCorrected, JSON.stringify(decided), id)
  if (formerKey === change.key) return
  const replaced: Replaced = { at: decision.at, reason, isSamePatient: true }
  statements.run(KEEP_SQL.noIdentityInForce, study.id)
  statements.run(KEEP_SQL.putInForce, id)
  statements.run(CORRECTION_SQL.setReplaced, null, id)
  statements.run(CORRECTION_SQL.setReplaced, JSON.stringify(replaced), formerId!)
}

/** The identity of that key in the study, with the values decided. @returns its row id, and what was decided of it before */
function identityFor(statements: Statements, { id: studyId }: StudyRow, { key, row, values }: Moved): [id: number, corrected: unknown] {
  const present = statements.row(CORRECTION_SQL.identityByKey, studyId, key)
  if (present === undefined) {
    const level = statements.value<number>(LEVEL_SQL.levelOfStudy, studyId)!
    return [addIdentity(statements, { studyId, key, level }, row), undefined]
  }
  const own = rowOf('PATIENT', { ...keysOf('PATIENT', present, 2), ...values })
  statements.run(KEEP_SQL.overwriteIdentity, key, ...own, present[0]!)
  return [present[0] as number, present[1]]
}

/** Studies of the surviving patient to which instances of the other one have come. */
function settleConflicts(statements: Statements, intoPatient: number, fromKey: string, { decision, reason, why }: Change): void {
  const replaced: Replaced = { at: decision.at, reason, isSamePatient: true }
  for (const [id, uid] of statements.all(CORRECTION_SQL.studiesOfPatient, intoPatient)) {
    const { changes } = statements.run(CORRECTION_SQL.replaceByKey, JSON.stringify(replaced), id!, fromKey)
    if (changes > 0) finish(statements, { id: id as number, studyInstanceUid: uid as Uid }, decision, why)
  }
}

function finish(statements: Statements, { id: studyId, studyInstanceUid }: StudyRow, { at, actor }: Decision, reason: string): void {
  statements.run(CORRECTION_SQL.setIsCorrected, studyId)
  statements.run(CORRECTION_SQL.endConflict, studyId)
  recomputeMixed(statements, studyId)
  changed(statements, { studyId, studyInstanceUid, at, actor, reason })
}

/** What the studies of a patient say of these attributes, each by itself. */
function formerOf(statements: Statements, patientId: number, keywords: readonly IndexKeyword[]): FormerValues {
  const former: Partial<Record<IndexKeyword, string[]>> = {}
  for (const [id] of statements.all(CORRECTION_SQL.studiesOfPatient, patientId)) {
    const keys = keysOf('PATIENT', statements.row(CORRECTION_SQL.identityOf, id!)!, 3)
    for (const keyword of keywords) {
      const said = keys[keyword] ?? ''
      former[keyword] ??= []
      if (!former[keyword].includes(said)) former[keyword].push(said)
    }
  }
  return former
}

function setRule(
  statements: Statements,
  rule: { key: string; intoKey?: string; values: IndexKeys; former: FormerValues; at: number; reason: CorrectionReason },
): void {
  const present = ruleOf(statements, rule.key)
  const former = together(present?.former ?? {}, rule.former)
  const values = JSON.stringify({ ...present?.values, ...rule.values })
  statements.run(CORRECTION_SQL.setRule, rule.key, rule.intoKey ?? null, values, JSON.stringify(former), rule.at, rule.reason)
}

/** What either of them says, each once. */
function together(one: FormerValues, other: FormerValues): FormerValues {
  const both = { ...one }
  for (const [keyword, texts] of Object.entries(other) as [IndexKeyword, readonly string[]][]) {
    both[keyword] = [...new Set([...(both[keyword] ?? []), ...texts])]
  }
  return both
}

function joined(present: Decided | undefined, next: Decided): Decided {
  return { ...next, keywords: [...new Set([...(present?.keywords ?? []), ...next.keywords])] }
}

const keywordsOf = (values: IndexKeys): IndexKeyword[] => Object.keys(values) as IndexKeyword[]
