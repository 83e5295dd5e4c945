/** 12: a study is due by the first signal that says so, and its manifest tells which: steps by the library's and by odil's SCU, instances by DCMTK. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testUid } from '../support/data-sets.ts'
import { storescu } from '../support/dcmtk.ts'
import { deliveredManifests, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, PROJECT, pause, startNode } from '../support/node-process.ts'
import { begins, ends, type SeriesTold, tellByLibrary, tellByOdil } from '../support/procedure-steps.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { runCommand } from '../support/run-command.ts'
import { sentFile } from '../support/sender.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
const studies: StudyFiles[] = []

const manifest = { quietSeconds: 60, associationEndSeconds: 4, maxWaitSeconds: 3600, mppsMaxWaitSeconds: 1800 }

beforeAll(async () => {
  node = await startNode({ settings: { manifest } })
})
afterAll(async () => {
  await node?.stop()
  for (const study of studies) await study.remove()
})

async function newStudy(instances: number): Promise<StudyFiles & { series: SeriesTold }> {
  const study = await studyFiles({ series: [instances] })
  studies.push(study)
  const { output } = await runCommand('dcmdump', ['+P', '0020,000e', study.files[0]!])
  return { ...study, series: { uid: /\[([0-9.]+)\]/.exec(output)![1]!, instances: study.sopInstanceUids } }
}

const ariane = (...args: string[]) => runCommand(process.execPath, [join(PROJECT, 'src/main.ts'), '--config', node.configFile, ...args])

interface Row {
  readonly studyInstanceUid: string
  readonly waitsFor?: string
  readonly reason?: string
  readonly version?: number
}

const rowsOf = (output: string): Row[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Row)

async function waitsFor({ studyInstanceUid }: StudyFiles): Promise<string | undefined> {
  const { output } = await ariane('manifest', 'waiting', '--json')
  expect(output).not.toMatch(/Hostile|TEST-PATIENT/)
  return rowsOf(output).find((one) => one.studyInstanceUid === studyInstanceUid)?.waitsFor
}

async function reasons({ studyInstanceUid }: StudyFiles): Promise<(string | undefined)[]> {
  return rowsOf((await ariane('manifest', 'list', '--study', studyInstanceUid, '--json')).output).map((one) => one.reason)
}

describe('12 when a study is due', () => {
  it('soon after the end of the association that brought it; a late instance makes the next version', async () => {
    const study = await newStudy(3)
    expect((await storescu(node, study.files.slice(0, 2))).code).toBe(0)
    expect(await waitsFor(study)).toMatch(/^quiet after the end of its association: [1-4] s more$/)
    await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await reasons(study)).toEqual(['association ended, nothing for 4 s'])
    await storescu(node, study.files.slice(2))
    await manifestVersion(node, study.studyInstanceUid, 2)
    expect(await waitsFor(study)).toBeUndefined()
  })

  it('when its step has completed and the last instance is here, held back before', async () => {
    const study = await newStudy(4)
    const step = testUid()
    expect(await tellByLibrary(node, 'create', step, begins(study.studyInstanceUid))).toBe(0)
    await storescu(node, study.files.slice(0, 2))
    await pause(5000)
    expect(await waitsFor(study)).toMatch(
      /^MPPS in progress \([A-Z0-9_]+ since 2\d{3}-\d\d-\d\d [0-9:]{8} UTC\); its end is waited for, 29 min \d+ s more at the most$/,
    )
    expect(await tellByLibrary(node, 'set', step, ends('COMPLETED', [study.series]))).toBe(0)
    await storescu(node, study.files.slice(2, 3))
    await pause(5000)
    expect(await waitsFor(study)).toMatch(/^MPPS completed: 0 of 1 series, 3 of 4 instances; the rest is waited for, 29 min/)
    expect(deliveredManifests(node, study.studyInstanceUid)).toEqual([])
    await storescu(node, study.files.slice(3))
    const file = await manifestVersion(node, study.studyInstanceUid, 1, 5000)
    expect(await evidenceUids(file)).toEqual([...study.sopInstanceUids].sort())
    expect(await reasons(study)).toEqual(['MPPS completed: 1 of 1 series, 4 of 4 instances'])
    expect(await tellByLibrary(node, 'set', step, ends('COMPLETED', [study.series]))).toBe(0x0110)
    expect(await tellByLibrary(node, 'create', step, begins(study.studyInstanceUid))).toBe(0x0111)
    expect(await tellByLibrary(node, 'set', testUid(), ends('COMPLETED', [study.series]))).toBe(0x0112)
    expect(
      await tellByLibrary(node, 'create', testUid(), { ...begins(study.studyInstanceUid), PerformedProcedureStepStatus: 'COMPLETED' }),
    ).toBe(0x0106)
  })

  it('also where the step, told by odil, was over before anything of the study came', async () => {
    const study = await newStudy(3)
    const told = await tellByOdil(node, study.studyInstanceUid, study.series)
    expect(told).toMatchObject({ code: 0 })
    expect(told.output.trim().split('\n').map(Number)).toEqual([0, 0])
    await storescu(node, study.files.slice(0, 1))
    await pause(5000)
    expect(deliveredManifests(node, study.studyInstanceUid)).toEqual([])
    await storescu(node, study.files.slice(1))
    await manifestVersion(node, study.studyInstanceUid, 1, 5000)
    expect(await reasons(study)).toEqual(['MPPS completed: 1 of 1 series, 3 of 3 instances'])
  })

  it('does not wait for the end of one association while another brings the rest', async () => {
    const study = await newStudy(2)
    const open = await RawPeer.associate(node.port, {
      called: 'ARIANE',
      contexts: [{ id: 1, abstractSyntax: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxes: ['1.2.840.10008.1.2.1'] }],
    })
    const { dataSet } = sentFile(study.files[0]!, '', {
      sopClassUid: '',
      sopInstanceUid: '',
      rawSyntax: '',
    })
    const answer = await open.store(1, '1.2.840.10008.5.1.4.1.1.2', study.sopInstanceUids[0]!, dataSet)
    expect(answer.status).toBe(0)
    await storescu(node, study.files.slice(1))
    await pause(5000)
    expect(await waitsFor(study)).toMatch(/^quiet time: 5\d s more$/)
    await open.release()
    await manifestVersion(node, study.studyInstanceUid, 1, 8000)
    expect(await reasons(study)).toEqual(['association ended, nothing for 4 s'])
  })

  it('by quiet time after a kill, for nobody knows then which associations brought what; steps are still known', async () => {
    const [plain, held] = [await newStudy(1), await newStudy(2)]
    await tellByLibrary(node, 'create', testUid(), begins(held.studyInstanceUid))
    const folder = node.folder
    const send = await RawPeer.associate(node.port, {
      called: 'ARIANE',
      contexts: [{ id: 1, abstractSyntax: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxes: ['1.2.840.10008.1.2.1'] }],
    })
    for (const study of [plain, held]) {
      const { dataSet } = sentFile(study.files[0]!, '', { sopClassUid: '', sopInstanceUid: '', rawSyntax: '' })
      expect((await send.store(1, '1.2.840.10008.5.1.4.1.1.2', study.sopInstanceUids[0]!, dataSet)).status).toBe(0)
    }
    await node.kill9()
    send.destroy()
    node = await startNode({ folder, settings: { manifest: { ...manifest, quietSeconds: 3 } } })
    await manifestVersion(node, plain.studyInstanceUid, 1)
    expect(await reasons(plain)).toEqual(['quiet for 3 s'])
    expect(await waitsFor(held)).toMatch(/^MPPS in progress/)
  })

  it('at the latest after the longest time; the log says what of its step is missing', async () => {
    const study = await newStudy(2)
    const step = testUid()
    await tellByLibrary(node, 'create', step, begins(study.studyInstanceUid))
    await tellByLibrary(node, 'set', step, ends('COMPLETED', [study.series]))
    await storescu(node, study.files.slice(0, 1))
    await pause(5000)
    expect(deliveredManifests(node, study.studyInstanceUid)).toEqual([])
    const text = readFileSync(node.configFile, 'utf8')
    expect(text).toContain('"maxWaitSeconds"')
    writeFileSync(node.configFile, text.replace(/"maxWaitSeconds":\s*3600/, '"maxWaitSeconds": 6'))
    node.process.kill('SIGHUP')
    await manifestVersion(node, study.studyInstanceUid, 1, 25_000)
    expect(await reasons(study)).toEqual(['6 s after its first change, at the latest; MPPS completed: 0 of 1 series, 1 of 2 instances'])
    await eventually('the log says what is missing', () =>
      new RegExp(`they have not come.*${study.studyInstanceUid}.*missing=1`).test(node.log()),
    )
    expect(node.log()).toContain(study.sopInstanceUids[1]!)
  })
})
