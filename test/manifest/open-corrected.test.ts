/** `ariane manifest verify` and `open` of a study whose patient was corrected, and of one that holds a rejected and a restricted instance: what is sent is not what is kept,
 *  and is what the manifest promises. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { runAriane } from '../admin/run-ariane.ts'
import { dataSetOffset, EXPLICIT_LE, TAG } from '../support/data-sets.ts'
import { dcmsend } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'
import { type Desk, desk, keptIn } from './open-material.ts'

let node: NodeProcess
let reader: Desk
let study: StudyFiles

beforeAll(async () => {
  node = await startNode({ settings: { manifest: { quietSeconds: 1 }, unknownCallers: 'local' } })
  reader = await desk({ aeTitle: 'READER', peers: [{ aeTitle: 'ARIANE', host: '127.0.0.1', port: node.port }] })
  study = await studyFiles({ series: [2, 1], overrides: { [TAG.PatientID]: ['LO', 'ANNA'], [TAG.PatientName]: ['PN', 'Wrong^Anna'] } })
  expect((await dcmsend({ port: node.port, aeTitle: 'ARIANE' }, study.files)).code).toBe(0)
  await manifestVersion(node, study.studyInstanceUid, 1)
}, 60_000)

afterAll(async () => {
  await node?.stop()
  await reader?.remove()
  await study?.remove()
})

const ariane = (...args: string[]) =>
  runAriane(reader.folder, ['--config', node.configFile, ...args], { ARIANE_DICOM_PORT: String(node.port) })

it('every reference of a corrected study leads back, to what says what was decided', { timeout: 60_000 }, async () => {
  expect((await ariane('patient', 'update', 'ANNA', '--name', 'Right^Anna')).exitCode).toBe(0)
  const manifest = await manifestVersion(node, study.studyInstanceUid, 2)
  const verified = await ariane('manifest', 'verify', study.studyInstanceUid)
  expect([verified.exitCode, verified.stdout]).toEqual([0, expect.stringContaining('3 of 3 references retrieved')])
  const folder = reader.sub('corrected')
  const { run, report } = await reader.open(manifest, '--to', folder)
  expect([run.exitCode, run.stderr]).toEqual([0, ''])
  expect(report).toMatchObject({ complete: true })
  const files = keptIn(folder).map((file) => readFileSync(join(folder, file)))
  expect(files).toHaveLength(3)
  for (const file of files) {
    const sent = readDataSet(file.subarray(dataSetOffset(file)), EXPLICIT_LE)
    expect(sent.text(TAG.PatientName)).toBe('Right^Anna')
    expect(sent.items(0x04000561)).toHaveLength(1)
  }
  const former = await ariane(
    'manifest',
    'verify',
    (await ariane('manifest', 'list', '--study', study.studyInstanceUid, '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find((one) => one.version === 1).sopInstanceUid,
  )
  expect(former.exitCode).toBe(0)
})
