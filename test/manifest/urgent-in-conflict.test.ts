import { afterAll, expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { holdNothing, receive } from './held-studies.ts'

silenceLog()
afterAll(closeAll)

const RULES = { quietSeconds: 60, associationEndSeconds: 15, maxWaitSeconds: 14_400, mppsMaxWaitSeconds: 7_200 }

it('a study in conflict keeps its manifest, until that names what must not be given any more', async () => {
  const held = await holdNothing()
  const study = newUid()
  const first = await receive(held, { study, patientId: 'A' })
  expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({ kind: 'made' })
  await receive(held, { study, patientId: 'B' })
  expect(await buildManifest(held.parts, study, 'quiet')).toEqual({ kind: 'conflict', withdrawn: [] })
  expect(await held.catalog.manifestsOf(study)).toMatchObject([{ state: 'in force' }])
  const decision = { kind: 'confidentiality decided', studyInstanceUid: study, level: 'R' } as const
  await held.catalog.decide({ id: 'one', at: held.parts.now(), actor: 'ann', ...decision })
  expect(await held.catalog.studiesPending(RULES, 0, 1)).toMatchObject([{ studyInstanceUid: study, due: { signal: 'urgent' } }])
  expect(await buildManifest(held.parts, study, 'at once')).toMatchObject({ kind: 'conflict', withdrawn: [{ version: 1 }] })
  expect(await held.catalog.manifestsOf(study)).toMatchObject([{ state: 'withdrawn' }])
  expect(await held.catalog.studiesPending(RULES, 0, 1)).toEqual([])
  await held.catalog.resolveStudy(study, 1)
  expect(await buildManifest(held.parts, study, 'asked')).toMatchObject({ kind: 'made', record: { confidentiality: 'R', version: 1 } })
  expect(await held.catalog.findInstance(first)).toMatchObject({ confidentiality: 'R' })
})

it('an issuer that is completed later makes no other patient: the version is superseded, not withdrawn', async () => {
  const held = await holdNothing()
  const study = newUid()
  await receive(held, { study, patientId: 'A' })
  await buildManifest(held.parts, study, 'quiet')
  await receive(held, { study, patientId: 'A', also: (to) => to.element(0x00100021, 'LO', 'HOSPITAL') })
  await buildManifest(held.parts, study, 'quiet')
  const states = (await held.catalog.manifestsOf(study)).map(({ version, state }) => [version, state])
  expect(states.sort()).toEqual([
    [1, 'superseded'],
    [2, 'in force'],
  ])
})
