/** Tokens for the web, kept beside the instances: `tokens.json`, and when each was last used, `tokens-used.json`.
 *
 *  Promises: of a token only its SHA-256 is kept (it is 256 random bits: no salt is needed, no guess can succeed); the file is replaced as a
 *  whole, mode 0600; two commands at once lose nothing of each other. A file that cannot be read is an error, never an empty list.
 *  Does not: decide what a token may do (endpoints/web/web-access.ts). Only commands write `tokens.json`, only the node writes `tokens-used.json`.
 *  Times in milliseconds since 1970. */
import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { WEB_RIGHTS } from '../dicom/web-rights.ts'
import { writeSmallFile } from './write-small-file.ts'

export const TOKENS_FILE = 'tokens.json'
export const TOKENS_USED_FILE = 'tokens-used.json'
/** Scanners for leaked secrets find it by its beginning. */
export const TOKEN_PREFIX = 'ariane_'

const LOCK_FILE = 'tokens.lock'
const LOCK_TRIES = 100
const LOCK_WAIT_MS = 50
/** A command that died has left it. */
const LOCK_STALE_MS = 30_000

const TOKEN = z.strictObject({
  name: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  rights: z.array(z.enum(WEB_RIGHTS)),
  levels: z.array(z.enum(CONFIDENTIALITY_LEVELS)),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
})
const TOKENS = z.strictObject({ tokens: z.array(TOKEN) })
const USED = z.record(z.string(), z.number())

export type WebToken = Readonly<z.infer<typeof TOKEN>>

export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** @returns the token itself, which is nowhere else and never again */
export function newToken(): string {
  return TOKEN_PREFIX + randomBytes(32).toString('base64url')
}

/** @returns none where no file is
 *  @throws where there is one that cannot be read */
export async function readTokens(folder: string): Promise<readonly WebToken[]> {
  const text = await textOf(join(folder, TOKENS_FILE))
  return text === undefined ? [] : TOKENS.parse(JSON.parse(text)).tokens
}

/** Replaces the list by what `change` makes of it, one command after the other. */
export async function changeTokens(folder: string, change: (tokens: readonly WebToken[]) => readonly WebToken[]): Promise<void> {
  const unlock = await lock(join(folder, LOCK_FILE))
  try {
    const tokens = change(await readTokens(folder))
    await writeSmallFile(folder, TOKENS_FILE, `${JSON.stringify({ tokens }, null, 2)}\n`)
  } finally {
    await unlock()
  }
}

/** Tells a file from the one that took its place; undefined where there is none. */
export async function stampOfTokens(folder: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(join(folder, TOKENS_FILE))
    return `${ino} ${mtimeMs} ${size}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** SHA-256 → when it was last used, roughly. What cannot be read counts as nothing: it is for people only. */
export async function readTokenUse(folder: string): Promise<ReadonlyMap<string, number>> {
  const text = await textOf(join(folder, TOKENS_USED_FILE)).catch(() => undefined)
  try {
    return new Map(Object.entries(USED.parse(JSON.parse(text ?? '{}'))))
  } catch {
    return new Map()
  }
}

export async function writeTokenUse(folder: string, used: ReadonlyMap<string, number>): Promise<void> {
  await writeSmallFile(folder, TOKENS_USED_FILE, `${JSON.stringify(Object.fromEntries(used))}\n`)
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function lock(file: string): Promise<() => Promise<void>> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    try {
      await (await open(file, 'wx', 0o600)).close()
      return () => rm(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const found = await stat(file).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > LOCK_STALE_MS) await rm(file, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS))
    }
  }
  throw new Error(`another command holds ${file}; remove it if none runs`)
}
