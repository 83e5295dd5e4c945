/** A process that deletes a study, or a series of it, and is killed (SIGKILL, by itself) at a named step.
 *
 *  `node deletion-child.ts PATH STEP STUDY [SERIES]` */
import { join } from 'node:path'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { parseUid, uid } from '../../src/dicom/uid.ts'
import { deleteInstances } from '../../src/manifest/delete-instances.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { settings } from './deletion-settings.ts'

const [path = '', step = '', study = '', series = ''] = process.argv.slice(2)
const storage = await openStorage({ path, reserveBytes: 0, maxInstanceBytes: 1e9 })
const catalog = openCatalog(join(path, 'catalog.sqlite'))
let calls = 0

const die = (here: string): void => {
  if (step === here) process.kill(process.pid, 'SIGKILL')
}

await deleteInstances(
  {
    path,
    now: Date.now,
    settings: () => settings,
    storage: Object.assign(Object.create(storage) as typeof storage, {
      draft: (...of: Parameters<typeof storage.draft>) => storage.draft(...of),
      remove: async (key: Parameters<typeof storage.remove>[0]) => {
        await storage.remove(key)
        die('a file is removed')
      },
      size: (key: Parameters<typeof storage.size>[0]) => storage.size(key),
    }),
    catalog: {
      ...catalog,
      beginDeletion: async (...of) => {
        die('intended')
        const begun = await catalog.beginDeletion(...of)
        die('begun')
        return begun
      },
      hideDeleted: async (...of) => {
        const after = await catalog.hideDeleted(...of)
        die(++calls === 1 ? 'some are hidden' : after === undefined ? 'all are hidden' : '')
        return after
      },
      settleStudy: async (...of) => {
        die('the manifest is written')
        await catalog.settleStudy(...of)
        die('settled')
      },
      removeDeleted: async (id) => {
        const rows = await catalog.removeDeleted(id)
        die('rows are removed')
        return rows
      },
      filesRemoved: async (keys) => {
        die('files are removed')
        await catalog.filesRemoved(keys)
      },
      endDeletion: async (id) => {
        die('the intent is gone')
        const ended = await catalog.endDeletion(id)
        die('ended')
        return ended
      },
    },
  },
  { studyInstanceUid: uid(study), seriesInstanceUid: parseUid(series), reason: 'deleted by operator', actor: 'ann', withdraw: true },
)
