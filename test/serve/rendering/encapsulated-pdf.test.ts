/** A document goes out as it is read: what lies in memory does not grow with it, and nothing is read for who does not take it. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Retrievable } from '../../../src/catalog/contract.ts'
import type { Pieces, WebAnswer, WebRequest } from '../../../src/dicomweb/web-service.ts'
import { encapsulatedPdf } from '../../../src/serve/rendering/encapsulated-pdf.ts'
import type { Storage } from '../../../src/storage/contract.ts'
import { ct, DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, type Overrides, TAG, textOf } from '../../support/data-sets.ts'
import { EVERY_LEVEL } from '../../support/levels.ts'
import { bytesOf } from '../../support/web-body.ts'
import { type Home, openHome } from '../support.ts'

const PDF = '1.2.840.10008.5.1.4.1.1.104.1'
const DOCUMENT = 0x00420011
const LENGTH = 0x00420015
const SIZE = 80 * 1024 * 1024 - 1
let home: Home

beforeAll(async () => {
  home = await openHome()
})
afterAll(() => home.close())

async function keep(document: Buffer, syntax = EXPLICIT_LE, more: Overrides = {}): Promise<Retrievable> {
  const uids: Overrides = { [TAG.SOPClassUID]: ['UI', PDF], [TAG.PixelData]: undefined }
  const elements = ct({ ...uids, [DOCUMENT]: ['OB', document], ...more })
  expect(await home.keep(elements, syntax)).toBe(0)
  const keys = { sopInstanceUids: [textOf(elements, TAG.SOPInstanceUID) as never] }
  return (await home.catalog.retrievables(keys, { levels: EVERY_LEVEL, includeManifests: false }, 1)).items[0]!
}

function request(headers: WebRequest['headers'] = {}, method: 'GET' | 'HEAD' = 'GET'): WebRequest {
  return {
    method,
    params: {},
    query: new URLSearchParams(),
    headers,
    caller: { name: 'reader', rights: new Set(['get']), levels: EVERY_LEVEL },
    stopped: new AbortController().signal,
    base: 'http://127.0.0.1',
  }
}

/** Counts what is read of files, and how many are open. */
function watched(): { storage: Storage; read: () => number; open: () => number } {
  let [read, open] = [0, 0]
  const openBytes: Storage['openBytes'] = async (key, offset) => {
    const source = await home.storage.openBytes(key, offset)
    open += 1
    const close = (): void => {
      open -= 1
      source.close()
    }
    return {
      sizeBytes: source.sizeBytes,
      read: async (into, at) => {
        const done = await source.read(into, at)
        read += done
        return done
      },
      close,
    }
  }
  const storage = Object.create(home.storage, { openBytes: { value: openBytes } }) as Storage
  return { storage, read: () => read, open: () => open }
}

const answered = (storage: Storage, instance: Retrievable, asked = request()): Promise<WebAnswer> =>
  encapsulatedPdf(storage, asked, instance, [{ type: 'application/pdf', packaging: 'single' }])

it('sends a document of 80 MB by windows, each read when the one before is taken', async () => {
  const document = Buffer.alloc(SIZE, 'a page of it, and ')
  document.write('%PDF-1.7\n')
  const instance = await keep(Buffer.concat([document, Buffer.alloc(1)]), EXPLICIT_LE, { [LENGTH]: ['UL', SIZE] })
  const { storage, read, open } = watched()
  const { headers, body } = await answered(storage, instance)
  expect(headers).toMatchObject({ 'Content-Type': 'application/pdf', 'Content-Length': String(SIZE) })
  const { pieces } = body as Pieces
  const hash = createHash('sha256')
  let sent = 0
  for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
    hash.update(piece.value)
    sent += piece.value.length
    // Two windows, and what was looked at to find the place.
    expect(read() - sent).toBeLessThan(3 * 256 * 1024)
  }
  expect([sent, hash.digest('hex'), open()]).toEqual([SIZE, createHash('sha256').update(document).digest('hex'), 0])
})

it('closes the file of whoever goes away, asks for the headers, or has it already', async () => {
  const instance = await keep(Buffer.from(`%PDF-${'x'.repeat(1_000_001)}`))
  const { storage, open } = watched()
  const { body, headers } = await answered(storage, instance)
  await (body as Pieces).pieces.next()
  await (body as Pieces).pieces.return?.()
  const head = await answered(storage, instance, request({}, 'HEAD'))
  expect([head.headers?.['Content-Length'], open()]).toEqual(['1000006', 0])
  expect((await answered(storage, instance, request({ 'if-none-match': headers!.ETag }))).status).toBe(304)
  expect(open()).toBe(0)
})

it('gives ranges, and refuses one beyond the end', async () => {
  const instance = await keep(Buffer.from('%PDF-0123456789'), EXPLICIT_LE, { [LENGTH]: ['UL', 15] })
  const part = await answered(home.storage, instance, request({ range: 'bytes=5-7' }))
  expect([part.status, part.headers?.['Content-Range'], String(await bytesOf(part.body))]).toEqual([206, 'bytes 5-7/15', '012'])
  await expect(answered(home.storage, instance, request({ range: 'bytes=15-' }))).rejects.toMatchObject({ status: 416 })
})

it.each([IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE])('finds it in transfer syntax %s', async (syntax) => {
  const instance = await keep(Buffer.from('%PDF-0123'), syntax, { [LENGTH]: ['UL', 9] })
  expect(String(await bytesOf((await answered(home.storage, instance)).body))).toBe('%PDF-0123')
})

it.each([
  ['something else', Buffer.from('<ClinicalDocument/>')],
  ['nothing', Buffer.alloc(0)],
])('refuses %s, and leaves nothing open', async (_name, document) => {
  const { storage, open } = watched()
  await expect(answered(storage, await keep(document))).rejects.toMatchObject({
    status: 406,
    message: expect.stringContaining('no document'),
  })
  expect(open()).toBe(0)
})
