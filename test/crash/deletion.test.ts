/** Whatever the step at which a deletion is killed: no manifest in force ever refers to what is gone, and the next start of the node brings it to its end. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { intents } from '../../src/storage/deletion-intents.ts'
import { settings } from '../manifest/deletion-settings.ts'
import { type Held, holdNothing, receive } from '../manifest/held-studies.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { eventually, filesBelow, type NodeProcess, startNode } from '../support/node-process.ts'
import { getStudy } from '../support/retrieve-digests.ts'

const CHILD = fileURLToPath(new URL('../manifest/deletion-child.ts', import.meta.url))
const STUDY = uid('1.2.840.1')
const SERIES = uid(`${STUDY}.1`)

let folder: string
let path: string
let node: NodeProcess | undefined
beforeEach(async () => {
  silenceLog()
  folder = await mkdtemp(join(tmpdir(), 'ariane-deletion-'))
  path = join(folder, 'storage')
})
afterEach(async () => {
  await node?.stop()
  node = undefined
  await closeAll()
  await rm(folder, { recursive: true, force: true })
})

async function killedAt(step: string, series: string): Promise<void> {
  const child = spawn(process.execPath, [CHILD, path, step, STUDY, series], { stdio: 'ignore', timeout: 20_000 })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.on('exit', (...of) => resolve(of)))
  expect([code, signal], `killed when ${step}`).toEqual([null, 'SIGKILL'])
}

/** Availability is a lock, at any moment. */
async function expectReferencesThere(held: Held): Promise<void> {
  const inForce = (await held.catalog.manifestsOf(STUDY)).filter(({ state }) => state === 'in force')
  for (const record of inForce) {
    const rows = await Promise.all(NAMES.slice(record.instanceCount === 6 ? 0 : 3).map((name) => held.catalog.findInstance(name)))
    for (const facts of rows) expect(await held.storage.size(facts!.storageKey)).toBe(facts!.fileSizeBytes)
  }
}

const NAMES = [1, 2].flatMap((series) => [1, 2, 3].map((number) => uid(`${STUDY}.${series}.${number}`)))

async function holdStudy(): Promise<void> {
  const held = await holdNothing({ path, settings })
  for (const [at, sopInstanceUid] of NAMES.entries()) {
    const seriesNumber = at < 3 ? 1 : 2
    await receive(held, {
      study: STUDY,
      series: uid(`${STUDY}.${seriesNumber}`),
      seriesNumber,
      instanceNumber: (at % 3) + 1,
      sopInstanceUid,
    })
  }
  await buildManifest(held.parts, STUDY, 'quiet')
  await sleep(5)
  await closeAll()
}

const STEPS = [
  'intended',
  'begun',
  'some are hidden',
  'all are hidden',
  'the manifest is written',
  'settled',
  'rows are removed',
  'a file is removed',
  'files are removed',
  'the intent is gone',
  'ended',
]

describe.each([
  ['a study', '', 0, 'withdrawn'],
  ['a series', SERIES, 3, 'superseded'],
])('the deletion of %s', (_, series, left, state) => {
  it.each(STEPS)('killed when %s: the lock holds, the next start ends it', { timeout: 60_000 }, async (step) => {
    await holdStudy()
    await killedAt(step, series)
    await expectReferencesThere(await holdNothing({ path, settings }))
    await closeAll()

    node = await startNode({ folder, settings: { manifest: { quietSeconds: 1 } } })
    const reopened = await holdNothing({ path, settings })
    await eventually('it has ended', async () => (await reopened.catalog.deletionsUnderWay()).length === 0, 20_000)
    expect(await intents(path)).toEqual([])
    expect(await reopened.catalog.filesToRemove(10)).toEqual([])
    expect(filesBelow(join(path, 'instances'))).toHaveLength(left)
    expect(filesBelow(join(path, 'quarantine'))).toEqual([])
    const records = await reopened.catalog.manifestsOf(STUDY)
    expect(records.at(-1)).toMatchObject({ version: 1, state })
    expect(records.filter((record) => record.state === 'in force')).toHaveLength(left === 0 ? 0 : 1)
    await expectReferencesThere(reopened)
    expect((await reopened.catalog.historyOf(STUDY)).filter((entry) => entry.state === 'deleted')).toMatchObject([
      { actor: 'ann', reason: expect.stringContaining(`${6 - left} instances`) },
    ])
    expect((await getStudy(node.port, STUDY)).digests.size).toBe(left)
    expect(filesBelow(join(path, 'manifests')).length).toBe(records.length)
  })
})
