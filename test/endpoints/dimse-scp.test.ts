/** Which services there are is settings' word: a private class is stored where it is named, and refused where it is not. */
import { afterEach, expect, it } from 'vitest'
import { TAG } from '../support/data-sets.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { sendFiles, sentFile } from '../support/sender.ts'
import { studyFiles } from '../support/study-files.ts'

const PRIVATE_CLASS = '1.3.12.2.1107.5.99.3.11'
const NOT_NEGOTIATED = -1

let node: NodeProcess | undefined
afterEach(() => node?.stop())

it.each([
  ['named by dicom.privateStorageClasses is stored', [PRIVATE_CLASS], 0],
  ['that is not named is not negotiated', [], NOT_NEGOTIATED],
])('a private Storage SOP class %s', async (_name, privateStorageClasses, status) => {
  node = await startNode({ settings: { dicom: { privateStorageClasses } } })
  const study = await studyFiles({ series: [1], overrides: { [TAG.SOPClassUID]: ['UI', PRIVATE_CLASS] } })
  const files = study.files.map((file) => sentFile(file, file, { sopClassUid: PRIVATE_CLASS, sopInstanceUid: '', rawSyntax: '' }))
  expect(files[0]!.sopClassUid).toBe(PRIVATE_CLASS)
  expect([...(await sendFiles(node, files)).values()]).toEqual([status])
  expect(node.files('instances')).toHaveLength(status === 0 ? 1 : 0)
  await study.remove()
})
