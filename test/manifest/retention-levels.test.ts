/** Retention and the audit where instances are restricted or hidden: rules look at all of a study, the audit at what is given out. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { auditOnDemand } from '../../src/manifest/audit-worker.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { outOfTime, runRetention } from '../../src/manifest/retention.ts'
import { decide } from '../../src/storage/decisions.ts'
import { note, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { filesBelow } from '../support/node-process.ts'
import { type Held, holdNothing, receive } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const DAY = 86_400_000

/** Series 2 of each study is restricted. */
async function hold(now = Date.now): Promise<Held> {
  const held = await holdNothing({ now })
  const confidentialityOf = (_: string, keys: Partial<Record<string, string>>) => (keys.SeriesNumber === '2' ? 'R' : 'N')
  return { ...held, confidentialityOf, door: { ...held.door, confidentialityOf } } as Held
}

const rule = (more: object = {}) => ({ name: 'old', olderThanDays: 30, ...more }) as Parameters<typeof runRetention>[1][number]
const states = async ({ catalog }: Held, study: Uid) =>
  (await catalog.manifestsOf(study)).map(({ confidentiality, state }) => `${confidentiality} ${state}`).sort()

it('a study with restricted instances is old, and goes, as a whole: the manifests of all its levels are withdrawn', async () => {
  let at = Date.now() - 100 * DAY
  const held = await hold(() => at)
  const [mixed, restricted, young] = [newUid(), newUid(), newUid()]
  for (const series of [1, 2]) await receive(held, { study: mixed, series: newUid(), seriesNumber: series })
  await receive(held, { study: restricted, seriesNumber: 2 })
  for (const study of [mixed, restricted]) await buildManifest(held.parts, study, 'quiet')
  expect(await states(held, mixed)).toEqual(['N in force', 'R in force'])
  at = Date.now()
  await receive(held, { study: young, seriesNumber: 2 })
  const deleting = { ...held.parts, path: held.path }
  const due = []
  for await (const one of outOfTime(deleting, [rule({ modality: 'CT' })])) due.push(one.studyInstanceUid)
  expect(due).toEqual([mixed, restricted])
  expect(await runRetention(deleting, [rule()], 'ariane')).toMatchObject({ studies: 2, instances: 3, withdrawn: 3, failed: 0 })
  expect(await states(held, mixed)).toEqual(['N withdrawn', 'R withdrawn'])
  expect(await held.catalog.evidence(mixed)).toEqual([])
  expect(filesBelow(join(held.path, 'instances'))).toHaveLength(1)
})

it('a restricted series deleted by an operator leaves the rest, and the values that all may see', async () => {
  const held = await hold()
  const [study, series] = [newUid(), newUid()]
  await receive(held, { study })
  await receive(held, { study, series, seriesNumber: 2, also: (to) => void to.element(0x00200010, 'SH', 'SECRET') })
  await buildManifest(held.parts, study, 'quiet')
  const { deleteInstances } = await import('../../src/manifest/delete-instances.ts')
  const what = { studyInstanceUid: study, seriesInstanceUid: series, reason: 'asked', actor: 'somebody', withdraw: true }
  expect(await deleteInstances({ ...held.parts, path: held.path }, what)).toMatchObject({ kind: 'deleted', instances: 1 })
  expect(await states(held, study)).toEqual(['N in force', 'R withdrawn'])
  expect((await held.catalog.findStudy(study))!.keys).not.toHaveProperty('StudyID')
  expect(await held.catalog.valuesAt(study, 'R')).toBeUndefined()
})

it('the audit reads what is restricted and in a manifest, not what is hidden, and loses nothing of what is rejected', async () => {
  const held = await hold()
  const of = someStudy()
  for (const image of of.images) await send(held, image)
  await decide(held, { kind: 'confidentiality decided', studyInstanceUid: of.study, level: 'R' }, 'somebody')
  await send(held, note('113001', of, [of.images[0]!]))
  await buildManifest(held.parts, of.study, 'quiet')
  const parts = { catalog: held.catalog, storage: held.storage, isThere: async () => true }
  const pass = () => auditOnDemand(parts, Date.now, () => undefined)
  expect(await pass()).toMatchObject({ instances: 3, lost: 0 })
  const fileOf = async (uid: Uid) => join(held.path, (await held.catalog.findInstance(uid))!.storageKey)
  rmSync(await fileOf(of.uids[0]!))
  expect(await pass()).toMatchObject({ instances: 3, lost: 0 })
  expect(await held.catalog.findInstance(of.uids[0]!)).toMatchObject({ hiddenBy: '113001' })
  rmSync(await fileOf(of.uids[1]!))
  expect(await pass()).toMatchObject({ lost: 1, findings: [{ sopInstanceUid: of.uids[1], problem: 'lost' }] })
  await buildManifest(held.parts, of.study, 'at once')
  const [inForce] = await held.catalog.manifestsOf(of.study)
  expect(inForce).toMatchObject({ confidentiality: 'R', state: 'in force', instanceCount: 1, version: 2 })
})
