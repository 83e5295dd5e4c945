/** Seeded data for the benchmark. Same kind, same root, same bytes; only UIDs and numbers differ between two instances of a kind.
 *
 *  Promises: pixels do not compress; UIDs of one kind are equally long, whatever their number, so that they can be changed in place.
 *  Sizes in bytes. */
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { ITEM, SEQUENCE_DELIMITATION } from '../../src/dicom/element-header.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2'
const US_MULTI_FRAME = '1.2.840.10008.5.1.4.1.1.3.1'
const PIXEL_DATA = 0x7fe00010
const PATTERN_BYTES = 1024 * 1024

export interface Kind {
  readonly name: string
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  /** Of the data set; UIDs that are longer or shorter make a few bytes. */
  readonly sizeBytes: number
  /** The data set up to where its value of pixel data, or its first frame, begins. */
  header(names: Names): Buffer
  /** What follows: `bytes` as often as `times` says, then `end`. */
  readonly pixels: { readonly bytes: Buffer; readonly times: number; readonly end: Buffer }
}

export interface Names {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly number: number
}

const AT_LEAST = 1_000_000
const IN_SERIES = 100

/** @param root   what all UIDs begin with
 *  @param study  which of the studies; up to nine million
 *  @param at     which instance, of all under this root */
export function namesOf(root: string, study: number, at: number): Names {
  const series = Math.floor(at / IN_SERIES)
  return {
    studyInstanceUid: `${root}.1.${AT_LEAST + study}`,
    seriesInstanceUid: `${root}.2.${AT_LEAST + study}.${AT_LEAST + series}`,
    sopInstanceUid: `${root}.3.${AT_LEAST + at}`,
    number: AT_LEAST + at,
  }
}

/** A CT slice of `side` × `side` × 16 bits. */
export function ctSlice(side: number): Kind {
  const sizeBytes = side * side * 2
  return kind(
    `CT ${side}x${side}`,
    CT_IMAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    { bytes: noise(sizeBytes), times: 1, end: Buffer.alloc(0) },
    (names) =>
      Buffer.concat([
        general(names, CT_IMAGE, 'CT', side, side, 16).element(0x00180050, 'DS', '1.25').finish(),
        longHeader('OW', sizeBytes),
      ]),
  )
}

/** A loop of an ultrasound as devices send it: 120 frames of 640 × 480 in colour, JPEG Baseline, 50 kB each. The frames are noise: nobody decodes them. */
export function ultrasound(frames = 120, frameBytes = 50_000): Kind {
  const table = item(ITEM, 0)
  const pixels = { bytes: Buffer.concat([item(ITEM, frameBytes), noise(frameBytes)]), times: frames, end: item(SEQUENCE_DELIMITATION, 0) }
  return kind(`ultrasound, ${frames} frames`, US_MULTI_FRAME, JPEG_BASELINE, pixels, (names) => {
    const elements = general(names, US_MULTI_FRAME, 'US', 480, 640, 8, frames)
    elements.element(0x00280002, 'US', '3').element(0x00280004, 'CS', 'YBR_FULL_422').element(0x00280006, 'US', '0')
    return Buffer.concat([elements.finish(), longHeader('OB', 0xffffffff), table])
  })
}

/** A native multi-frame of so many MiB: frames of 1024 × 1024 × 8 bits. 4095 at most: the length of native pixel data has 32 bits. */
export function multiFrame(mebibytes: number): Kind {
  const pixels = { bytes: noise(PATTERN_BYTES), times: mebibytes, end: Buffer.alloc(0) }
  return kind(`multi-frame, ${mebibytes} MiB`, US_MULTI_FRAME, EXPLICIT_VR_LITTLE_ENDIAN, pixels, (names) => {
    const elements = general(names, US_MULTI_FRAME, 'US', 1024, 1024, 8, mebibytes)
    return Buffer.concat([elements.finish(), longHeader('OB', mebibytes * PATTERN_BYTES)])
  })
}

/** Writes instances 0 to `count` − 1 as Part 10 files, for clients of DCMTK. @returns the files */
export async function writeFiles(folder: string, of: Kind, root: string, count: number, inStudy: number): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  for (let at = 0; at < count; at++) {
    const names = namesOf(root, Math.floor(at / inStudy), at)
    const file = await open(join(folder, `${at}.dcm`), 'w')
    await file.write(part10Header({ ...of, sopInstanceUid: names.sopInstanceUid }))
    await file.write(of.header(names))
    for (let time = 0; time < of.pixels.times; time++) await file.write(of.pixels.bytes)
    await file.write(of.pixels.end)
    await file.close()
    files.push(join(folder, `${at}.dcm`))
  }
  return files
}

function kind(name: string, sopClassUid: string, transferSyntaxUid: string, pixels: Kind['pixels'], header: Kind['header']): Kind {
  const sizeBytes = header(namesOf('2.25.1', 0, 0)).length + pixels.bytes.length * pixels.times + pixels.end.length
  return { name, sopClassUid, transferSyntaxUid, sizeBytes, header, pixels }
}

function general(
  names: Names,
  sopClassUid: string,
  modality: string,
  rows: number,
  columns: number,
  bits: number,
  frames?: number,
): ElementWriter {
  const patient = names.studyInstanceUid.slice(-6)
  const elements = new ElementWriter({ explicit: true })
    .element(0x00080005, 'CS', 'ISO_IR 100')
    .element(0x00080008, 'CS', 'ORIGINAL\\PRIMARY')
    .element(0x00080016, 'UI', sopClassUid)
    .element(0x00080018, 'UI', names.sopInstanceUid)
    .element(0x00080020, 'DA', '20260101')
    .element(0x00080030, 'TM', '101112')
    .element(0x00080050, 'SH', `ACC${patient}`)
    .element(0x00080060, 'CS', modality)
    .element(0x00080070, 'LO', 'Bench')
    .element(0x00080090, 'PN', 'Referring^Doctor')
    .element(0x00081030, 'LO', 'Thorax')
    .element(0x0008103e, 'LO', 'Series')
    .element(0x00100010, 'PN', `Bench^Patient${patient}`)
    .element(0x00100020, 'LO', `B${patient}`)
    .element(0x00100030, 'DA', '19700101')
    .element(0x00100040, 'CS', 'F')
    .element(0x0020000d, 'UI', names.studyInstanceUid)
    .element(0x0020000e, 'UI', names.seriesInstanceUid)
    .element(0x00200010, 'SH', '1')
    .element(0x00200011, 'IS', '1')
    .element(0x00200013, 'IS', String(names.number))
    .element(0x00280002, 'US', '1')
    .element(0x00280004, 'CS', 'MONOCHROME2')
    .element(0x00280010, 'US', String(rows))
    .element(0x00280011, 'US', String(columns))
    .element(0x00280100, 'US', String(bits))
    .element(0x00280101, 'US', String(bits))
    .element(0x00280102, 'US', String(bits - 1))
    .element(0x00280103, 'US', '0')
  return frames === undefined ? elements : elements.element(0x00280008, 'IS', String(frames))
}

/** The header of pixel data, Explicit VR Little Endian. */
function longHeader(vr: 'OB' | 'OW', length: number): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16LE(PIXEL_DATA >>> 16, 0)
  header.writeUInt16LE(PIXEL_DATA & 0xffff, 2)
  header.write(vr, 4, 'latin1')
  header.writeUInt32LE(length, 8)
  return header
}

/** The header of an item or a delimiter (PS3.5 7.5). */
export function item(tag: number, length: number): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
  header.writeUInt32LE(length, 4)
  return header
}

/** Deterministic bytes that do not compress (xorshift32). */
function noise(length: number): Buffer {
  const out = Buffer.alloc(length)
  let state = 0x2545f491
  for (let at = 0; at + 4 <= length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    out.writeInt32LE(state | 0, at)
  }
  return out
}
