/** `GET /api/events`: how the node does, live (server-sent events, HTML Living Standard 9.2).
 *
 *  Promises: one look for all readers who may see the same, every {@link EVERY_MS}, sent where something has changed; a comment now and then keeps proxies from
 *  closing the connection; a reader that does not read, or whose token has come to its end, is dropped, and comes back by itself; no more than {@link MOST_READERS}, of one caller {@link MOST_OF_ONE}; nothing is looked at
 *  while nobody listens. */
import { PassThrough } from 'node:stream'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { log } from '../../log.ts'
import type { Now } from './api-contract.ts'
import { type NowBoard, type Onlooker, onlooker } from './now.ts'

const EVERY_MS = 2_000
const HEARTBEAT_MS = 15_000
const MOST_READERS = 50
const MOST_OF_ONE = 20
/** Then the reader has to come back, and is asked again who it is. */
const LIFE_MS = 15 * 60_000
/** Not read by then: some minutes' worth. */
const MOST_UNREAD_BYTES = 512 * 1024

interface Reader {
  readonly stream: PassThrough
  readonly by: Onlooker
  /** Its token or session ends then; milliseconds since 1970. */
  readonly until: number
  /** Name of the caller. */
  readonly name: string
  /** What it was sent last, without what changes by itself. */
  told?: string
  heardAt: number
  readonly joinedAt: number
}

export class LiveEvents {
  readonly #board: NowBoard
  readonly #readers = new Set<Reader>()
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(board: NowBoard) {
    this.#board = board
  }

  get readers(): number {
    return this.#readers.size
  }

  /** @throws WebRefusal 503 */
  async subscribe({ caller, stopped }: WebRequest): Promise<WebAnswer> {
    if (this.#readers.size >= MOST_READERS)
      throw new WebRefusal(503, `${MOST_READERS} readers of events are connected, no more are taken`, { 'Retry-After': '10' })
    if ([...this.#readers].filter(({ name }) => name === caller.name).length >= MOST_OF_ONE)
      throw new WebRefusal(503, `you read events ${MOST_OF_ONE} times already, no more are taken`, { 'Retry-After': '10' })
    const stream = new PassThrough({ highWaterMark: MOST_UNREAD_BYTES })
    const { name, until = Number.POSITIVE_INFINITY } = caller
    const reader: Reader = { stream, by: onlooker(caller), name, until, heardAt: performance.now(), joinedAt: performance.now() }
    this.#readers.add(reader)
    const leave = (): void => this.#leave(reader)
    stream.once('close', leave).once('error', leave)
    stopped.addEventListener('abort', leave, { once: true })
    stream.write('retry: 3000\n\n')
    void this.#look()
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref()
    return {
      status: 200,
      headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' },
      body: stream,
    }
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader)
    reader.stream.destroy()
    if (this.#readers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** A look that takes longer than its time is not joined by another. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    for (const reader of this.#readers) if (reader.until <= Date.now()) this.#leave(reader)
    try {
      for (const readers of Map.groupBy([...this.#readers], ({ by }) => `${by.levels} ${by.mayFind}`).values())
        this.#tell(readers, await this.#board.look(readers[0]!.by))
    } catch (error) {
      log.warn('the state of the node cannot be told to those who watch', { error: String(error) })
    } finally {
      this.#looking = false
    }
  }

  #tell(readers: readonly Reader[], now: Now): void {
    const told = JSON.stringify({ ...now, rate: now.rate.history.map(({ instances, bytes }) => [instances, bytes]) })
    const event = `event: now\ndata: ${JSON.stringify(now)}\n\n`
    for (const reader of readers) {
      if (reader.told !== told) this.#send(reader, event)
      else if (performance.now() - reader.heardAt > HEARTBEAT_MS) this.#send(reader, ': still here\n\n')
      reader.told = told
    }
  }

  #send(reader: Reader, text: string): void {
    const { stream } = reader
    const isOver = performance.now() - reader.joinedAt > LIFE_MS
    if (isOver || stream.readableLength + stream.writableLength + text.length > MOST_UNREAD_BYTES) this.#leave(reader)
    else stream.write(text)
    reader.heardAt = performance.now()
  }
}
