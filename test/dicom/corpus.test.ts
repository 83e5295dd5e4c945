import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { itemsToJson } from '../../src/dicom/dicom-json.ts'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { HeaderWalker, type WalkedHeader } from '../../src/dicom/header-walker.ts'
import { INDEX_ATTRIBUTES } from '../../src/dicom/index-attributes.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { NodeError } from '../../src/errors.ts'

const CORPUS = new URL('../../../shared/corpus/', import.meta.url)
const CATALOGUE = new URL('catalogue.tsv', CORPUS)

/** Files that are refused, by the end of their name, and why they must be. */
const REFUSED: Readonly<Record<string, string>> = {
  'emri_small_jpeg_2k_lossless_too_short.dcm': 'sequence without delimitation item', // cut within its pixel data
  'MR_truncated.dcm': 'element passes the end', // cut within its pixel data
  'rtplan_truncated.dcm': 'element passes the end', // cut within a sequence
  'test_files/SC_rgb_jpeg.dcm': 'implicit VR bytes under explicit VR', // written so, against its transfer syntax
  'DICOMDIR-nooffset': 'item passes the end of its sequence', // a damaged directory, not an instance
  'test_files/no_meta.dcm': 'element passes the end', // one byte too many at its beginning: no element stands where it should
}

/** Files whose UIDs are none: texts of hexadecimal digits in place of UIDs. */
const INVALID_UIDS = ['bad_sequence.dcm']

/** What the catalogue calls a data set without file meta information. */
const RAW: Readonly<Record<string, string>> = {
  'raw-implicit-le': '1.2.840.10008.1.2',
  'raw-explicit-le': '1.2.840.10008.1.2.1',
  'raw-explicit-be': '1.2.840.10008.1.2.2',
}

interface CorpusFile {
  readonly name: string
  readonly syntax: string
  readonly uids: readonly string[]
  readonly dataSet: Buffer
}

function* corpusFiles(): Generator<CorpusFile> {
  const [head, ...rows] = readFileSync(CATALOGUE, 'utf8').trimEnd().split('\n')
  const columns = head?.split('\t') ?? []
  for (const row of rows) {
    const cells = row.split('\t')
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? ''
    const bytes = readFileSync(new URL(cell('file'), CORPUS))
    const meta = readPart10Header(bytes)
    yield {
      name: cell('file'),
      syntax: meta?.transferSyntaxUid ?? RAW[cell('ts_name')] ?? '',
      uids: ['sop_class', 'study_uid', 'series_uid', 'sop_uid'].map(cell),
      dataSet: bytes.subarray(meta?.dataSetOffset ?? 0),
    }
  }
}

function walk({ dataSet, syntax }: CorpusFile, fragmentBytes: number): WalkedHeader | string {
  const walker = new HeaderWalker(syntax)
  for (let at = 0; at < dataSet.length; at += fragmentBytes) walker.feed(dataSet.subarray(at, at + fragmentBytes))
  try {
    return walker.finish()
  } catch (error) {
    if (error instanceof NodeError) return String(error.details.reason)
    throw error
  }
}

function uidsOf(header: WalkedHeader): readonly string[] {
  return [header.sopClassUid, header.studyInstanceUid, header.seriesInstanceUid, header.sopInstanceUid].map((uid) => uid ?? '')
}

function keysByReader({ dataSet, syntax }: CorpusFile): Record<string, string | undefined> {
  const read = readDataSet(dataSet, syntax)
  return Object.fromEntries(
    INDEX_ATTRIBUTES.map(({ keyword, tag, vr }) => [keyword, vr === 'SQ' ? itemsToJson(read.items(tag)) : read.text(tag)]),
  )
}

describe.skipIf(!existsSync(CATALOGUE))('real files', () => {
  it('walks every file: the UIDs of the catalogue, or a refusal with a known reason', () => {
    const refused: Record<string, string> = {}
    let files = 0
    for (const file of corpusFiles()) {
      files++
      const header = walk(file, 131_072)
      if (typeof header === 'string') refused[file.name] = header
      else if (!INVALID_UIDS.some((name) => file.name.endsWith(name))) expect(uidsOf(header), file.name).toEqual(file.uids)
      else expect(uidsOf(header), file.name).toEqual([file.uids[0], '', '', ''])
    }
    expect(files).toBeGreaterThanOrEqual(560)
    const expected = Object.entries(REFUSED).map(([end, reason]) => [
      Object.keys(refused).find((name) => name.endsWith(end)) ?? `accepted: ${end}`,
      reason,
    ])
    expect(refused).toEqual(Object.fromEntries(expected))
  })

  it('takes the same whether a file comes whole, in odd pieces, or byte by byte', () => {
    for (const file of corpusFiles()) {
      if (file.dataSet.length > 150_000) continue
      const whole = walk(file, 1 << 30)
      expect(walk(file, 1021), file.name).toEqual(whole)
      expect(walk(file, 1), file.name).toEqual(whole)
    }
  })

  it('takes the same values as the reader of whole data sets', () => {
    for (const file of corpusFiles()) {
      const header = walk(file, 16_384)
      if (typeof header === 'string') expect(() => readDataSet(file.dataSet, file.syntax), file.name).toThrow(NodeError)
      else expect(header.keys, file.name).toEqual(JSON.parse(JSON.stringify(keysByReader(file))))
    }
  })
})
