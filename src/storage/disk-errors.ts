/** What the file system answers, in the words of the error table.
 *
 *  No room (disk or quota) is STORAGE_FULL, everything else STORAGE_FAILED; both are told to the peer as A700 (PS3.4 B.2.3). The system's
 *  own message names a path: it stays in `cause`, for our log only. */
import { NodeError } from '../errors.ts'

const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** @param step what was being done, for the log: "write", "sync", "name" */
export function diskError(step: string, cause: unknown): NodeError {
  if (cause instanceof NodeError) return cause
  const errno = errnoOf(cause)
  const code = errno !== undefined && NO_ROOM.has(errno) ? 'STORAGE_FULL' : 'STORAGE_FAILED'
  return new NodeError(code, { step, ...(errno === undefined ? {} : { errno }) }, { cause })
}
