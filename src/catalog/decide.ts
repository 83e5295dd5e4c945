/** What an operator has decided, applied to rows: each decision once, whatever the order in which it is heard of again (storage/decisions.ts). */

import { levelBit } from '../dicom/confidentiality.ts'
import { NodeError } from '../errors.ts'
import type { Decision } from './contract.ts'
import { changed, tell } from './history.ts'
import { chooseIdentity, mergePatients, updatePatient, updateStudy } from './identity-decisions.ts'
import { liftRejection, rejectAsDecided } from './rejections.ts'
import { relevel } from './relevel.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import { REJECTION_SQL } from './sql/rejections.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

/** Runs inside a transaction. @returns whether it was applied now */
export function decide(statements: Statements, decision: Decision): boolean {
  if (statements.value(LIFECYCLE_SQL.isDecided, decision.id) === 1) return false
  apply(statements, decision)
  statements.run(LIFECYCLE_SQL.noteDecision, decision.id)
  return true
}

function apply(statements: Statements, decision: Decision): void {
  switch (decision.kind) {
    case 'confidentiality decided':
      decideLevel(statements, decision)
      break
    case 'instances rejected':
      rejectAsDecided(statements, decision)
      break
    case 'rejection lifted':
      liftRejection(statements, decision)
      break
    case 'manifest withheld':
    case 'manifest allowed':
      decideManifest(statements, decision)
      break
    case 'identity chosen':
      chooseIdentity(statements, decision)
      break
    case 'patient updated':
      updatePatient(statements, decision)
      break
    case 'patients merged':
      mergePatients(statements, decision)
      break
    case 'study updated':
      updateStudy(statements, decision)
  }
}

type Of<K extends Decision['kind']> = Extract<Decision, { kind: K }>

/** Holds for what is here and for what is still to come, so that the study need not be here. */
function decideLevel(statements: Statements, { studyInstanceUid, level, at, actor, ...of }: Of<'confidentiality decided'>): void {
  const { seriesInstanceUid: series = '', until = Number.MAX_SAFE_INTEGER } = of
  if (level === undefined) statements.run(LIFECYCLE_SQL.forgetLevel, studyInstanceUid, series)
  else statements.run(LIFECYCLE_SQL.decideLevel, studyInstanceUid, series, level)
  if (series === '') statements.run(LIFECYCLE_SQL.forgetSeriesLevels, studyInstanceUid)
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined || level === undefined) return
  const { changes } = statements.run(LIFECYCLE_SQL.setLevel, level, levelBit(level), studyId, series, series, level, until)
  statements.run(REJECTION_SQL.raiseNotesOf, studyInstanceUid)
  if (changes === 0) return
  relevel(statements, studyId, level, series)
  changed(statements, { studyId, studyInstanceUid, at, actor, reason: `confidentiality of ${changes} instances is ${level}` })
}

function decideManifest(statements: Statements, decision: Of<'manifest withheld'> | Of<'manifest allowed'>): void {
  const { studyInstanceUid, at, actor } = decision
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) throw new NodeError('INVALID_ARGUMENT', { reason: 'no such study', studyInstanceUid })
  const reason = decision.kind === 'manifest withheld' ? decision.reason : undefined
  statements.run(LIFECYCLE_SQL.withhold, reason ?? null, at, studyId)
  const state = reason === undefined ? 'allowed' : 'withheld'
  tell(statements, { studyInstanceUid, at, state, reason: reason ?? 'a manifest is made of it again', actor })
}
