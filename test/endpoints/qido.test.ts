/** QIDO-RS of a real node: the answers of findscu to the same questions, pages, warnings, refusals. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataSet, TAG, testUid } from '../support/data-sets.ts'
import { dcmsend, findscu, firstValue } from '../support/dcmtk.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

type Found = Record<string, { vr: string; Value?: unknown[]; InlineBinary?: string }>

let node: NodeProcess
const studies: StudyFiles[] = []

const PEOPLE = [
  { name: 'Durand^Zoé', id: 'P-1', date: '20260110', time: '081500', accession: 'A1', modality: 'CT' },
  { name: 'Durand^Paul', id: 'P-2', date: '20260111', time: '091500', accession: 'A2', modality: 'MR' },
  { name: 'Dupont^Anne', id: 'P-3', date: '20260112', time: '101500', accession: 'A3', modality: 'CT' },
  { name: '<script>alert(1)</script>', id: 'P-4', date: '20260113', time: '111500', accession: 'A4', modality: 'US' },
]

beforeAll(async () => {
  node = await startNode({ settings: { unknownCallers: 'accept', manifest: { quietSeconds: 3600 }, web: { qido: { maxResults: 3 } } } })
  for (const [at, { name, id, date, time, accession, modality }] of PEOPLE.entries()) {
    const request = dataSet({ 4194313: ['SH', `STEP-${at}`], 4198401: ['SH', `REQ-${at}`], 524368: ['SH', accession] })
    const study = await studyFiles({
      series: [2, 1],
      overrides: {
        [TAG.PatientName]: ['PN', Buffer.from(name.length % 2 === 0 ? name : `${name} `, 'latin1')],
        [TAG.PatientID]: ['LO', id],
        [TAG.StudyDate]: ['DA', date],
        [TAG.StudyTime]: ['TM', time],
        [TAG.AccessionNumber]: ['SH', accession],
        [TAG.Modality]: ['CS', modality],
        1572944: ['DS', '2.5'],
        1114128: ['LO', 'OURS'],
        1118209: ['OB', Buffer.from([1, 2, 3, 4])],
        4194933: ['SQ', [request]],
      },
    })
    studies.push(study)
  }
  const sent = await dcmsend(
    node,
    studies.flatMap(({ files }) => files),
  )
  expect(sent.statuses.every((status) => status === 0)).toBe(true)
}, 60_000)
afterAll(async () => {
  await node?.stop()
  for (const study of studies) await study.remove()
})

async function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; found: Found[]; answer: Response }> {
  const answer = await fetch(`${node.webUrl}/dicom-web${path}`, { headers })
  const text = await answer.text()
  return { status: answer.status, found: answer.status === 200 ? (JSON.parse(text) as Found[]) : [], answer }
}

async function refused(path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const answer = await fetch(`${node.webUrl}/dicom-web${path}`, { headers })
  return [answer.status, ((await answer.json()) as { detail: string }).detail]
}

const value = (found: Found, tag: string): unknown => found[tag]?.Value?.[0]
const ids = (found: readonly Found[], tag = '00100020') => found.map((one) => value(one, tag))

describe('a search', () => {
  it('gives the attributes of the standard for a study', async () => {
    const { found, answer } = await ask('/studies?PatientID=P-1')
    expect(answer.headers.get('content-type')).toBe('application/dicom+json')
    expect(answer.headers.get('warning')).toBeNull()
    const [study] = found
    const uid = studies[0]!.studyInstanceUid
    expect(study).toMatchObject({
      '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      '00080020': { vr: 'DA', Value: ['20260110'] },
      '00080030': { vr: 'TM', Value: ['081500'] },
      '00080050': { vr: 'SH', Value: ['A1'] },
      '00080056': { vr: 'CS', Value: ['ONLINE'] },
      '00080061': { vr: 'CS', Value: ['CT'] },
      '00080090': { vr: 'PN', Value: [{ Alphabetic: 'Referring^Doctor' }] },
      '00080201': { vr: 'SH', Value: ['+0100'] },
      '00081190': { vr: 'UR', Value: [`${node.webUrl}/dicom-web/studies/${uid}`] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Durand^Zoé' }] },
      '00100030': { vr: 'DA', Value: ['19700101'] },
      '00100040': { vr: 'CS', Value: ['O'] },
      '0020000D': { vr: 'UI', Value: [uid] },
      '00200010': { vr: 'SH', Value: ['1'] },
      '00201206': { vr: 'IS', Value: [2] },
      '00201208': { vr: 'IS', Value: [3] },
    })
    expect(Object.keys(study!)).toEqual(Object.keys(study!).toSorted())
    expect(study).not.toHaveProperty('00080052')
    expect(study).not.toHaveProperty('0020000E')
  })

  it('gives them for series and instances, and those above where the address does not name them', async () => {
    const { studyInstanceUid: study, seriesInstanceUids, sopInstanceUids } = studies[1]!
    const series = await ask(`/studies/${study}/series`)
    expect(ids(series.found, '0020000E')).toEqual([...new Set(seriesInstanceUids)])
    expect(series.found[0]).toMatchObject({
      '00080060': { Value: ['MR'] },
      '00200011': { vr: 'IS', Value: [1] },
      '00201209': { Value: [2] },
      '00081190': { Value: [`${node.webUrl}/dicom-web/studies/${study}/series/${seriesInstanceUids[0]}`] },
      '00400275': { vr: 'SQ', Value: [{ '00400009': { vr: 'SH', Value: ['STEP-1'] }, '00401001': { vr: 'SH', Value: ['REQ-1'] } }] },
    })
    expect(series.found[0]).not.toHaveProperty('00100010')
    expect((await ask(`/series?SeriesInstanceUID=${seriesInstanceUids[0]}`)).found[0]).toHaveProperty('00100010')
    const instances = await ask(`/studies/${study}/series/${seriesInstanceUids[0]}/instances`)
    expect(ids(instances.found, '00080018')).toEqual(sopInstanceUids.slice(0, 2))
    expect(instances.found[0]).toMatchObject({
      '00080016': { Value: ['1.2.840.10008.5.1.4.1.1.2'] },
      '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.1'] },
      '00280010': { vr: 'US', Value: [16] },
      '00280100': { Value: [16] },
      '00081190': {
        Value: [`${node.webUrl}/dicom-web/studies/${study}/series/${seriesInstanceUids[0]}/instances/${sopInstanceUids[0]}`],
      },
    })
    expect((await ask(`/studies/${study}/instances`)).found).toHaveLength(3)
    expect((await ask(`/instances?SOPInstanceUID=${sopInstanceUids[2]}`)).found[0]).toMatchObject({
      '00080060': { Value: ['MR'] },
      '00100020': { Value: ['P-2'] },
    })
  })

  it.each([
    ['nothing', '', [], ['0020,000D']],
    ['a name', 'PatientName=durand^zo%C3%A9', ['0010,0010=durand^zoe'], []],
    ['a name with a wild card', 'PatientName=Du*', ['0010,0010=Du*'], []],
    ['a tag', '00100020=P-?', ['0010,0020=P-?'], []],
    ['a tag with a comma', '0010,0020=P-2', ['0010,0020=P-2'], []],
    ['a date', 'StudyDate=20260112', ['0008,0020=20260112'], []],
    ['a range of dates', 'StudyDate=20260111-20260112', ['0008,0020=20260111-20260112'], []],
    ['an open range', 'StudyDate=20260112-', ['0008,0020=20260112-'], []],
    ['a range of times', 'StudyTime=0900-1030', ['0008,0030=0900-1030'], []],
    ['modalities', 'ModalitiesInStudy=CT%5CUS', ['0008,0061=CT\\US'], []],
    ['modalities by comma', 'ModalitiesInStudy=CT,US', ['0008,0061=CT\\US'], []],
    ['Modality of studies', 'Modality=MR', ['0008,0060=MR'], []],
    ['nobody', 'PatientID=NOBODY', ['0010,0020=NOBODY'], []],
  ])('by %s finds what findscu finds, in its order', async (_what, parameters, keys, more) => {
    const dimse = await findscu(node, ['0008,0052=STUDY', '0020,000D', ...keys, ...more])
    const uids = dimse.matches.map((match) => firstValue(match, '0020000D'))
    const first = await ask(`/studies?${parameters}`)
    const second = await ask(`/studies?${parameters}${parameters === '' ? '' : '&'}offset=3`)
    expect([...ids(first.found, '0020000D'), ...ids(second.found, '0020000D')]).toEqual(uids)
  })

  it('takes lists of UIDs by comma, backslash and repetition', async () => {
    const [first, second] = studies.map(({ studyInstanceUid }) => studyInstanceUid)
    for (const list of [
      `StudyInstanceUID=${first},${second}`,
      `0020000D=${first}%5C${second}`,
      `StudyInstanceUID=${first}&0020000D=${second}`,
    ])
      expect(ids((await ask(`/studies?${list}`)).found)).toEqual(['P-2', 'P-1'])
  })

  it('matches inside of sequences by tags and keywords', async () => {
    for (const path of ['00400275.00080050', 'RequestAttributesSequence.AccessionNumber', 'RequestAttributesSequence.00080050']) {
      const { found } = await ask(`/series?${path}=A3`)
      expect(ids(found)).toEqual(['P-3', 'P-3'])
      expect(found[0]!['00400275']!.Value).toEqual([
        {
          '00080050': { vr: 'SH', Value: ['A3'] },
          '00400009': { vr: 'SH', Value: ['STEP-2'] },
          '00401001': { vr: 'SH', Value: ['REQ-2'] },
        },
      ])
    }
  })

  it('combines dates and times, and matches names fuzzily where that is asked for', async () => {
    expect(ids((await ask('/studies?StudyDate=20260110-20260112&StudyTime=0900-1000')).found)).toEqual(['P-2'])
    expect((await ask('/studies?PatientName=Dura')).found).toEqual([])
    const fuzzy = await ask('/studies?PatientName=Dura&fuzzymatching=true')
    expect([ids(fuzzy.found), fuzzy.answer.headers.get('warning')]).toEqual([['P-2', 'P-1'], null])
    expect((await ask('/studies?PatientName=Dura&fuzzymatching=false')).found).toEqual([])
  })

  it('gives what includefield asks for, of the level and above', async () => {
    const usual = (await ask('/studies?PatientID=P-1')).found[0]!
    expect(usual).not.toHaveProperty('00104000')
    const more = (await ask('/studies?PatientID=P-1&includefield=PatientComments,0008,1080&includefield=SeriesDescription')).found[0]!
    expect(more).toHaveProperty('00104000')
    expect(more).toHaveProperty('00081080')
    expect(more).not.toHaveProperty('0008103E')
    const all = (await ask('/studies?PatientID=P-1&includefield=all')).found[0]!
    expect(all).toHaveProperty('001021B0')
    expect(all).toHaveProperty('00080062')
    expect(all).not.toHaveProperty('0008103E')
    // What only the file knows, a private element among it.
    const [instance] = (await ask('/instances?PatientID=P-1&includefield=00180050,00110010,00111001,7FE00010')).found
    expect(instance).toMatchObject({ '00180050': { vr: 'DS', Value: [2.5] }, '00110010': { Value: ['OURS'] } })
    expect(instance!['00111001']).toEqual({ vr: 'OB', InlineBinary: Buffer.from([1, 2, 3, 4]).toString('base64') })
    expect(instance!['7FE00010']).toEqual({ vr: 'OW' })
  })

  it('shows names as they are, and as nothing else', async () => {
    const { found, answer } = await ask('/studies?PatientID=P-4')
    expect(value(found[0]!, '00100010')).toEqual({ Alphabetic: '<script>alert(1)</script>' })
    expect(answer.headers.get('content-type')).not.toContain('html')
  })
})

describe('pages', () => {
  const cut = (service: string) => `299 ${service}/dicom-web: There are additional results that can be requested`

  it('end at the limit, say so, and go on at the offset', async () => {
    const all = [...(await ask('/studies')).found, ...(await ask('/studies?offset=3')).found]
    for (const size of [1, 2, 3]) {
      const gathered: Found[] = []
      for (let offset = 0; offset < 4; offset += size) {
        const { found, answer } = await ask(`/studies?limit=${size}&offset=${offset}`)
        expect(answer.headers.get('warning')).toBe(offset + size < 4 ? cut(node.webUrl) : null)
        gathered.push(...found)
      }
      expect(gathered).toEqual(all)
    }
  })

  it('hold no more than the setting allows', async () => {
    for (const path of ['/studies', '/studies?limit=1000', '/instances?limit=4']) {
      const { found, answer } = await ask(path)
      expect([found.length, answer.headers.get('warning')]).toEqual([3, cut(node.webUrl)])
    }
  })

  it('behind the end are empty', async () => {
    for (const path of ['/studies?offset=4', '/studies?offset=100000', '/studies?limit=0', '/studies?PatientID=NOBODY']) {
      const { status, found } = await ask(path)
      expect([status, found]).toEqual([200, []])
    }
  })
})

describe('what is not done is told', () => {
  it('for keys that no search compares', async () => {
    const { found, answer } = await ask('/studies?SeriesDescription=x&PatientID=P-1&NumberOfStudyRelatedInstances=7')
    expect(ids(found)).toEqual(['P-1'])
    expect(answer.headers.get('warning')).toBe(
      `299 ${node.webUrl}/dicom-web: Not matched here, answers may hold more than was asked for: 0008103E 00201208`,
    )
  })

  it('for parameters that are none of a search: they change nothing (PS3.18 8.3)', async () => {
    const { found, answer } = await ask('/studies?PatientID=P-1&orderby=-StudyDate&_=1733&session_code=%22%0d%0a')
    expect(ids(found)).toEqual(['P-1'])
    expect(answer.headers.get('warning')).toBe(`299 ${node.webUrl}/dicom-web: Not supported and ignored: orderby _ session_code`)
  })

  it('for kinds of matching', async () => {
    const { answer } = await ask('/studies?emptyvaluematching=true&PatientID=P-1')
    expect(answer.headers.get('warning')).toContain(
      'The emptyvaluematching parameter is not supported. Empty Value Matching has not been performed.',
    )
  })
})

describe('a refusal names what is wrong:', () => {
  it.each([
    ['/studies?PatientsName=x', 400, /"PatientsName": neither a parameter/],
    ['/studies?patientid=P-1', 400, /"patientid": neither a parameter/],
    ['/studies?0010002G=1', 400, /"0010002G": neither a parameter/],
    ['/studies?fffe0102=1', 400, /"fffe0102": neither a parameter/],
    ['/series?order.PatientId=1', 400, /"order.PatientId": neither a parameter/],
    ['/studies?includefield=Nonsense', 400, /"Nonsense": neither a parameter/],
    ['/studies?limit=-1', 400, /limit: a number/],
    ['/studies?limit=1&limit=2', 400, /limit: given twice/],
    ['/studies?offset=x', 400, /offset: a number/],
    ['/studies?fuzzymatching=1', 400, /fuzzymatching: true or false/],
    ['/studies?PatientID=1&00100020=2', 400, /00100020: given twice/],
    ['/studies?StudyDate=2026-x', 400, /StudyDate: a range that cannot be read/],
    ['/studies?QueryRetrieveLevel=IMAGE', 400, /QueryRetrieveLevel: nothing that can be searched for/],
    ['/studies?PatientID.PatientName=1', 400, /00100020 is no sequence/],
    ['/series?RequestAttributesSequence=1', 400, /a sequence; name an attribute in it/],
    ['/instances?Rows=wide', 400, /00280010: not a value of its kind \(US\)/],
    ['/studies/no-uid/series', 400, /^study: expected a UID$/],
    ['/studies/1.2.3/series?StudyInstanceUID=1.2.4', 400, /the address names another one/],
  ])('%s', async (path, status, words) => {
    const [found, detail] = await refused(path)
    expect(found).toBe(status)
    expect(detail).toMatch(words)
  })

  it('what is accepted, where that is something else', async () => {
    for (const accept of ['multipart/related; type="application/dicom+xml"', 'text/html', 'application/dicom+json;q=0'])
      expect((await refused('/studies', { Accept: accept }))[0]).toBe(406)
    for (const accept of ['*/*', 'application/dicom+json; charset=utf-8', 'application/dicom+xml, */*;q=0.1', 'application/*'])
      expect((await ask('/studies', { Accept: accept })).answer.headers.get('content-type')).toBe('application/dicom+json')
    const plain = await ask('/studies', { Accept: 'application/json' })
    expect([plain.status, plain.answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect((await ask('/studies?accept=application/dicom%2Bjson', { Accept: 'text/html' })).status).toBe(200)
  })

  it('a study that is not here is an empty list', async () => {
    expect(await ask(`/studies/${testUid()}/series`)).toMatchObject({ status: 200, found: [] })
  })
})
