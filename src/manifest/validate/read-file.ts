/** The bytes of a file taken apart: preamble, file meta information (PS3.10 7.1), data set, each with what is wrong with it.
 *
 *  Promises: a Part 10 file, one whose preamble is missing, and a bare data set are all read; where no transfer syntax is named it is
 *  told from the first element. A deflated data set is inflated, to {@link MAX_INFLATED_BYTES} at most.
 *  Does not: compare the meta information with the data set (check-meta.ts). */
import { inflateDataSet, MAX_INFLATED_BYTES } from '../../dicom/inflate.ts'
import { EXPLICIT_VR_BIG_ENDIAN, type TransferSyntax, transferSyntax } from '../../dicom/transfer-syntaxes.ts'
import { NodeError } from '../../errors.ts'
import type { Pace } from '../pace.ts'
import { guessedSyntax } from '../read-manifest.ts'
import type { Findings } from './finding.ts'
import { Item } from './item.ts'
import { readItems } from './read-items.ts'

export interface ReadFile {
  /** Group 0002; undefined for a bare data set. */
  readonly meta?: Item
  /** From the end of File Meta Information Group Length to the end of the group, in bytes. */
  readonly metaLength?: number
  readonly root: Item
  /** The data set could be read to its end: what is absent is not there. */
  readonly whole: boolean
}

const PREAMBLE_BYTES = 128
/** Tag, VR, length and value of (0002,0000). */
const GROUP_LENGTH_BYTES = 12
const FILE = { item: new Item(true) }

/** @returns undefined where nothing can be read; the findings say why */
export async function readFile(bytes: Buffer, findings: Findings, pace: Pace): Promise<ReadFile | undefined> {
  const hasPrefix = bytes.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 4) === 'DICM'
  const start = hasPrefix ? PREAMBLE_BYTES + 4 : 0
  const group = groupAt(bytes, start)
  if (!hasPrefix && group !== 0x0002 && group !== 0x0008 && group !== 0x0800) {
    findings.report('no-dicom', FILE, `${bytes.length} bytes begin like no DICOM file`)
    return undefined
  }
  notePreamble(bytes, hasPrefix, group, findings)
  const meta = group === 0x0002 ? await readItems(bytes, start, { explicit: true, littleEndian: true }, findings, pace, true) : undefined
  if (meta?.whole === false) return undefined
  const dataSetAt = meta?.end ?? start
  const syntax = syntaxOf(meta?.root, bytes, dataSetAt, findings)
  const dataSet = syntax && plain(bytes.subarray(dataSetAt), syntax, findings)
  if (syntax === undefined || dataSet === undefined) return undefined
  const { root, whole } = await readItems(dataSet, 0, syntax, findings, pace)
  return { meta: meta?.root, metaLength: meta && meta.end - start - GROUP_LENGTH_BYTES, root, whole }
}

function groupAt(bytes: Buffer, offset: number): number | undefined {
  return offset + 2 <= bytes.length ? bytes.readUInt16LE(offset) : undefined
}

function notePreamble(bytes: Buffer, hasPrefix: boolean, group: number | undefined, findings: Findings): void {
  if (!hasPrefix && group === 0x0002) findings.report('preamble', FILE, 'the file begins with group 0002')
  else if (!hasPrefix) findings.report('bare-data-set', FILE, 'there is no preamble and no file meta information')
  else if (bytes.subarray(0, PREAMBLE_BYTES).some((byte) => byte !== 0)) {
    findings.report('preamble-content', FILE, 'the preamble holds something')
  }
}

function syntaxOf(meta: Item | undefined, bytes: Buffer, offset: number, findings: Findings): TransferSyntax | undefined {
  const uid = meta?.text(0x00020010)
  if (uid === undefined) return transferSyntax(guessed(bytes, offset))
  const known = transferSyntax(uid)
  const place = { item: meta!, tag: 0x00020010 }
  if (known === undefined) findings.report('transfer-syntax', place, 'the transfer syntax is private or unknown')
  else if (known.retired) findings.report('transfer-syntax-retired', place, `the transfer syntax is ${known.name}`)
  else if (known.encapsulated) findings.report('transfer-syntax-pixels', place, `the transfer syntax is ${known.name}`)
  else if (!known.explicit) findings.report('transfer-syntax-implicit', place, `the transfer syntax is ${known.name}`)
  return known
}

/** Group 0008 first, in either byte order. */
function guessed(bytes: Buffer, offset: number): string {
  return groupAt(bytes, offset) === 0x0800 ? EXPLICIT_VR_BIG_ENDIAN : guessedSyntax(bytes, offset)
}

function plain(bytes: Buffer, syntax: TransferSyntax, findings: Findings): Buffer | undefined {
  if (!syntax.deflated) return bytes
  try {
    return inflateDataSet(bytes)
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    const isTooLarge = error.code === 'INFLATED_TOO_LARGE'
    const found = isTooLarge
      ? `the data set inflates to more than ${MAX_INFLATED_BYTES} bytes`
      : 'the deflated data set is corrupt or cut short'
    findings.report(isTooLarge ? 'too-large' : 'structure', FILE, found)
    return undefined
  }
}
