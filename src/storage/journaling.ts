/** What a file system promises when a file is synced after it was renamed.
 *
 *  ext4, XFS and Btrfs journal the renaming with the file itself (its time of change is written in the same transaction), so that fsync of the
 *  file puts its name on disk too. POSIX asks for a sync of the folder besides, and everything else gets that. */
import { statfs } from 'node:fs/promises'

/** `f_type` of statfs(2). */
const TAKES_NAME: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e])

export async function syncTakesName(path: string): Promise<boolean> {
  return TAKES_NAME.has((await statfs(path)).type)
}
