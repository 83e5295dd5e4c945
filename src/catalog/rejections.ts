/** Which instances rejection notes hide (IHE RAD TF-3 4.66, Imaging Object Change Management), also where the note came first.
 *
 *  Rules: a note concerns instances of its own study only, never itself. Of several notes the one with the strongest reason counts (patient safety
 *  over quality, a wrong worklist entry over both). What was rejected stays so when it is sent again; where the end of its retention (113039) is the
 *  only reason, whoever takes it in may have that lifted ({@link liftRejection}, a decision of the journal, so that it outlives the catalog). Notes of
 *  a wrong worklist entry and of the end of retention are hidden with what they reject. A note has at least the confidentiality level of what it
 *  names: it tells that this is here. The outcome does not depend on the order in which notes and instances come.
 *  Runs inside a transaction. */
import { type Confidentiality, levelBit } from '../dicom/confidentiality.ts'
import type { DecisionBody, HiddenBy, InstanceFacts, Rejection, Uid } from './contract.ts'
import { changed, tellOnce } from './history.ts'
import { noteDecision } from './note-decision.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { REJECTION_SQL, STRENGTH } from './sql/rejections.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'

const RETENTION = '113039'
/** Titles of notes that are themselves hidden with what they reject. */
const HIDDEN_NOTES: ReadonlySet<string> = new Set(['113038', RETENTION])

/** A note has been kept: what it names and is here disappears. */
export function applyNote(statements: Statements, note: InstanceFacts, rejection: Rejection, studyId: number): void {
  const { sopInstanceUid: noteUid, studyInstanceUid, source: actor, receivedAt: at } = note
  hideNamed(statements, { ...rejection, noteUid, studyInstanceUid, at, actor }, studyId)
}

interface Note extends Rejection {
  readonly noteUid: Uid
  readonly studyInstanceUid: Uid
  readonly at: number
  readonly actor: string
}

/** @param studyId  undefined where nothing of the study is here yet */
function hideNamed(statements: Statements, { noteUid, studyInstanceUid, code, at, actor, ...rejection }: Note, studyId?: number): void {
  const named = rejection.sopInstanceUids.filter((uid) => uid !== noteUid)
  const concerned = HIDDEN_NOTES.has(code) ? [...named, noteUid] : named
  statements.run(REJECTION_SQL.reject, noteUid, studyInstanceUid, code, JSON.stringify(concerned))
  if (studyId === undefined) return
  statements.run(REJECTION_SQL.apply, noteUid, studyId)
  // Itself first, so that it does not count.
  statements.run(REJECTION_SQL.refresh, studyInstanceUid, studyId, JSON.stringify([noteUid]))
  const hidden = statements.run(REJECTION_SQL.refreshNamedBy, studyInstanceUid, studyId, noteUid).changes
  statements.run(REJECTION_SQL.raiseNote, noteUid)
  const here = statements.value<number>(REJECTION_SQL.countApplied, noteUid)!
  const further = [
    here > hidden ? `, ${here - hidden} were hidden already` : '',
    named.length > here ? `, ${named.length - here} are not here` : '',
  ].join('')
  changed(statements, {
    studyId,
    studyInstanceUid,
    at,
    reason: `rejection note ${code}: ${hidden} of ${named.length} instances hidden${further}`,
    actor,
  })
}

/** What the journal says of a note whose file may be lost: nothing changes where the note has told it itself. */
export function rejectAsDecided(statements: Statements, decision: Note): void {
  const { noteUid, studyInstanceUid, code, sopInstanceUids } = decision
  const present = statements.all(REJECTION_SQL.saidBy, noteUid)
  const held = new Set(present.map(([uid]) => uid as string))
  const named = sopInstanceUids.filter((uid) => uid !== noteUid)
  const isSame = present.every(([uid, by]) => by === code || uid === noteUid) && named.every((uid) => held.has(uid))
  if (isSame && present.length > 0 && held.size - (held.has(noteUid) ? 1 : 0) === named.length) return
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId !== undefined) undoNote(statements, noteUid, studyInstanceUid, studyId)
  else statements.run(REJECTION_SQL.forgetNote, noteUid)
  hideNamed(statements, decision, studyId)
}

export function notesNotJournaled(statements: Statements): (Note & { readonly id: string })[] {
  return statements.all(REJECTION_SQL.notJournaled).flatMap(([note, sha256]) => {
    const noteUid = note as Uid
    const said = statements.all(REJECTION_SQL.saidBy, noteUid)
    const [, code, study, at, source] = said[0]!
    const sopInstanceUids = said.map(([uid]) => uid as Uid).filter((uid) => uid !== noteUid)
    const of = { noteUid, studyInstanceUid: study as Uid, code: code as Rejection['code'], sopInstanceUids }
    return sopInstanceUids.length === 0
      ? []
      : [{ id: noteDecision(noteUid, sha256 as string), ...of, at: at as number, actor: source as string }]
  })
}

/** Another instance has taken the place of a note: what it alone had hidden is given out again. */
export function undoNote(statements: Statements, noteUid: Uid, studyInstanceUid: Uid, studyId: number): void {
  const named = statements.column<string>(REJECTION_SQL.namedBy, noteUid)
  if (named.length === 0) return
  statements.run(REJECTION_SQL.forgetNote, noteUid)
  statements.run(REJECTION_SQL.refresh, studyInstanceUid, studyId, JSON.stringify(named))
}

export interface Arrival {
  /** Why it is hidden from the beginning. */
  readonly hiddenBy?: HiddenBy
  readonly expiredBy?: readonly Uid[]
}

/** An instance arrives for the first time, or again after its row was lost. */
export function rejectionOnArrival(statements: Statements, facts: InstanceFacts): Arrival {
  const { studyInstanceUid, sopInstanceUid, confidentiality } = facts
  const inForce = rejectionsOf(statements, facts).filter(({ state }) => state !== 'lifted')
  if (inForce.length === 0) return {}
  const expiredBy = expiry(facts, inForce)
  statements.run(REJECTION_SQL.applyTo, studyInstanceUid, sopInstanceUid)
  raiseNotesNaming(statements, studyInstanceUid, sopInstanceUid, confidentiality)
  const hiddenBy = STRENGTH.findLast((code) => inForce.some((one) => one.code === code))
  return { hiddenBy, ...(expiredBy && { expiredBy }) }
}

/** An instance has this level now: a note that names it has no lower one. */
export function raiseNotesNaming(statements: Statements, studyInstanceUid: Uid, sopInstanceUid: Uid, level: Confidentiality): void {
  statements.run(REJECTION_SQL.raiseNotesNaming, levelBit(level), studyInstanceUid, sopInstanceUid)
}

/** The notes 113039 by which alone an instance that is here is hidden. */
export function expiredBy(statements: Statements, existing: InstanceFacts): readonly Uid[] | undefined {
  return existing.hiddenBy === RETENTION ? expiry(existing, rejectionsOf(statements, existing)) : undefined
}

interface Row {
  readonly code: string
  readonly state: string
  readonly noteUid: Uid
}

function rejectionsOf(statements: Statements, { studyInstanceUid, sopInstanceUid }: InstanceFacts): readonly Row[] {
  return statements
    .all(REJECTION_SQL.of, studyInstanceUid, sopInstanceUid)
    .map(([code, state, noteUid]) => ({ code: code as string, state: state as string, noteUid: noteUid as Uid }))
}

/** A note is no image that somebody would want back. */
function expiry({ role }: InstanceFacts, rows: readonly Row[]): readonly Uid[] | undefined {
  const inForce = rows.filter(({ state }) => state !== 'lifted')
  if (role === 'rejection-note' || inForce.some(({ code }) => code !== RETENTION)) return undefined
  return inForce.some(({ state }) => state === 'applied') ? inForce.map(({ noteUid }) => noteUid) : undefined
}

type Lifted = Extract<DecisionBody, { kind: 'rejection lifted' }> & { readonly at: number; readonly actor: string }

/** Holds for notes that are heard of later, too. What comes back is like an instance that arrives: its manifest waits for quiet. */
export function liftRejection(statements: Statements, { studyInstanceUid, sopInstanceUid, noteUids, at, actor }: Lifted): void {
  for (const noteUid of noteUids) statements.run(REJECTION_SQL.lift, sopInstanceUid, noteUid, studyInstanceUid)
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) return
  if (statements.run(REJECTION_SQL.refresh, studyInstanceUid, studyId, JSON.stringify([sopInstanceUid])).changes === 0) return
  statements.run(KEEP_SQL.studyChanged, at, at, studyId)
  const reason = `sent again after the end of its retention (${RETENTION})`
  tellOnce(statements, { studyInstanceUid, at, state: 'changed', reason, actor })
}
