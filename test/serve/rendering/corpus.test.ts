/** Every real file is drawn or says why not; what is drawn is compared with what an independent renderer makes of it (DCMTK's dcm2pnm).
 *
 *  The table at the end of the run says how many agree, how well, and which the other renderer cannot draw. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import type { Retrievable } from '../../../src/catalog/contract.ts'
import { readDataSet } from '../../../src/dicom/element-reader.ts'
import { readPart10Header } from '../../../src/dicom/part10.ts'
import { encodingOf } from '../../../src/dicom/transfer-syntaxes.ts'
import { NodeError } from '../../../src/errors.ts'
import { openFrames } from '../../../src/serve/frame-source.ts'
import { heldBytes } from '../../../src/serve/plain-bytes.ts'
import { type DrawnFrame, drawFrame, PIXEL_DATA_TAGS } from '../../../src/serve/rendering/draw-frame.ts'
import { type ImageAttributes, imageAttributes } from '../../../src/serve/rendering/image-attributes.ts'
import type { Storage } from '../../../src/storage/contract.ts'
import { type CorpusFile, corpusFiles, describeCorpus } from '../../support/corpus.ts'
import { runCommand } from '../../support/run-command.ts'

/** Of 256 shades. */
const MOST_DIFFERENCE = 1
const folder = mkdtempSync(join(tmpdir(), 'ariane-drawn-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Drawn {
  readonly drawn: DrawnFrame
  readonly image: ImageAttributes
}

async function draw(file: CorpusFile): Promise<Drawn | string> {
  const bytes = readFileSync(file.path)
  const meta = readPart10Header(bytes.subarray(0, 65_536))
  const dataSetOffset = meta?.dataSetOffset ?? 0
  const transferSyntaxUid = meta?.transferSyntaxUid ?? '1.2.840.10008.1.2'
  const body = bytes.subarray(dataSetOffset)
  const storage = { openBytes: async () => heldBytes(body), open: () => Readable.from([body]) } as unknown as Storage
  const instance = { dataSetOffset, transferSyntaxUid, fileSizeBytes: bytes.length, storageKey: 'x' } as unknown as Retrievable
  try {
    const frames = await openFrames(storage, instance)
    const frame = { header: body, transferSyntaxUid, frame: 1, bytes: await frames.frame(1), isCompressed: frames.format.isCompressed }
    const header = readDataSet(body, transferSyntaxUid, { untilTag: PIXEL_DATA_TAGS })
    return { drawn: await drawFrame(frame), image: imageAttributes(header, 1, encodingOf(transferSyntaxUid).littleEndian) }
  } catch (error) {
    // What a codec throws is no text of ours, and says nothing to a caller.
    return error instanceof NodeError ? error.inWords : 'its pixel data cannot be decoded'
  }
}

const RENDERERS: readonly (readonly [RegExp, string | undefined])[] = [
  [/^1\.2\.840\.10008\.1\.2\.4\.(5|7)/, 'dcmj2pnm'],
  [/^1\.2\.840\.10008\.1\.2\.4\.8/, 'dcml2pnm'],
  [/^1\.2\.840\.10008\.1\.2\.(4|8)/, undefined],
]

function rendererOf({ transferSyntaxUid }: CorpusFile): string | undefined {
  const found = RENDERERS.find(([syntax]) => syntax.test(transferSyntaxUid))
  return found === undefined ? 'dcm2pnm' : found[1]
}

/** Ways to ask for what ours has drawn. The other renderer looks neither into functional groups nor into elements whose VR is UN: there it is
 *  told the window, and in stored values, because it knows of no rescale either. */
function waysToAsk({ window, voiTable, slope, intercept, format }: ImageAttributes): string[][] {
  if (format.samplesPerPixel > 1) return [[]]
  if (window !== undefined) {
    const stored = [(window.center - intercept) / slope, window.width / slope]
    return [
      ['+Wi', '1'],
      ['+Ww', String(window.center), String(window.width)],
      ['+Ww', ...stored.map(String)],
    ]
  }
  if (voiTable !== undefined) return [['+Wl', '1']]
  return format.bitsStored <= 8 ? [[], ['+Wm']] : [['+Wm'], []]
}

async function difference(file: CorpusFile, { drawn, image }: Drawn): Promise<number | undefined> {
  const renderer = rendererOf(file)
  if (renderer === undefined) return undefined
  let least: number | undefined
  for (const way of waysToAsk(image)) {
    const out = join(folder, 'other.png')
    rmSync(out, { force: true })
    const { code } = await runCommand(renderer, ['-q', '+F', '1', ...way, '+on', file.path, out])
    if (code !== 0) continue
    least = Math.min(least ?? 256, await meanDifference(readFileSync(out), drawn))
    if (least < MOST_DIFFERENCE) break
  }
  return least
}

async function meanDifference(png: Buffer, { pixels, width, height, channels }: DrawnFrame): Promise<number> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  if (info.width !== width || info.height !== height) return 256
  let sum = 0
  for (let at = 0; at < width * height; at++) {
    for (let colour = 0; colour < 3; colour++) {
      const ours = pixels[channels === 1 ? at : at * 3 + colour]!
      sum += Math.abs(ours - data[at * info.channels + Math.min(colour, info.channels - 1)]!)
    }
  }
  return sum / (width * height * 3)
}

/** Why a file is not drawn, and how many are not for that reason. */
const REFUSED: Readonly<Record<string, number>> = {
  // Reports, plans, waveforms, key objects, directories, and slices that come without their pixels.
  'Data set cannot be read: it holds no pixel data': 97,
  'Data set cannot be read: no such image size': 2,
  // Cut, or broken before the pixels.
  'Data set cannot be read: an element passes the end of its data set': 4,
  'Data set cannot be read: data set ends inside a sequence': 1,
  'Data set cannot be read: data set ends inside an element': 1,
  'Data set cannot be read: an element without a VR': 1,
  'Data set cannot be read: pixel data ends before frame 1 does': 1,
  // The size in its code stream is overwritten.
  'Data set cannot be read: Columns × Rows is 256 × 1024, its code stream is of 3722445056 × 1024': 1,
  // Says JPEG, holds none.
  'its pixel data cannot be decoded': 1,
  // RGB of 32 bits, which no SOP class has.
  'Data set cannot be read: Bits Allocated is 32 in an image of colour': 2,
}

/** Files of which the other renderer makes something else, and why ours is meant. */
const DISAGREEING: readonly (readonly [RegExp, string])[] = [
  [/CT1_UNC/, 'no window, and padding of -2000, which does not count in what is darkest'],
  [/labelmap/, 'background is padding: it does not count in what is darkest'],
]

describeCorpus('the corpus, drawn', () => {
  const reasons: Record<string, number> = {}
  const agreeing: number[] = []
  const without: string[] = []
  let series = 0

  it('is drawn as DCMTK draws it, or refused in words', { timeout: 240_000 }, async () => {
    const disagreeing: string[] = []
    for (const file of corpusFiles()) {
      const result = await draw(file)
      if (typeof result === 'string') {
        reasons[result] = (reasons[result] ?? 0) + 1
        continue
      }
      // Slices of one series differ little: one of ten is compared.
      if (/dcm_qa|Series_B/.test(file.name) && series++ % 10 !== 0) continue
      const found = await difference(file, result)
      if (found === undefined) without.push(file.name)
      else if (found < MOST_DIFFERENCE) agreeing.push(found)
      else if (!DISAGREEING.some(([name]) => name.test(file.name))) disagreeing.push(`${found.toFixed(2)} ${file.name}`)
    }
    expect(disagreeing).toEqual([])
    expect(agreeing.length).toBeGreaterThan(150)
  })

  it('says why what is not drawn is not', () => expect(reasons).toEqual(REFUSED))

  afterAll(() => {
    const mean = agreeing.reduce((sum, one) => sum + one, 0) / agreeing.length
    console.info(
      [
        `${agreeing.length} images agree: mean difference ${mean.toFixed(3)}, largest ${Math.max(...agreeing).toFixed(3)} of 256 shades`,
        `${without.length} drawn that DCMTK cannot draw: ${without.map((name) => name.split('/').at(-1)).join(', ')}`,
        ...Object.entries(reasons).map(([why, count]) => `${count} not drawn: ${why}`),
      ].join('\n'),
    )
  })
})
