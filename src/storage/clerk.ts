/** The thread behind clerks.ts, which writes files: a small instance costs one message there and one back, and the event loop nothing of its writing,
 *  hashing, naming and syncing.
 *
 *  Promises: the jobs of a draft are done in the order in which they came, each answered once; a {@link Sync} is the system's business meanwhile:
 *  other drafts do not wait for it. When a {@link Keep} is answered with a digest the file is closed; when it has failed its name is not there.
 *  Does not: decide where a file goes (day-folders.ts), or how much may wait (file-draft.ts). Sizes in bytes. */
import { createHash, type Hash, hash } from 'node:crypto'
import { closeSync, constants, fchownSync, fdatasync, fsyncSync, openSync, renameSync, unlinkSync, writevSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { Owner } from './owner.ts'

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

export interface Bytes {
  /** Views of shared memory, which is the sender's again when the job is answered. */
  readonly parts: readonly Uint8Array[]
  /** How many of the first bytes the digest leaves out. */
  readonly unhashed: number
  /** To whom a new file is given. */
  readonly owner?: Owner
}

/** Bytes for the end of the draft, which is made with the first of them. */
export interface Write extends Bytes {
  readonly kind: 'write'
}

/** The last bytes, and the name. Where the folder of the name is gone it may come again, with no bytes. */
export interface Keep extends Bytes {
  readonly kind: 'keep'
  readonly to: string
  /** Whether the file is synced after it has its name. */
  readonly synced: boolean
}

/** Syncs the bytes that were written. */
export interface Sync {
  readonly kind: 'sync'
}

/** Closes and removes what there is. */
export interface Discard {
  readonly kind: 'discard'
}

/** `draft` is its path, `job` the number by which the answer is known. */
export type ClerkJob = (Write | Keep | Sync | Discard) & { readonly job: number; readonly draft: string }

export interface ClerkAnswer {
  readonly job: number
  /** Of the data set, lower-case hex, when it was kept. */
  readonly sha256?: string
  readonly failed?: { readonly step: string; readonly code: string | undefined; readonly message: string }
}

interface OpenDraft {
  readonly fd: number
  /** Of all bytes so far. Undefined where {@link sha256} stands for them. */
  hash?: Hash
  sha256?: string
}

const drafts = new Map<string, OpenDraft>()
/** Drafts of which bytes are missing: nothing but {@link Discard} is done for them. */
const broken = new Set<string>()

parentPort?.on('message', (asked: ClerkJob) => {
  const { job } = asked
  const answer = (more: Omit<ClerkAnswer, 'job'> = {}): void => parentPort?.postMessage({ job, ...more } satisfies ClerkAnswer)
  try {
    if (asked.kind === 'discard') {
      discard(asked.draft)
      answer()
    } else if (broken.has(asked.draft)) {
      throw new StepFailed('write', new Error('bytes before these could not be written'))
    } else if (asked.kind === 'keep') {
      answer({ sha256: keep(asked.draft, asked) })
    } else if (asked.kind === 'write') {
      write(asked.draft, asked)
      answer()
    } else {
      sync(asked.draft, (error) => answer(error === null ? {} : { failed: failure('sync', error) }))
    }
  } catch (error) {
    const step = error instanceof StepFailed ? error.step : 'write'
    // Where only the name could not be given, it can be tried again.
    if (step !== 'name') broken.add(asked.draft)
    answer({ failed: failure(step, error instanceof StepFailed ? error.cause : error) })
  }
})

class StepFailed extends Error {
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(step, { cause })
    this.step = step
  }
}

function failure(step: string, error: unknown): ClerkAnswer['failed'] {
  const { code, message } = error as NodeJS.ErrnoException
  return { step, code, message }
}

function attempt<T>(step: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new StepFailed(step, error)
  }
}

/** @param isAll  whether these are all the bytes of the file */
function write(path: string, { parts, unhashed, owner }: Bytes, isAll = false): OpenDraft {
  const draft = drafts.get(path) ?? attempt('open', () => open(path, owner))
  let rest = parts
  while (rest.length > 0) rest = withoutStart(rest, writevSync(draft.fd, rest))
  const hashed = withoutStart(parts, unhashed)
  if (isAll && hashed.length <= 1 && draft.hash === undefined) {
    // One call for a small instance: no object to be made and collected.
    draft.sha256 = hash('sha256', hashed[0] ?? new Uint8Array(0))
  } else {
    draft.hash ??= createHash('sha256')
    for (const part of hashed) draft.hash.update(part)
  }
  return draft
}

function open(path: string, owner: Owner | undefined): OpenDraft {
  const draft: OpenDraft = { fd: openSync(path, CREATE, 0o600) }
  drafts.set(path, draft)
  if (owner !== undefined) fchownSync(draft.fd, owner.uid, owner.gid)
  return draft
}

function keep(path: string, asked: Keep): string {
  const draft = asked.parts.length > 0 || !drafts.has(path) ? write(path, asked, true) : drafts.get(path)!
  attempt('name', () => renameSync(path, asked.to))
  if (asked.synced) attempt('sync name', () => syncedOrUnnamed(draft.fd, asked.to))
  drafts.delete(path)
  close(draft.fd)
  return draft.sha256 ?? draft.hash!.digest('hex')
}

function syncedOrUnnamed(fd: number, path: string): void {
  try {
    fsyncSync(fd)
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

function sync(path: string, done: (error: Error | null) => void): void {
  const draft = drafts.get(path)
  if (draft === undefined) done(null)
  else fdatasync(draft.fd, done)
}

function discard(path: string): void {
  broken.delete(path)
  const draft = drafts.get(path)
  if (draft === undefined) return
  drafts.delete(path)
  close(draft.fd)
  try {
    unlinkSync(path)
  } catch {
    // It has been named, or is swept at the next start.
  }
}

/** The bytes are synced or unwanted: what closing says changes nothing. */
function close(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // See above.
  }
}

function withoutStart(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let index = 0
  let left = bytes
  while (index < parts.length && left >= parts[index]!.length) left -= parts[index++]!.length
  const rest = parts.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}
