/** Answers of the web as a test reads them: independent of src/dicomweb. */
import { createHash } from 'node:crypto'
import { readPart10Header } from '../../src/dicom/part10.ts'

export interface WebPart {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Asks with an Accept header; does not follow, does not decode. */
export function ask(url: string, accept?: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers: { ...(accept === undefined ? {} : { Accept: accept }), ...headers } })
}

/** The parts of a multipart answer. @throws where it is none, or not closed */
export async function partsOf(answer: Response): Promise<WebPart[]> {
  const boundary = /^multipart\/related;.*boundary="?([^";]+)"?/.exec(answer.headers.get('content-type') ?? '')?.[1]
  if (boundary === undefined) throw new Error(`no multipart: ${answer.status} ${answer.headers.get('content-type')} ${await answer.text()}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: WebPart[] = []
  let at = bytes.indexOf(delimiter)
  for (;;) {
    const start = at + delimiter.length
    if (bytes.toString('latin1', start, start + 2) === '--') return parts
    const end = bytes.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), start)
    if (at < 0 || end < 0) throw new Error('the answer is not closed')
    const headerEnd = bytes.indexOf('\r\n\r\n', start)
    const lines = bytes.toString('latin1', start + 2, headerEnd).split('\r\n')
    const headers = Object.fromEntries(lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
    parts.push({ headers, body: bytes.subarray(headerEnd + 4, end) })
    at = end + 2
  }
}

/** Of a Part 10 file: which instance, in which syntax, and the SHA-256 of its data set. */
export function fileFacts(file: Buffer): { uid: string; syntax: string; sha256: string; dataSet: Buffer } {
  const meta = readPart10Header(file)
  if (meta === undefined || file.toString('latin1', 128, 132) !== 'DICM') throw new Error('no Part 10 file')
  const dataSet = file.subarray(meta.dataSetOffset)
  return { uid: meta.sopInstanceUid!, syntax: meta.transferSyntaxUid!, sha256: sha256(dataSet), dataSet }
}
