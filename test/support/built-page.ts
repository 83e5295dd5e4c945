/** The page, built once for all tests that look at it: by the first that comes, the others wait. Built again where a source is newer. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, PROJECT } from './node-process.ts'
import { runCommand } from './run-command.ts'

export const BUILT_PAGE = join(PROJECT, 'dist/page')
const LOCK = join(PROJECT, 'dist/.page-lock')
/** Milliseconds: of a test that was killed while it built. */
const STALE = 60_000

export async function buildPage(): Promise<void> {
  if (isFresh()) return
  mkdirSync(join(PROJECT, 'dist'), { recursive: true })
  await eventually('the page is built by somebody', () => isFresh() || takeLock(), 2 * STALE)
  try {
    if (isFresh()) return
    const { code, output } = await runCommand(process.execPath, [join(PROJECT, 'scripts/build-page.mjs')])
    if (code !== 0) throw new Error(`the page was not built:\n${output}`)
  } finally {
    rmSync(LOCK, { recursive: true, force: true })
  }
}

function isFresh(): boolean {
  const index = join(BUILT_PAGE, 'index.html')
  if (!existsSync(index)) return false
  const built = statSync(index).mtimeMs
  const sources = readdirSync(join(PROJECT, 'src/page'), { recursive: true, withFileTypes: true }).map((one) =>
    join(one.parentPath, one.name),
  )
  return [...sources, join(PROJECT, 'scripts/build-page.mjs')].every((file) => statSync(file).mtimeMs <= built)
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK)
    return true
  } catch {
    if (Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > STALE)
      rmSync(LOCK, { recursive: true, force: true })
    return false
  }
}
