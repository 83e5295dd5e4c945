/** 12: what a manifest in force refers to stays; a study is withdrawn and deleted beside a running node, while viewers retrieve and modalities send;
 *  what a disk loses is found and told. */
import { mkdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runAriane } from '../admin/run-ariane.ts'
import { TAG, testUid } from '../support/data-sets.ts'
import { findscu, getscu, storescu } from '../support/dcmtk.ts'
import { deliveredManifests, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { eventually, filesBelow, type NodeProcess, type NodeSettings, startNode } from '../support/node-process.ts'
import { getStudy } from '../support/retrieve-digests.ts'
import { dataSetDigests, studyFiles } from '../support/study-files.ts'

let folder: string
let node: NodeProcess
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-deletion-'))
})
afterEach(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
})
const start = async (settings: NodeSettings = {}): Promise<void> => {
  node = await startNode({ folder, settings })
}
const ariane = (...args: string[]) => runAriane(folder, ['--config', node.configFile, ...args])
const studiesFound = async (uid: string) => (await findscu(node, ['0008,0052=STUDY', `0020,000d=${uid}`])).matches.length
const keysOf = (uid: string) => ['0008,0052=STUDY', `0020,000d=${uid}`]

/** Files of a retrieval that are open before their turn. */
const OPENED_AHEAD = 24

describe('15 deletion', () => {
  it('is refused while a manifest in force refers to the study; withdrawn, it goes; sent again, it is a new one', {
    timeout: 60_000,
  }, async () => {
    await start()
    const study = await studyFiles({ series: [3, 2] })
    await storescu(node, study.files)
    await manifestVersion(node, study.studyInstanceUid, 1)
    const refused = await ariane('study', 'delete', study.studyInstanceUid, '--yes')
    expect(refused).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^not deleted: manifests in force refer to it.*\n {2}version 1 \(N, xds-i\) with 5 instances: [\d.]+\n$/,
      ),
    })
    expect(await ariane('study', 'delete', study.studyInstanceUid)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('say --yes'),
    })
    expect(await studiesFound(study.studyInstanceUid)).toBe(1)

    const deleted = await ariane('study', 'delete', study.studyInstanceUid, '--withdraw', '--yes')
    expect(deleted).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^deleted: 5 instances, \d+ bytes\nmanifest withdrawn: version 1: [\d.]+\n$/),
    })
    expect(await studiesFound(study.studyInstanceUid)).toBe(0)
    expect(node.files('instances')).toEqual([])
    await eventually('the target is told', () => deliveredManifests(node, study.studyInstanceUid).length === 0)
    expect(filesBelow(join(node.storagePath, 'outbox', study.studyInstanceUid))).toEqual([expect.stringMatching(/\.dcm\.withdrawn$/)])
    expect(await ariane('check', '--deep')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('all is well') })

    await storescu(node, study.files.slice(0, 2))
    await eventually('version 2', () => deliveredManifests(node, study.studyInstanceUid).length === 1)
    expect((await evidenceUids(deliveredManifests(node, study.studyInstanceUid)[0]!)).sort()).toEqual(
      [...study.sopInstanceUids.slice(0, 2)].sort(),
    )
    await study.remove()
  })

  it('while a viewer retrieves the study and a modality sends more of it: both are answered, what came later stays', {
    timeout: 90_000,
  }, async () => {
    await start()
    const study = await studyFiles({ series: [150], side: 128 })
    const late = await studyFiles({ series: [60], studyInstanceUid: study.studyInstanceUid })
    await storescu(node, study.files)
    await manifestVersion(node, study.studyInstanceUid, 1)
    const out = join(folder, 'got')
    mkdirSync(out)
    const getting = getscu(node, keysOf(study.studyInstanceUid), out)
    // One that is in the middle of it when everything goes.
    const deleting = Promise.withResolvers<unknown>()
    const slow = getStudy(node.port, study.studyInstanceUid, { before: (count) => (count === 10 ? deleting.promise : undefined) })
    const deletion = ariane('study', 'delete', study.studyInstanceUid, '--withdraw', '--yes')
    await eventually('the deletion has begun', async () => (await studiesFound(study.studyInstanceUid)) === 0, 20_000)
    const sent = await storescu(node, late.files)
    expect(sent.statuses).toEqual(late.files.map(() => 0))
    expect(await deletion).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('150 instances') })
    deleting.resolve(undefined)
    await getting
    const { status, digests } = await slow
    expect(status, 'some sub-operations failed').toBe(0xb000)
    expect(digests.size).toBeGreaterThanOrEqual(10)
    // Those that were open already when the files went (decision 0011), and no other.
    expect(digests.size).toBeLessThanOrEqual(10 + OPENED_AHEAD)
    // whole ones, and only those of the study
    const sentDigests = dataSetDigests(study.files)
    for (const digest of [...dataSetDigests(filesBelow(out).map((name) => join(out, name))), ...digests.values()])
      expect(sentDigests).toContain(digest)
    await eventually('a manifest of what came later', async () => {
      const [manifest] = deliveredManifests(node, study.studyInstanceUid).slice(-1)
      return manifest !== undefined && (await evidenceUids(manifest)).length === late.files.length
    })
    expect(node.files('instances')).toHaveLength(late.files.length)
    const again = join(folder, 'again')
    mkdirSync(again)
    await getscu(node, keysOf(study.studyInstanceUid), again)
    expect(dataSetDigests(filesBelow(again).map((name) => join(again, name)))).toEqual(dataSetDigests(late.files))
    expect(node.isRunning()).toBe(true)
    await study.remove()
    await late.remove()
  })

  it('a sender cannot replace what a manifest in force refers to: B000, and the log says so', { timeout: 60_000 }, async () => {
    await start({ storage: { duplicates: 'replace' }, manifest: { quietSeconds: 4 } })
    const same = { [TAG.SOPInstanceUID]: ['UI', testUid()], [TAG.SeriesInstanceUID]: ['UI', testUid()] } as const
    const first = await studyFiles({ series: [1], overrides: { ...same, [TAG.PatientName]: ['PN', 'First^Bytes'] } })
    const study = await studyFiles({ series: [1], studyInstanceUid: first.studyInstanceUid, overrides: same })
    await storescu(node, first.files)
    // Before there is a manifest, the last one counts.
    expect((await storescu(node, study.files)).statuses).toEqual([0])
    expect(node.files('quarantine')).toEqual([])
    const manifest = await manifestVersion(node, study.studyInstanceUid, 1)
    const other = await studyFiles({
      series: [1],
      studyInstanceUid: study.studyInstanceUid,
      overrides: { ...same, [TAG.PatientName]: ['PN', 'Other^Bytes'] },
    })
    const before = node.files('instances')
    expect((await storescu(node, other.files)).statuses).toEqual([0xb000])
    expect(node.files('instances')).toEqual(before)
    expect(node.log()).toContain('the first one is not replaced: a manifest in force refers to it')
    expect(node.files('quarantine').filter((name) => name.endsWith('.dcm'))).toHaveLength(1)
    expect(await evidenceUids(manifest)).toEqual([same[TAG.SOPInstanceUID][1]])
    expect([...(await getStudy(node.port, study.studyInstanceUid)).digests.values()]).toEqual(dataSetDigests(study.files))
    await first.remove()
    await study.remove()
    await other.remove()
  })
})

describe('15 audit and retention', () => {
  it('what the disk loses is told, taken out of the manifest, and in it again when it is sent again', { timeout: 60_000 }, async () => {
    await start()
    const study = await studyFiles({ series: [3] })
    await storescu(node, study.files)
    await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await ariane('manifest', 'audit', '--all')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^4 instances .* all is well\n$/),
    })
    rmSync(join(node.storagePath, 'instances', node.files('instances')[0]!))
    const { exitCode, stdout } = await ariane('manifest', 'audit', study.studyInstanceUid, '--json')
    expect(exitCode).toBe(1)
    const [finding, last] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(finding).toMatchObject({ problem: 'lost', studyInstanceUid: study.studyInstanceUid })
    expect(last).toMatchObject({ instances: 4, lost: 1 })
    const second = await manifestVersion(node, study.studyInstanceUid, 2, 20_000)
    expect((await evidenceUids(second)).length).toBe(2)
    await storescu(node, study.files)
    expect((await evidenceUids(await manifestVersion(node, study.studyInstanceUid, 3, 20_000))).length).toBe(3)
    expect(await ariane('check')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('last audit, ') })
    expect(await ariane('manifest', 'audit')).toMatchObject({ exitCode: 2 })
    expect(await ariane('manifest', 'audit', '1.2.3')).toMatchObject({ exitCode: 1 })
    await study.remove()
  })

  it('retention: told before it is done, done beside a running node', { timeout: 60_000 }, async () => {
    await start({ retention: { rules: [{ name: 'ct', olderThanDays: 1, modality: 'CT' }] } })
    const study = await studyFiles({ series: [2] })
    await storescu(node, study.files)
    await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await ariane('retention', 'run')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^0 studies deleted/) })
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(join(node.storagePath, 'catalog.sqlite'))
    database.exec('UPDATE studies SET last_received_at = last_received_at - 90000000')
    database.close()
    expect((await ariane('retention', 'list')).stdout).toMatch(/^RULE +DAYS +MODALITY +SENDER +STUDIES NOW\nct +1 +CT +any +1\n/)
    expect((await ariane('retention', 'run', '--dry-run')).stdout).toMatch(
      /^would delete study [\d.]+, last received .*by rule ct, and withdraw 1 manifests\n1 studies would be deleted\n$/,
    )
    expect(await studiesFound(study.studyInstanceUid)).toBe(1)
    expect((await ariane('retention', 'run')).stdout).toMatch(/1 studies deleted: 2 instances, \d+ bytes; 1 manifests withdrawn\n$/)
    expect(await studiesFound(study.studyInstanceUid)).toBe(0)
    expect(node.files('instances')).toEqual([])
    await study.remove()
  })
})
