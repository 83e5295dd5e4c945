/** 17: the Retrieve URL that a manifest names leads back to every image: for our own reader, for `manifest verify`, in both forms. */
import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { runAriane } from '../admin/run-ariane.ts'
import { type Desk, desk, keptIn, leadingElsewhere } from '../manifest/open-material.ts'
import { dcmsend } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { freePort } from '../support/run-command.ts'
import { dataSetDigests, type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
let reader: Desk
let study: StudyFiles
let manifest: string

beforeAll(async () => {
  const port = await freePort()
  const web = { port, publicUrl: `http://127.0.0.1:${port}`, kosHeader: 'require' }
  const settings = { dicom: { port: await freePort() }, web, manifest: { quietSeconds: 1 } }
  node = await startNode({ settings })
  study = await studyFiles({ series: [3, 20] })
  await dcmsend(node, study.files)
  manifest = await manifestVersion(node, study.studyInstanceUid, 1)
  // It knows no peer: the URL is the only way.
  reader = await desk({ aeTitle: 'READER' })
}, 60_000)
afterAll(async () => {
  await node?.stop()
  await reader?.remove()
  await study?.remove()
})

const opened = async (file: string, name: string) => {
  const { run, report, series } = await reader.open(file, '--to', reader.sub(name))
  expect([run.exitCode, report.promised, report.received, report.complete]).toEqual([0, 23, 23, true])
  const taken = series.ways.filter(({ outcome }) => outcome === 'taken')
  expect(taken).toMatchObject([{ namedBy: 'Retrieve URL', way: expect.stringContaining('WADO-RS at 127.0.0.1') }])
  return dataSetDigests(keptIn(reader.sub(name)).map((one) => join(reader.sub(name), one)))
}

it('is followed by our own reader, byte for byte, as the base and as the full address of the series', async () => {
  const { series } = readManifest(readFileSync(manifest))
  expect(series.map(({ retrieveUrl }) => retrieveUrl)).toEqual([`${node.webUrl}/dicom-web`, `${node.webUrl}/dicom-web`])
  expect(await opened(manifest, 'base')).toEqual(dataSetDigests(study.files))
  const full = series.map((one) => ({ url: `${one.retrieveUrl}/studies/${one.studyInstanceUid}/series/${one.seriesInstanceUid}` }))
  expect(await opened(await leadingElsewhere(manifest, reader.sub('full.dcm'), full), 'full')).toEqual(dataSetDigests(study.files))
})

it('asks for the manifest by which one reads, where that is required', async () => {
  const { series } = readManifest(readFileSync(manifest))
  const { studyInstanceUid, seriesInstanceUid } = series[0]!
  const answer = await fetch(`${node.webUrl}/dicom-web/studies/${studyInstanceUid}/series/${seriesInstanceUid}`)
  expect(answer.status).toBe(400)
})

it('leads there by a former version too, and no more once the manifest was withdrawn', async () => {
  const late = await studyFiles({ series: [1], studyInstanceUid: study.studyInstanceUid })
  await dcmsend(node, late.files)
  await manifestVersion(node, study.studyInstanceUid, 2)
  expect(await opened(manifest, 'former')).toEqual(dataSetDigests(study.files))
  await late.remove()
  const other = await studyFiles({ series: [1] })
  await dcmsend(node, other.files)
  const file = await manifestVersion(node, other.studyInstanceUid, 1)
  const ask = (): Promise<Response> =>
    fetch(`${node.webUrl}/dicom-web/studies/${other.studyInstanceUid}`, {
      headers: { 'KOS-SOPInstanceUID': readManifest(readFileSync(file)).sopInstanceUid },
    })
  expect((await ask()).status).toBe(200)
  const withdrawn = await runAriane(node.folder, [
    '--config',
    node.configFile,
    'manifest',
    'withdraw',
    other.studyInstanceUid,
    '--reason',
    'wrong study',
  ])
  expect(withdrawn.exitCode).toBe(0)
  await eventually('it is not there by it', async () => (await ask()).status === 404)
  await other.remove()
})

it('is followed by manifest verify, which says what does not come', async () => {
  const verify = () => runAriane(node.folder, ['--config', node.configFile, 'manifest', 'verify', study.studyInstanceUid])
  const whole = await verify()
  expect(whole.stdout).toContain('20 of 20 at ARIANE by C-GET, WADO-RS')
  expect([whole.exitCode, whole.stdout]).toEqual([0, expect.stringContaining('24 of 24 references retrieved: every reference leads back')])
  truncateSync(join(node.storagePath, 'instances', node.files('instances')[0]!), 200)
  const broken = await verify()
  expect([broken.exitCode, broken.stdout]).toEqual([1, expect.stringContaining('references are broken')])
})
