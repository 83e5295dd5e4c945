/** Following references back, against a real node over real associations. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AeTitle, aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { type VerifyParts, verifyManifest } from '../../src/manifest/verify-manifest.ts'
import { type Storescp, startStorescp } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { dataSetDigest, dataSetDigests, type StudyFiles, studyFiles } from '../support/study-files.ts'

const TIMEOUTS = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 10, connectSeconds: 5, responseSeconds: 20 }

let node: NodeProcess
let study: StudyFiles
let file: string
let sink: Storescp

beforeAll(async () => {
  sink = await startStorescp({ aeTitle: 'SINK' })
  const peers = [
    { aeTitle: 'NO_GET', allow: ['find', 'move'] },
    { aeTitle: 'SINK', host: '127.0.0.1', port: sink.port },
  ]
  node = await startNode({ settings: { manifest: { quietSeconds: 1 }, peers } })
  study = await studyFiles({ series: [3, 120] })
  await runCommand('dcmsend', ['-aet', 'CT1', '-aec', node.aeTitle, '127.0.0.1', String(node.port), ...study.files])
  file = await manifestVersion(node, study.studyInstanceUid, 1)
})

afterAll(async () => {
  await node?.stop()
  await sink?.stop()
  await study?.remove()
})

const connectTo: VerifyParts['connectTo'] = (title, contexts) => connectAs('CHECKER', title, contexts)

const connectAs = (caller: string, title: AeTitle, contexts: Parameters<VerifyParts['connectTo']>[1]) =>
  connect({ host: '127.0.0.1', port: node.port, callingAeTitle: aeTitle(caller), calledAeTitle: title, contexts, timeouts: TIMEOUTS })

it('every reference of our manifest leads back', async () => {
  const progress: number[] = []
  const report = await verifyManifest(readManifest(readFileSync(file)), { connectTo, onProgress: (done) => void progress.push(done) })
  expect(report.series.flatMap((one) => one.problems)).toEqual([])
  expect(report).toMatchObject({ references: 123, retrieved: 123, complete: true })
  expect(report.series.map((one) => [one.aeTitle, one.by, one.found, one.retrieved])).toEqual([
    ['ARIANE', 'C-GET', 3, 3],
    ['ARIANE', 'C-GET', 120, 120],
  ])
  expect(progress).toEqual([3, 123])
})

it('says which reference is missing, which has another class, and which bytes differ', async () => {
  const manifest = readManifest(readFileSync(file))
  const [first, ...others] = manifest.series
  const [a, b, c] = first!.instances
  const changed = {
    ...manifest,
    series: [
      { ...first!, instances: [{ ...a!, sopInstanceUid: '1.2.3.999' }, { ...b!, sopClassUid: '1.2.840.10008.5.1.4.1.1.4' }, c!] },
      ...others,
    ],
  }
  const expectedSha256 = async (uid: string) => (uid === c!.sopInstanceUid ? 'other bytes' : undefined)
  const report = await verifyManifest(changed, { connectTo, expectedSha256 })
  expect(report.complete).toBe(false)
  expect(report.retrieved).toBe(120)
  expect(report.series[0]!.problems.map((one) => [one.sopInstanceUid, one.problem])).toEqual([
    ['1.2.3.999', expect.stringMatching(/not found|not sent|status/)],
    [b!.sopInstanceUid, expect.stringMatching(/SOP class|status/)],
    [c!.sopInstanceUid, 'was sent with other bytes than those kept'],
  ])
})

it('reports, and does not throw, where nobody answers or no AE title is named', async () => {
  const manifest = readManifest(readFileSync(file))
  const unreachable = await verifyManifest(manifest, {
    connectTo: async () => {
      throw new Error('no address')
    },
  })
  expect(unreachable).toMatchObject({ retrieved: 0, complete: false })
  expect(unreachable.series[0]!.problems[0]!.problem).toContain('no address')
  const nameless = await verifyManifest(
    { ...manifest, series: manifest.series.map((one) => ({ ...one, retrieveAeTitles: [] })) },
    { connectTo },
  )
  expect(nameless.series[0]!.problems[0]!.problem).toContain('no AE title')
})

it('where C-GET is refused, C-MOVE to ourselves is asked for', async () => {
  const manifest = readManifest(readFileSync(file))
  const arrived = new Map<string, string>()
  const sha256Of = async (uid: string) => {
    for (const one of sink.files()) if (one.endsWith(uid)) arrived.set(uid, dataSetDigest(one))
    return arrived.get(uid)
  }
  const connectWithoutGet: VerifyParts['connectTo'] = (title, contexts) => connectAs('NO_GET', title, contexts)
  const lost = await verifyManifest(manifest, { connectTo: connectWithoutGet })
  expect(lost.complete).toBe(false)
  const report = await verifyManifest(manifest, {
    connectTo: connectWithoutGet,
    moveTo: { destination: aeTitle('SINK'), sha256Of },
    expectedSha256: async (uid) => arrived.get(uid),
  })
  expect(report.series.flatMap((one) => one.problems)).toEqual([])
  expect(report.series.map((one) => one.by)).toEqual(['C-MOVE', 'C-MOVE'])
  expect(report).toMatchObject({ retrieved: 123, complete: true })
  expect([...arrived.values()].sort()).toEqual([...dataSetDigests(study.files)].sort())
  const nowhere = await verifyManifest(manifest, { connectTo: connectWithoutGet, moveTo: { destination: aeTitle('UNKNOWN'), sha256Of } })
  expect(nowhere.series[0]!.problems[0]!.problem).toContain('A801')
})
