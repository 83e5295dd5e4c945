/** What a service on the web is asked and what it answers, without a server: endpoints/http.ts puts it behind one.
 *
 *  A service resolves with an answer or throws {@link WebRefusal}. Words of a refusal are for the caller: no path, no patient. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { LevelSet } from '../dicom/confidentiality.ts'
import type { WebRight } from '../dicom/web-rights.ts'

export { WEB_RIGHTS, type WebRight } from '../dicom/web-rights.ts'

/** Who calls, as far as that is known. */
export interface WebCaller {
  /** For the log and for what is done in its name. */
  readonly name: string
  readonly rights: ReadonlySet<WebRight>
  /** Confidentiality levels that it may see. */
  readonly levels: LevelSet
  /** A person in front of the page: one who has signed in there, or sits at this machine. */
  readonly isPerson?: boolean
  /** When its token or session ends by itself, in milliseconds since 1970. */
  readonly until?: number
}

export interface WebRequest {
  readonly method: string
  /** Values of the route's placeholders, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly caller: WebCaller
  /** The caller has gone, or has its answer. */
  readonly stopped: AbortSignal
  /** Of POST and PUT, as it arrives; where the route has a schema the value that it describes. */
  readonly body?: unknown
  /** Scheme, host and path before that of the route (`web.publicUrl`, else as the caller names us), without a slash at its end. */
  readonly base: string
}

/** A body that is made while it is sent. A piece may be written over once the next one is asked for. */
export interface Pieces {
  /** Its `return` is called in the end, however that comes. */
  readonly pieces: AsyncIterator<Buffer, unknown, undefined>
}

export interface WebAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Pieces | Readable | Buffer | string
}

export type WebService = (request: WebRequest) => Promise<WebAnswer>

/** A request that is not served, and why (RFC 9457). */
export class WebRefusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** @param detail  what was found and what was expected, in words */
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}, options?: { cause?: unknown }) {
    super(detail, options)
    this.name = 'WebRefusal'
    this.status = status
    this.headers = headers
  }
}

export function jsonAnswer(value: unknown, status = 200, contentType = 'application/json'): WebAnswer {
  return { status, headers: { 'Content-Type': contentType }, body: JSON.stringify(value) }
}
