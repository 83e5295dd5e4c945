/** Files from disk through the same door as C-STORE.
 *
 *  Promises: each file ends as taken in, already here, refused (with the reason) or skipped; a file is read once, streamed, and a file that
 *  changes while it is read is refused. What the data set says of its identity counts, not the file meta information (PS3.10 7.1).
 *  Does not: take a data set without transfer syntax unless guessing is asked for; touch the files it reads. */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HeaderWalker } from '../dicom/header-walker.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { MEDIA_STORAGE_DIRECTORY } from '../dicom/sop-classes.ts'
import type { ResponseFields } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { type Found, filesToImport, printablePath } from './files-to-import.ts'
import { guessTransferSyntax } from './guess-encoding.ts'
import { FIRST_ONE_KEPT } from './settle-duplicate.ts'
import { type Door, receiveInstance } from './store-instance.ts'

export type ImportOutcome = 'new' | 'known' | 'first one kept' | 'refused' | 'skipped'

export interface ImportedFile {
  /** Printable. */
  readonly path: string
  readonly outcome: ImportOutcome
  readonly reason?: string
  /** DIMSE status that a sender would have been answered. */
  readonly status?: number
  readonly sizeBytes: number
}

export interface ImportOptions {
  /** Take data sets without file meta information, guessing their transfer syntax. */
  readonly guess?: boolean
  /** Goes where a calling AE title would: into the row and (0002,0016). */
  readonly source: string
  /** Files under way at the same time. */
  readonly parallel?: number
}

const START_BYTES = 16 * 1024
/** Private information in group 0002 can be long. */
const LONG_META_BYTES = 4 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024
const CLASS_OR_INSTANCE_MISMATCH = 0xa900
/** A FIFO that took the place of a file must not hold us, nor a link lead us away. */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK

/** Results come as files are done, not in the order of names. */
export async function* importFiles(door: Door, paths: readonly string[], options: ImportOptions): AsyncGenerator<ImportedFile> {
  const underWay = new Set<Promise<ImportedFile>>()
  const done: ImportedFile[] = []
  for await (const found of filesToImport(paths)) {
    const work = importOne(door, found, options).then((result) => {
      underWay.delete(work)
      done.push(result)
      return result
    })
    underWay.add(work)
    if (underWay.size >= (options.parallel ?? 1)) await Promise.race(underWay)
    yield* done.splice(0)
  }
  await Promise.all(underWay)
  yield* done
}

async function importOne(door: Door, found: Found, options: ImportOptions): Promise<ImportedFile> {
  const path = printablePath(found.path)
  if (found.kind !== 'file') return { path, outcome: found.kind === 'skipped' ? 'skipped' : 'refused', reason: found.reason, sizeBytes: 0 }
  let file: FileHandle | undefined
  try {
    file = await open(found.path, READ_ONLY)
    const before = await file.stat()
    if (!before.isFile()) return { path, outcome: 'skipped', reason: 'not a regular file', sizeBytes: 0 }
    return { path, sizeBytes: before.size, ...(await importOpened(door, file, before, options)) }
  } catch (error) {
    return { path, outcome: 'refused', ...refusalOf(error), sizeBytes: 0 }
  } finally {
    await file?.close()
  }
}

/** Where the data set begins and how it is encoded. */
interface Framing {
  readonly transferSyntaxUid: string
  readonly dataSetOffset: number
  readonly sopClassUid?: string
  readonly sopInstanceUid?: string
}

type Result = Pick<ImportedFile, 'outcome' | 'reason' | 'status'>

async function importOpened(door: Door, file: FileHandle, before: Stats, options: ImportOptions): Promise<Result> {
  const framing = await framingOf(file, options.guess === true)
  if (typeof framing === 'string') return { outcome: 'refused', reason: framing }
  let isNew = false
  const watched = watchedDoor(door, () => {
    isNew = true
  })
  const isNamed = framing.sopClassUid !== undefined && framing.sopInstanceUid !== undefined
  const named = isNamed ? framing : { ...framing, ...(await identityOf(file, framing)) }
  if (named.sopClassUid === MEDIA_STORAGE_DIRECTORY) return { outcome: 'skipped', reason: 'a DICOMDIR: it lists files, it is no instance' }
  let answer = await storeFile(watched, file, named, before, options.source)
  if (answer.status === CLASS_OR_INSTANCE_MISMATCH && isNamed) {
    const said = { ...framing, ...(await identityOf(file, framing)) }
    log.warn('file meta information and data set name different instances: the data set counts', { SOPInstanceUID: said.sopInstanceUid })
    answer = await storeFile(watched, file, said, before, options.source)
  }
  return resultOf(answer, isNew)
}

/** Tells what is new from what was here. */
function watchedDoor(door: Door, onNew: () => void): Door {
  return {
    ...door,
    kept: (studyInstanceUid) => {
      onNew()
      door.kept(studyInstanceUid)
    },
  }
}

function resultOf(answer: ResponseFields, isNew: boolean): Result {
  const { status } = answer
  // here the data set itself was the command
  const reason = answer.errorComment?.replace(/^Affected/, '')
  if (status === 0x0000) return { outcome: isNew ? 'new' : 'known', status }
  if (status === FIRST_ONE_KEPT.status) return { outcome: 'first one kept', status, reason }
  // another warning: it was kept all the same
  if ((status & 0xf000) === 0xb000) return { outcome: isNew ? 'new' : 'known', status, reason }
  return { outcome: 'refused', status, reason }
}

/** @returns in words why the file is none of ours */
async function framingOf(file: FileHandle, guess: boolean): Promise<Framing | string> {
  let start = await readStart(file, START_BYTES)
  const hasPreamble = start.toString('latin1', 128, 132) === 'DICM'
  let meta = readPart10Header(start)
  if (meta === undefined && hasPreamble) {
    start = await readStart(file, LONG_META_BYTES)
    meta = readPart10Header(start)
  }
  const dataSetOffset = meta?.dataSetOffset ?? (hasPreamble ? 132 : 0)
  const { sopClassUid, sopInstanceUid } = meta ?? {}
  if (meta?.transferSyntaxUid !== undefined)
    return { transferSyntaxUid: meta.transferSyntaxUid, dataSetOffset, sopClassUid, sopInstanceUid }
  const guessed = guessTransferSyntax(start.subarray(dataSetOffset))
  if (guess && guessed !== undefined) return { transferSyntaxUid: guessed, dataSetOffset, sopClassUid, sopInstanceUid }
  if (guessed !== undefined) return 'names no transfer syntax: --guess would take it'
  if (hasPreamble || meta !== undefined) return 'names no transfer syntax'
  return start.length === 0 ? 'empty file' : 'not a DICOM file'
}

async function storeFile(door: Door, file: FileHandle, framing: Framing, before: Stats, source: string): Promise<ResponseFields> {
  const { transferSyntaxUid, sopClassUid, sopInstanceUid } = framing
  const sink = receiveInstance(door, { transferSyntaxUid, sopClassUid, sopInstanceUid, source })
  try {
    for await (const chunk of chunksOf(file, framing.dataSetOffset)) await sink.write(chunk)
    const after = await file.stat()
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw new Error('changed while it was read')
  } catch (error) {
    sink.abandon()
    throw error
  }
  return sink.end()
}

/** What the data set says of itself, where the file meta information says nothing or something else. */
async function identityOf(file: FileHandle, framing: Framing): Promise<{ sopClassUid?: string; sopInstanceUid?: string }> {
  const walker = new HeaderWalker(framing.transferSyntaxUid)
  for await (const chunk of chunksOf(file, framing.dataSetOffset)) walker.feed(chunk)
  const { sopClassUid, sopInstanceUid } = walker.finish()
  return { sopClassUid, sopInstanceUid }
}

async function* chunksOf(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let at = start; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

async function readStart(file: FileHandle, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let filled = 0
  for await (const chunk of chunksOf(file, 0)) {
    chunks.push(chunk)
    filled += chunk.length
    if (filled >= length) break
  }
  return Buffer.concat(chunks).subarray(0, length)
}

function refusalOf(error: unknown): { reason: string; status?: number } {
  if (error instanceof NodeError) return { reason: error.tell, status: error.status }
  const { code, message } = error as NodeJS.ErrnoException
  return { reason: code === undefined ? message : `cannot be read: ${code}` }
}
