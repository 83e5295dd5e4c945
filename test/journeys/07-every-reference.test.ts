/** 07: every file of the corpus is sent, and for every one that was accepted every reference of every manifest leads back to its bytes; where
 *  those are odd in number, to a data set of even length that says the same (docs/decisions/0006-odd-lengths.md). */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { connect } from '../../src/dimse/connect.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { dataSetOffset } from '../support/data-sets.ts'
import { getscu, movescu, type Storescp, startStorescp } from '../support/dcmtk.ts'
import { complaints, deliveredManifests, elementOf, evidenceUids } from '../support/manifests.ts'
import { eventually, filesBelow, type NodeProcess, startNode } from '../support/node-process.ts'
import { freePort, runCommand } from '../support/run-command.ts'
import { type SentFile, sendFiles, sentFile } from '../support/sender.ts'
import { ask, fileFacts, partsOf } from '../support/web-parts.ts'

const RAW: Readonly<Record<string, string>> = {
  'raw-implicit-le': '1.2.840.10008.1.2',
  'raw-explicit-le': '1.2.840.10008.1.2.1',
  'raw-explicit-be': '1.2.840.10008.1.2.2',
}
const NOT_NEGOTIATED = -1

/** Everything that is not accepted, and why. What is not here is stored (0000), or is another instance under a UID that is here (B000). */
const REFUSED: readonly (readonly [status: number, why: string, files: RegExp])[] = [
  [NOT_NEGOTIATED, 'F9: a media directory is no message', /\/DICOMDIR/],
  [NOT_NEGOTIATED, 'a colour palette belongs to no study (Non-Patient Object Storage)', /\/palettes\/\w+\.dcm$/],
  [0xc000, 'S6: truncated', /MR_truncated|rtplan_truncated|emri_small_jpeg_2k_lossless_too_short/],
  [0xc000, 'S21: implicit VR inside of an explicit data set', /SC_rgb_jpeg\.dcm$/],
  [0xc001, 'S1: no Study or Series Instance UID', /HTJ2KLossless_08_RGB|JPEGLSNearLossless_|SC_rgb_jls_lossy_/],
  [
    0xc001,
    'S1: no UIDs at all',
    /chrSQEncoding\.dcm|UN_sequence|empty_charset_LEI|meta_missing_tsyntax|nested_priv_SQ|\/no_meta_group|\/priv_SQ/,
  ],
  [0xc000, 'a stray byte before the first element', /\/no_meta\.dcm$/],
  [0xc001, 'S2: UIDs with letters', /bad_sequence/],
]
/** One sender of the corpus called its study, series and instance 111: a manifest must name them so. */
const UIDS_OF_THE_SENDER = /Illegal root for UID = <111>$/
const MANIFEST_TITLES = ['113030', 'MADOTEMP001']
/** Transfer syntaxes that DCMTK 3.6.7 does not know: retrieved with the node's own requestor alone. */
const UNKNOWN_TO_DCMTK = new Set([
  '1.2.840.10008.1.2.8.1',
  '1.2.840.10008.1.2.4.201',
  '1.2.840.10008.1.2.4.53',
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.57',
])
/** How getscu is told which syntax it may get. Not Implicit VR Little Endian: it proposes each class in one context with Explicit VR first. */
const GETSCU_OPTION: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.1': '+xe',
  '1.2.840.10008.1.2.2': '+xb',
  '1.2.840.10008.1.2.1.99': '+xd',
  '1.2.840.10008.1.2.4.50': '+xy',
  '1.2.840.10008.1.2.4.51': '+xx',
  '1.2.840.10008.1.2.4.70': '+xs',
  '1.2.840.10008.1.2.4.80': '+xt',
  '1.2.840.10008.1.2.4.81': '+xu',
  '1.2.840.10008.1.2.4.90': '+xv',
  '1.2.840.10008.1.2.4.91': '+xw',
  '1.2.840.10008.1.2.5': '+xr',
}

/** getscu offers each class in one context, and Little Endian with whatever else it asks for: which of them it would rather have, its peer entry says. */
const getscuTitle = (syntax: string): string => `GET${Object.keys(GETSCU_OPTION).indexOf(syntax)}`
const GETSCU_PEERS = Object.keys(GETSCU_OPTION).map((syntax) => ({ aeTitle: getscuTitle(syntax), transferSyntaxes: [syntax] }))

let node: NodeProcess
let viewer: Storescp
let folder: string
let sent: SentFile[]
let statuses: Map<string, number>
/** What is stored: the first accepted data set of each SOP Instance UID, and what has to come back (see {@link identityOf}). */
const stored = new Map<string, { file: SentFile; studyInstanceUid: string; digest: string }>()
/** Every SOP Instance UID that a manifest in force names. */
const referenced = new Set<string>()

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const isOdd = ({ dataSet }: SentFile): boolean => dataSet.length % 2 === 1

describeCorpus('07 every reference of the corpus', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ariane-corpus-'))
    viewer = await startStorescp({ aeTitle: 'VIEWER' })
    const peers = [{ aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port }, ...GETSCU_PEERS]
    // Studies of the corpus share patients and Study Instance UIDs by accident; those in conflict are looked at below.
    const port = await freePort()
    const web = { port, publicUrl: `http://127.0.0.1:${port}` }
    node = await startNode({ settings: { peers, web, log: { level: 'warn' }, manifest: { quietSeconds: 2 } } })
    sent = corpusFiles().map((file) => {
      const fallback = {
        sopClassUid: file.sopClassUid || '1.2.840.10008.5.1.4.1.1.7',
        sopInstanceUid: file.sopInstanceUid || '1.2.3',
        rawSyntax: RAW[file.row.ts_name!] ?? '1.2.840.10008.1.2',
      }
      const one = sentFile(file.path, file.name, fallback)
      // As every client does, the command says what the data set says.
      return { ...one, sopInstanceUid: file.sopInstanceUid || one.sopInstanceUid, sopClassUid: file.sopClassUid || one.sopClassUid }
    })
    statuses = await sendFiles(node, sent)
    const studies = new Map(corpusFiles().map((file) => [file.name, file.studyInstanceUid]))
    for (const file of sent) {
      if (statuses.get(file.name) !== 0 || stored.has(file.sopInstanceUid)) continue
      const expected = isOdd(file) ? await saidBy(file.dataSet, file) : digest(file.dataSet)
      stored.set(file.sopInstanceUid, { file, studyInstanceUid: studies.get(file.name)!, digest: expected })
    }
  }, 120_000)
  afterAll(async () => {
    await node?.stop()
    await viewer?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('each file is accepted or refused with the status that the table says; what is merely odd is accepted', () => {
    const wrong: string[] = []
    const seen = new Set<string>()
    for (const file of sent) {
      const status = statuses.get(file.name)!
      const rule = REFUSED.find(([, , names]) => names.test(`/${file.name}`))
      const expected = rule?.[0] ?? (seen.has(file.sopInstanceUid) && status === 0xb000 ? 0xb000 : 0)
      if (status !== expected) wrong.push(`${file.name}: ${status.toString(16)} instead of ${expected.toString(16)}`)
      seen.add(file.sopInstanceUid)
    }
    expect(wrong).toEqual([])
    expect([...statuses.values()].filter((status) => status === 0).length).toBeGreaterThan(470)
  })

  it('every manifest satisfies dciodvfy, its XDS-I profile and dsrdump; evidence is what the catalogue says', async () => {
    const byStudy = Map.groupBy(stored.values(), (one) => one.studyInstanceUid)
    const conflicts = new Set(
      [...node.log().matchAll(/more than one patient identity StudyInstanceUID=([0-9.]+)/g)].map((found) => found[1]!),
    )
    const objections: string[] = []
    for (const [study, instances] of byStudy) {
      if (conflicts.has(study)) {
        expect(deliveredManifests(node, study), `${study} is in conflict`).toEqual([])
        continue
      }
      const expected: string[] = []
      for (const { file } of instances) if (!(await isManifest(file))) expected.push(file.sopInstanceUid)
      if (expected.length === 0) continue
      const newest = (): string | undefined => deliveredManifests(node, study).at(-1)
      expected.sort()
      await eventually(
        `a manifest of ${study} that names ${expected.length} instances`,
        async () => newest() !== undefined && isDeepStrictEqual(await evidenceUids(newest()!), expected),
        20_000,
      )
      const manifest = newest()!
      for (const complaint of await complaints(manifest)) if (!UIDS_OF_THE_SENDER.test(complaint)) objections.push(`${study}: ${complaint}`)
      expect(await elementOf(manifest, '0020,000d')).toBe(study)
      for (const uid of await evidenceUids(manifest)) referenced.add(uid)
    }
    expect(objections).toEqual([])
    expect(conflicts.size).toBeLessThan(byStudy.size / 10)
  }, 180_000)

  it('checklist 12: C-GET by the node’s own requestor brings every reference and every accepted instance, in every syntax, byte for byte where it is even', async () => {
    const came = new Map<string, string>()
    const pairs = [...new Set([...stored.values()].map(({ file }) => `${file.sopClassUid} ${file.transferSyntaxUid}`))]
    for (let at = 0; at < pairs.length; at += 100) {
      const contexts = pairs
        .slice(at, at + 100)
        .map((pair) => ({ abstractSyntax: pair.split(' ')[0]!, transferSyntaxes: [pair.split(' ')[1]!], asScp: true }))
      const wanted = [...stored.values()].filter(
        ({ file }) =>
          pairs.indexOf(`${file.sopClassUid} ${file.transferSyntaxUid}`) >= at &&
          pairs.indexOf(`${file.sopClassUid} ${file.transferSyntaxUid}`) < at + 100,
      )
      await getInto(
        came,
        contexts,
        wanted.map(({ file }) => file.sopInstanceUid),
      )
    }
    expect(came).toEqual(new Map([...stored].map(([uid, one]) => [uid, one.digest])))
    expect([...stored.values()].filter(({ file }) => isOdd(file)).length).toBeGreaterThan(2)
    expect(referenced.size).toBeGreaterThan(400)
    expect([...referenced].filter((uid) => !came.has(uid))).toEqual([])
  }, 120_000)

  it('checklist 12: WADO-RS at the address that each manifest in force names brings every reference of it', async () => {
    const wrong: string[] = []
    const came = new Set<string>()
    for (const study of new Set([...stored.values()].map((one) => one.studyInstanceUid))) {
      const newest = deliveredManifests(node, study).at(-1)
      if (newest === undefined) continue
      for (const series of readManifest(readFileSync(newest)).series) {
        expect(series.retrieveUrl).toBe(`${node.webUrl}/dicom-web`)
        const answer = await ask(`${series.retrieveUrl}/studies/${series.studyInstanceUid}/series/${series.seriesInstanceUid}`)
        const parts = new Map((await partsOf(answer)).map(({ body }) => [fileFacts(body).uid, fileFacts(body).dataSet] as const))
        for (const { sopInstanceUid } of series.instances) {
          const dataSet = parts.get(sopInstanceUid)
          const { file, digest: expected } = stored.get(sopInstanceUid)!
          if (dataSet === undefined || (await identityOf(dataSet, file)) !== expected) wrong.push(file.name)
          came.add(sopInstanceUid)
        }
      }
    }
    expect(wrong).toEqual([])
    expect([...referenced].filter((uid) => !came.has(uid))).toEqual([])
    expect(came.size).toBeGreaterThan(400)
  }, 120_000)

  it('checklist 12: C-MOVE by movescu to storescp +B brings them', async () => {
    const studies = new Set([...stored.values()].map((one) => one.studyInstanceUid))
    for (const study of studies) await movescu(node, 'VIEWER', ['0008,0052=STUDY', `0020,000d=${study}`], { withinMs: 60_000 })
    expect(await missing(viewer.files(), () => true)).toEqual([])
  }, 180_000)

  it('checklist 12: C-GET by getscu +B brings them', async () => {
    const groups = Map.groupBy(stored.values(), (one) => `${one.studyInstanceUid} ${one.file.transferSyntaxUid}`)
    for (const [group, instances] of groups) {
      const [study, syntax] = group.split(' ') as [string, string]
      const option = GETSCU_OPTION[syntax]
      if (option === undefined) continue
      const keys = ['0008,0052=IMAGE', `0020,000d=${study}`, `0008,0018=${instances.map((one) => one.file.sopInstanceUid).join('\\')}`]
      await getscu(node, keys, folder, { options: [option], calling: getscuTitle(syntax), withinMs: 60_000 })
    }
    const files = filesBelow(folder).map((name) => join(folder, name))
    const proposed = new Set(files.map((file) => sopClassOf(file)))
    const untried = await missing(files, (file) => GETSCU_OPTION[file.transferSyntaxUid] !== undefined && proposed.has(file.sopClassUid))
    expect(untried).toEqual([])
    expect(files.length).toBeGreaterThan(400)
  }, 180_000)
})

/** Instances that did not come, or came with other bytes. */
async function missing(files: readonly string[], isExpected: (file: SentFile) => boolean): Promise<string[]> {
  const came = new Set<string>()
  for (const file of files) {
    const bytes = readFileSync(file)
    const odd = [...stored.values()].find((one) => isOdd(one.file) && basename(file).includes(one.file.sopInstanceUid))
    came.add(await identityOf(bytes.subarray(dataSetOffset(bytes)), odd?.file))
  }
  return [...stored.values()]
    .filter(({ file }) => !UNKNOWN_TO_DCMTK.has(file.transferSyntaxUid) && isExpected(file))
    .filter((one) => !came.has(one.digest))
    .map(({ file }) => `${file.name} (${file.sopClassUid}, ${file.transferSyntaxUid})`)
}

/** The bytes; or, of what was sent with an odd length, that it is even and what dcmdump reads in it. */
async function identityOf(dataSet: Buffer, sent: SentFile | undefined): Promise<string> {
  if (sent === undefined || !isOdd(sent)) return digest(dataSet)
  return dataSet.length % 2 === 1 ? 'odd' : saidBy(dataSet, sent)
}

/** Every element as dcmdump reads it, without lengths; binary values in full, without trailing NULs. */
async function saidBy(dataSet: Buffer, { sopClassUid, sopInstanceUid, transferSyntaxUid }: SentFile): Promise<string> {
  const raw = await mkdtemp(join(tmpdir(), 'ariane-said-'))
  try {
    const file = join(raw, 'said')
    writeFileSync(file, Buffer.concat([part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid }), dataSet]))
    const { output } = await runCommand('dcmdump', ['-q', '+L', '+W', raw, file])
    expect(output).toContain('(0008,0018) UI')
    const values = readdirSync(raw).filter((name) => name.endsWith('.raw'))
    const contents = values.map((name) => readFileSync(join(raw, name)).toString('latin1').replace(/\0+$/, ''))
    return digest(Buffer.from([output.replace(/ *#.*$/gm, '').replaceAll(raw, ''), ...contents].join('\n'), 'latin1'))
  } finally {
    await rm(raw, { recursive: true, force: true })
  }
}

function sopClassOf(file: string): string {
  const head = readFileSync(file).toString('latin1', 0, 400)
  return /UI..(1\.2\.840\.10008\.5\.1\.4\.1\.1[0-9.]*)/s.exec(head)?.[1] ?? ''
}

async function isManifest(file: SentFile): Promise<boolean> {
  if (file.sopClassUid !== '1.2.840.10008.5.1.4.1.1.88.59') return false
  const text = file.dataSet.toString('latin1')
  return MANIFEST_TITLES.some((code) => text.includes(code))
}

async function getInto(
  came: Map<string, string>,
  contexts: { abstractSyntax: string; transferSyntaxes: string[]; asScp: boolean }[],
  uids: string[],
): Promise<void> {
  const GET = '1.2.840.10008.5.1.4.1.2.2.3'
  const association = await connect({
    host: '127.0.0.1',
    port: node.port,
    callingAeTitle: aeTitle('READER'),
    calledAeTitle: aeTitle(node.aeTitle),
    contexts: [{ abstractSyntax: GET, transferSyntaxes: ['1.2.840.10008.1.2.1'] }, ...contexts],
    timeouts: { associateSeconds: 5, idleSeconds: 60, writeSeconds: 20, connectSeconds: 5, responseSeconds: 60 },
  })
  const identifier = new ElementWriter({ explicit: true })
    .element(0x00080018, 'UI', uids.join('\\'))
    .element(0x00080052, 'CS', 'IMAGE')
    .finish()
  const final = await association.get(GET, identifier, ({ command }) => {
    const uid = command.affectedSopInstanceUid!
    const fragments: Buffer[] = []
    return {
      write: (fragment) => void fragments.push(Buffer.from(fragment)),
      end: async () => {
        came.set(uid, await identityOf(Buffer.concat(fragments), stored.get(uid)?.file))
        return { status: 0 }
      },
      abandon: () => undefined,
    }
  })
  expect(final).toMatchObject({ status: 0, numberOfFailedSuboperations: 0, numberOfCompletedSuboperations: uids.length })
  await association.release()
}
