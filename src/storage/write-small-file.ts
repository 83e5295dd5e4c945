/** Small text files of our own beside the instances.
 *
 *  Promises: on return the whole text is on disk under its name; before that whatever was there, or nothing: never a part of it.
 *  Does not: make the folder.
 *  Errors: those of the system. */
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from './day-folders.ts'
import { giveToOwner } from './owner.ts'

export async function writeSmallFile(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, name)
  const unfinished = `${file}.new`
  const handle = await open(unfinished, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await giveToOwner(unfinished)
  await rename(unfinished, file)
  await syncFolder(folder)
}
