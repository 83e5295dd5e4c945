/** Takes a multipart body apart while it arrives (RFC 2046 5.1, as PS3.18 8.6.1.2.1 uses it).
 *
 *  Promises: bodies of parts are handed over as they come, never gathered; memory is one chunk and a delimiter; headers, preamble and what may follow
 *  a delimiter on its line have limits. Lines may end in LF alone where the first delimiter's does. Text that only begins like a delimiter is body.
 *  {@link MultipartParser.finish} throws unless the closing delimiter has come: a body that was cut off never passes for a whole one.
 *  Does not: decode transfer encodings, count parts, or look into nested ones: that is up to whoever receives.
 *  @throws WebFailure */
import { WebFailure } from './web-failure.ts'

export interface PartReceiver {
  /** @param headers  names in lower case, values unfolded and trimmed */
  begins(headers: ReadonlyMap<string, string>): Promise<void> | undefined
  /** @returns a promise when what follows should wait; the bytes are the receiver's until it resolves */
  data(bytes: Buffer): Promise<void> | undefined
  ends(): Promise<void> | undefined
}

export const MAX_HEADER_BYTES = 16 * 1024
const MAX_HEADER_LINES = 100
const MAX_PREAMBLE_BYTES = 64 * 1024
const MAX_PADDING_BYTES = 256
const LF = 0x0a
const CR = 0x0d
const NOTHING = Buffer.alloc(0)

type State = 'preamble' | 'delimiter line' | 'headers' | 'body begins' | 'body' | 'over'

export class MultipartParser {
  readonly #receiver: PartReceiver
  /** `--` and the boundary. */
  readonly #dashed: Buffer
  /** With the line end before it, which is no part of the body. */
  #delimiter: Buffer
  #pending: Buffer = NOTHING
  /** What was taken for a delimiter. */
  #matched: Buffer = NOTHING
  #state: State = 'preamble'
  #isInPart = false
  #isFirst = true
  #skipped = 0
  #headerBytes = 0
  #lines: string[] = []

  /** @param boundary  the parameter of the media type, 1 to 70 characters (RFC 2046 5.1.1); Orthanc sends 73 */
  constructor(boundary: string, receiver: PartReceiver) {
    if (!/^[\x20-\x7e]{1,200}$/.test(boundary)) throw new WebFailure('the boundary of the multipart body is not one (RFC 2046 5.1.1)')
    this.#receiver = receiver
    this.#dashed = Buffer.from(`--${boundary}`, 'latin1')
    this.#delimiter = Buffer.concat([Buffer.from('\r\n'), this.#dashed])
  }

  async push(chunk: Buffer): Promise<void> {
    if (this.#state === 'over') return
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (await this.#step());
  }

  /** The closing delimiter has come: what follows is of no interest. */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** The body has ended. */
  finish(): void {
    if (this.#state !== 'over') throw new WebFailure(`the multipart body ends in the middle (in its ${this.#state})`)
  }

  /** @returns whether there is more to do with what has come */
  #step(): Promise<boolean> | boolean {
    switch (this.#state) {
      case 'preamble':
        return this.#preamble()
      case 'delimiter line':
        return this.#delimiterLine()
      case 'headers':
        return this.#headers()
      case 'body begins':
        return this.#bodyBegins()
      case 'body':
        return this.#body()
      case 'over':
        this.#pending = NOTHING
        return false
    }
  }

  /** The first delimiter begins a line, or the whole. */
  #preamble(): boolean {
    const at = this.#pending.indexOf(this.#dashed)
    if (at >= 0 && (at === 0 ? this.#skipped === 0 : this.#pending[at - 1] === LF)) {
      this.#take(at + this.#dashed.length)
      this.#state = 'delimiter line'
      return true
    }
    // Keeps the byte before what may be the beginning of a delimiter.
    const drop = at > 0 ? at : at === 0 ? 1 : Math.max(0, this.#pending.length - this.#dashed.length)
    this.#skipped += drop
    if (this.#skipped > MAX_PREAMBLE_BYTES) throw new WebFailure('the multipart body does not begin with its boundary')
    this.#take(drop)
    return at >= 0
  }

  /** What follows a delimiter: `--` for the last one, else padding and a line end. */
  async #delimiterLine(): Promise<boolean> {
    if (this.#pending.length < 2) return false
    if (this.#pending.toString('latin1', 0, 2) === '--') {
      await this.#endPart()
      this.#state = 'over'
      return true
    }
    const end = this.#pending.indexOf(LF)
    const line = this.#pending.toString('latin1', 0, end < 0 ? Math.min(this.#pending.length, MAX_PADDING_BYTES + 1) : end)
    if (!/^[ \t]*\r?$/.test(line) || line.length > MAX_PADDING_BYTES) return await this.#noDelimiter()
    if (end < 0) return false
    if (this.#isFirst && this.#pending[end - 1] !== CR) this.#delimiter = this.#delimiter.subarray(1)
    this.#isFirst = false
    await this.#endPart()
    this.#take(end + 1)
    this.#state = 'headers'
    return true
  }

  /** It only began like one. */
  async #noDelimiter(): Promise<boolean> {
    if (!this.#isInPart) {
      this.#skipped += this.#dashed.length
      this.#state = 'preamble'
      return true
    }
    await this.#receiver.data(this.#matched)
    this.#state = 'body'
    return true
  }

  async #headers(): Promise<boolean> {
    const end = this.#pending.indexOf(LF)
    this.#headerBytes += end < 0 ? 0 : end + 1
    const waiting = end < 0 ? this.#pending.length : 0
    if (this.#headerBytes + waiting > MAX_HEADER_BYTES || this.#lines.length > MAX_HEADER_LINES) {
      throw new WebFailure(`headers of a part are larger than ${MAX_HEADER_BYTES} bytes or ${MAX_HEADER_LINES} lines`)
    }
    if (end < 0) return false
    const line = this.#pending.toString('latin1', 0, end).replace(/\r$/, '')
    this.#take(end + 1)
    if (line !== '') {
      this.#lines.push(line)
      return true
    }
    const headers = headersOf(this.#lines)
    this.#lines = []
    this.#headerBytes = 0
    this.#isInPart = true
    this.#state = 'body begins'
    await this.#receiver.begins(headers)
    return true
  }

  /** An empty body: the line end before its delimiter was that of the headers. */
  #bodyBegins(): boolean {
    const start = this.#pending.subarray(0, this.#dashed.length)
    if (start.length < this.#dashed.length && this.#dashed.subarray(0, start.length).equals(start)) return false
    const isEmpty = start.equals(this.#dashed)
    if (isEmpty) this.#take(this.#dashed.length)
    this.#matched = this.#dashed
    this.#state = isEmpty ? 'delimiter line' : 'body'
    return true
  }

  async #body(): Promise<boolean> {
    const at = this.#pending.indexOf(this.#delimiter)
    const length = at < 0 ? this.#pending.length - this.#delimiter.length + 1 : at
    if (length > 0) {
      const ready = this.#receiver.data(this.#pending.subarray(0, length))
      this.#take(length)
      if (ready !== undefined) await ready
    }
    if (at < 0) return false
    this.#take(this.#delimiter.length)
    this.#matched = this.#delimiter
    this.#state = 'delimiter line'
    return true
  }

  async #endPart(): Promise<void> {
    if (!this.#isInPart) return
    this.#isInPart = false
    await this.#receiver.ends()
  }

  #take(count: number): void {
    this.#pending = this.#pending.subarray(count)
  }
}

/** A line that begins with white space belongs to the one before it (RFC 822 3.1.1). */
function headersOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const unfolded: string[] = []
  for (const line of lines) {
    if (/^[ \t]/.test(line) && unfolded.length > 0) unfolded[unfolded.length - 1] += ` ${line.trim()}`
    else unfolded.push(line)
  }
  const headers = new Map<string, string>()
  for (const line of unfolded) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return headers
}
