/** 12: a name that was wrong, two records that were one patient, an accession number: decided by commands beside the running node, seen by the clients
 *  of DCMTK and odil; files stay byte for byte, manifests follow, and the journal of decisions outlives the catalog. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import { runAriane } from '../admin/run-ariane.ts'
import { dataSetOffset, EXPLICIT_LE, TAG, testUid } from '../support/data-sets.ts'
import { dcmsend, findscu, firstValue, getscu, movescu, type Storescp, startStorescp } from '../support/dcmtk.ts'
import { complaints, deliveredManifests, elementOf, manifestVersion } from '../support/manifests.ts'
import { eventually, filesBelow, type NodeProcess, type NodeSettings, startNode } from '../support/node-process.ts'
import { odilGet } from '../support/odil.ts'
import { freePort, runCommand } from '../support/run-command.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

const ORIGINAL_ATTRIBUTES = 0x04000561

let node: NodeProcess
let settings: NodeSettings
let viewer: Storescp
let folder: string
let anna: StudyFiles
let annie: StudyFiles
const kept = new Map<string, string>()

const study = (id: string, name: string) =>
  studyFiles({
    overrides: { [TAG.PatientID]: ['LO', id], [TAG.PatientName]: ['PN', name], 1048624: ['DA', '19700101'], 1048640: ['CS', 'F'] },
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ariane-identity-'))
  viewer = await startStorescp({ aeTitle: 'VIEWER' })
  settings = { dicom: { port: await freePort() }, peers: [{ aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port }] }
  node = await startNode({ folder, settings })
  anna = await study('ANNA', 'Wrong^Anna')
  annie = await study('ANNIE', 'Annie^Double')
  expect((await dcmsend(node, [...anna.files, ...annie.files])).code).toBe(0)
  for (const one of [anna, annie]) await manifestVersion(node, one.studyInstanceUid, 1)
  for (const name of node.files('instances')) kept.set(name, digestOf(join(node.storagePath, 'instances', name)))
}, 60_000)

afterAll(async () => {
  await node?.stop()
  await viewer?.stop()
  for (const one of [anna, annie]) await one?.remove()
  await rm(folder, { recursive: true, force: true })
})

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const ariane = (...args: string[]) => runAriane(folder, ['--config', node.configFile, ...args])
const keysOf = ({ studyInstanceUid }: StudyFiles) => ['0008,0052=STUDY', `0020,000d=${studyInstanceUid}`]

function read(file: string): DataSet {
  const bytes = readFileSync(file)
  return readDataSet(bytes.subarray(dataSetOffset(bytes)), EXPLICIT_LE)
}

/** By SOP Instance UID. */
const byUid = (files: readonly string[]) => new Map(files.map((file) => [read(file).text(TAG.SOPInstanceUID)!, file]))

async function retrieved(one: StudyFiles): Promise<Map<string, string>> {
  const into = await mkdtemp(join(folder, 'get-'))
  expect((await getscu(node, keysOf(one), into, { options: ['+xe'] })).code).toBe(0)
  return byUid(filesBelow(into).map((name) => join(into, name)))
}

/** What was got differs from what was sent in these elements, and in nothing else. */
function differsIn(sent: string, got: string, tags: readonly number[]): void {
  const [before, after] = [read(sent).elements, read(got).elements]
  const different = [...new Set([...before.keys(), ...after.keys()])].filter((tag) => {
    const [a, b] = [before.get(tag), after.get(tag)]
    return a === undefined || b === undefined || !a.value.equals(b.value)
  })
  expect(different.sort((a, b) => a - b)).toEqual([...tags, ORIGINAL_ATTRIBUTES])
  expect(after.get(TAG.PixelData)!.value.equals(before.get(TAG.PixelData)!.value)).toBe(true)
}

it('what cannot be is told, and changes nothing', async () => {
  const refused: readonly (readonly [string[], number, RegExp])[] = [
    [['patient', 'update', 'NOBODY', '--name', 'A^B'], 1, /no patient of ID NOBODY/],
    [['patient', 'update', 'ANNA'], 2, /say what is right: --name, --birth-date, --sex/],
    [
      ['patient', 'update', 'ANNA', '--birth-date', '31.12.1970'],
      2,
      /--birth-date \(PatientBirthDate\): expected a date YYYYMMDD that exists/,
    ],
    [['patient', 'update', 'ANNA', '--birth-date', '20260230'], 2, /a date YYYYMMDD that exists/],
    [['patient', 'update', 'ANNA', '--sex', 'X'], 2, /--sex \(PatientSex\): expected M, F, O/],
    [['patient', 'update', 'ANNA', '--name', 'x'.repeat(65)], 2, /at most 64 characters in each group/],
    [['patient', 'update', 'ANNA', '--id', 'x'.repeat(65)], 2, /--id \(PatientID\): expected at most 64 characters/],
    [['patient', 'update', 'ANNA', '--id', 'ANNIE'], 2, /ariane patient merge/],
    [['patient', 'update', 'ANNA', '--name', 'Wrong^Anna'], 1, /nothing to change/],
    [['patient', 'merge', 'ANNA', 'ANNA'], 2, /cannot be merged into itself/],
    [['patient', 'merge', 'ANNA', 'NOBODY'], 1, /no patient of ID NOBODY/],
    [['study', 'update', '1.2.3', '--accession', 'A'], 1, /no such study here/],
    [
      ['study', 'update', anna.studyInstanceUid, '--accession', 'x'.repeat(17)],
      2,
      /--accession \(AccessionNumber\): expected at most 16 characters/,
    ],
  ]
  for (const [args, code, why] of refused) {
    const run = await ariane(...args)
    expect([run.exitCode, `${run.stdout}${run.stderr}`], args.join(' ')).toEqual([code, expect.stringMatching(why)])
  }
  const dry = await ariane('patient', 'update', 'ANNA', '--name', 'Right^Anna', '--dry-run')
  expect(dry.stdout).toMatch(
    /1 studies, 3 instances, 1 manifests in force\n {2}PatientName: Wrong\^Anna -> Right\^Anna\nnothing was changed/,
  )
  expect(readdirSync(node.storagePath)).not.toContain('decisions.jsonl')
}, 120_000)

it('a name that was wrong: queries, C-GET, C-MOVE and the manifest say the right one', async () => {
  expect((await ariane('patient', 'update', 'ANNA', '--name', 'Right^Ännä')).exitCode).toBe(0)
  const { matches } = await findscu(node, ['0008,0052=STUDY', '0010,0010=Right*', '0020,000d'])
  expect(matches.map((match) => firstValue(match, '0020000D'))).toEqual([anna.studyInstanceUid])
  expect((await findscu(node, ['0008,0052=STUDY', '0010,0010=Wrong*', '0020,000d'])).matches).toEqual([])

  const sent = byUid(anna.files)
  const got = await retrieved(anna)
  expect((await movescu(node, 'VIEWER', keysOf(anna))).statuses.at(-1)).toBe(0)
  const moved = byUid(viewer.files())
  expect([...got.keys()].sort()).toEqual([...sent.keys()].sort())
  for (const [uid, file] of got) {
    const charset = read(sent.get(uid)!).has(0x00080005) ? [] : [0x00080005]
    differsIn(sent.get(uid)!, file, [...charset, TAG.PatientName])
    expect(read(file).text(TAG.PatientName)).toBe('Right^Ännä')
    expect(read(file).items(ORIGINAL_ATTRIBUTES)[0]!.items(0x04000550)[0]!.text(TAG.PatientName)).toBe('Wrong^Anna')
    expect(readFileSync(moved.get(uid)!).subarray(-600).equals(readFileSync(file).subarray(-600))).toBe(true)
    const [was, is] = await Promise.all([sent.get(uid)!, file].map((one) => runCommand('dciodvfy', ['-new', one])))
    const errors = (output: string) => output.split('\n').filter((line) => line.startsWith('Error'))
    expect(errors(is!.output).filter((line) => !errors(was!.output).includes(line))).toEqual([])
  }

  const manifest = await manifestVersion(node, anna.studyInstanceUid, 2)
  expect(await elementOf(manifest, '0010,0010')).toBe('Right^Ännä')
  expect(await complaints(manifest)).toEqual([])
  const verified = await ariane('manifest', 'verify', anna.studyInstanceUid)
  expect([verified.exitCode, verified.stderr]).toEqual([0, ''])
}, 60_000)

it('odil gets the same', async () => {
  const into = await mkdtemp(join(folder, 'odil-'))
  const run = await odilGet(node, 'study', ['QueryRetrieveLevel=STUDY', `StudyInstanceUID=${anna.studyInstanceUid}`], { cwd: into })
  expect(run.code, run.output).toBe(0)
  const files = filesBelow(into).map((name) => join(into, name))
  expect(files).toHaveLength(3)
  for (const file of files) {
    const { output } = await runCommand('dcmdump', ['+P', '0010,0010', '+P', '0400,0565', '-q', file])
    expect(output).toMatch(/Right\^/)
    expect(output).toMatch(/CORRECT/)
  }
})

it('two records of one patient: studies move, what still comes under the former ID follows', async () => {
  expect((await ariane('patient', 'merge', 'ANNIE', 'ANNA')).exitCode).toBe(0)
  const { matches } = await findscu(node, ['0008,0052=STUDY', '0010,0020=ANNA', '0020,000d'])
  expect(matches.map((match) => firstValue(match, '0020000D')).sort()).toEqual([anna.studyInstanceUid, annie.studyInstanceUid].sort())
  const late = await study('ANNIE', 'Annie^Double')
  try {
    expect((await dcmsend(node, late.files)).code).toBe(0)
    for (const one of [annie, late]) {
      const sent = byUid(one.files)
      for (const [uid, file] of await retrieved(one)) {
        const set = read(file)
        expect([set.text(TAG.PatientID), set.text(TAG.PatientName)]).toEqual(['ANNA', 'Right^Ännä'])
        const [item] = set.items(ORIGINAL_ATTRIBUTES)
        expect([item!.items(0x04000550)[0]!.text(TAG.PatientID), item!.text(0x04000565)]).toEqual(['ANNIE', 'COERCE'])
        expect(set.elements.get(TAG.PixelData)!.value.equals(read(sent.get(uid)!).elements.get(TAG.PixelData)!.value)).toBe(true)
      }
    }
    expect((await ariane('study', 'list')).stdout).toContain('no study is in conflict')
  } finally {
    await late.remove()
  }
  await eventually(
    'the manifest of the merged patient',
    async () => {
      const last = deliveredManifests(node, annie.studyInstanceUid).at(-1)
      return last !== undefined && (await elementOf(last, '0010,0020')) === 'ANNA'
    },
    20_000,
  )
}, 60_000)

it('the manifest of the former patient is withdrawn, not replaced', async () => {
  expect((await ariane('manifest', 'history', annie.studyInstanceUid)).stdout).toMatch(/withdrawn/)
  expect((await ariane('manifest', 'history', anna.studyInstanceUid)).stdout).not.toMatch(/withdrawn/)
})

it('an accession number', async () => {
  expect((await ariane('study', 'update', anna.studyInstanceUid, '--accession', 'ACC-RIGHT')).exitCode).toBe(0)
  const { matches } = await findscu(node, ['0008,0052=STUDY', '0008,0050=ACC-RIGHT', '0020,000d'])
  expect(matches.map((match) => firstValue(match, '0020000D'))).toEqual([anna.studyInstanceUid])
  for (const file of (await retrieved(anna)).values()) expect(read(file).text(0x00080050)).toBe('ACC-RIGHT')
})

it('no stored byte has changed, and a catalog that is lost comes back with the decisions', async () => {
  for (const [name, digest] of kept) expect(digestOf(join(node.storagePath, 'instances', name)), name).toBe(digest)
  await node.stop()
  for (const name of readdirSync(node.storagePath)) if (name.startsWith('catalog.sqlite')) rmSync(join(node.storagePath, name))
  node = await startNode({ folder, settings })
  const { matches } = await findscu(node, ['0008,0052=STUDY', '0010,0020=ANNA', '0020,000d', '0010,0010', '0008,0050'])
  expect(matches).toHaveLength(3)
  for (const match of matches) expect(firstValue(match, '00100010')).toBe('Right^Ännä')
  for (const file of (await retrieved(anna)).values())
    expect([read(file).text(TAG.PatientName), read(file).text(0x00080050)]).toEqual(['Right^Ännä', 'ACC-RIGHT'])
  for (const file of (await retrieved(annie)).values()) expect(read(file).text(TAG.PatientID)).toBe('ANNA')
}, 60_000)

it('a patient of two issuers is asked for by issuer', async () => {
  const studies = await Promise.all(
    ['H1', 'H2'].map((issuer) =>
      studyFiles({
        series: [1],
        overrides: { [TAG.PatientID]: ['LO', 'SAME'], 1048609: ['LO', issuer], [TAG.StudyInstanceUID]: ['UI', testUid()] },
      }),
    ),
  )
  try {
    for (const one of studies) await dcmsend(node, one.files)
    const asked = await ariane('patient', 'update', 'SAME', '--sex', 'M')
    expect(asked.exitCode).toBe(2)
    expect(`${asked.stdout}${asked.stderr}`).toMatch(/H1[\s\S]*H2[\s\S]*2 patients of ID SAME: say which one: --issuer/)
    expect((await ariane('patient', 'update', 'SAME', '--issuer', 'H2', '--sex', 'M')).exitCode).toBe(0)
  } finally {
    for (const one of studies) await one.remove()
  }
}, 30_000)
