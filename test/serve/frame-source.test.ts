/** Frames by number: each of every image of the corpus, against what pydicom takes from the same file; and images that are wrong. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Retrievable } from '../../src/catalog/contract.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { openFrames } from '../../src/serve/frame-source.ts'
import type { Storage } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { ct, EXPLICIT_BE, EXPLICIT_LE, encode, TAG, us } from '../support/data-sets.ts'
import { runCommand } from '../support/run-command.ts'

const storage = await openStorage({ path: temporaryFolder(), reserveBytes: 0, maxInstanceBytes: 2 ** 31 })

async function kept(dataSet: Buffer, transferSyntaxUid: string): Promise<Retrievable> {
  const draft = await storage.draft('instances')
  draft.begin(Buffer.alloc(0))
  await draft.write(dataSet)
  const { key, fileSizeBytes, dataSetOffset, sha256 } = await draft.keep()
  const uid = '1.2.3' as Retrievable['sopInstanceUid']
  return {
    sopInstanceUid: uid,
    sopClassUid: uid,
    seriesInstanceUid: uid,
    studyInstanceUid: uid,
    transferSyntaxUid: transferSyntaxUid as Retrievable['transferSyntaxUid'],
    storageKey: key,
    fileSizeBytes,
    dataSetOffset,
    sha256,
  }
}

/** Says of each file the SHA-256 of its frames; nothing of what it cannot read. */
/** The one that the packages of the system belong to. */
const PYTHON = '/usr/bin/python3'

const PYDICOM = `
import sys, json, hashlib, pydicom, warnings
from pydicom.encaps import generate_pixel_data_frame
warnings.simplefilter('ignore')
out = {}
for path in open(sys.argv[1]).read().split('\\n'):
    try:
        d = pydicom.dcmread(path)
        if not ('PixelData' in d): continue
        n = max(1, int(d.get('NumberOfFrames', 1) or 1))
        if d['PixelData'].is_undefined_length:
            frames = list(generate_pixel_data_frame(d.PixelData, n))
            kind = 'compressed'
        else:
            samples = 2 if str(d.PhotometricInterpretation).endswith('_422') and d.SamplesPerPixel == 3 else d.SamplesPerPixel
            bits = d.Rows * d.Columns * samples * d.BitsAllocated
            if bits % 8 or not d.is_little_endian: continue
            size = bits // 8
            frames = [d.PixelData[i * size:(i + 1) * size] for i in range(n)]
            if any(len(f) != size for f in frames): continue
            kind = 'native'
        if len(frames) == n: out[path] = [kind, [hashlib.sha256(f).hexdigest() for f in frames]]
    except Exception: pass
print(json.dumps(out))
`

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

async function framesOfFile(path: string, fallback: string): Promise<{ kind: string; digests: string[] }> {
  const bytes = readFileSync(path)
  const meta = readPart10Header(bytes)
  const source = await openFrames(storage, await kept(bytes.subarray(meta?.dataSetOffset ?? 0), meta?.transferSyntaxUid ?? fallback))
  try {
    const digests: string[] = []
    // From the last to the first: none needs the one before it.
    for (let number = source.count; number >= 1; number--) digests.unshift(sha256(await source.frame(number)))
    return { kind: source.format.isCompressed ? 'compressed' : 'native', digests }
  } finally {
    source.close()
  }
}

describeCorpus('frames of the corpus', () => {
  it('are those that pydicom finds', { timeout: 120_000 }, async () => {
    // Implicit VR inside of an explicit data set: never stored (C000).
    const files = corpusFiles().filter(({ name }) => !name.endsWith('/SC_rgb_jpeg.dcm'))
    const list = join(temporaryFolder(), 'files')
    writeFileSync(list, files.map(({ path }) => path).join('\n'))
    const { output } = await runCommand(PYTHON, ['-c', PYDICOM, list], { withinMs: 90_000 })
    const expected = JSON.parse(output) as Record<string, [string, string[]]>
    const others: string[] = []
    let compressed = 0
    for (const [path, [kind, digests]] of Object.entries(expected)) {
      const file = files.find((one) => one.path === path)!
      const found = await framesOfFile(path, file.transferSyntaxUid).catch((error: unknown) => String(error))
      if (typeof found === 'string' || found.kind !== kind || found.digests.join() !== digests.join())
        others.push(`${file.name}: ${typeof found === 'string' ? found : found.kind}`)
      if (kind === 'compressed') compressed += 1
    }
    expect(others).toEqual([])
    expect([Object.keys(expected).length > 250, compressed > 50]).toEqual([true, true])
  })
})

describe('frames by number', () => {
  const framed = (overrides = {}, syntax = EXPLICIT_LE) => kept(encode(us(3, overrides), syntax), syntax)

  it('are told apart, of a multi-frame', async () => {
    const pixels = Buffer.concat([1, 2, 3].map((value) => Buffer.alloc(64, value)))
    const source = await openFrames(storage, await framed({ [TAG.PixelData]: ['OB', pixels] }))
    expect(source).toMatchObject({ count: 3, format: { rows: 8, columns: 8, frameBytes: 64, isCompressed: false, vr: 'OB' } })
    expect((await source.frame(3)).equals(Buffer.alloc(64, 3))).toBe(true)
    expect((await source.frame(1)).equals(Buffer.alloc(64, 1))).toBe(true)
    await expect(source.frame(4)).rejects.toThrow('no frame 4 of 3')
    source.close()
  })

  it('come in little endian', async () => {
    const pixels = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
    const source = await openFrames(storage, await kept(encode(ct({ [TAG.PixelData]: ['OW', pixels] }), EXPLICIT_BE), EXPLICIT_BE))
    const swapped = Buffer.from(pixels).swap16()
    const frame = await source.frame(1)
    expect([frame.equals(pixels), frame.equals(swapped)].filter(Boolean)).toHaveLength(1)
    expect(frame.readUInt16LE(0)).toBe(readFirst(encode(ct({ [TAG.PixelData]: ['OW', pixels] }), EXPLICIT_BE)))
    source.close()
  })

  it('of single bits begin at a byte of their own', async () => {
    // Two frames of 3 x 3 bits: 1 0 1 1 0 0 1 1 1, 0 1 1 0 1 0 0 0 1; the first pixel is the lowest bit.
    const bits = '101100111011010001'.padEnd(32, '0')
    const pixels = Buffer.from([0, 8, 16, 24].map((at) => Number.parseInt([...bits.slice(at, at + 8)].reverse().join(''), 2)))
    const one = { 2621448: ['IS', '2'], 2621456: ['US', 3], 2621457: ['US', 3], 2621696: ['US', 1], 2621697: ['US', 1] }
    const source = await openFrames(storage, await framed({ ...one, [TAG.PixelData]: ['OB', pixels] }))
    const frame = async (number: number) =>
      [...(await source.frame(number))].map((byte) => [...byte.toString(2).padStart(8, '0')].reverse().join('')).join('')
    expect([await frame(1), await frame(2)]).toEqual(['1011001110000000', '0110100010000000'])
    source.close()
  })

  it.each([
    ['without pixel data', { [TAG.PixelData]: undefined }, 'it holds no pixel data'],
    ['without size', { [TAG.Rows]: undefined }, 'no such image size'],
  ])('%s are refused when opened', async (_, overrides, why) => {
    await expect(openFrames(storage, await framed(overrides))).rejects.toThrow(why)
  })

  it('beyond the end of the pixel data are refused, those before are there', async () => {
    const source = await openFrames(storage, await framed({ [TAG.PixelData]: ['OB', Buffer.alloc(130, 5)] }))
    expect(await source.frame(2)).toHaveLength(64)
    await expect(source.frame(3)).rejects.toThrow('pixel data ends before frame 3')
    source.close()
  })

  it('of a file that has become shorter are refused when opened', async () => {
    const instance = await framed()
    await expect(openFrames(storage as Storage, { ...instance, fileSizeBytes: instance.fileSizeBytes + 1 })).rejects.toThrow()
  })
})

function readFirst(dataSet: Buffer): number {
  return dataSet.readUInt16BE(dataSet.length - 32)
}
