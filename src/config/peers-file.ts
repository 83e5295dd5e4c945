/** Adds and removes peers in the configuration file, with its comments and layout kept (edit-list.ts).
 *
 *  Promises: the file is replaced at once or not at all (temporary file, sync, rename), keeps its owner and mode, and after the edit is a
 *  configuration without mistakes. Made where there is none.
 *  Does not: tell a running node; that is SIGHUP. Two edits at the same moment: the last one counts. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { parseAeTitle } from '../dicom/ae-title.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { withEntry, withoutEntry } from './edit-list.ts'
import { fileToEdit, type LoadedConfig, type LoadOptions, loadFrom, shownAs } from './load-config.ts'
import { ConfigError, keyOf, mistakesIn } from './mistakes.ts'
import { readText } from './read-yaml.ts'
import type { PeerService } from './settings.ts'

export interface NewPeer {
  readonly aeTitle: string
  readonly host?: string
  readonly port?: number
  /** Absent: everything. */
  readonly allow?: readonly PeerService[]
  /** Absent: N. */
  readonly levels?: readonly Confidentiality[]
}

/** @returns the file, absolute
 *  @throws ConfigError where the peer is not right (`port: found 70000, expected …`) or already there, or where the file has mistakes */
export function addPeer(options: LoadOptions, peer: NewPeer): string {
  const entry = withoutAbsent(peer)
  const mistakes = mistakesIn({ peers: [entry] }).map((mistake) => `${keyOf(mistake.path.slice(2))}: ${mistake.text}`)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const { file, text, loaded } = readFile(options)
  if (positionOf(loaded, peer.aeTitle) >= 0) {
    throw new ConfigError([`${peer.aeTitle} is already a peer (${loaded.sources.get('peers')}): remove it first, or edit the file`])
  }
  return write(file, withEntry(text, 'peers', entry), options)
}

/** @returns the file, absolute; undefined where it has no such peer
 *  @throws ConfigError where the file has mistakes */
export function removePeer(options: LoadOptions, aeTitle: string): string | undefined {
  const { file, text, loaded } = readFile(options)
  const at = positionOf(loaded, aeTitle)
  return at < 0 ? undefined : write(file, withoutEntry(text, 'peers', at), options)
}

function positionOf(loaded: LoadedConfig, aeTitle: string): number {
  return loaded.config.peers.findIndex((peer) => peer.aeTitle === parseAeTitle(aeTitle))
}

function readFile(options: LoadOptions): { file: string; text: string; loaded: LoadedConfig } {
  const file = fileToEdit(options)
  const text = existsSync(file) ? readText(file, shownAs(file, options.cwd)) : ''
  return { file, text, loaded: loadFrom(file, text, { ...options, env: {} }) }
}

function write(file: string, text: string, options: LoadOptions): string {
  loadFrom(file, text, { ...options, env: {} })
  mkdirSync(dirname(file), { recursive: true })
  replaceFile(existsSync(file) ? realpathSync(file) : file, text)
  return file
}

function withoutAbsent(peer: NewPeer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(peer).filter(([, value]) => value !== undefined))
}

function replaceFile(file: string, text: string): void {
  const former = statSync(file, { throwIfNoEntry: false })
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`
  try {
    const handle = openSync(draft, 'wx', former?.mode ?? 0o644)
    try {
      if (former !== undefined) {
        fchownSync(handle, former.uid, former.gid)
        fchmodSync(handle, former.mode)
      }
      writeSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncFolder(dirname(file))
}

/** The new name survives a power cut. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
