/** The target `folder`: each manifest becomes `<path>/<StudyInstanceUID>/<version>-<SOPInstanceUID>.dcm`, or `.json`; when it is withdrawn,
 *  `.withdrawn` is added to its name.
 *
 *  Promises: whoever watches a study's folder sees a file whole or not at all: it is written under a hidden name in `<path>`, synced, moved,
 *  and the folder synced. A file of that name with the same bytes is success. What a crash left unfinished goes with the first delivery of
 *  the next run, whichever study that is of.
 *  Does not: delete or overwrite anything but its own unfinished files.
 *  @throws NodeError DUPLICATE_REFUSED where a file of that name holds something else; errors of the file system as they are */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ManifestRecord } from '../../catalog/contract.ts'
import { NodeError } from '../../errors.ts'
import type { Deliverable, Target } from './target.ts'

const WITHDRAWN = '.withdrawn'
/** Whatever the dialect of the target is now. */
const EXTENSIONS: readonly Deliverable['extension'][] = ['dcm', 'json']
const UNFINISHED = /^\.ariane-.*\.part$/

/** One for as long as the target is configured so. */
export function folderTarget(path: string): Target {
  let isSwept = false
  const publish = async (manifest: Deliverable): Promise<void> => {
    if (!isSwept) await removeUnfinished(path)
    isSwept = true
    await deliverTo(path, manifest)
  }
  return { publish, withdraw: (record) => withdrawFrom(path, record) }
}

/** The file stays, under a name that nobody takes for a manifest's. */
async function withdrawFrom(path: string, { studyInstanceUid, sopInstanceUid, version }: ManifestRecord): Promise<void> {
  const folder = join(path, studyInstanceUid)
  for (const extension of EXTENSIONS) {
    const file = join(folder, `${version}-${sopInstanceUid}.${extension}`)
    await rename(file, `${file}${WITHDRAWN}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  if (existsSync(folder)) await syncFolder(folder)
}

async function deliverTo(path: string, manifest: Deliverable): Promise<void> {
  const { studyInstanceUid, sopInstanceUid, version } = manifest.record
  const folder = join(path, studyInstanceUid)
  const name = `${version}-${sopInstanceUid}.${manifest.extension}`
  if ((await mkdir(folder, { recursive: true })) !== undefined) await syncFolder(dirname(folder))
  if (await isThere(join(folder, name), manifest)) return
  const unfinished = join(path, `.ariane-${randomUUID()}.part`)
  try {
    await write(unfinished, manifest.open())
    await rename(unfinished, join(folder, name))
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(folder)
}

async function isThere(file: string, manifest: Deliverable): Promise<boolean> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return false
  const same = found.size === manifest.fileSizeBytes && (await digest(createReadStream(file))) === (await digest(manifest.open()))
  if (same) return true
  throw new NodeError('DUPLICATE_REFUSED', {
    SOPInstanceUID: manifest.record.sopInstanceUid,
    step: 'folder holds another file of that name',
  })
}

async function digest(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function write(file: string, stream: Readable): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    for await (const chunk of stream) await handle.writeFile(chunk as Buffer)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeUnfinished(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  for (const entry of await readdir(path)) if (UNFINISHED.test(entry)) await rm(join(path, entry), { force: true })
}

/** Makes names durable; file systems that cannot (some network ones) are taken as they are. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await handle.close()
  }
}
