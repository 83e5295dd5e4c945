/** The tokens of `ariane token`, as a running node sees them.
 *
 *  Promises: what a command has changed holds for the next request, without a restart; a list that cannot be read lets nobody in, and is told
 *  once; a token is found by its hash, so that the time that takes says nothing about the tokens that there are. When one was last used is
 *  written at most every {@link WRITE_USE_MS}, and at the end.
 *  Errors: WebRefusal 503 where the list cannot be read. */
import { timingSafeEqual } from 'node:crypto'
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { log } from '../../log.ts'
import { readTokens, readTokenUse, stampOfTokens, type WebToken, writeTokenUse } from '../../storage/web-tokens.ts'

const WRITE_USE_MS = 60_000

export interface KnownTokens {
  /** @returns undefined for one that is not known, revoked, or over */
  find(sha256: string): Promise<WebToken | undefined>
  /** Another where the list may be. */
  stamp(): Promise<string | undefined>
  close(): Promise<void>
}

export function knownTokens(folder: string): KnownTokens {
  const list = tokenList(folder)
  const use = tokenUse(folder)
  return {
    find: async (sha256) => {
      const token = (await list()).get(sha256)
      if (token === undefined || !isSame(token.sha256, sha256) || (token.expiresAt ?? Number.POSITIVE_INFINITY) <= Date.now())
        return undefined
      use.note(sha256)
      return token
    },
    stamp: () => stampOfTokens(folder),
    close: () => use.close(),
  }
}

/** Reads the list again where the file is another than last time. */
function tokenList(folder: string): () => Promise<ReadonlyMap<string, WebToken>> {
  let known: ReadonlyMap<string, WebToken> = new Map()
  let knownStamp: string | undefined
  let toldStamp: string | undefined
  return async () => {
    let stamp: string | undefined
    try {
      stamp = await stampOfTokens(folder)
      if (stamp === knownStamp) return known
      const tokens = await readTokens(folder)
      known = new Map(tokens.map((token) => [token.sha256, token]))
      knownStamp = stamp
      return known
    } catch (error) {
      if (toldStamp !== (stamp ?? 'none'))
        log.error('the list of tokens cannot be read, nobody is let in by one', { error: inShort(error) })
      toldStamp = stamp ?? 'none'
      throw new WebRefusal(503, 'tokens cannot be checked now; the log of the node says why', { 'Retry-After': '30' })
    }
  }
}

function tokenUse(folder: string): { note(sha256: string): void; close(): Promise<void> } {
  const used = new Map<string, number>()
  let isNew = false
  let writing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    if (!isNew) return writing
    isNew = false
    writing = writing.then(() => writeAll(folder, used)).catch((error: unknown) => log.warn('last use of tokens is not noted', { error }))
    return writing
  }
  return {
    note: (sha256) => {
      used.set(sha256, Date.now())
      isNew = true
      timer ??= setTimeout(() => void write(), WRITE_USE_MS).unref()
    },
    close: write,
  }
}

/** Of tokens that are gone nothing is remembered. */
async function writeAll(folder: string, used: ReadonlyMap<string, number>): Promise<void> {
  const there = new Set((await readTokens(folder)).map((token) => token.sha256))
  const merged = new Map([...(await readTokenUse(folder)), ...used])
  await writeTokenUse(folder, new Map([...merged].filter(([sha256]) => there.has(sha256))))
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

/** A parser's message quotes what it read. */
function inShort(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'not a list of tokens'
}
