/** 08 and 09: a restart in the middle, and two senders of one study. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import type { ManifestRecord } from '../../src/catalog/contract.ts'
import { getscu, storescu } from '../support/dcmtk.ts'
import { complaints, deliveredManifests, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { eventually, filesBelow, type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { dataSetDigests, studyFiles } from '../support/study-files.ts'

let folder: string
let node: NodeProcess | undefined
afterEach(async () => {
  await node?.stop()
  node = undefined
  await rm(folder, { recursive: true, force: true })
})

/** `ariane manifest list --json`: newest first. */
async function manifestRecords(of: NodeProcess): Promise<ManifestRecord[]> {
  const main = join(PROJECT, 'src/main.ts')
  const { output } = await runCommand(process.execPath, [main, '--config', of.configFile, 'manifest', 'list', '--json'])
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ManifestRecord)
}

describe('08 a restart in the middle', () => {
  it.each(['SIGTERM', 'SIGKILL'])(
    'after %s between two parts of a study: one manifest of the whole, everything retrievable',
    async (signal) => {
      folder = await mkdtemp(join(tmpdir(), 'ariane-restart-'))
      const study = await studyFiles({ series: [5, 5] })
      // Longer than a start takes, on a busy machine too.
      const settings = { manifest: { quietSeconds: 8 } }
      node = await startNode({ folder, settings })
      expect((await storescu(node, study.files.slice(0, 5))).statuses).toEqual([0, 0, 0, 0, 0])
      if (signal === 'SIGTERM') await node.stop()
      else await node.kill9()
      node = await startNode({ folder, settings })
      expect((await storescu(node, study.files.slice(5))).statuses).toEqual([0, 0, 0, 0, 0])
      const manifest = await manifestVersion(node, study.studyInstanceUid, 1)
      expect(await complaints(manifest)).toEqual([])
      expect(await evidenceUids(manifest)).toEqual([...study.sopInstanceUids].sort())
      const out = join(folder, 'got')
      await import('node:fs/promises').then(({ mkdir }) => mkdir(out))
      await getscu(node, ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`], out)
      expect(dataSetDigests(filesBelow(out).map((name) => join(out, name)))).toEqual(dataSetDigests(study.files))
      await study.remove()
    },
  )

  it('a study that fell due while the node was down gets its manifest at the next start, and it is delivered', async () => {
    folder = await mkdtemp(join(tmpdir(), 'ariane-restart-'))
    const study = await studyFiles({ series: [2] })
    node = await startNode({ folder, settings: { manifest: { quietSeconds: 5 } } })
    await storescu(node, study.files)
    await node.kill9()
    await sleep(5000)
    expect(deliveredManifests(node, study.studyInstanceUid)).toEqual([])
    node = await startNode({ folder, settings: { manifest: { quietSeconds: 5 } } })
    await manifestVersion(node, study.studyInstanceUid, 1, 5000)
    await study.remove()
  })
})

describe('08 a lost catalog', () => {
  it('is rebuilt from the files: the same manifest in force, found and retrievable, no version more', async () => {
    folder = await mkdtemp(join(tmpdir(), 'ariane-restart-'))
    const study = await studyFiles({ series: [3] })
    node = await startNode({ folder })
    await storescu(node, study.files)
    const manifest = await manifestVersion(node, study.studyInstanceUid, 1)
    await node.kill9()
    for (const suffix of ['', '-wal', '-shm']) await rm(join(node.storagePath, `catalog.sqlite${suffix}`), { force: true })
    await rm(manifest)
    node = await startNode({ folder })
    // What was delivered is not known any more, so it is delivered again.
    expect(await manifestVersion(node, study.studyInstanceUid, 1)).toBe(manifest)
    await sleep(1500)
    expect(deliveredManifests(node, study.studyInstanceUid)).toEqual([manifest])
    expect(await manifestRecords(node)).toMatchObject([{ version: 1, state: 'in force', instanceCount: 3, reason: 'quiet for 1 s' }])
    await study.remove()
  })
})

describe('09 two senders, one study', () => {
  it('make one chain of manifests, the last one of everything', async () => {
    folder = await mkdtemp(join(tmpdir(), 'ariane-restart-'))
    node = await startNode({ folder })
    const first = await studyFiles({ series: [20, 20] })
    const second = await studyFiles({ series: [20, 20], studyInstanceUid: first.studyInstanceUid })
    const results = await Promise.all([storescu(node, first.files, { calling: 'CT1' }), storescu(node, second.files, { calling: 'CT2' })])
    expect(results.map((one) => one.code)).toEqual([0, 0])
    const { studyInstanceUid } = first
    const everything = [...first.sopInstanceUids, ...second.sopInstanceUids].sort()
    const newest = (): string | undefined => deliveredManifests(node!, studyInstanceUid).at(-1)
    await eventually(
      'a manifest of everything',
      async () => newest() !== undefined && isDeepStrictEqual(await evidenceUids(newest()!), everything),
      15_000,
    )
    const versions = deliveredManifests(node, studyInstanceUid)
    const records = await manifestRecords(node)
    expect(records.map(({ version }) => version)).toEqual(versions.map((_, at) => versions.length - at))
    expect(records.map(({ state }) => state)).toEqual(versions.map((_, at) => (at === 0 ? 'in force' : 'superseded')))
    for (const [at, record] of records.entries()) expect(record.supersededBy).toBe(records[at - 1]?.sopInstanceUid)
    for (const version of versions) expect(await complaints(version)).toEqual([])
    await first.remove()
    await second.remove()
  })
})
