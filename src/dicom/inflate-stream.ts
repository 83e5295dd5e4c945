/** Inflates a raw deflate stream (RFC 1951) piece by piece, synchronously: what the walker of arriving data sets needs and the
 *  asynchronous streams of node:zlib cannot give.
 *
 *  Promises: memory is constant (about 200 KiB) whatever the sizes; a corrupt or truncated stream is reported, never guessed; a bomb
 *  is stopped by {@link MAX_RATIO} beyond {@link RATIO_FREE_BYTES} and by {@link MAX_STREAM_BYTES} in any case.
 *  Does not: look at bytes after the end of the stream beyond counting them. About a third of the speed of zlib.
 *  @throws NodeError UNREADABLE, INFLATED_TOO_LARGE */
import { NodeError } from '../errors.ts'

/** Inflated bytes per deflated byte; images of one colour reach 1000, so it holds only beyond {@link RATIO_FREE_BYTES}. */
export const MAX_RATIO = 100
export const RATIO_FREE_BYTES = 64 * 1024 * 1024
export const MAX_STREAM_BYTES = 4 * 1024 * 1024 * 1024

const INPUT_BYTES = 32 * 1024
/** No block header with its code tables is longer (RFC 1951 3.2.7: at most 571 bytes): with so much at hand, nothing is cut. */
const LOOKAHEAD_BYTES = 600
const WINDOW_BYTES = 32 * 1024
const OUTPUT_BYTES = 96 * 1024
const LONGEST_MATCH = 258

/** RFC 1951 3.2.5: base values and extra bits of lengths 257 … 285 and of distances 0 … 29. */
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
  24577,
]
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const END_OF_BLOCK = 256

/** A prefix code: by the next `bits` bits of the stream, symbol * 16 + length of its code; 0 where no code begins so. */
interface Codes {
  readonly table: Uint16Array
  readonly bits: number
}

let fixed: { literals: Codes; distances: Codes } | undefined

function fixedCodes(): { literals: Codes; distances: Codes } {
  const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288)
  fixed ??= { literals: codesOf(lengths, false), distances: codesOf(new Uint8Array(32).fill(5), false) }
  return fixed
}

/** @param mayBeIncomplete  distances of a block that has one code or none (RFC 1951 3.2.7) */
function codesOf(lengths: Uint8Array, mayBeIncomplete: boolean): Codes {
  const counts = new Uint16Array(16)
  for (const length of lengths) counts[length]!++
  counts[0] = 0
  let bits = 15
  while (bits > 1 && counts[bits] === 0) bits--
  const next = new Uint16Array(17)
  let left = 1
  for (let length = 1; length <= 15; length++) {
    left = left * 2 - counts[length]!
    if (left < 0) throw corrupt('codes overlap')
    next[length + 1] = (next[length]! + counts[length]!) << 1
  }
  if (left > 0 && !(mayBeIncomplete && bits === 1)) throw corrupt('codes are incomplete')
  const table = new Uint16Array(1 << bits)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!
    if (length === 0) continue
    const step = 1 << length
    for (let index = reversed(next[length]!++, length); index < table.length; index += step) table[index] = symbol * 16 + length
  }
  return { table, bits }
}

function reversed(code: number, length: number): number {
  let result = 0
  for (let bit = 0; bit < length; bit++) result = (result << 1) | ((code >> bit) & 1)
  return result
}

export class InflateStream {
  readonly #sink: (bytes: Buffer) => void
  readonly #input = Buffer.allocUnsafe(INPUT_BYTES)
  /** Next byte of the input to take, and how many are there. */
  #at = 0
  #filled = 0
  #bits = 0
  #bitCount = 0
  readonly #output = Buffer.allocUnsafe(OUTPUT_BYTES)
  #outputAt = 0
  #handedOver = 0
  #deflatedBytes = 0
  #inflatedBytes = 0
  #state: 'header' | 'stored' | 'codes' | 'end' = 'header'
  #isLast = false
  #storedLeft = 0
  #literals: Codes | undefined
  #distances: Codes | undefined

  /** @param sink  is given inflated bytes in order; they are overwritten after it returns */
  constructor(sink: (bytes: Buffer) => void) {
    this.#sink = sink
  }

  feed(fragment: Buffer): void {
    this.#deflatedBytes += fragment.length
    for (let from = 0; from < fragment.length && this.#state !== 'end'; ) {
      const taken = fragment.copy(this.#input, this.#filled, from)
      this.#filled += taken
      from += taken
      this.#run(false)
    }
  }

  /** @throws NodeError UNREADABLE where the stream has not ended */
  finish(): void {
    this.#run(true)
    if (this.#state !== 'end') throw corrupt('truncated')
  }

  #run(isFinal: boolean): void {
    while (this.#state !== 'end' && (isFinal || this.#filled - this.#at >= LOOKAHEAD_BYTES)) {
      if (this.#state === 'header') this.#readBlockHeader()
      else if (this.#state === 'stored') this.#copyStored()
      else this.#readCodes(isFinal)
      // Past the end of the input, zeros are read: whatever came of them does not count.
      if (this.#at - (this.#bitCount >> 3) > this.#filled) throw corrupt('truncated')
      if (isFinal && this.#state === 'stored' && this.#at >= this.#filled && this.#storedLeft > 0) throw corrupt('truncated')
    }
    this.#handOver()
    if (this.#at > 0 && this.#at <= this.#filled) {
      this.#input.copyWithin(0, this.#at, this.#filled)
      this.#filled -= this.#at
      this.#at = 0
    }
  }

  #take(count: number): number {
    while (this.#bitCount < count) {
      this.#bits |= (this.#at < this.#filled ? this.#input[this.#at]! : 0) << this.#bitCount
      this.#at++
      this.#bitCount += 8
    }
    const value = this.#bits & ((1 << count) - 1)
    this.#bits >>>= count
    this.#bitCount -= count
    return value
  }

  #symbol(codes: Codes): number {
    while (this.#bitCount < codes.bits) {
      this.#bits |= (this.#at < this.#filled ? this.#input[this.#at]! : 0) << this.#bitCount
      this.#at++
      this.#bitCount += 8
    }
    const entry = codes.table[this.#bits & ((1 << codes.bits) - 1)]!
    if (entry === 0) throw corrupt('no such code')
    this.#bits >>>= entry & 15
    this.#bitCount -= entry & 15
    return entry >> 4
  }

  #readBlockHeader(): void {
    if (this.#isLast) {
      this.#state = 'end'
      return
    }
    this.#isLast = this.#take(1) === 1
    const type = this.#take(2)
    if (type === 0) this.#readStoredHeader()
    else if (type === 1) this.#begin(fixedCodes().literals, fixedCodes().distances)
    else if (type === 2) this.#readDynamicCodes()
    else throw corrupt('no such block')
  }

  #readStoredHeader(): void {
    this.#take(this.#bitCount & 7)
    const length = this.#take(16)
    if ((this.#take(16) ^ 0xffff) !== length) throw corrupt('length of a stored block')
    this.#storedLeft = length
    this.#state = 'stored'
  }

  #begin(literals: Codes, distances: Codes): void {
    this.#literals = literals
    this.#distances = distances
    this.#state = 'codes'
  }

  /** RFC 1951 3.2.7. */
  #readDynamicCodes(): void {
    const literalCount = this.#take(5) + 257
    const distanceCount = this.#take(5) + 1
    const codeLengthCount = this.#take(4) + 4
    if (literalCount > 286 || distanceCount > 30) throw corrupt('too many codes')
    const codeLengths = new Uint8Array(19)
    for (let index = 0; index < codeLengthCount; index++) codeLengths[CODE_LENGTH_ORDER[index]!] = this.#take(3)
    const lengths = this.#readCodeLengths(codesOf(codeLengths, false), literalCount + distanceCount)
    if (lengths[END_OF_BLOCK] === 0) throw corrupt('no end of block')
    this.#begin(codesOf(lengths.subarray(0, literalCount), true), codesOf(lengths.subarray(literalCount), true))
  }

  #readCodeLengths(codes: Codes, count: number): Uint8Array {
    const lengths = new Uint8Array(count)
    for (let index = 0; index < count; ) {
      const symbol = this.#symbol(codes)
      if (symbol < 16) {
        lengths[index++] = symbol
        continue
      }
      if (symbol === 16 && index === 0) throw corrupt('nothing to repeat')
      const value = symbol === 16 ? lengths[index - 1]! : 0
      const times = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7)
      if (index + times > count) throw corrupt('too many code lengths')
      lengths.fill(value, index, index + times)
      index += times
    }
    return lengths
  }

  #copyStored(): void {
    // Bytes that were taken into the bit buffer ahead of time go back.
    this.#at -= this.#bitCount >> 3
    this.#bits = 0
    this.#bitCount = 0
    const count = Math.min(this.#storedLeft, this.#filled - this.#at, OUTPUT_BYTES - this.#outputAt)
    this.#input.copy(this.#output, this.#outputAt, this.#at, this.#at + count)
    this.#at += count
    this.#outputAt += count
    this.#storedLeft -= count
    if (this.#storedLeft === 0) this.#state = 'header'
    if (OUTPUT_BYTES - this.#outputAt < LONGEST_MATCH) this.#slide()
  }

  #readCodes(isFinal: boolean): void {
    const literals = this.#literals!
    const distances = this.#distances!
    while (isFinal ? this.#at - (this.#bitCount >> 3) <= this.#filled : this.#filled - this.#at >= LOOKAHEAD_BYTES) {
      const symbol = this.#symbol(literals)
      if (symbol < END_OF_BLOCK) {
        this.#output[this.#outputAt++] = symbol
      } else if (symbol === END_OF_BLOCK) {
        this.#state = 'header'
        return
      } else {
        this.#copyMatch(symbol - 257, distances)
      }
      if (OUTPUT_BYTES - this.#outputAt < LONGEST_MATCH) this.#slide()
    }
  }

  #copyMatch(lengthSymbol: number, distances: Codes): void {
    if (lengthSymbol > 28) throw corrupt('no such length')
    const length = LENGTH_BASE[lengthSymbol]! + this.#take(LENGTH_BITS[lengthSymbol]!)
    const distanceSymbol = this.#symbol(distances)
    if (distanceSymbol > 29) throw corrupt('no such distance')
    const distance = DISTANCE_BASE[distanceSymbol]! + this.#take(DISTANCE_BITS[distanceSymbol]!)
    let from = this.#outputAt - distance
    if (from < 0) throw corrupt('distance before the beginning')
    const output = this.#output
    let to = this.#outputAt
    for (const end = to + length; to < end; ) output[to++] = output[from++]!
    this.#outputAt = to
  }

  #handOver(): void {
    const count = this.#outputAt - this.#handedOver
    if (count === 0) return
    this.#inflatedBytes += count
    const allowed = Math.max(RATIO_FREE_BYTES, this.#deflatedBytes * MAX_RATIO)
    if (this.#inflatedBytes > Math.min(allowed, MAX_STREAM_BYTES)) {
      throw new NodeError('INFLATED_TOO_LARGE', { deflatedBytes: this.#deflatedBytes, inflatedBytes: this.#inflatedBytes })
    }
    this.#sink(this.#output.subarray(this.#handedOver, this.#outputAt))
    this.#handedOver = this.#outputAt
  }

  /** Hands over, and keeps the window that matches may refer to. */
  #slide(): void {
    this.#handOver()
    this.#output.copyWithin(0, this.#outputAt - WINDOW_BYTES, this.#outputAt)
    this.#outputAt = WINDOW_BYTES
    this.#handedOver = WINDOW_BYTES
  }
}

function corrupt(reason: string): NodeError {
  return new NodeError('UNREADABLE', { reason: `deflate stream: ${reason}` })
}
