/** Decoding for many readers: bounded memory, in turn, and nothing for those who have gone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Retrievable } from '../../src/catalog/contract.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { cGet } from '../../src/serve/c-get.ts'
import { Converter, converterOf } from '../../src/serve/convert-instance.ts'
import { DecodedBudget, MOST_OVERTAKINGS, type Share } from '../../src/serve/decoded-budget.ts'
import { Decompressor } from '../../src/serve/decompressor.ts'
import { EXPLICIT_LE, elementHeader, encode, TAG, testUid, US_MULTIFRAME, us } from '../support/data-sets.ts'
import { ask, FakeAssociation, type Home, openHome } from './support.ts'

const RLE = '1.2.840.10008.1.2.5'
const NEVER = new AbortController().signal
/** Larger than what is allowed to be in memory at once in these tests, with another of its kind. */
const SIZE = 256

/** A grey image whose runs make it small (PS3.5 G.3). */
function rle(size: number, frames = 1, uids: Readonly<Record<number, readonly ['UI', string]>> = {}): Buffer {
  const header = encode(us(frames, { ...uids, [TAG.PixelData]: undefined }, size))
  const segments = Buffer.alloc(64)
  segments.writeUInt32LE(1, 0)
  segments.writeUInt32LE(64, 4)
  const frame = Buffer.concat([segments, Buffer.alloc((size * size) / 64, Buffer.from([0x81, 0]))])
  const item = Buffer.from('feff00e000000000', 'hex')
  const fragment = Buffer.from(item)
  fragment.writeUInt32LE(frame.length, 4)
  const fragments = Array.from({ length: frames }, () => [fragment, frame]).flat()
  return Buffer.concat([header, elementHeader(TAG.PixelData, 'OB', 0xffffffff), item, ...fragments, Buffer.from('feffdde000000000', 'hex')])
}

/** Whether it is still waiting, after everything that can run has run. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, 50, 'late'))
  return (await Promise.race([promise.then(() => 'here'), late])) === 'late'
}

describe('the budget', () => {
  const stop = () => new AbortController()

  it('gives what fits, and the rest when something is released, in order', async () => {
    const budget = new DecodedBudget(100)
    const first = await budget.take(60, NEVER)
    const order: string[] = []
    const noted = async (name: string, taken: Promise<Share>) => {
      const share = await taken
      order.push(name)
      return share
    }
    const second = noted('second', budget.take(60, NEVER))
    const third = noted('third', budget.take(60, NEVER))
    expect(await isWaiting(second)).toBe(true)
    first.release()
    first.release()
    const share = await second
    expect(await isWaiting(third)).toBe(true)
    expect(budget.usedBytes).toBe(60)
    share.release()
    await third
    expect(order).toEqual(['second', 'third'])
  })

  it('lets one through that is larger than all of it, alone', async () => {
    const budget = new DecodedBudget(100)
    const large = await budget.take(1_000, NEVER)
    const small = budget.take(1, NEVER)
    expect(await isWaiting(small)).toBe(true)
    large.release()
    await small
  })

  it('lets small ones pass large ones, but not for ever', async () => {
    const budget = new DecodedBudget(100)
    const first = await budget.take(60, NEVER)
    const large = budget.take(60, NEVER)
    for (let passed = 0; passed < MOST_OVERTAKINGS; passed++) (await budget.take(10, NEVER)).release()
    const small = budget.take(10, NEVER)
    expect(await isWaiting(small)).toBe(true)
    first.release()
    await Promise.all([large, small])
  })

  it('forgets those who are stopped', async () => {
    const budget = new DecodedBudget(100)
    const first = await budget.take(100, NEVER)
    const gone = stop()
    const second = budget.take(100, gone.signal)
    const third = budget.take(100, NEVER)
    gone.abort()
    await expect(second).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    await expect(budget.take(1, gone.signal)).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    first.release()
    const share: Share = await third
    share.resize(30)
    expect(budget.usedBytes).toBe(30)
    share.release()
    expect(budget.usedBytes).toBe(0)
  })
})

describe('the decoder thread', () => {
  const decompressor = new Decompressor()
  afterEach(() => decompressor.close())
  const image = (bytes: Buffer, read: string[] = [], name = '') => ({
    load: async () => {
      read.push(name)
      return Buffer.from(bytes)
    },
    transferSyntaxUid: RLE,
    toExplicit: true,
  })

  it('reads a file when its turn comes, and not at all where its request is over by then', async () => {
    const read: string[] = []
    const gone = new AbortController()
    const first = decompressor.decompress(image(rle(SIZE), read, 'first'), NEVER)
    const second = decompressor.decompress(image(rle(SIZE), read, 'second'), gone.signal)
    const third = decompressor.decompress(image(rle(SIZE), read, 'third'), NEVER)
    gone.abort()
    await expect(second).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    expect(read.filter((name) => name !== 'first')).toEqual([])
    await Promise.all([first, third])
    expect(read).toEqual(['first', 'third'])
  })

  it('ends an image whose request is over while it is decoded, and takes the next', async () => {
    const gone = new AbortController()
    const load = async () => {
      setImmediate(() => gone.abort())
      return rle(2_048, 16)
    }
    const first = decompressor.decompress({ ...image(Buffer.alloc(0)), load }, gone.signal)
    const second = decompressor.decompress(image(rle(SIZE)), NEVER)
    await expect(first).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    expect(Buffer.concat(await second).length).toBeGreaterThan(SIZE * SIZE)
  })
})

describe('retrievals that need decoding', () => {
  let home: Home
  beforeEach(async () => {
    home = await openHome()
  })
  afterEach(() => home.close())

  async function kept(size: number, frames = 1): Promise<{ instance: Retrievable; study: string }> {
    const [study, sop] = [testUid(), testUid()]
    const uids = { [TAG.StudyInstanceUID]: ['UI', study], [TAG.SOPInstanceUID]: ['UI', sop] } as const
    expect(await home.keepBytes(rle(size, frames, uids), US_MULTIFRAME, sop, RLE)).toBe(0)
    const facts = (await home.catalog.findInstance(sop as Uid))!
    return { instance: { ...facts, sopInstanceUid: sop as Uid, transferSyntaxUid: RLE as Uid } as unknown as Retrievable, study }
  }

  it('hold no more than the budget until it has been sent, whatever the number of readers; small ones pass', async () => {
    const budget = new DecodedBudget(SIZE * SIZE * 1.5)
    const converter = new Converter(home.storage, budget)
    const { instance } = await kept(SIZE)
    const small = await kept(16)
    const convert = (stopped = NEVER, which = instance) => converter.convert(which, EXPLICIT_LE, stopped)
    const first = await convert()
    const gone = new AbortController()
    const readers = [convert(gone.signal), convert(), convert()]
    const refused = expect(readers[0]).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    expect(await isWaiting(Promise.race(readers))).toBe(true)
    const passed = await convert(NEVER, small.instance)
    expect(budget.usedBytes).toBeLessThan(SIZE * SIZE * 1.5)
    expect(budget.usedBytes).toBeGreaterThan(SIZE * SIZE)
    gone.abort()
    await refused
    first.close?.()
    // Which of the two was first in the queue depends on whose header was read first.
    const rest = readers.slice(1)
    const next = await Promise.race(rest.map(async (one, at) => ({ at, converted: await one })))
    const last = rest[1 - next.at]!
    expect(await isWaiting(last)).toBe(true)
    next.converted.close?.()
    ;(await last).close?.()
    passed.close?.()
    expect(budget.usedBytes).toBe(0)
  })

  it('give back what one took that cannot be decoded', async () => {
    const budget = new DecodedBudget(1_000)
    const { instance } = await kept(SIZE)
    const asJpeg = { ...instance, transferSyntaxUid: '1.2.840.10008.1.2.4.90' as Uid }
    await expect(new Converter(home.storage, budget).convert(asJpeg, EXPLICIT_LE, NEVER)).rejects.toMatchObject({ code: 'UNREADABLE' })
    expect(budget.usedBytes).toBe(0)
  })

  it('end at once when they are cancelled while another image is decoded', async () => {
    const large = await kept(2_048, 16)
    const { study } = await kept(16)
    const order: string[] = []
    const decoding = converterOf(home.storage)
      .convert(large.instance, EXPLICIT_LE, NEVER)
      .then(({ close }) => {
        order.push('decoded')
        close?.()
      })
    const association = new FakeAssociation({ contexts: [[US_MULTIFRAME, EXPLICIT_LE]] })
    const asked = ask('get', 'STUDY', { [TAG.StudyInstanceUID]: ['UI', study] }, { association })
    const getting = cGet(home.serving(), asked).then(() => order.push('cancelled'))
    setTimeout(() => asked.cancel(), 50)
    await Promise.all([getting, decoding])
    expect(order).toEqual(['cancelled', 'decoded'])
    expect(asked.final().fields).toMatchObject({ status: 0xfe00, numberOfRemainingSuboperations: 1 })
    expect(association.delivered).toEqual([])
  })
})
