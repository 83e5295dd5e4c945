/** A manifest that an earlier release made does not say whose it is in its record: its file does, so that one of another patient withdraws it. */
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../../src/catalog/database.ts'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { type Held, holdNothing, receive, target } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

/** A study with a manifest whose record does not know its patient. */
async function holdFormer(study: Uid): Promise<Held> {
  const held = await holdNothing({ settings: { targets: [target('one')] } })
  await receive(held, { study, patientId: 'A' })
  await buildManifest(held.parts, study, 'quiet')
  const db = openDatabase(join(held.path, 'catalog.sqlite'))
  db.exec('UPDATE manifests SET patient_key = NULL')
  db.close()
  return held
}

const merge = (held: Held) =>
  held.catalog.decide({
    id: 'merge',
    at: Date.now(),
    actor: 'anna',
    kind: 'patients merged',
    fromKey: JSON.stringify(['A', '', '']),
    intoKey: JSON.stringify(['B', '', '']),
    values: { PatientID: 'B', PatientName: 'Doe^Jane' },
  })

const states = async ({ catalog }: Held, study: Uid) =>
  (await catalog.manifestsOf(study)).map(({ version, state }) => `v${version} ${state}`).sort()

it('is withdrawn when its study becomes one of another patient', async () => {
  const study = newUid()
  const held = await holdFormer(study)
  await merge(held)
  await buildManifest(held.parts, study, 'at once')
  expect(await states(held, study)).toEqual(['v1 withdrawn', 'v2 in force'])
})

it('is superseded by one of the same patient, and says from then on whose it is', async () => {
  const study = newUid()
  const held = await holdFormer(study)
  await buildManifest(held.parts, study, 'asked by operator')
  expect((await held.catalog.manifestsOf(study))[0]!.patientKey).toBeDefined()
  await receive(held, { study, patientId: 'A', instanceNumber: 2 })
  await buildManifest(held.parts, study, 'quiet')
  const [second, first] = await held.catalog.manifestsOf(study)
  expect([first!.state, second!.state]).toEqual(['superseded', 'in force'])
  expect(first!.patientKey).toBe(second!.patientKey)
})

it('is superseded where its file is lost: nobody knows', async () => {
  const study = newUid()
  const held = await holdFormer(study)
  const [record] = await held.catalog.manifestsOf(study)
  unlinkSync(join(held.path, (await held.catalog.findInstance(record!.sopInstanceUid))!.storageKey))
  await merge(held)
  await buildManifest(held.parts, study, 'at once')
  expect(await states(held, study)).toEqual(['v1 superseded', 'v2 in force'])
})
