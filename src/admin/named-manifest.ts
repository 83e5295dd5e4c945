/** The manifest that a command is given: by its UID, by that of its study (the newest one is meant), or as a file.
 *
 *  Errors: CommandFailure, in words for whoever typed it. */
import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { isUsual } from '../manifest/chains.ts'
import { type ReadManifest, readManifest } from '../manifest/read-manifest.ts'
import { CommandFailure } from './command-line.ts'
import { openParts, type Parts } from './open-parts.ts'

export async function withParts(command: Command, work: (parts: Parts) => Promise<void>): Promise<void> {
  const parts = await openParts(command, { create: false })
  try {
    await work(parts)
  } finally {
    await parts.catalog.close()
  }
}

export async function recordNamed(catalog: Catalog, uid: Uid): Promise<ManifestRecord> {
  const record = (await catalog.findManifest(uid)) ?? mainOne(await catalog.manifestsOf(uid))
  if (record === undefined) throw new CommandFailure(`no manifest, and no study with one: ${uid}`)
  return record
}

/** Of a study with several: the usual one in force, else any in force, else the newest. */
function mainOne(records: readonly ManifestRecord[]): ManifestRecord | undefined {
  const inForce = records.filter((record) => record.state === 'in force')
  return inForce.find(isUsual) ?? inForce[0] ?? records[0]
}

export async function manifestNamed(parts: Parts, what: string): Promise<{ manifest: ReadManifest; record?: ManifestRecord }> {
  const { file, record } = await fileNamed(parts, what)
  return { manifest: manifestIn(file, what), record }
}

export async function fileNamed(parts: Parts, what: string): Promise<{ file: Buffer; record?: ManifestRecord }> {
  const uid = parseUid(what)
  if (uid === undefined) return { file: await readFileNamed(what) }
  const record = await recordNamed(parts.catalog, uid)
  return { file: await bytesOf(parts, record), record }
}

/** Needs no catalog. */
export async function manifestInFile(file: string): Promise<ReadManifest> {
  return manifestIn(await readFileNamed(file), file)
}

/** @param named  what the command was given */
export function manifestIn(bytes: Buffer, named: string): ReadManifest {
  try {
    return readManifest(bytes)
  } catch (cause) {
    if (readPart10Header(bytes) === undefined) throw new CommandFailure(`${named} is no DICOM file`, { cause })
    throw new CommandFailure(`${named} holds no manifest that can be read: ${(cause as Error).message}`, { cause })
  }
}

/** A manifest of a million references is 150 MB. */
const MAX_FILE_BYTES = 512 * 1024 * 1024

async function readFileNamed(file: string): Promise<Buffer> {
  const facts = await stat(file).catch(() => undefined)
  if (facts !== undefined && facts.size > MAX_FILE_BYTES)
    throw new CommandFailure(`${file} is too large for a manifest: ${facts.size} bytes`)
  return readFile(file).catch((cause: Error) => {
    throw new CommandFailure(`neither a UID nor a file that can be read: ${file}`, { cause })
  })
}

/** @returns the Study Instance UID: that of its study where it is a manifest's */
export async function studyOf(catalog: Catalog, uid: Uid): Promise<Uid> {
  return (await catalog.findManifest(uid))?.studyInstanceUid ?? uid
}

export async function bytesOf({ catalog, storage }: Parts, record: ManifestRecord): Promise<Buffer> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  if (facts === undefined) throw new CommandFailure(`manifest ${record.sopInstanceUid} has lost its file`)
  return storage.readStart(facts.storageKey, facts.fileSizeBytes)
}

export function checkedUid(text: string): Uid {
  const uid = parseUid(text)
  if (uid === undefined) throw new CommandFailure(`not a UID: ${text}`, { exitCode: 2 })
  return uid
}
