/** A process that stores instances and is killed (SIGKILL, by itself) at a named point of the third one.
 *
 *  `node crash-child.ts PATH POINT`: prints the SOP Instance UID of each acknowledged instance. */
import { join } from 'node:path'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { receiveInstance } from '../../src/receive/store-instance.ts'
import type { Draft } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { judging } from './usual-judging.ts'

const [path = '', point = ''] = process.argv.slice(2)
const storage = await openStorage({ path, reserveBytes: 0, maxInstanceBytes: 1e9 })
const catalog = openCatalog(join(path, 'catalog.sqlite'))
const CT = '1.2.840.10008.5.1.4.1.1.2'
let number = 0

function die(here: string): void {
  if (number === 3 && point === here) process.kill(process.pid, 'SIGKILL')
}

const door = {
  storage: {
    ...bound(storage),
    draft: async () => {
      const draft = await storage.draft('instances')
      return {
        ...bound(draft),
        keep: async () => {
          die('before the name')
          const file = await draft.keep()
          die('after the name')
          return file
        },
      }
    },
  },
  catalog: {
    ...catalog,
    keep: async (...facts: Parameters<typeof catalog.keep>) => {
      const outcome = await catalog.keep(...facts)
      die('after the row')
      return outcome
    },
  },
  duplicates: 'keep' as const,
  path,
  now: Date.now,
  kept: () => undefined,
  isStorable: () => true,
  ...judging,
}

/** Methods of an object with private fields, as plain functions. */
function bound<T extends Draft | typeof storage>(target: T): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(target)) as (keyof T)[]
  return Object.fromEntries(names.map((name) => [name, (target[name] as () => unknown).bind(target)])) as unknown as T
}

for (number = 1; number <= 4; number++) {
  const sopInstanceUid = `1.2.3.${number}`
  const dataSet = new ElementWriter({ explicit: true })
    .element(0x00080016, 'UI', CT)
    .element(0x00080018, 'UI', sopInstanceUid)
    .element(0x00100020, 'LO', 'P1')
    .element(0x0020000d, 'UI', '1.2')
    .element(0x0020000e, 'UI', '1.2.9')
    .bytes(0x7fe00010, 'OW', Buffer.alloc(700_000, number))
    .finish()
  const sink = receiveInstance(door, { sopClassUid: CT, sopInstanceUid, transferSyntaxUid: '1.2.840.10008.1.2.1', source: 'MODALITY' })
  await sink.write(dataSet.subarray(0, 400_000))
  await new Promise((resolve) => setTimeout(resolve, 20))
  die('in the draft')
  await sink.write(dataSet.subarray(400_000))
  const { status } = await sink.end()
  if (status === 0) process.stdout.write(`${sopInstanceUid}\n`)
}
