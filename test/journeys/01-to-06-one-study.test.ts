/** The story in reading order, one node, peers that others wrote: DCMTK, odil, the library's client. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import dimse from 'dcmjs-dimse'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TAG } from '../support/data-sets.ts'
import { dcmsend, echoscu, findscu, firstValue, getscu, movescu, type Storescp, startStorescp, storescu } from '../support/dcmtk.ts'
import { complaints, deliveredManifests, elementOf, evidenceUids, manifestVersion } from '../support/manifests.ts'
import { filesBelow, type NodeProcess, startNode } from '../support/node-process.ts'
import { odilEcho, odilFind, odilStore } from '../support/odil.ts'
import { dataSetDigests, type StudyFiles, studyFiles } from '../support/study-files.ts'

/** Longer than the second client needs to start, on a busy machine too: the study comes from two. */
const QUIET_SECONDS = 5

let node: NodeProcess
let viewer: Storescp
let study: StudyFiles
const folders: string[] = []

beforeAll(async () => {
  viewer = await startStorescp({ aeTitle: 'VIEWER' })
  const peers = [{ aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port }]
  node = await startNode({ settings: { peers, manifest: { quietSeconds: QUIET_SECONDS } } })
  study = await studyFiles({
    series: [4, 2],
    overrides: { [TAG.PatientName]: ['PN', Buffer.from('LEFÈVRE^Zoé ', 'latin1')], [TAG.PatientID]: ['LO', 'P-0042'] },
  })
})
afterAll(async () => {
  await node?.stop()
  await viewer?.stop()
  await study?.remove()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ariane-journey-'))
  folders.push(folder)
  return folder
}

describe('01 echo', () => {
  it('answers DCMTK, odil and the library’s client', async () => {
    expect((await echoscu(node)).code).toBe(0)
    expect((await odilEcho(node)).code).toBe(0)
    const status = await new Promise((resolve, reject) => {
      const client = new dimse.Client()
      const request = new dimse.requests.CEchoRequest()
      request.on('response', (response) => resolve(response.getStatus()))
      client.on('networkError', reject)
      client.addRequest(request)
      client.send('127.0.0.1', node.port, 'LIBRARY', 'ARIANE')
    })
    expect(status).toBe(0)
  })

  it('rejects a called AE title that is not ours, with the reason', async () => {
    const { code, output } = await echoscu({ ...node, aeTitle: 'SOMEBODY' })
    expect(code).not.toBe(0)
    expect(output).toContain('Called AE Title Not Recognized')
  })
})

describe('02 store, then find', () => {
  it('takes the study from DCMTK and one more instance from odil', async () => {
    const { code, statuses } = await storescu(node, study.files.slice(0, -1))
    expect(code).toBe(0)
    expect(statuses).toEqual([0, 0, 0, 0, 0])
    expect((await odilStore(node, study.files.slice(-1))).code).toBe(0)
  })

  it('finds it at every level, from both roots, with its counts', async () => {
    const { matches } = await findscu(node, [
      '0008,0052=STUDY',
      '0010,0010=lefevre*',
      '0010,0020',
      '0020,000d',
      '0008,0061',
      '0020,1206',
      '0020,1208',
      '0008,0054',
      '0008,0056',
      '0032,4000',
    ])
    expect(matches).toHaveLength(1)
    const match = matches[0]!
    expect(firstValue(match, '0020000D')).toBe(study.studyInstanceUid)
    expect(firstValue(match, '00100010')).toBe('LEFÈVRE^Zoé')
    expect(firstValue(match, '00080005')).toBe('ISO_IR 192')
    expect(firstValue(match, '00080061')).toBe('CT')
    expect(firstValue(match, '00201206')).toBe('2')
    expect(firstValue(match, '00201208')).toBe('6')
    expect(firstValue(match, '00080054')).toBe('ARIANE')
    expect(firstValue(match, '00080056')).toBe('ONLINE')
    // Asked for and not known: comes back with zero length.
    expect(match['00324000']).toBeDefined()
    const series = await findscu(node, ['0008,0052=SERIES', `0020,000d=${study.studyInstanceUid}`, '0020,000e', '0020,1209', '0020,0011'])
    expect(series.matches.map((one) => [firstValue(one, '00200011'), firstValue(one, '00201209')])).toEqual([
      ['1', '4'],
      ['2', '2'],
    ])
    const images = await findscu(node, [
      '0008,0052=IMAGE',
      `0020,000d=${study.studyInstanceUid}`,
      '0008,0018',
      '0028,0010',
      '0028,0030',
      '0018,0050',
    ])
    expect(images.matches.map((one) => firstValue(one, '00080018')).sort()).toEqual([...study.sopInstanceUids].sort())
    expect(firstValue(images.matches[0]!, '00280010')).toBe('16')
    const patients = await findscu(node, ['0008,0052=PATIENT', '0010,0020=P-0042', '0010,0010', '0020,1200'], { options: ['-P'] })
    expect(patients.matches.map((one) => firstValue(one, '00201200'))).toEqual(['1'])
  })

  it('is found by odil', async () => {
    const { code, output } = await odilFind(node, 'study', [
      'QueryRetrieveLevel=STUDY',
      `StudyInstanceUID=${study.studyInstanceUid}`,
      'PatientID=',
    ])
    expect(code).toBe(0)
    expect(output).toContain('P-0042')
  })
})

describe('03 store, then move', () => {
  it('sends every instance to the destination, byte for byte', async () => {
    const { code, statuses } = await movescu(node, 'VIEWER', ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`])
    expect(code).toBe(0)
    expect(statuses.at(-1)).toBe(0)
    expect(dataSetDigests(viewer.files())).toEqual(dataSetDigests(study.files))
  })

  it('D18: an unknown destination is A801', async () => {
    const { statuses } = await movescu(node, 'NOBODY', ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`])
    expect(statuses.at(-1)).toBe(0xa801)
  })
})

describe('04 store, then get', () => {
  it('sends every instance on the same association, byte for byte', async () => {
    const folder = await newFolder()
    const { code } = await getscu(node, ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`], folder)
    expect(code).toBe(0)
    expect(dataSetDigests(filesBelow(folder).map((name) => join(folder, name)))).toEqual(dataSetDigests(study.files))
  })
})

describe('05 the manifest after quiet', () => {
  it('is one Key Object Selection that names every instance, to which no tool objects', async () => {
    const file = await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await complaints(file)).toEqual([])
    expect(await evidenceUids(file)).toEqual([...study.sopInstanceUids].sort())
    expect(await elementOf(file, '0020,000d')).toBe(study.studyInstanceUid)
    expect(await elementOf(file, '0008,0060')).toBe('KO')
  })

  it('is retrievable by its UID, found when KO is asked for, and counted nowhere', async () => {
    const file = await manifestVersion(node, study.studyInstanceUid, 1)
    const uid = (await elementOf(file, '0008,0018'))!
    const folder = await newFolder()
    const keys = ['0008,0052=IMAGE', `0020,000d=${study.studyInstanceUid}`, `0008,0018=${uid}`]
    expect((await getscu(node, keys, folder)).code).toBe(0)
    expect(dataSetDigests(filesBelow(folder).map((name) => join(folder, name)))).toEqual(dataSetDigests([file]))
    const counts = await findscu(node, ['0008,0052=STUDY', `0020,000d=${study.studyInstanceUid}`, '0020,1208', '0008,0061'])
    expect(counts.matches.map((one) => [firstValue(one, '00201208'), one['00080061']?.Value])).toEqual([['6', ['CT']]])
    const all = await findscu(node, ['0008,0052=SERIES', `0020,000d=${study.studyInstanceUid}`, '0020,000e', '0008,0060'])
    expect(all.matches).toHaveLength(2)
    const asked = await findscu(node, ['0008,0052=SERIES', `0020,000d=${study.studyInstanceUid}`, '0020,000e', '0008,0060=KO'])
    expect(asked.matches).toHaveLength(1)
  })

  it('checklist 25: the same study sent again makes no new version', async () => {
    expect((await storescu(node, study.files.slice(0, -1))).statuses).toEqual([0, 0, 0, 0, 0])
    await sleep((QUIET_SECONDS + 1.5) * 1000)
    expect(deliveredManifests(node, study.studyInstanceUid)).toHaveLength(1)
  })
})

describe('06 a late instance', () => {
  it('gives version 2: new UID, Instance Number 2, every instance', async () => {
    const first = await manifestVersion(node, study.studyInstanceUid, 1)
    const late = await studyFiles({
      series: [1],
      studyInstanceUid: study.studyInstanceUid,
      overrides: { [TAG.PatientName]: ['PN', Buffer.from('LEFÈVRE^Zoé ', 'latin1')], [TAG.PatientID]: ['LO', 'P-0042'] },
    })
    try {
      expect((await dcmsend(node, late.files)).code).toBe(0)
      const second = await manifestVersion(node, study.studyInstanceUid, 2)
      expect(await complaints(second)).toEqual([])
      expect(await elementOf(second, '0020,0013')).toBe('2')
      expect(await elementOf(second, '0008,0018')).not.toBe(await elementOf(first, '0008,0018'))
      expect(await elementOf(second, '0020,000e')).toBe(await elementOf(first, '0020,000e'))
      expect(await evidenceUids(second)).toEqual([...study.sopInstanceUids, ...late.sopInstanceUids].sort())
    } finally {
      await late.remove()
    }
  })

  it('leaves no patient data in the log', () => {
    expect(node.log()).not.toMatch(/LEF|Zo|P-0042/i)
  })
})
