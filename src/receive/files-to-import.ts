/** The files below the paths that a person names, one at a time.
 *
 *  Promises: constant memory but for one folder's names; never follows a link that it finds, never opens what could block (FIFO, device,
 *  socket); names that are no valid UTF-8 are read like any other.
 *  Does not: look into files. */
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'

export type Found =
  | { readonly kind: 'file'; readonly path: Buffer }
  | { readonly kind: 'skipped' | 'unreadable'; readonly path: Buffer; readonly reason: string }

const SEPARATOR = Buffer.from('/')

/** In order of name. A path that is named by the person may be a link. */
export async function* filesToImport(paths: readonly string[]): AsyncGenerator<Found> {
  for (const name of paths) {
    const path = Buffer.from(name)
    try {
      yield* visit(path, await stat(path))
    } catch (error) {
      yield unreadable(path, error)
    }
  }
}

/** For people and logs: control characters and invalid bytes are shown, not sent to the terminal. */
export function printablePath(path: Buffer): string {
  return path.toString('utf8').replace(/[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

async function* visit(path: Buffer, entry: Stats | Dirent<Buffer>): AsyncGenerator<Found> {
  if (entry.isFile()) yield { kind: 'file', path }
  else if (entry.isDirectory()) yield* visitFolder(path)
  else if (entry.isSymbolicLink()) yield { kind: 'skipped', path, reason: 'a symbolic link' }
  else if (isNamedKind(entry)) yield { kind: 'skipped', path, reason: 'not a regular file' }
  else yield* visitUnknown(path)
}

function isNamedKind(entry: Stats | Dirent<Buffer>): boolean {
  return entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice()
}

async function* visitFolder(folder: Buffer): AsyncGenerator<Found> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
    entries.sort((one, other) => Buffer.compare(one.name, other.name))
    for (const entry of entries) yield* visit(Buffer.concat([folder, SEPARATOR, entry.name]), entry)
  } catch (error) {
    yield unreadable(folder, error)
  }
}

/** Some file systems do not tell the kind when a folder is listed. */
async function* visitUnknown(path: Buffer): AsyncGenerator<Found> {
  try {
    const entry = await lstat(path)
    if (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink() || isNamedKind(entry)) yield* visit(path, entry)
  } catch (error) {
    yield unreadable(path, error)
  }
}

function unreadable(path: Buffer, error: unknown): Found {
  return { kind: 'unreadable', path, reason: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}` }
}
