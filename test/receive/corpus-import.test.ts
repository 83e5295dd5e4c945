import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { type ImportedFile, importFiles } from '../../src/receive/import-files.ts'
import { filesBelow } from '../storage/temporary-storage.ts'
import { closeAll, type OpenedDoor, openDoor, silenceLog } from './sample-instances.ts'

/** Real files that others wrote, many of them odd on purpose. Whatever is not in these tables is accepted. */
const CORPUS = join(import.meta.dirname, '../../../shared/corpus/files')

/** File, DIMSE status (none: not even a data set), reason told, and why that is right. */
const REFUSED: readonly (readonly [file: string, status: number | undefined, reason: string, why: string])[] = [
  ['dcmjs-org+dcmjs/test/sample-op.lei', undefined, 'names no transfer syntax: --guess would take it', 'raw data set'],
  [
    'fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/charset/chrSQEncoding.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a character set sample: no UIDs at all',
  ],
  [
    'pydicom+pydicom-data/data_store/data/HTJ2KLossless_08_RGB.dcm',
    0xc001,
    'StudyInstanceUID is missing or invalid',
    'a codec sample outside any study',
  ],
  [
    'pydicom+pydicom-data/data_store/data/bad_sequence.dcm',
    0xc001,
    'SOPInstanceUID is missing or invalid',
    'its UIDs are hashes in hexadecimal',
  ],
  [
    'pydicom+pydicom-data/data_store/data/emri_small_jpeg_2k_lossless_too_short.dcm',
    0xc000,
    'Data set cannot be read',
    'its pixel data ends without the end of its fragments',
  ],
  ['pydicom+pydicom/src/pydicom/data/palettes/fall.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  ['pydicom+pydicom/src/pydicom/data/palettes/hotiron.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  [
    'pydicom+pydicom/src/pydicom/data/palettes/hotmetalblue.dcm',
    0x122,
    'SOP class not supported here',
    'a colour palette: belongs to no study',
  ],
  ['pydicom+pydicom/src/pydicom/data/palettes/pet.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  [
    'pydicom+pydicom/src/pydicom/data/palettes/pet20step.dcm',
    0x122,
    'SOP class not supported here',
    'a colour palette: belongs to no study',
  ],
  ['pydicom+pydicom/src/pydicom/data/palettes/spring.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  ['pydicom+pydicom/src/pydicom/data/palettes/summer.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  ['pydicom+pydicom/src/pydicom/data/palettes/winter.dcm', 0x122, 'SOP class not supported here', 'a colour palette: belongs to no study'],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/ExplVR_BigEndNoMeta.dcm',
    undefined,
    'names no transfer syntax: --guess would take it',
    'raw data set',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/ExplVR_LitEndNoMeta.dcm',
    undefined,
    'names no transfer syntax: --guess would take it',
    'raw data set',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/JPEGLSNearLossless_08.dcm',
    0xc001,
    'StudyInstanceUID is missing or invalid',
    'a codec sample outside any study',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/JPEGLSNearLossless_16.dcm',
    0xc001,
    'StudyInstanceUID is missing or invalid',
    'a codec sample outside any study',
  ],
  ['pydicom+pydicom/src/pydicom/data/test_files/MR_truncated.dcm', 0xc000, 'Data set cannot be read', 'ends within the pixel data'],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/SC_rgb_jls_lossy_line.dcm',
    0xc001,
    'StudyInstanceUID is missing or invalid',
    'a codec sample outside any study',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/SC_rgb_jls_lossy_sample.dcm',
    0xc001,
    'StudyInstanceUID is missing or invalid',
    'a codec sample outside any study',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/SC_rgb_jpeg.dcm',
    0xc000,
    'Data set cannot be read',
    'implicit VR under a transfer syntax of explicit VR',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/UN_sequence.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a fragment of a data set: no UIDs',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/empty_charset_LEI.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a fragment of a data set: no UIDs',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/meta_missing_tsyntax.dcm',
    undefined,
    'names no transfer syntax',
    'names no transfer syntax, and begins with a private group',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/nested_priv_SQ.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a fragment of a data set: no UIDs',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/no_meta.dcm',
    undefined,
    'not a DICOM file',
    'only private elements: nothing says that it is DICOM',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/no_meta_group_length.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a fragment of a data set: no UIDs',
  ],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/priv_SQ.dcm',
    0xc001,
    'SOPClassUID is missing or invalid',
    'a fragment of a data set: no UIDs',
  ],
  ['pydicom+pydicom/src/pydicom/data/test_files/rtplan_truncated.dcm', 0xc000, 'Data set cannot be read', 'ends within an element'],
  [
    'pydicom+pydicom/src/pydicom/data/test_files/rtstruct.dcm',
    undefined,
    'names no transfer syntax: --guess would take it',
    'raw data set',
  ],
]

/** Directories of media (PS3.10): they list files. */
const SKIPPED: readonly string[] = [
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-bigEnd',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-empty.dcm',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-implicit',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-nooffset',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-nopatient',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-reordered',
  'pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/TINY_ALPHA/DICOMDIR',
]

/** Of those refused, what `--guess` takes. */
const GUESSED = REFUSED.filter(([, , reason]) => reason.includes('--guess')).map(([file]) => file)

beforeAll(silenceLog)
afterEach(closeAll)

async function importCorpus(opened: OpenedDoor, guess: boolean): Promise<ImportedFile[]> {
  const results: ImportedFile[] = []
  for await (const result of importFiles(opened.door, [CORPUS], { source: 'CORPUS', guess, parallel: 4 })) {
    results.push({ ...result, path: result.path.slice(CORPUS.length + 1) })
  }
  return results.sort((one, other) => (one.path < other.path ? -1 : 1))
}

function digestOfDataSet(file: string): string {
  const bytes = readFileSync(join(CORPUS, file))
  return createHash('sha256')
    .update(bytes.subarray(readPart10Header(bytes)!.dataSetOffset))
    .digest('hex')
}

describe.skipIf(!existsSync(CORPUS))('the corpus', () => {
  it('is refused and skipped exactly as the tables say, and everything else is accepted', async () => {
    const opened = await openDoor()
    const results = await importCorpus(opened, false)
    expect(results).toHaveLength(filesBelow(CORPUS).length)
    const refused = results.filter((result) => result.outcome === 'refused')
    expect(refused.map(({ path, status, reason }) => [path, status, reason])).toEqual(
      REFUSED.map(([file, status, reason]) => [file, status, reason]),
    )
    expect(results.filter((result) => result.outcome === 'skipped').map((result) => result.path)).toEqual(SKIPPED)
  })

  it('is held byte for byte: every accepted data set is a file and a row', async () => {
    const opened = await openDoor()
    const results = await importCorpus(opened, false)
    const held = new Set<string>()
    for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
      const page = await opened.catalog.files(200, after)
      for (const facts of page.items) {
        held.add(facts.sha256)
        expect(await opened.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
        expect(await opened.storage.size(facts.storageKey)).toBe(facts.fileSizeBytes)
      }
      after = page.next
    }
    const accepted = results.filter((result) => result.outcome === 'new' || result.outcome === 'known')
    expect(accepted.length).toBeGreaterThan(450)
    for (const { path } of accepted) expect(held.has(digestOfDataSet(path)), path).toBe(true)
    expect(filesBelow(join(opened.path, 'instances'))).toHaveLength((await opened.catalog.totals()).instances)
  })

  it('is accepted but for the damaged when guessing is asked for', async () => {
    const results = await importCorpus(await openDoor(), true)
    const refused = results.filter((result) => result.outcome === 'refused').map((result) => result.path)
    expect(refused).toEqual(REFUSED.map(([file]) => file).filter((file) => !GUESSED.includes(file)))
  })
})
