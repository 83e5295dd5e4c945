/** Where `ariane manifest open` puts what it retrieves: `<study>/<series>/<instance>.dcm`, or a file-set with its DICOMDIR (PS3.10 8), or nowhere.
 *
 *  Promises: a name is made of the checked UIDs of the manifest, never of what a peer sent; a file that has its name is whole. Temporary names begin with a dot.
 *  In a file-set names have at most 8 characters, A-Z 0-9 _ (PS3.10 8.2), and the DICOMDIR comes last.
 *  Does not: delete what lies there already; an instance of the same name is replaced.
 *  @throws CannotKeep, CommandFailure */
import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dicomdir } from '../dicom/dicomdir.ts'
import { newUid } from '../dicom/uid.ts'
import type { Arrived, Keeper, KeptDraft } from '../manifest/open/arrival.ts'
import { CommandFailure } from './command-line.ts'
import { DraftFile } from './draft-file.ts'
import { FileSet } from './file-set.ts'

export interface OpenFolder extends Keeper {
  /** Writes what comes last. @returns the DICOMDIR, where there is one */
  finish(): Promise<string | undefined>
  /** Leaves no draft behind. */
  close(): Promise<void>
}

/** Retrieved, compared, forgotten. */
export const nowhere: OpenFolder = {
  draft: () => ({ write: () => undefined, keep: async () => undefined, discard: async () => undefined }),
  finish: async () => undefined,
  close: async () => undefined,
}

export async function openFolder(path: string, options: { dicomdir: boolean }): Promise<OpenFolder> {
  await makeFolder(path)
  if (!options.dicomdir) return new Folder(path, async (one) => pathOf(one))
  const directory = join(path, 'DICOMDIR')
  if (existsSync(directory)) throw new CommandFailure(`${directory} exists already: name another folder`, { exitCode: 2 })
  const files = new FileSet(path)
  return new Folder(
    path,
    (one) => files.add(one),
    async () => {
      const draft = new DraftFile(temporaryIn(path))
      await draft.write(dicomdir(await files.records(), newUid()))
      await draft.keep(directory)
      return directory
    },
  )
}

/** The folder above it must be there: a slip of the pen makes no trees. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    const why = code === 'EEXIST' ? 'it is a file' : code === 'ENOENT' ? 'the folder above it is not there' : message
    throw new CommandFailure(`no folder can be made at ${path}: ${why}`, { exitCode: 2, cause })
  }
}

class Folder implements OpenFolder {
  readonly #path: string
  readonly #nameOf: (arrived: Arrived) => Promise<string>
  readonly #last: (() => Promise<string>) | undefined
  readonly #drafts = new Set<DraftFile>()

  constructor(path: string, nameOf: (arrived: Arrived) => Promise<string>, last?: () => Promise<string>) {
    this.#path = path
    this.#nameOf = nameOf
    this.#last = last
  }

  draft(): KeptDraft {
    const draft = new DraftFile(temporaryIn(this.#path))
    this.#drafts.add(draft)
    return {
      write: (bytes) => draft.write(bytes),
      keep: async (arrived) => {
        await draft.keep(join(this.#path, await this.#nameOf(arrived)))
        this.#drafts.delete(draft)
      },
      discard: async () => {
        await draft.discard()
        this.#drafts.delete(draft)
      },
    }
  }

  async finish(): Promise<string | undefined> {
    return await this.#last?.()
  }

  async close(): Promise<void> {
    for (const draft of this.#drafts) await draft.discard()
  }
}

function temporaryIn(path: string): string {
  return join(path, `.${randomBytes(8).toString('hex')}.part`)
}

function pathOf({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Arrived): string {
  return join(studyInstanceUid, seriesInstanceUid, `${sopInstanceUid}.dcm`)
}
