/** Decisions of people that no DICOM file says (which patient is right, who may see a study, a manifest withdrawn): a journal beside the
 *  instances, `decisions.jsonl`, one JSON object a line.
 *
 *  Promises: a decision is on disk before the catalog is changed by it, and outlives the loss of the catalog: {@link replayDecisions} applies
 *  at each start whatever the catalog has not applied yet, in the order in which it was taken. Lines are only ever added. A line that a
 *  crash cut short was never acknowledged: it is passed over with a warning.
 *  What rejection notes say is there too, although their files tell it: a file can be lost, and what it hid must not come back by that.
 *  Does not: know what a decision means (the catalog does), hold anything else that a file can tell.
 *  Errors: NodeError STORAGE_FAILED, CATALOG_FAILED; what the catalog refuses (INVALID_ARGUMENT) stays in the journal and is refused again. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Catalog, Decision, DecisionBody, InstanceFacts } from '../catalog/contract.ts'
import { noteDecision } from '../catalog/note-decision.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { syncFolder } from './day-folders.ts'
import { giveToOwner } from './owner.ts'

const FILE = 'decisions.jsonl'
const NEWLINE = 0x0a

/** Records a decision and applies it.
 *  @param path   `storage.path`
 *  @param actor  who decided */
export async function decide(
  parts: { readonly path: string; readonly catalog: Catalog },
  body: DecisionBody,
  actor = operator(),
): Promise<void> {
  await record(parts, { id: randomUUID(), at: Date.now(), actor, ...body })
}

/** What a rejection note says goes into the journal beside its own file, before its sender is told that it is kept.
 *  @param note  kept, with a row and with effect */
export async function journalNote(parts: { readonly path: string; readonly catalog: Catalog }, note: InstanceFacts): Promise<void> {
  const { sopInstanceUid: noteUid, studyInstanceUid, rejection, sha256, receivedAt: at, source: actor } = note
  const id = noteDecision(noteUid, sha256)
  if (rejection === undefined || (await parts.catalog.isDecided(id))) return
  const { code, sopInstanceUids } = rejection
  await record(parts, { id, at, actor, kind: 'instances rejected', studyInstanceUid, noteUid, code, sopInstanceUids })
}

/** At each start, for notes of an earlier release, and those that a crash or a rebuild entered: afterwards the journal tells of every note. */
export async function journalNotes(parts: { readonly path: string; readonly catalog: Catalog }): Promise<number> {
  const notes = await parts.catalog.notesNotJournaled()
  for (const note of notes) await record(parts, note)
  return notes.length
}

async function record(parts: { readonly path: string; readonly catalog: Catalog }, decision: Decision): Promise<void> {
  await append(parts.path, `${JSON.stringify(decision)}\n`)
  await parts.catalog.decide(decision)
}

/** @returns how many were applied that the catalog did not know */
export async function replayDecisions(parts: { readonly path: string; readonly catalog: Catalog }): Promise<number> {
  let applied = 0
  const clears = await clearsIn(parts.path)
  for await (const decision of decisionsIn(parts.path)) {
    try {
      if (await parts.catalog.decide(bounded(decision, clears))) applied++
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'INVALID_ARGUMENT') throw error
      log.debug('a decision is about nothing that is here', { decision: decision.id, kind: decision.kind })
    }
  }
  if (applied > 0) log.warn('decisions taken earlier are applied to the catalog', { decisions: applied })
  return applied
}

type OfLevel = Extract<Decision, { kind: 'confidentiality decided' }>

/** Levels that were cleared again, by their study. */
async function clearsIn(path: string): Promise<ReadonlyMap<string, readonly OfLevel[]>> {
  const clears: OfLevel[] = []
  for await (const one of decisionsIn(path, false)) if (one.kind === 'confidentiality decided' && one.level === undefined) clears.push(one)
  return Map.groupBy(clears, (clear) => clear.studyInstanceUid)
}

/** A level that was cleared did not hold for what came afterwards: that was judged by the rules. */
function bounded(decision: Decision, clears: ReadonlyMap<string, readonly OfLevel[]>): Decision {
  if (decision.kind !== 'confidentiality decided' || decision.level === undefined) return decision
  const concerns = ({ at, seriesInstanceUid }: OfLevel): boolean =>
    at >= decision.at && (seriesInstanceUid === undefined || seriesInstanceUid === decision.seriesInstanceUid)
  const until = clears.get(decision.studyInstanceUid)?.find(concerns)?.at
  return until === undefined ? decision : { ...decision, until }
}

/** Who decided: the account of this process. */
export function operator(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

async function append(path: string, line: string): Promise<void> {
  const file = join(path, FILE)
  try {
    const handle = await open(file, 'a+', 0o600)
    try {
      const { size } = await handle.stat()
      const last = size === 0 ? NEWLINE : (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0]
      await handle.write(last === NEWLINE ? line : `\n${line}`)
      await handle.sync()
      if (size === 0) await syncFolder(path)
    } finally {
      await handle.close()
    }
    await giveToOwner(file)
  } catch (cause) {
    throw new NodeError('STORAGE_FAILED', { file: FILE }, { cause })
  }
}

async function* decisionsIn(path: string, warns = true): AsyncGenerator<Decision> {
  const stream = createReadStream(join(path, FILE), 'utf8')
  let line = 0
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++
      const decision = text === '' ? undefined : parsed(text)
      if (decision !== undefined) yield decision
      else if (text !== '' && warns) log.warn('a line of the journal of decisions cannot be read', { file: FILE, line })
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw cause instanceof NodeError ? cause : new NodeError('STORAGE_FAILED', { file: FILE }, { cause })
  } finally {
    stream.destroy()
  }
}

function parsed(text: string): Decision | undefined {
  try {
    const value = JSON.parse(text) as Partial<Decision> | null
    const isWhole = typeof value?.id === 'string' && typeof value.kind === 'string' && typeof value.at === 'number'
    return isWhole ? (value as Decision) : undefined
  } catch {
    return undefined
  }
}
