/** Folders and file systems for tests of what touches the disk; everything goes away with the test file. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []
const mounted: string[] = []

afterAll(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', ['-l', path])
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ariane-test-'))
  made.push(path)
  return path
}

/** A file system of its own, so that it can be filled. @returns undefined where this process may not mount one */
export function smallFileSystem(megabytes: number): string | undefined {
  const path = temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  mounted.push(path)
  return path
}

export const canMount = (() => {
  const path = mkdtempSync(join(tmpdir(), 'ariane-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
    execFileSync('umount', [path])
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
})()

/** Every file below a folder, relative; the catalog's own files left out. */
export function filesBelow(root: string): string[] {
  if (!existsSync(root)) return []
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('catalog.sqlite'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

export function emptyFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
}
