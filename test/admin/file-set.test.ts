/** DICOMDIR of everything that the corpus holds: read by the tools of others, its records of the types that DCMTK gives them (PS3.3 F). */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFolder } from '../../src/admin/open-folder.ts'
import { recordType } from '../../src/dicom/directory-records.ts'
import { HeaderWalker } from '../../src/dicom/header-walker.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { isStorageClass, SOP_CLASSES } from '../../src/dicom/sop-classes.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, type Overrides, part10, TAG } from '../support/data-sets.ts'
import { expectReadable, recordTypes } from '../support/file-set-readers.ts'
import { filesBelow } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

/** Their record type is younger than the tools that read here. */
const ANNOTATIONS = '1.2.840.10008.5.1.4.1.1.91.1'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ariane-file-set-'))
})

afterAll(() => rm(root, { recursive: true, force: true }))

/** Lays files out as `manifest open --dicomdir` does. @returns how many could be read */
async function layOut(folder: string, files: Iterable<Buffer>): Promise<number> {
  const into = await openFolder(folder, { dicomdir: true })
  let count = 0
  for (const bytes of files) {
    const meta = readPart10Header(bytes)
    const walker = new HeaderWalker(meta?.transferSyntaxUid ?? EXPLICIT_LE)
    walker.feed(bytes.subarray(meta?.dataSetOffset ?? 0))
    const { keys, sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid } = walker.finish()
    const draft = into.draft()
    await draft.write(bytes)
    await draft.keep({
      studyInstanceUid: studyInstanceUid!,
      seriesInstanceUid: seriesInstanceUid!,
      sopInstanceUid: sopInstanceUid!,
      sopClassUid: sopClassUid!,
      transferSyntaxUid: meta!.transferSyntaxUid!,
      keys,
    })
    count++
  }
  expect(await into.finish()).toBe(join(folder, 'DICOMDIR'))
  await into.close()
  return count
}

describeCorpus('file-set of the corpus', () => {
  it('one of each SOP class and transfer syntax', async () => {
    const seen = new Set<string>()
    const chosen = corpusFiles().filter(({ path, row, sopClassUid, transferSyntaxUid, sizeBytes }) => {
      const key = `${sopClassUid} ${transferSyntaxUid}`
      if (
        row.file_meta !== 'Y' ||
        sopClassUid === ANNOTATIONS ||
        !isStorageClass(sopClassUid) ||
        sizeBytes > 5e6 ||
        seen.has(key) ||
        !isReadable(path)
      )
        return false
      seen.add(key)
      return true
    })
    const folder = join(root, 'corpus')
    // The first one is what dcmmkdir adds again: of those of the corpus it refuses many.
    const count = await layOut(folder, [part10(ct()), ...chosen.map((file) => readFileSync(file.path))])
    expect(count).toBeGreaterThan(40)
    await expectReadable(folder, count)
    const ours = await recordTypes(join(folder, 'DICOMDIR'))
    expect(ours.size).toBe(count)
    await expectSameTypesAsDcmtk(folder, ours)
  }, 60_000)
})

/** Whole, with all UIDs. */
function isReadable(path: string): boolean {
  const bytes = readFileSync(path)
  const meta = readPart10Header(bytes)
  const walker = new HeaderWalker(meta?.transferSyntaxUid ?? EXPLICIT_LE)
  walker.feed(bytes.subarray(meta?.dataSetOffset ?? 0))
  try {
    const header = walker.finish()
    return [header.sopClassUid, header.sopInstanceUid, header.studyInstanceUid, header.seriesInstanceUid].every((uid) => uid !== undefined)
  } catch {
    return false
  }
}

/** dcmmkdir makes a directory of the same files; it leaves out what it does not know. */
async function expectSameTypesAsDcmtk(folder: string, ours: ReadonlyMap<string, string>): Promise<void> {
  const files = filesBelow(folder).filter((file) => file !== 'DICOMDIR')
  const theirs = join(root, 'THEIRS')
  await runCommand('dcmmkdir', ['+I', '-W', '-Nxc', '-Nec', '+D', theirs, '+id', folder, ...files], { withinMs: 50_000 })
  const types = await recordTypes(theirs)
  expect(types.size).toBeGreaterThan(30)
  for (const [id, type] of types) expect([id, ours.get(id)]).toEqual([id, type])
}

it('what is missing or not ASCII in the instances', async () => {
  const folder = join(root, 'odd')
  const missing: Overrides = {
    [TAG.PatientID]: undefined,
    [TAG.StudyDate]: undefined,
    [TAG.InstanceNumber]: undefined,
    2097168: undefined,
    2097169: undefined,
  }
  const accented: Overrides = { [TAG.PatientName]: ['PN', 'Müller^Zoë'], [TAG.PatientID]: ['LO', 'É1'], 528432: ['LO', 'Tête'] }
  expect(await layOut(folder, [part10(ct(missing)), part10(ct(accented)), part10(ct())])).toBe(3)
  await expectReadable(folder, 3)
  const dump = await runCommand('dcmdump', ['+L', '+U8', join(folder, 'DICOMDIR')])
  expect(dump.output).toContain('[Müller^Zoë]')
  expect(dump.output).toContain('[Tête]')
  expect(dump.output.match(/\(0008,0005\) CS \[ISO_IR 192\]/g)?.length).toBe(2)
})

it('every Storage SOP class has a record type of PS3.3 F.3', () => {
  expect(recordType(CT_IMAGE)).toBe('IMAGE')
  const types = new Map(SOP_CLASSES.filter((one) => one.service === 'storage').map((one) => [one.name, recordType(one.uid)]))
  for (const [name, type] of Object.entries(SOME)) expect([name, types.get(name)]).toEqual([name, type])
  for (const type of types.values()) expect(type).toMatch(/^[A-Z0-9_ ]{1,16}$/)
})

const SOME: Readonly<Record<string, string>> = {
  'Segmentation Storage': 'IMAGE',
  'RT Image Storage': 'IMAGE',
  'RT Dose Storage': 'RT DOSE',
  'RT Ion Beams Treatment Record Storage': 'RT TREAT RECORD',
  'RT Treatment Summary Record Storage': 'RT TREAT RECORD',
  'RT Ion Plan Storage': 'RT PLAN',
  'Grayscale Softcopy Presentation State Storage': 'PRESENTATION',
  'Basic Voice Audio Waveform Storage': 'WAVEFORM',
  'X-Ray Radiation Dose SR Storage': 'SR DOCUMENT',
  'Key Object Selection Document Storage': 'KEY OBJECT DOC',
  'MR Spectroscopy Storage': 'SPECTROSCOPY',
  'Deformable Spatial Registration Storage': 'REGISTRATION',
  'Encapsulated PDF Storage': 'ENCAP DOC',
  'Surface Segmentation Storage': 'SURFACE',
}
