/** A catalog that is rebuilt from the files says what the lost one said: values, patients, decisions, and no manifest more than before. */
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ElementWriter } from '../../src/dicom/element-writer.ts'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { reconcile } from '../../src/receive/reconcile.ts'
import { type Held, holdNothing, receive, type Wanted } from '../manifest/held-studies.ts'
import { closeAll, removeCatalog, silenceLog, withMethods } from './sample-instances.ts'
import { judging } from './usual-judging.ts'

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
  await reconcile({ storage, catalog, ...judging })
  expect(entered).toEqual(names)
  expect(mostReading).toBeGreaterThan(2)
  expect(mostWaiting).toBeGreaterThan(2)
})

type Identity = Pick<Wanted, 'patientId' | 'patientName' | 'also'>

/** A study under two identities, the one of `chosen` put in force, its manifest made. */
async function holdDecided(one: Identity, other: Identity, chosen: number): Promise<{ held: Held; study: Uid }> {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study, ...one })
  await receive(held, { study, instanceNumber: 2, ...other })
  expect(await held.catalog.findStudy(study)).toMatchObject({ inConflict: true })
  await held.catalog.resolveStudy(study, chosen)
  expect((await buildManifest(held.parts, study, 'asked')).kind).toBe('made')
  return { held, study }
}

const withElement = (tag: number, vr: string, text: string) => (to: ElementWriter) => void to.element(tag, vr, text)
const LONG = 'X'.repeat(70)

describe('a decision between identities is told by the manifest that followed it', () => {
  it.each<[string, Identity, Identity]>([
    ['Patient IDs', { patientId: 'P1' }, { patientId: 'P2', patientName: 'Else^Who' }],
    ['an issuer', { also: withElement(0x00100021, 'LO', 'H1') }, { also: withElement(0x00100021, 'LO', 'H2') }],
    ['a control character in one', { patientId: 'P\t1' }, { patientId: 'P2' }],
    ['a Patient ID too long for a manifest', { patientId: LONG }, { patientId: 'P2' }],
    ['names too long for a manifest', { patientId: '', patientName: `${LONG}^Jane` }, { patientId: '', patientName: 'Else^Who' }],
    [
      'birth dates of an old spelling',
      { patientId: '', also: withElement(0x00100030, 'DA', '1960.02.03') },
      { patientId: '', also: withElement(0x00100030, 'DA', '19610203') },
    ],
  ])('%s', async (_, one, other) => {
    for (const chosen of [1, 2]) {
      const { held, study } = await holdDecided(one, other, chosen)
      const [record] = await held.catalog.manifestsOf(study)
      const { keys } = (await held.catalog.findStudy(study))!
      const identities = await held.catalog.identitiesOf(study)
      const again = await rebuilt(held)
      expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: false, keys })
      expect(await again.catalog.identitiesOf(study)).toEqual(identities)
      expect(await buildManifest(again.parts, study, 'asked')).toMatchObject({ kind: 'unchanged', record })
      expect((await again.catalog.findInstance(record!.sopInstanceUid))?.keys.PatientID).toBe(keys.PatientID)
    }
  })

  it('the last of several decisions counts', async () => {
    const { held, study } = await holdDecided({ patientId: 'P1' }, { patientId: 'P2' }, 2)
    await held.catalog.resolveStudy(study, 1)
    expect(await buildManifest(held.parts, study, 'asked')).toMatchObject({ kind: 'made', record: { version: 2 } })
    const again = await rebuilt(held)
    expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: false, keys: { PatientID: 'P1' } })
    expect(await buildManifest(again.parts, study, 'asked')).toMatchObject({ kind: 'unchanged', record: { version: 2 } })
  })

  it('an identity that came after the manifest is no part of it: the conflict stays', async () => {
    const { held, study } = await holdDecided({ patientId: 'P1' }, { patientId: 'P2' }, 2)
    await sleep(20)
    await receive(held, { study, patientId: 'P3', instanceNumber: 3 })
    const again = await rebuilt(held)
    expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: true })
    expect(await again.catalog.identitiesOf(study)).toHaveLength(3)
  })

  it('nor is one whose file was written before the manifest, but entered after it', async () => {
    const held = await holdNothing()
    const study = newUid()
    await receive(held, { study, patientId: 'P1' })
    await buildManifest(held.parts, study, 'asked')
    const late = await receive(held, { study, patientId: 'P2', instanceNumber: 2 })
    const { storageKey } = (await held.catalog.findInstance(late))!
    utimesSync(join(held.path, storageKey), 1, 1)
    const again = await rebuilt(held)
    expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: true, keys: { PatientID: 'P1' } })
  })

  it('a manifest of before the conflict decides nothing', async () => {
    const held = await holdNothing()
    const study = newUid()
    await receive(held, { study, patientId: 'P1' })
    await buildManifest(held.parts, study, 'asked')
    await sleep(20)
    await receive(held, { study, patientId: 'P2', instanceNumber: 2 })
    const again = await rebuilt(held)
    expect(await again.catalog.findStudy(study)).toMatchObject({ inConflict: true, keys: { PatientID: 'P1' } })
  })
})
