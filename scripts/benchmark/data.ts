/** Seeded data for the benchmark: files that DCMTK's clients send. Same seed, same bytes. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'
import { type Uid, uid } from '../../src/dicom/uid.ts'

const CT_IMAGE = uid('1.2.840.10008.5.1.4.1.1.2')

export interface Kind {
  readonly name: string
  /** Rows and columns, 16 bits each. */
  readonly side: number
  readonly count: number
}

/** Writes `count` slices, 100 to a series, 400 to a study. @returns their files; UIDs start with `root`, so that two sets differ */
export async function makeSlices(folder: string, kind: Kind, root: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  const pixels = noise(kind.side * kind.side * 2)
  for (let at = 0; at < kind.count; at++) {
    const sopInstanceUid = uid(`${root}.3.${at}`)
    pixels.writeUInt32LE(at, 0)
    const file = join(folder, `${at}.dcm`)
    const header = part10Header({ sopClassUid: CT_IMAGE, sopInstanceUid, transferSyntaxUid: uid(EXPLICIT_VR_LITTLE_ENDIAN) })
    await writeFile(file, Buffer.concat([header, slice(sopInstanceUid, root, at, kind.side, pixels)]))
    files.push(file)
  }
  return files
}

function slice(sopInstanceUid: Uid, root: string, at: number, side: number, pixels: Buffer): Buffer {
  const study = Math.floor(at / 400)
  const series = Math.floor(at / 100)
  return new ElementWriter({ explicit: true })
    .element(0x00080005, 'CS', 'ISO_IR 100')
    .element(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL')
    .element(0x00080016, 'UI', CT_IMAGE)
    .element(0x00080018, 'UI', sopInstanceUid)
    .element(0x00080020, 'DA', '20260101')
    .element(0x00080030, 'TM', '101112')
    .element(0x00080050, 'SH', `ACC${study}`)
    .element(0x00080060, 'CS', 'CT')
    .element(0x00080070, 'LO', 'Bench')
    .element(0x00080090, 'PN', 'Referring^Doctor')
    .element(0x00081030, 'LO', 'Thorax')
    .element(0x0008103e, 'LO', `Series ${series}`)
    .element(0x00100010, 'PN', `Bench^Patient${study}`)
    .element(0x00100020, 'LO', `B${study}`)
    .element(0x00100030, 'DA', '19700101')
    .element(0x00100040, 'CS', 'F')
    .element(0x00180050, 'DS', '1.25')
    .element(0x0020000d, 'UI', `${root}.1.${study}`)
    .element(0x0020000e, 'UI', `${root}.2.${series}`)
    .element(0x00200010, 'SH', '1')
    .element(0x00200011, 'IS', String(series))
    .element(0x00200013, 'IS', String(at))
    .element(0x00280002, 'US', '1')
    .element(0x00280004, 'CS', 'MONOCHROME2')
    .element(0x00280010, 'US', String(side))
    .element(0x00280011, 'US', String(side))
    .element(0x00280100, 'US', '16')
    .element(0x00280101, 'US', '16')
    .element(0x00280102, 'US', '15')
    .element(0x00280103, 'US', '0')
    .bytes(0x7fe00010, 'OW', pixels)
    .finish()
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
