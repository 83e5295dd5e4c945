/** Requests to store (PS3.18 10.5), well formed and not: over fetch, and byte by byte over a socket. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { NodeProcess } from './node-process.ts'

export const BOUNDARY = 'a-boundary'
export const DICOM_PARTS = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`
export const JSON_PARTS = `multipart/related; type="application/dicom+json"; boundary=${BOUNDARY}`

export interface Part {
  readonly headers?: readonly string[]
  readonly body: Buffer | string
}

export function multipart(parts: readonly Part[], newLine = '\r\n'): Buffer {
  const pieces = parts.flatMap(({ headers = ['Content-Type: application/dicom'], body }) => [
    Buffer.from(`${newLine}--${BOUNDARY}${newLine}${headers.map((line) => line + newLine).join('')}${newLine}`),
    Buffer.from(body),
  ])
  return Buffer.concat([...pieces, Buffer.from(`${newLine}--${BOUNDARY}--${newLine}`)])
}

export interface StoreResult {
  readonly status: number
  readonly study: string | undefined
  /** SOP Instance UID → warning, 0 for none. */
  readonly kept: ReadonlyMap<string, number>
  /** SOP Instance UID, '' where it is not known → reason. */
  readonly failed: ReadonlyMap<string, number>
  readonly comments: readonly string[]
  /** Of a refusal of the whole. */
  readonly detail: string | undefined
  readonly urls: readonly string[]
}

type Item = Record<string, { Value?: unknown[] } | undefined>

export async function stow(
  node: NodeProcess,
  body: Buffer | ReadableStream,
  options: { path?: string; type?: string; headers?: Record<string, string> } = {},
): Promise<StoreResult> {
  const answer = await fetch(`${node.webUrl}/dicom-web/studies${options.path ?? ''}`, {
    method: 'POST',
    headers: { 'Content-Type': options.type ?? DICOM_PARTS, ...options.headers },
    body: body as never,
    duplex: 'half',
  } as RequestInit)
  return storeResult(answer.status, (await answer.json()) as Item)
}

export const stowFiles = (node: NodeProcess, files: readonly (Buffer | string)[], path = ''): Promise<StoreResult> =>
  stow(node, multipart(files.map((body) => ({ body }))), { path })

function storeResult(status: number, answer: Item & { detail?: unknown }): StoreResult {
  const first = (item: Item, tag: string): unknown => item[tag]?.Value?.[0]
  const items = (tag: string) => (answer[tag]?.Value ?? []) as Item[]
  const kept = items('00081199')
  const failed = items('00081198')
  return {
    status,
    study: first(answer, '00081190') as string | undefined,
    kept: new Map(kept.map((item) => [first(item, '00081155') as string, (first(item, '00081196') ?? 0) as number])),
    failed: new Map(failed.map((item) => [(first(item, '00081155') ?? '') as string, first(item, '00081197') as number])),
    comments: [...failed, ...kept].flatMap((item) => (first(item, '00000902') as string | undefined) ?? []),
    detail: answer.detail as string | undefined,
    urls: kept.map((item) => first(item, '00081190') as string),
  }
}

/** Sends bytes as they are. @returns what came back until the connection closed, or `withinMs` */
export function rawRequest(
  node: NodeProcess,
  pieces: Iterable<Buffer | string>,
  options: { end?: 'half' | 'cut' | 'wait'; withinMs?: number; readAfterMs?: number } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(node.webPort, '127.0.0.1')
    let text = ''
    const timer = setTimeout(() => socket.destroy(), options.withinMs ?? 10_000)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    const closed = new Promise<void>((done) => {
      socket.on('close', () => {
        clearTimeout(timer)
        done()
        resolve(text)
      })
    })
    if (options.readAfterMs !== undefined) {
      socket.pause()
      setTimeout(() => socket.resume(), options.readAfterMs)
    }
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return
        if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
      }
      if (options.end === 'cut') setTimeout(() => socket.destroy(), 200)
      else if (options.end === 'half') socket.end()
    })
  })
}

export const requestHead = (node: NodeProcess, headers: readonly string[]): string =>
  [`POST /dicom-web/studies HTTP/1.1`, `Host: 127.0.0.1:${node.webPort}`, ...headers, '', ''].join('\r\n')
