/** A catalog that is rebuilt from the files says what the lost one said: values, patients, decisions, and no manifest more than before. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { reconcile } from '../../src/receive/reconcile.ts'
import { type Held, holdNothing, receive } from '../manifest/held-studies.ts'
import { closeAll, removeCatalog, silenceLog, withMethods } from './sample-instances.ts'

beforeAll(silenceLog)
afterEach(closeAll)

/** The same storage after the loss of its catalog, rebuilt. */
async function rebuilt(held: Held): Promise<Held> {
  await closeAll()
  removeCatalog(held.path)
  const again = await holdNothing({ path: held.path })
  await reconcile(again)
  return again
}

/** Instances that disagree on what is said once of a study. */
async function receiveContradicting(held: Held, study = newUid(), instances = 20) {
  for (let number = 1; number <= instances; number++) {
    await receive(held, { study, instanceNumber: number, accessionNumber: `A${number}`, patientName: `Doe^Jane^${number}` })
  }
  return study
}

it('the first value received counts, as before, and the same content makes no new manifest', async () => {
  const held = await holdNothing()
  const study = await receiveContradicting(held)
  const before = await held.catalog.findStudy(study)
  expect(before).toMatchObject({ keys: { AccessionNumber: 'A1', PatientName: 'Doe^Jane^1' } })
  const made = await buildManifest(held.parts, study, 'asked')
  const again = await rebuilt(held)
  expect((await again.catalog.findStudy(study))?.keys).toEqual(before?.keys)
  expect(await buildManifest(again.parts, study, 'asked')).toMatchObject({ kind: 'unchanged', record: { version: 1 } })
  expect(await again.catalog.manifestsOf(study)).toEqual('record' in made ? [made.record] : [])
})

it('instances that come at once are entered in the order of their names, so that a rebuild enters them so too', async () => {
  const held = await holdNothing()
  const entered: string[] = []
  const keep: typeof held.catalog.keep = (facts, options) => {
    entered.push(facts.storageKey)
    return held.catalog.keep(facts, options)
  }
  const counted = { ...held, door: { ...held.door, catalog: withMethods(held.catalog, { keep }) } }
  const study = newUid()
  await Promise.all(Array.from({ length: 60 }, (_, number) => receive(counted, { study, instanceNumber: number })))
  expect(entered).toHaveLength(60)
  expect(entered).toEqual([...entered].sort())
})

it('files are read several at a time, entered in their order, and share commits', async () => {
  const held = await holdNothing()
  await receiveContradicting(held)
  const names: string[] = []
  for await (const { key } of held.storage.list()) names.push(key)
  await closeAll()
  removeCatalog(held.path)
  const again = await holdNothing({ path: held.path })
  const entered: string[] = []
  let [reading, mostReading, waiting, mostWaiting] = [0, 0, 0, 0]
  const catalog = withMethods(again.catalog, {
    keep: async (facts) => {
      entered.push(facts.storageKey)
      mostWaiting = Math.max(mostWaiting, ++waiting)
      return again.catalog.keep(facts).finally(() => waiting--)
    },
  })
  const storage = withMethods(again.storage, {
    // the earlier of two files is the later to be read
    readStart: async (key, length) => {
      mostReading = Math.max(mostReading, ++reading)
      await sleep(names.indexOf(key) % 2 === 0 ? 20 : 1)
      return again.storage.readStart(key, length).finally(() => reading--)
    },
  })
  await reconcile({ storage, catalog })
  expect(entered).toEqual(names)
  expect(mostReading).toBeGreaterThan(2)
  expect(mostWaiting).toBeGreaterThan(2)
})
