/** A file system of its own, small, that a test can fill (tmpfs; needs the right to mount). Sizes in bytes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  freeBytes(): number
  /** Writes a filler, so that only so much is left. */
  fill(leaveBytes: number): void
  /** Removes the filler. */
  makeRoom(): void
  /** A folder of it becomes read-only for whoever opens something there from now on, under a second mount on top: Linux refuses to make a
   *  mount read-only under files that are open for writing. @returns what ends it */
  makeReadOnly(folder: string): () => void
  remove(): void
}

/** @returns undefined where mounting is not allowed */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-disk-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status !== 0) {
    rmdirSync(folder)
    return undefined
  }
  const filler = join(folder, 'filler')
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  }
  return {
    folder,
    freeBytes,
    fill: (leaveBytes) => {
      try {
        for (let more = freeBytes() - leaveBytes; more > 0; more -= 8_388_608)
          writeFileSync(filler, Buffer.alloc(Math.min(more, 8_388_608), 1), { flag: 'a' })
      } catch (error) {
        // somebody else was faster: full is what was wanted
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    makeReadOnly: (below) => {
      mount('--bind', below, below)
      mount('-o', 'remount,bind,ro', below)
      return () => {
        spawnSync('umount', ['-l', below])
      }
    },
    remove: () => {
      spawnSync('umount', ['-l', folder])
      rmdirSync(folder)
    },
  }
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args)
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr.toString()}`)
}

/** Whether a test may mount here at all. */
export function mayMount(): boolean {
  const trial = smallDisk(1)
  trial?.remove()
  return trial !== undefined
}
