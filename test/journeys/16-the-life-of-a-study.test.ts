/** One study from its first image to its last day: each version of its manifest kept, each reason told. Peers: DCMTK's clients. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TAG } from '../support/data-sets.ts'
import { findscu, firstValue, getscu, storescu } from '../support/dcmtk.ts'
import { complaints, elementOf, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { cleanEnvironment, eventually, filesBelow, type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { rejectionNoteFile } from '../support/rejection-notes.ts'
import { runCommand } from '../support/run-command.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
let study: StudyFiles
let other: StudyFiles
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-life-'))
  node = await startNode({ settings: { manifest: { quietSeconds: 1 } } })
  study = await studyFiles({ series: [3, 2] })
  other = await studyFiles({ series: [1], overrides: { [TAG.PatientID]: ['LO', 'RIGHT-PATIENT'] } })
})
afterAll(async () => {
  await node?.stop()
  await study?.remove()
  await other?.remove()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

const ariane = (...args: string[]) =>
  runCommand(process.execPath, [join(PROJECT, 'src/main.ts'), '--config', node.configFile, ...args], {
    env: { ...cleanEnvironment(), ARIANE_DICOM_PORT: String(node.port) },
  })

interface Told {
  readonly state: string
  readonly inForce: readonly { readonly version: number; readonly instanceCount: number }[]
  readonly history: readonly { readonly at: number; readonly state: string; readonly reason: string; readonly actor: string }[]
}

async function history(): Promise<Told> {
  const { output, code } = await ariane('manifest', 'history', study.studyInstanceUid, '--json')
  expect(code).toBe(0)
  return JSON.parse(output) as Told
}

/** The reasons of the latest version, as the history tells them. */
const lastReason = (told: Told): string => told.history.findLast(({ state }) => state === 'in force')!.reason

/** What the folder target was told of. */
const withdrawn = (): string[] =>
  readdirSync(join(node.storagePath, 'outbox', study.studyInstanceUid)).filter((name) => name.endsWith('.withdrawn'))

async function imagesFound(): Promise<string[]> {
  const { matches } = await findscu(node, ['0008,0052=IMAGE', `0020,000d=${study.studyInstanceUid}`, '0020,000e', '0008,0018'])
  return matches.map((match) => firstValue(match, '0008,0018')!).sort()
}

async function imagesHad(): Promise<number> {
  const into = join(folder, `get-${readdirSync(folder).length}`)
  mkdirSync(into)
  await getscu(node, ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`], into)
  return readdirSync(into).length
}

describe('16 the life of a study', () => {
  it('is partial: a first version refers to what has come', async () => {
    expect((await storescu(node, study.files.slice(0, 3))).statuses).toEqual([0, 0, 0])
    const file = await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await evidenceUids(file)).toEqual([...study.sopInstanceUids.slice(0, 3)].sort())
    const told = await history()
    expect(told).toMatchObject({ inForce: [{ version: 1, instanceCount: 3 }] })
    expect(told.history.map(({ state }) => state)).toEqual(['collecting', 'due', 'in force'])
    const times = told.history.map(({ at }) => at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('is complete, and a late image makes one more version', async () => {
    expect((await storescu(node, study.files.slice(3, 4))).statuses).toEqual([0])
    await manifestVersion(node, study.studyInstanceUid, 2)
    expect((await storescu(node, study.files.slice(4))).statuses).toEqual([0])
    const file = await manifestVersion(node, study.studyInstanceUid, 3)
    expect(await evidenceUids(file)).toEqual([...study.sopInstanceUids].sort())
    expect(await complaints(file)).toEqual([])
    expect((await history()).history.filter(({ state }) => state === 'superseded')).toHaveLength(2)
  })

  it('loses an image to a rejection note, which is sent again in vain', async () => {
    const rejected = { seriesInstanceUid: study.seriesInstanceUids[1]!, sopInstanceUid: study.sopInstanceUids[1]! }
    expect((await storescu(node, [rejectionNoteFile(study, [rejected], 113037)])).statuses).toEqual([0])
    const file = await manifestVersion(node, study.studyInstanceUid, 4)
    const left = study.sopInstanceUids.filter((uid) => uid !== rejected.sopInstanceUid).sort()
    expect(await evidenceUids(file)).toEqual(left)
    expect(await imagesFound()).not.toContain(rejected.sopInstanceUid)
    expect(lastReason(await history())).toMatch(/rejection note 113037: 1 of 1 instances hidden/)
    // It is kept, and not accepted again (IHE IOCM): refused, not authorized.
    expect((await storescu(node, study.files.slice(1, 2))).statuses).toEqual([0x0124])
    expect(await imagesFound()).not.toContain(rejected.sopInstanceUid)
    expect((await history()).inForce).toMatchObject([{ version: 4, instanceCount: 4 }])
    // Four images and the note itself.
    expect(await imagesHad()).toBe(5)
  })

  it('loses a file: a replacing manifest without it; sent again, it is back', async () => {
    const file = filesBelow(join(node.storagePath, 'instances')).sort()[0]!
    const path = existsSync(file) ? file : join(node.storagePath, 'instances', file)
    renameSync(path, join(folder, 'lost.dcm'))
    const audit = await ariane('manifest', 'audit', study.studyInstanceUid)
    expect([audit.code, audit.output]).toEqual([1, expect.stringMatching(/lost/)])
    const without = await manifestVersion(node, study.studyInstanceUid, 5, 30_000)
    expect(await evidenceUids(without)).toHaveLength(3)
    expect(lastReason(await history())).toMatch(/the file of an instance is lost/)
    const others = study.files.filter((_, at) => at !== 1)
    expect((await storescu(node, others)).statuses).toEqual([0, 0, 0, 0])
    const again = await manifestVersion(node, study.studyInstanceUid, 6, 30_000)
    expect(await evidenceUids(again)).toHaveLength(4)
    rmSync(join(folder, 'lost.dcm'))
  })

  it('its patient was two records: merged, the former manifest withdrawn, images go out as those of the right one', async () => {
    // The right record came with another study.
    expect((await storescu(node, other.files)).statuses).toEqual([0])
    const merged = await ariane('patient', 'merge', 'TEST-PATIENT', 'RIGHT-PATIENT')
    expect([merged.code, merged.output]).toEqual([0, expect.stringMatching(/1 stud/)])
    await eventually('the former one is told withdrawn', () => withdrawn().length === 1, 20_000)
    // Withdrawn ones are under another name.
    const file = await manifestVersion(node, study.studyInstanceUid, 6, 30_000)
    expect(await elementOf(file, '0010,0020')).toBe('RIGHT-PATIENT')
    const told = await history()
    expect(told.inForce).toMatchObject([{ version: 7, instanceCount: 4 }])
    expect(told.history.findLast(({ state }) => state === 'withdrawn')!.reason).toMatch(/another patient/)
    const into = join(folder, 'merged')
    mkdirSync(into)
    await getscu(node, ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`], into)
    const image = readdirSync(into).find((name) => name.includes(study.sopInstanceUids[2]!))!
    const { output } = await runCommand('dcmdump', [join(into, image)])
    expect(output).toMatch(/^\(0010,0020\) LO \[RIGHT-PATIENT/m)
    expect(output).toMatch(/\(0400,0561\) SQ/)
  })

  it('is withdrawn by an operator: nothing is in force, whoever was given it is told, and nothing comes back by itself', async () => {
    const { output, code } = await ariane('manifest', 'withdraw', study.studyInstanceUid, '--reason', 'wrong examination')
    expect(code).toBe(0)
    expect(output).toMatch(/withdrawn: version 7/)
    await eventually('the folder is told', () => withdrawn().length === 2, 20_000)
    expect(await history()).toMatchObject({ state: 'withheld: wrong examination', inForce: [] })
    // The images themselves stay within reach.
    expect(await imagesFound()).toHaveLength(5)
    expect((await ariane('manifest', 'build', study.studyInstanceUid)).output).toMatch(/made version 8/)
  })

  it('has kept the bytes of every version, and tells why each was made', async () => {
    const told = await history()
    expect(told.history.filter(({ state }) => state === 'in force').map(({ reason }) => /^version \d+/.exec(reason)?.[0])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((version) => `version ${version}`),
    )
    const { output } = await ariane('manifest', 'list', '--study', study.studyInstanceUid, '--json')
    const records = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { sopInstanceUid: string; version: number })
    expect(records).toHaveLength(8)
    const outbox = join(node.storagePath, 'outbox', study.studyInstanceUid)
    await eventually('version 8 is delivered', () => readdirSync(outbox).length === 8, 20_000)
    for (const { sopInstanceUid, version } of records) {
      const file = join(folder, `v${version}.dcm`)
      expect((await ariane('manifest', 'export', sopInstanceUid, file)).code).toBe(0)
      const delivered = readdirSync(outbox).find((name) => name.startsWith(`${version}-`))!
      expect(readFileSync(file).equals(readFileSync(join(outbox, delivered)))).toBe(true)
    }
  })
})
