/** Several buffers read or written in one call, and again for what the system did not take or give at once (it takes 1024 of them at most). Sizes in bytes. */
import { readv, writev } from 'node:fs'
import { promisify } from 'node:util'

const readvAsync = promisify(readv)
const writevAsync = promisify(writev)

/** Writes all of them at the end of the file. */
export async function writeAll(fd: number, fragments: readonly Buffer[]): Promise<void> {
  for (let rest = fragments; rest.length > 0; ) rest = withoutStart(rest, (await writevAsync(fd, rest)).bytesWritten)
}

/** Fills them from `position` on. @returns how many bytes; fewer than fit only at the end of the file */
export async function readInto(fd: number, into: readonly Buffer[], position: number): Promise<number> {
  let at = position
  for (let rest = into; rest.length > 0; ) {
    const { bytesRead } = await readvAsync(fd, rest, at)
    if (bytesRead === 0) break
    at += bytesRead
    rest = withoutStart(rest, bytesRead)
  }
  return at - position
}

function withoutStart(fragments: readonly Buffer[], bytes: number): readonly Buffer[] {
  let index = 0
  let left = bytes
  while (index < fragments.length && left >= fragments[index]!.length) left -= fragments[index++]!.length
  const rest = fragments.slice(index)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}
