/** Whoever may see level N alone is answered as if nothing else were here: two nodes, one that holds only what is normal, one that holds restricted
 *  and rejected instances beside it, in the same series, the same study, of the same patient and of others, give the same bytes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LevelSet } from '../../src/dicom/confidentiality.ts'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import { PATIENT_ROOT_FIND, STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE } from '../../src/dicom/sop-classes.ts'
import { type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { receiveInstance } from '../../src/receive/store-instance.ts'
import { cFind } from '../../src/serve/c-find.ts'
import { cGet } from '../../src/serve/c-get.ts'
import { cMove } from '../../src/serve/c-move.ts'
import type { Serving } from '../../src/serve/serving.ts'
import { settings } from '../manifest/held-studies.ts'
import { note } from '../receive/rejection-material.ts'
import { KOS, silenceLog } from '../receive/sample-instances.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, type Overrides, TAG, type TestDataSet, testUid, textOf } from '../support/data-sets.ts'
import { FakeAssociation, type FakeRequest, type Home, openHome, peer, request } from './support.ts'

const N = levelSet(['N'])
const NR = levelSet(['N', 'R'])

const STUDY = uid(testUid())
const HIDDEN_STUDY = uid(testUid())
const REJECTED_STUDY = uid(testUid())
const [MIXED, NORMAL, SECRET] = [testUid(), testUid(), testUid()]
const image = (series: string, number: number, more: Overrides = {}): TestDataSet =>
  ct({
    [TAG.SOPInstanceUID]: ['UI', testUid()],
    [TAG.StudyInstanceUID]: ['UI', STUDY],
    [TAG.SeriesInstanceUID]: ['UI', series],
    [TAG.InstanceNumber]: ['IS', String(number)],
    ...more,
  })

const normal = [image(MIXED, 1), image(MIXED, 3), image(NORMAL, 1, { 2097169: ['IS', '2'] })]
const secretSeries = { [TAG.Modality]: ['US', 'MR'] as const, 2097169: ['IS', '3'] as const }
const restricted = [
  image(MIXED, 2),
  image(SECRET, 1, { ...secretSeries, [TAG.Modality]: ['CS', 'MR'] }),
  image(testUid(), 1, { [TAG.StudyInstanceUID]: ['UI', HIDDEN_STUDY] }),
  image(testUid(), 1, {
    [TAG.StudyInstanceUID]: ['UI', testUid()],
    [TAG.PatientID]: ['LO', 'VIP'],
    [TAG.PatientName]: ['PN', 'Very^Important'],
  }),
]
const rejected = image(testUid(), 1, { [TAG.StudyInstanceUID]: ['UI', REJECTED_STUDY], [TAG.PatientID]: ['LO', 'WRONG'] })
const of = { study: STUDY, images: normal }

let plain: Home
let mixed: Home

beforeAll(async () => {
  silenceLog()
  plain = await openHome()
  mixed = await openHome()
  for (const one of normal) await keep(plain, one)
  for (const one of [normal[0]!, restricted[0]!, normal[1]!, normal[2]!, ...restricted.slice(1), rejected]) {
    await keep(mixed, one, restricted.includes(one) ? 'VIP' : 'CT1')
  }
  await keep(mixed, note('113038', { study: REJECTED_STUDY, images: [rejected] }, [rejected]))
  // It tells of what it names: it is as restricted, whoever sent it.
  await keep(mixed, note('113037', of, [restricted[1]!]))
  for (const home of [plain, mixed]) {
    let next = 0
    const newUid = () => uid(`2.25.77777.${next++}`)
    await buildManifest({ ...home, settings: () => settings, now: () => 1_790_000_000_000, newUid }, STUDY, 'asked')
  }
})
afterAll(async () => {
  await plain?.close()
  await mixed?.close()
})

async function keep({ storage, catalog, folder }: Home, elements: TestDataSet, source = 'CT1'): Promise<void> {
  const confidentialityOf = (sender: string) => (sender === 'VIP' ? 'R' : 'N') as 'R' | 'N'
  const door = {
    storage,
    catalog,
    path: folder,
    duplicates: 'keep',
    now: () => 1_790_000_000_000,
    kept: () => undefined,
    isStorable: () => true,
  } as const
  const uids = { sopClassUid: textOf(elements, TAG.SOPClassUID), sopInstanceUid: textOf(elements, TAG.SOPInstanceUID) }
  const sink = receiveInstance(
    { ...door, confidentialityOf, quality: 'hide', resent: 'refuse' },
    { ...uids, transferSyntaxUid: EXPLICIT_LE, source },
  )
  await sink.write(encode(elements))
  expect((await sink.end()).status).toBe(0)
}

const level = (name: string): Overrides => ({ [TAG.QueryRetrieveLevel]: ['CS', name] })
const uids = (...some: string[]) => ['UI', some.join('\\')] as const
const COUNTS: Overrides = {
  2101760: ['IS', ''],
  2101762: ['IS', ''],
  2101764: ['IS', ''],
  2101766: ['IS', ''],
  2101768: ['IS', ''],
  2101769: ['IS', ''],
  524385: ['CS', ''],
  524386: ['UI', ''],
  [TAG.PatientName]: ['PN', ''],
  [TAG.PatientID]: ['LO', ''],
  [TAG.StudyInstanceUID]: ['UI', ''],
}
const sop = (one: TestDataSet) => textOf(one, TAG.SOPInstanceUID)

const KEYS: Readonly<Record<string, Overrides>> = {
  everything: {},
  'the hidden study': { [TAG.StudyInstanceUID]: uids(HIDDEN_STUDY) },
  'the rejected study': { [TAG.StudyInstanceUID]: uids(REJECTED_STUDY) },
  'both studies': { [TAG.StudyInstanceUID]: uids(STUDY, HIDDEN_STUDY, REJECTED_STUDY) },
  'the study': { [TAG.StudyInstanceUID]: uids(STUDY) },
  'the secret series': { [TAG.SeriesInstanceUID]: uids(SECRET) },
  'all series': { [TAG.SeriesInstanceUID]: uids(SECRET, MIXED, NORMAL) },
  'restricted instances': { [TAG.SOPInstanceUID]: uids(...restricted.map(sop)) },
  'one of each': { [TAG.SOPInstanceUID]: uids(sop(restricted[0]!), sop(normal[0]!), sop(rejected)) },
  'a patient who is wholly restricted': { [TAG.PatientID]: ['LO', 'VIP'] },
  'a patient who is wholly rejected': { [TAG.PatientID]: ['LO', 'WRONG'] },
  'a name': { [TAG.PatientName]: ['PN', 'Very*'] },
  'the patient': { [TAG.PatientID]: ['LO', 'TEST-PATIENT'] },
  'a modality that is hidden': { 524385: ['CS', 'MR'] },
  'a modality of the series': { [TAG.Modality]: ['CS', 'MR'] },
  'modalities by pattern': { 524385: ['CS', 'M*'] },
  'notes and manifests': { [TAG.Modality]: ['CS', 'KO'] },
  'a class': { 524386: ['UI', KOS] },
  'a number of the hidden': { [TAG.InstanceNumber]: ['IS', '2'] },
  'a date': { [TAG.StudyDate]: ['DA', '20260101-20261231'] },
  'an accession number': { [TAG.AccessionNumber]: ['SH', 'ACC1'] },
  'a manifest by its name': { [TAG.SOPInstanceUID]: uids('2.25.77777.1') },
  'the manifest': { [TAG.SOPInstanceUID]: uids('2.25.77777.0') },
}

const spoken = (asked: FakeRequest) => asked.answers.map(({ fields, bytes }) => [fields, bytes?.toString('latin1')])

async function found(home: Home, levels: LevelSet, model: string, keys: Overrides, listed: boolean): Promise<unknown> {
  const asked = request({ sopClassUid: model, keys: { ...COUNTS, ...keys }, extended: Buffer.from([1, 1, 1]) })
  await cFind(home.serving({ levelsOf: () => levels, listManifests: () => listed }), asked)
  return spoken(asked)
}

describe('C-FIND', () => {
  const rows = Object.keys(KEYS).flatMap((name) => ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'].map((at) => [name, at] as const))
  it.each(rows)('%s, at level %s', async (name, at) => {
    for (const model of at === 'PATIENT' ? [PATIENT_ROOT_FIND] : [PATIENT_ROOT_FIND, STUDY_ROOT_FIND]) {
      for (const listed of [false, true]) {
        const keys = { ...KEYS[name]!, ...level(at) }
        expect(await found(mixed, N, model, keys, listed)).toEqual(await found(plain, N, model, keys, listed))
      }
    }
  })

  it('whoever may see both sees more', async () => {
    const answers = async (levels: LevelSet) =>
      ((await found(mixed, levels, STUDY_ROOT_FIND, level('IMAGE'), false)) as unknown[]).length - 1
    // the rejected one and the note of a wrong worklist entry are nobody's; the other note has hidden the one of the secret series
    expect([await answers(N), await answers(NR), await answers(levelSet(['R'])), await answers(0)]).toEqual([3, 7, 4, 0])
  })
})

describe('C-GET and C-MOVE', () => {
  const NAMES = [
    'the hidden study',
    'the rejected study',
    'both studies',
    'the study',
    'the secret series',
    'all series',
    'restricted instances',
    'one of each',
    'a manifest by its name',
    'the manifest',
  ] as const
  const contexts = [CT_IMAGE, KOS].map((one) => [one, EXPLICIT_LE] as const)
  const levelOf = (keys: Overrides) => (keys[TAG.SOPInstanceUID] ? 'IMAGE' : keys[TAG.SeriesInstanceUID] ? 'SERIES' : 'STUDY')
  const withStudy = (keys: Overrides): Overrides => ({
    [TAG.StudyInstanceUID]: uids(STUDY, HIDDEN_STUDY, REJECTED_STUDY),
    ...keys,
    ...level(levelOf(keys)),
  })

  async function retrieved(
    home: Home,
    how: 'get' | 'move',
    levels: LevelSet,
    keys: Overrides,
    of: readonly ('N' | 'R')[] = ['N', 'R'],
  ): Promise<unknown> {
    const to = new FakeAssociation({ contexts })
    const association = how === 'get' ? to : new FakeAssociation()
    const asked = request({
      sopClassUid: how === 'get' ? STUDY_ROOT_GET : STUDY_ROOT_MOVE,
      keys: withStudy(keys),
      association,
      command: { moveDestination: 'VIEWER' },
    })
    const serving: Serving = home.serving({ levelsOf: () => levels, peer: () => peer('VIEWER', { levels: of }), connectTo: async () => to })
    await (how === 'get' ? cGet : cMove)(serving, asked)
    return [
      asked.answers.map(({ fields, bytes }) => [fields, bytes?.toString('latin1')]),
      to.delivered.map(({ bytes }) => bytes.toString('latin1')),
    ]
  }

  it.each(NAMES.flatMap((name) => (['get', 'move'] as const).map((how) => [name, how] as const)))('%s by %s', async (name, how) => {
    expect(await retrieved(mixed, how, N, KEYS[name]!)).toEqual(await retrieved(plain, how, N, KEYS[name]!))
    if (how === 'move') expect(await retrieved(mixed, how, NR, KEYS[name]!, ['N'])).toEqual(await retrieved(plain, how, N, KEYS[name]!))
  })

  it('both the caller and the destination must be allowed to see it', async () => {
    const count = async (levels: LevelSet, of: readonly ('N' | 'R')[]) =>
      ((await retrieved(mixed, 'move', levels, KEYS['the study']!, of)) as [unknown, unknown[]])[1].length
    expect([
      await count(NR, ['N', 'R']),
      await count(N, ['N', 'R']),
      await count(NR, ['N']),
      await count(NR, ['R']),
      await count(N, ['R']),
    ]).toEqual([5, 3, 3, 2, 0])
  })
})

it('a manifest has one level, and its series is not that of another', async () => {
  const records = await mixed.catalog.manifestsOf(STUDY as Uid)
  expect(records.map(({ confidentiality, instanceCount }) => [confidentiality, instanceCount]).sort()).toEqual([
    ['N', 3],
    ['R', 1],
  ])
  expect(new Set(records.map(({ seriesInstanceUid }) => seriesInstanceUid)).size).toBe(2)
})
