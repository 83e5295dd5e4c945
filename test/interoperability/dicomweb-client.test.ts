/** dicomweb-client (npm), in a real browser and from another origin: every call that it has. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { storescu } from '../support/dcmtk.ts'
import { type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'

const LIBRARY = readFileSync(join(PROJECT, 'node_modules/dicomweb-client/build/dicomweb-client.js'))

/** What the library puts into the page. */
interface Library {
  readonly api: { readonly DICOMwebClient: new (options: { url: string }) => Record<string, (options: unknown) => unknown> }
}

describeCorpus('dicomweb-client', () => {
  let node: NodeProcess
  let origin: Server
  let browser: Browser
  let page: Page
  const ct = corpusFiles().find(({ row, transferSyntaxUid }) => row.modality === 'CT' && transferSyntaxUid === '1.2.840.10008.1.2.1')!
  const other = corpusFiles().find(({ row, studyInstanceUid }) => row.modality === 'MR' && studyInstanceUid !== ct.studyInstanceUid)!
  const of = { studyInstanceUID: ct?.studyInstanceUid, seriesInstanceUID: ct?.seriesInstanceUid, sopInstanceUID: ct?.sopInstanceUid }

  /** Calls a method in the browser. @returns what it gives; buffers as { bytes, sha256 } */
  const call = (method: string, options: object): Promise<unknown> =>
    page.evaluate(
      async ({ url, method, options }) => {
        const { api } = (globalThis as unknown as { DICOMwebClient: Library }).DICOMwebClient
        const client = new api.DICOMwebClient({ url })
        const plain = async (value: unknown): Promise<unknown> => {
          if (Array.isArray(value)) return Promise.all(value.map(plain))
          if (!(value instanceof ArrayBuffer)) return value
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', value))
          return { bytes: value.byteLength, sha256: [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') }
        }
        return plain(await client[method]!(options))
      },
      { url: `${node.webUrl}/dicom-web`, method, options },
    )

  beforeAll(async () => {
    origin = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>elsewhere</title>'))
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
    node = await startNode({ settings: { web: { cors: [url] } } })
    await storescu(node, [ct.path])
    browser = await openBrowser()
    page = await browser.newPage()
    await page.goto(url)
    await page.addScriptTag({ content: LIBRARY.toString() })
  })
  afterAll(async () => {
    await browser?.close()
    origin?.close()
    await node?.stop()
  })

  it('searchForStudies, searchForSeries, searchForInstances', async () => {
    const uid = (tag: string) => (found: Record<string, { Value: string[] }>) => found[tag]!.Value[0]
    const search = async (method: string, options: object, tag: string) =>
      ((await call(method, options)) as Record<string, { Value: string[] }>[]).map(uid(tag))
    expect(await search('searchForStudies', { queryParams: { StudyInstanceUID: ct.studyInstanceUid } }, '0020000D')).toEqual([
      ct.studyInstanceUid,
    ])
    expect(await search('searchForSeries', { studyInstanceUID: ct.studyInstanceUid }, '0020000E')).toEqual([ct.seriesInstanceUid])
    expect(await search('searchForInstances', of, '00080018')).toEqual([ct.sopInstanceUid])
  })

  it.each(['retrieveStudyMetadata', 'retrieveSeriesMetadata', 'retrieveInstanceMetadata'])('%s', async (method) => {
    const [first] = [await call(method, of)].flat() as Record<string, { Value: unknown[] }>[]
    expect(first!['00080018']!.Value).toEqual([ct.sopInstanceUid])
  })

  it('retrieveInstance, retrieveSeries, retrieveStudy: one file each', async () => {
    for (const method of ['retrieveInstance', 'retrieveSeries', 'retrieveStudy']) {
      const [file] = [await call(method, of)].flat() as { bytes: number }[]
      expect(file!.bytes).toBeGreaterThan(ct.sizeBytes * 0.95)
    }
  })

  it('retrieveInstanceFrames and retrieveBulkData: the same pixels', async () => {
    const [frame] = (await call('retrieveInstanceFrames', { ...of, frameNumbers: [1] })) as { sha256: string }[]
    const [metadata] = [await call('retrieveInstanceMetadata', of)].flat() as Record<string, { BulkDataURI?: string }>[]
    const [bulk] = [await call('retrieveBulkData', { BulkDataURI: metadata!['7FE00010']!.BulkDataURI })].flat() as { sha256: string }[]
    expect(bulk!.sha256).toBe(frame!.sha256)
  })

  it('retrieveInstanceRendered, retrieveInstanceFramesRendered, and both thumbnails: JPEG', async () => {
    const calls: [string, object][] = [
      ['retrieveInstanceRendered', { ...of, mediaTypes: [{ mediaType: 'image/jpeg' }] }],
      ['retrieveInstanceFramesRendered', { ...of, frameNumbers: [1], mediaTypes: [{ mediaType: 'image/jpeg' }] }],
      ['retrieveInstanceThumbnail', of],
      ['retrieveInstanceFramesThumbnail', { ...of, frameNumbers: [1] }],
    ]
    for (const [method, options] of calls) {
      const [image] = [await call(method, options)].flat() as { bytes: number }[]
      expect(image!.bytes, method).toBeGreaterThan(500)
    }
  })

  it('buildInstanceWadoURIUrl: a URL that leads to the file', async () => {
    const url = await page.evaluate(
      ({ wado, of }) => {
        const { api } = (globalThis as unknown as { DICOMwebClient: Library }).DICOMwebClient
        const client = new api.DICOMwebClient({ url: wado })
        return client.buildInstanceWadoURIUrl!({ ...of, contentType: 'application/dicom', transferSyntax: '*' }) as string
      },
      { wado: `${node.webUrl}/wado`, of },
    )
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(
      Buffer.from(await answer.arrayBuffer())
        .subarray(128, 132)
        .toString(),
    ).toBe('DICM')
  })

  it('storeInstances: what it stores is kept', async () => {
    const file = readFileSync(other.path).toString('base64')
    const stored = await page.evaluate(
      async ({ url, file }) => {
        const { api } = (globalThis as unknown as { DICOMwebClient: Library }).DICOMwebClient
        const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0)).buffer
        return new api.DICOMwebClient({ url }).storeInstances!({ datasets: [bytes] })
      },
      { url: `${node.webUrl}/dicom-web`, file },
    )
    expect(stored).toBeDefined()
    const kept = await call('searchForInstances', { studyInstanceUID: other.studyInstanceUid })
    expect(JSON.stringify(kept)).toContain(other.sopInstanceUid)
  })
})
