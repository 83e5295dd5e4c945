/** Rejection and confidentiality from outside: a real node, DCMTK's clients, a restart between the steps. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { note, type Study, someStudy } from '../receive/rejection-material.ts'
import { part10, TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { findscu, firstValue, getscu, movescu, type Storescp, startStorescp, storescu } from '../support/dcmtk.ts'
import { deliveredManifests, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, type NodeSettings, startNode } from '../support/node-process.ts'

let node: NodeProcess
let folder: string
let files: string
let normal: Storescp
let restricted: Storescp
let settings: NodeSettings

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ariane-iocm-'))
  files = mkdtempSync(join(tmpdir(), 'ariane-iocm-files-'))
  normal = await startStorescp({ aeTitle: 'DEST_N' })
  restricted = await startStorescp({ aeTitle: 'DEST_R' })
  const host = '127.0.0.1'
  settings = {
    peers: [
      { aeTitle: 'READER_R', host, levels: ['N', 'R'] },
      { aeTitle: 'READER_N', host },
      { aeTitle: 'DEST_N', host, port: normal.port },
      { aeTitle: 'DEST_R', host, port: restricted.port, levels: ['N', 'R'] },
    ],
    confidentiality: { rules: [{ level: 'R', attribute: 'StudyDescription', value: '*vip*' }] },
    publish: [{ name: 'outbox', kind: 'folder', path: './storage/outbox', levels: ['N'] }],
  }
  node = await startNode({ folder, settings })
})
afterAll(async () => {
  await node?.stop()
  await normal?.stop()
  await restricted?.stop()
  await rm(folder, { recursive: true, force: true })
  rmSync(files, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await node.stop()
  node = await startNode({ folder, settings })
}

async function store(...elements: TestDataSet[]): Promise<readonly number[]> {
  const names = elements.map((one) => {
    const file = join(files, `${textOf(one, TAG.SOPInstanceUID)}.dcm`)
    writeFileSync(file, part10(one))
    return file
  })
  return (await storescu(node, names, { calling: 'SENDER' })).statuses
}

const COUNTS = ['0008,0052=STUDY', '0020,1206', '0020,1208', '0008,0061']

/** Instances and modalities of a study, as a C-FIND tells them; '' where it is not there. */
async function study({ study: uid }: Study, calling = 'READER_N'): Promise<string> {
  const { matches } = await findscu(node, [...COUNTS, `0020,000d=${uid}`], { calling })
  return matches
    .map((one) => `${firstValue(one, '00201208')} in ${firstValue(one, '00201206')}: ${one['00080061']?.Value?.join(' ')}`)
    .join('; ')
}

async function images({ study: uid, uids }: Study, calling = 'READER_N'): Promise<string[]> {
  const { matches } = await findscu(node, ['0008,0052=IMAGE', `0020,000d=${uid}`, '0008,0018'], { calling, options: [] })
  return matches
    .map((one) => firstValue(one, '00080018')!)
    .filter((one) => (uids as readonly string[]).includes(one))
    .sort()
}

async function got({ study: uid }: Study, calling = 'READER_N'): Promise<number> {
  const to = mkdtempSync(join(files, 'get-'))
  await getscu(node, ['0008,0052=STUDY', `0020,000d=${uid}`], to, { calling })
  return readdirSync(to).length
}

async function moved({ study: uid }: Study, to: Storescp, calling = 'READER_N'): Promise<number> {
  const before = to.files().length
  await movescu(node, to.aeTitle, ['0008,0052=STUDY', `0020,000d=${uid}`], { calling })
  return to.files().length - before
}

describe('rejection', () => {
  it.each(['113001', '113037', '113038', '113039'] as const)('%s: part of a study, all of it, sent again', async (code) => {
    const of = someStudy()
    const noteIsSeen = code === '113001' || code === '113037'
    expect(await store(...of.images)).toEqual([0, 0, 0])
    await manifestVersion(node, of.study, 1)
    expect(await store(note(code, of, [of.images[0]!]))).toEqual([0])
    expect(await images(of)).toEqual([of.uids[1], of.uids[2]].sort())
    expect(await study(of)).toBe(noteIsSeen ? '3 in 3: CT KO MR' : '2 in 2: CT MR')
    expect([await got(of), await moved(of, normal)]).toEqual(noteIsSeen ? [3, 3] : [2, 2])
    expect(await evidenceUids(await manifestVersion(node, of.study, 2))).toEqual([of.uids[1], of.uids[2]].sort())
    await restart()
    expect(await images(of)).toEqual([of.uids[1], of.uids[2]].sort())

    expect(await store(note(code, of, of.images))).toEqual([0])
    expect(await study(of)).toBe(noteIsSeen ? '2 in 2: KO' : '')
    const withdrawn = () => readdirSync(join(node.storagePath, 'outbox', of.study)).filter((name) => name.endsWith('.withdrawn')).length
    await eventually('the manifest is withdrawn at its target', () => withdrawn() === 1, 20_000)
    await restart()
    const again = code === '113001' || code === '113039' ? 0x0000 : 0x0124
    expect(await store(of.images[0]!)).toEqual([again])
    expect(await images(of)).toEqual(code === '113039' ? [of.uids[0]] : [])
    if (code !== '113039') return
    await eventually('a new version', () => deliveredManifests(node, of.study).length === 2, 15_000)
    expect(await evidenceUids(deliveredManifests(node, of.study).at(-1)!)).toEqual([of.uids[0]])
  })
})

describe('confidentiality', () => {
  it('an instance of level R does not exist for whoever may see N alone; its manifest goes to no target of level N', async () => {
    const of = someStudy((at) => (at === 1 ? { 528432: ['LO', 'Follow-up, VIP'] } : {}))
    expect(await store(...of.images)).toEqual([0, 0, 0])
    const [, secret] = of.uids
    const open = [of.uids[0], of.uids[2]].sort()
    expect(await images(of)).toEqual(open)
    expect(await images(of, 'UNKNOWN')).toEqual(open)
    expect(await images(of, 'READER_R')).toEqual([...of.uids].sort())
    expect([await study(of), await study(of, 'READER_R')]).toEqual(['2 in 2: CT MR', '3 in 2: CT MR'])
    expect([await got(of), await got(of, 'READER_R')]).toEqual([2, 3])
    const moves = [
      await moved(of, normal),
      await moved(of, normal, 'READER_R'),
      await moved(of, restricted),
      await moved(of, restricted, 'READER_R'),
    ]
    // storescp takes what it is sent again for the same file
    expect(moves[0]).toBe(2)
    expect(restricted.files().filter((file) => file.includes(secret!))).toHaveLength(1)
    expect(normal.files().filter((file) => file.includes(secret!))).toHaveLength(0)
    await eventually('both manifests are made', () => node.files('manifests').length > 0 && /confidentiality=R/.test(node.log()), 15_000)
    expect(await evidenceUids(await manifestVersion(node, of.study, 1))).toEqual(open)
    expect(deliveredManifests(node, of.study)).toHaveLength(1)
    const manifestOfR = /manifest made StudyInstanceUID=\S+ SOPInstanceUID=(\S+) version=1 confidentiality=R/.exec(node.log())![1]!
    const byName = async (calling: string) =>
      (await findscu(node, ['0008,0052=IMAGE', `0020,000d=${of.study}`, `0008,0018=${manifestOfR}`], { calling })).matches.length
    expect([await byName('READER_N'), await byName('READER_R')]).toEqual([0, 1])
  })
})
