/** Who owns what is made in a storage: a command run as root beside the service makes files and folders that the service can use.
 *
 *  Promises: where this process is root and the storage is another user's, everything new becomes that user's, too.
 *  Does not: change the owner of anything that was there before. */
import { chown, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** @returns to whom new files in this folder are to be given; undefined where they belong to the right user anyway */
export async function ownerOf(folder: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = await stat(folder)
  return uid === 0 ? undefined : { uid, gid }
}

/** A new file or folder goes to the owner of the folder that it lies in. */
export async function giveToOwner(path: string): Promise<void> {
  const owner = await ownerOf(dirname(path))
  if (owner !== undefined) await chown(path, owner.uid, owner.gid)
}
