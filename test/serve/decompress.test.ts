/** Decoding: pixel for pixel against DCMTK's decoders, and against originals that other files of the corpus hold uncompressed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import { part10Header, readPart10Header } from '../../src/dicom/part10.ts'
import { encodingOf } from '../../src/dicom/transfer-syntaxes.ts'
import type { NodeError } from '../../src/errors.ts'
import { cMove } from '../../src/serve/c-move.ts'
import { DECODERS } from '../../src/serve/decodable.ts'
import { Decompressor } from '../../src/serve/decompressor.ts'
import { framesOf, readFragments } from '../../src/serve/frames.ts'
import { reencode } from '../../src/serve/reencode.ts'
import { type CorpusFile, corpusFiles, describeCorpus } from '../support/corpus.ts'
import { ct, EXPLICIT_LE, encode, IMPLICIT_LE, TAG, testUid } from '../support/data-sets.ts'
import { ask, destination, openHome, peer } from './support.ts'

const PIXEL_DATA = 0x7fe00010
/** Image Pixel attributes (PS3.3 C.7.6.3). */
const FORMAT = [0x00280002, 0x00280004, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280103]

const decompressor = new Decompressor()
const folder = mkdtempSync(join(tmpdir(), 'ariane-decompress-'))
afterAll(async () => {
  await decompressor.close()
  rmSync(folder, { recursive: true, force: true })
})

const NEVER = new AbortController().signal

/** @param by  whose thread decodes */
async function decompressed(bytes: Buffer, transferSyntaxUid: string, toExplicit: boolean, by = decompressor): Promise<Buffer> {
  return Buffer.concat(await by.decompress({ load: async () => Buffer.from(bytes), transferSyntaxUid, toExplicit }, NEVER))
}

interface Source {
  readonly bytes: Buffer
  readonly syntax: string
}

function read(path: string): Source {
  const file = readFileSync(path)
  const header = readPart10Header(file)!
  return { bytes: file.subarray(header.dataSetOffset), syntax: header.transferSyntaxUid! }
}

async function decoded(path: string, toExplicit = true): Promise<DataSet> {
  const { bytes, syntax } = read(path)
  const from = encodingOf(syntax)
  const whole = from.encapsulated
    ? await decompressed(bytes, syntax, toExplicit)
    : await buffer(reencode(() => Readable.from([Buffer.from(bytes)], { objectMode: false }), from, toExplicit))
  return readDataSet(whole, toExplicit ? EXPLICIT_LE : IMPLICIT_LE)
}

function pixels(set: DataSet): Buffer {
  return set.elements.get(PIXEL_DATA)?.value ?? Buffer.alloc(0)
}

function format(set: DataSet): (string | undefined)[] {
  return FORMAT.map((tag) => set.text(tag))
}

const TOOLS: Readonly<Record<string, string>> = { jpeg: 'dcmdjpeg', jpegLs: 'dcmdjpls', rle: 'dcmdrle' }

/** What DCMTK decodes; undefined where it cannot. */
function byDcmtk(file: CorpusFile): DataSet | undefined {
  const out = join(folder, 'reference.dcm')
  try {
    execFileSync(TOOLS[DECODERS.get(file.transferSyntaxUid)!]!, ['-q', file.path, out], { stdio: 'ignore', timeout: 20_000 })
  } catch {
    return undefined
  }
  const { bytes, syntax } = read(out)
  return readDataSet(bytes, syntax)
}

describeCorpus('pixels of the corpus', () => {
  const compared = corpusFiles().filter(({ transferSyntaxUid }) => TOOLS[DECODERS.get(transferSyntaxUid) ?? ''] !== undefined)

  it.each([...new Set(compared.map(({ transferSyntaxUid }) => transferSyntaxUid))])(
    'of %s are those of DCMTK, with the same Image Pixel attributes',
    async (syntax) => {
      const files = compared.filter(({ transferSyntaxUid }) => transferSyntaxUid === syntax).slice(0, 12)
      let equal = 0
      for (const file of files) {
        const reference = byDcmtk(file)
        if (reference === undefined) continue
        const ours = await decoded(file.path)
        expect(pixels(ours).equals(pixels(reference)), file.name).toBe(true)
        expect(format(ours), file.name).toEqual(format(reference))
        equal += 1
      }
      expect(equal).toBeGreaterThan(0)
    },
  )

  const find = (ending: string) => corpusFiles().find(({ name }) => name.endsWith(ending))!.path

  it.each([
    ['JPEG 2000, signed', 'test_files/MR_small_jp2klossless.dcm', 'test_files/MR_small.dcm'],
    ['RLE, signed', 'test_files/MR_small_RLE.dcm', 'test_files/MR_small.dcm'],
    ['Big Endian', 'test_files/MR_small_bigendian.dcm', 'test_files/MR_small.dcm'],
    [
      'deflated',
      'examplesOld/test-images/CTImage.dcm_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm',
      'CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm',
    ],
    [
      'JPEG 2000, CT',
      'examplesOld/test-images/CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm',
      'CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm',
    ],
    ['JPEG 2000 of single bits, three frames', 'data/liver_j2k.dcm', 'segmentations/liver.dcm'],
    ['deflated frames of single bits', 'data/liver_deflate.dcm', 'segmentations/liver.dcm'],
    [
      'frames of single bits that fill no byte, one way and another',
      'data/liver_nonbyte_aligned_j2k.dcm',
      'data/liver_nonbyte_aligned_deflate.dcm',
    ],
  ])('%s: equal to the original', async (_, compressed, original) => {
    const [ours, theirs] = [await decoded(find(compressed)), await decoded(find(original))]
    expect(pixels(ours).length).toBeGreaterThan(1_000)
    expect(pixels(ours).equals(pixels(theirs))).toBe(true)
  })

  it.each([
    ['1.2.840.10008.1.2.4.201', 'data/HTJ2KLossless_08_RGB.dcm', 640 * 480 * 3],
    ['1.2.840.10008.1.2.4.91', 'test_files/SC_rgb_gdcm_KY.dcm', 30_000],
  ])('%s: as many pixels as there should be, in RGB', async (_, name, size) => {
    const set = await decoded(find(name))
    expect(pixels(set).length).toBe(size)
    expect(set.text(0x00280004)).toBe('RGB')
  })

  it('keep every other element, in Implicit VR too', async () => {
    const path = find('test_files/SC_rgb_rle_2frame.dcm')
    const { bytes, syntax } = read(path)
    const source = readDataSet(bytes, syntax)
    const made = await decoded(path, false)
    expect([...made.elements.keys()]).toEqual([...source.elements.keys()])
    for (const [tag, { value }] of source.elements) if (tag !== PIXEL_DATA) expect(made.elements.get(tag)?.value.equals(value)).toBe(true)
  })

  it('an independent reader takes the result', async () => {
    const { bytes, syntax } = read(find('test_files/examples_ybr_color.dcm'))
    const made = await decompressed(bytes, syntax, false)
    const header = part10Header({ sopClassUid: '1.2', sopInstanceUid: '1.3', transferSyntaxUid: IMPLICIT_LE })
    writeFileSync(join(folder, 'made.dcm'), Buffer.concat([header, made]))
    const dump = execFileSync('dcmdump', ['-q', '+P', '7fe0,0010', '+P', '0028,0004', join(folder, 'made.dcm')]).toString()
    expect(dump).toContain('6912000')
    expect(dump).toContain('[RGB]')
  })

  it.each(['emri_small_jpeg_2k_lossless_too_short.dcm', 'test_files/JPEG2000-embedded-sequence-delimiter.dcm'])(
    'that cannot be decoded fail, and the next ones do not: %s',
    async (name) => {
      await expect(decoded(find(name))).rejects.toMatchObject({ code: 'UNREADABLE' })
      expect(pixels(await decoded(find('test_files/MR_small_RLE.dcm'))).length).toBe(8_192)
    },
  )

  it('a C-MOVE to a destination without the stored syntax delivers them decoded; one that cannot be decoded fails alone', async () => {
    const home = await openHome()
    try {
      const study = testUid()
      const rle = read(find('test_files/MR_small_RLE.dcm'))
      const source = readDataSet(rle.bytes, rle.syntax)
      const [sopClass, sop] = [source.text(TAG.SOPClassUID)!, source.text(TAG.SOPInstanceUID)!]
      expect(await home.keepBytes(Buffer.from(rle.bytes), sopClass, sop, rle.syntax)).toBe(0)
      const broken = ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.PixelData]: undefined })
      const rubbish = Buffer.concat([
        encode(broken),
        Buffer.from('e07f10004f420000fffffffffeff00e000000000feff00e00400000001020304feffdde000000000', 'hex'),
      ])
      const at = [...broken.values()]
      expect(at.length).toBeGreaterThan(10)
      const brokenUid = readDataSet(encode(broken), EXPLICIT_LE).text(TAG.SOPInstanceUID)!
      expect(await home.keepBytes(rubbish, '1.2.840.10008.5.1.4.1.1.2', brokenUid, '1.2.840.10008.1.2.4.90')).toBe(0)
      const to = destination({ accepts: (syntax) => syntax === EXPLICIT_LE })
      const studies = `${source.text(TAG.StudyInstanceUID)}\\${study}`
      const asked = ask('move', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', studies] }, { command: { moveDestination: 'VIEWER' } })
      await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
      expect(asked.final().fields).toMatchObject({ status: 0xb000, numberOfCompletedSuboperations: 1, numberOfFailedSuboperations: 1 })
      expect(asked.final().fields.errorComment).toBe('Cannot be converted to a transfer syntax of the destination')
      expect(asked.final().identifier!.text(0x00080058)).toBe(brokenUid)
      const [delivered] = to.delivered()
      expect(delivered!.instance.transferSyntaxUid).toBe(EXPLICIT_LE)
      expect(pixels(readDataSet(delivered!.bytes, EXPLICIT_LE)).equals(pixels(await decoded(find('test_files/MR_small.dcm'))))).toBe(true)
    } finally {
      await home.close()
    }
  })
})

describe('the decoder thread', () => {
  it('ends an image that takes too long, and takes the next', async () => {
    const impatient = new Decompressor(1)
    await expect(decompressed(encode(ct()), '1.2.840.10008.1.2.5', true, impatient)).rejects.toMatchObject({ code: 'UNREADABLE' })
    await impatient.close()
  })

  it('says in words what is wrong with an image; those of a codec are for our log', async () => {
    const of = (stream: string, values = {}) =>
      Buffer.concat([
        encode(ct({ [TAG.PixelData]: undefined, ...values })),
        Buffer.from(`e07f10004f420000fffffffffeff00e000000000feff00e0${length(stream)}${stream}feffdde000000000`, 'hex'),
      ])
    const length = (stream: string) => (stream.length / 2).toString(16).padStart(2, '0').padEnd(8, '0')
    const said = (bytes: Buffer) =>
      decompressed(bytes, '1.2.840.10008.1.2.4.90', true).then(
        () => undefined,
        (error: NodeError) => error.details,
      )
    expect(await said(of('01'.repeat(64)))).toMatchObject({ why: 'its pixel data cannot be decoded', codec: expect.any(String) })
    // SOC and SIZ of 65,536 × 65,536 pixels.
    const large = `ff4fff5100290000${'0001000000010000'}${'00'.repeat(8)}${'0001000000010000'}${'00'.repeat(8)}0001070101`
    const details = await said(of(`${large}00`))
    expect(details).toMatchObject({
      why: expect.stringMatching(/^Columns × Rows × Samples per Pixel is .*, its code stream is of 65536 × 65536 × 1$/),
    })
    expect(details).not.toHaveProperty('codec')
  })

  it('refuses an image of impossible size before anything is decoded', async () => {
    const huge = ct({ [TAG.Rows]: ['US', 65_535], [TAG.Columns]: ['US', 65_535], [TAG.PixelData]: undefined })
    const bytes = Buffer.concat([
      encode(huge),
      Buffer.from('e07f10004f420000fffffffffeff00e000000000feff00e00400000001020304feffdde000000000', 'hex'),
    ])
    await expect(decompressed(bytes, '1.2.840.10008.1.2.5', true)).rejects.toMatchObject({ code: 'UNREADABLE' })
  })
})

describe('fragments', () => {
  const item = (bytes: number[]) => {
    const header = Buffer.from('feff00e000000000', 'hex')
    header.writeUInt32LE(bytes.length, 4)
    return Buffer.concat([header, Buffer.from(bytes)])
  }
  const end = Buffer.from('feffdde000000000', 'hex')
  const offsets = (...values: number[]) => values.flatMap((value) => [value, 0, 0, 0])
  const A = [0xff, 0xd8, 0xff, 0x01]
  const B = [0x00, 0x02]

  it.each([
    ['one frame takes all', [[], A, B], 1, [[...A, ...B]]],
    ['one each', [[], A, A], 2, [A, A]],
    [
      'by the Basic Offset Table',
      [offsets(0, 22), B, A, B, B],
      2,
      [
        [...B, ...A],
        [...B, ...B],
      ],
    ],
    [
      'by start markers',
      [[], A, B, A, B, B],
      2,
      [
        [...A, ...B],
        [...A, ...B, ...B],
      ],
    ],
  ])('%s', (_, items, frames, expected) => {
    const bytes = Buffer.concat([...items.map(item), end])
    const fragments = readFragments(bytes, 0)
    expect(fragments.next).toBe(bytes.length)
    expect(framesOf(fragments, frames).map((frame) => [...frame])).toEqual(expected)
  })

  it('refuses what does not add up', () => {
    expect(() => framesOf(readFragments(Buffer.concat([item([]), item(B), item(B), item(B), end]), 0), 2)).toThrow(
      /3 fragments for 2 frames/,
    )
    expect(() => readFragments(Buffer.concat([item([]), Buffer.from('feff00e0ffffff7f', 'hex')]), 0)).toThrow(/no fragment/)
    expect(() => readFragments(item([]), 0)).toThrow(/cut/)
  })
})
