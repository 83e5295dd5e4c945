/** 11: one instance of odd length in a study of ten: the tools of DCMTK, which refuse odd fragments, get all of it. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CT_IMAGE, ct, dataSetOffset, EXPLICIT_LE, encode, TAG, type TestDataSet, testUid, textOf } from '../support/data-sets.ts'
import { getscu, movescu, type Storescp, startStorescp } from '../support/dcmtk.ts'
import { filesBelow, type NodeProcess, startNode } from '../support/node-process.ts'
import { sendFiles } from '../support/sender.ts'

const ODD = 3
const COUNT = 10
const study = testUid()

let node: NodeProcess
let viewer: Storescp
let folder: string
const sets: TestDataSet[] = Array.from({ length: COUNT }, (_, at) =>
  ct({
    [TAG.StudyInstanceUID]: ['UI', study],
    [TAG.SeriesInstanceUID]: ['UI', `${study}.1`.slice(0, 64)],
    [TAG.InstanceNumber]: ['IS', String(at)],
    [TAG.PatientName]: ['PN', 'Doe^Joe'],
  }),
)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-odd-'))
  viewer = await startStorescp({ aeTitle: 'VIEWER' })
  node = await startNode({ settings: { peers: [{ aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port }] } })
  const files = sets.map((one, at) => {
    const name: TestDataSet = new Map([...one, [TAG.PatientName, ['PN', Buffer.from('Doe^Joe')]]])
    const sopInstanceUid = textOf(one, TAG.SOPInstanceUID)
    return {
      name: String(at),
      sopClassUid: CT_IMAGE,
      sopInstanceUid,
      transferSyntaxUid: EXPLICIT_LE,
      dataSet: encode(at === ODD ? name : one),
    }
  })
  expect(files.filter(({ dataSet }) => dataSet.length % 2 === 1)).toHaveLength(1)
  expect([...(await sendFiles(node, files)).values()]).toEqual(files.map(() => 0))
})

afterAll(async () => {
  await node?.stop()
  await viewer?.stop()
  await rm(folder, { recursive: true, force: true })
})

const dataSets = (files: readonly string[]) =>
  files
    .map((file) => {
      const bytes = readFileSync(file)
      return bytes.subarray(dataSetOffset(bytes)).toString('hex')
    })
    .sort()
const expected = sets.map((one) => encode(one).toString('hex')).sort()

it('C-MOVE by movescu to storescp', async () => {
  const { statuses } = await movescu(node, 'VIEWER', ['0008,0052=STUDY', `0020,000d=${study}`])
  expect(statuses.at(-1)).toBe(0)
  expect(dataSets(viewer.files())).toEqual(expected)
})

it('C-GET by getscu', async () => {
  const { code } = await getscu(node, ['0008,0052=STUDY', `0020,000d=${study}`], folder, { options: ['+xe'] })
  expect(code).toBe(0)
  expect(dataSets(filesBelow(folder).map((name) => join(folder, name)))).toEqual(expected)
})
