/** WADO-RS: metadata of a study, a series or an instance as DICOM JSON (PS3.18 10.4.1.1.2, F.2).
 *
 *  Promises: from the stored headers, with the patient and study values that are in force; an array that is written instance by instance, the next few
 *  read ahead, so that memory does not grow with the study. Large binary values by their address, see wado-bulk-data.ts. One that cannot be read cuts
 *  the answer before its closing bracket. ETag, If-None-Match, HEAD.
 *  Does not: hold metadata, or write XML.
 *  @throws WebRefusal 400, 404, 406, 500 */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Retrievable } from '../catalog/contract.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { acceptedJson } from '../dicomweb/accept-json.ts'
import { isUnchanged } from '../dicomweb/byte-range.ts'
import { metadataJson } from '../dicomweb/metadata-json.ts'
import { together } from '../dicomweb/multipart-writer.ts'
import type { WebAnswer, WebRequest } from '../dicomweb/web-service.ts'
import { noteBroken } from './broken-instances.ts'
import { corrected } from './correct-instance.ts'
import { swapBytes, swapUnit } from './element-output.ts'
import { syntaxOf } from './frame-source.ts'
import { withoutBulk } from './header-without-bulk.ts'
import { demandManifest } from './kos-header.ts'
import { openPlainBytes } from './plain-bytes.ts'
import { addressOf } from './wado-frames.ts'
import { brokenInWords, leavingOut, surveyOf, targetOf, type WadoParts } from './wado-target.ts'
import { bodyOf, noBody } from './web-body.ts'

/** Headers that are read while others are sent. */
const AHEAD = 4

export async function retrieveMetadata(parts: WadoParts, request: WebRequest): Promise<WebAnswer> {
  const type = acceptedJson(request)
  const target = targetOf(request, parts)
  await demandManifest(parts, request, target)
  const survey = await surveyOf(parts, target, request.stopped)
  const etag = `W/"${survey.state.slice(0, 32)}-metadata"`
  const { status, warning } = leavingOut(brokenInWords(survey))
  const headers = { ETag: etag, Vary: 'Accept', ...warning }
  if (isUnchanged(request.headers, etag)) return { status: 304, headers }
  const answer = { status, headers: { ...headers, 'Content-Type': type } }
  if (request.method === 'HEAD') return { ...answer, body: noBody() }
  return { ...answer, body: await bodyOf(together(arrayOf(itemsOf(parts, request, survey.instances()))), request) }
}

async function* itemsOf(parts: WadoParts, request: WebRequest, instances: AsyncGenerator<Retrievable, undefined>): AsyncGenerator<string> {
  const queue: Promise<string>[] = []
  for await (const instance of instances) {
    const item = metadataOf(parts, instance, request.base)
    item.catch((error: unknown) => noteBroken(parts.storage, instance, error)) // told when it is its turn
    queue.push(item)
    if (queue.length > AHEAD) yield await queue.shift()!
  }
  for (const item of queue) yield await item
}

async function* arrayOf(items: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let before = '['
  for await (const item of items) {
    yield Buffer.from(before + item)
    before = ','
  }
  yield Buffer.from(before === '[' ? '[]' : ']')
}

/** @param base  scheme, host and path before `/dicom-web` */
async function metadataOf({ storage, aeTitle }: WadoParts, instance: Retrievable, base: string): Promise<string> {
  const { transferSyntaxUid, correction } = instance
  const { explicit, littleEndian } = encodingOf(transferSyntaxUid)
  const encoding = { explicit, littleEndian }
  const bytes = await openPlainBytes(storage, instance)
  const { dataSet, bulk } = await withoutBulk(bytes, encoding).finally(() => bytes.close())
  const plainUid = syntaxOf({ explicit: true, littleEndian }) as Retrievable['transferSyntaxUid']
  const asStored = { transferSyntaxUid: plainUid, fileSizeBytes: dataSet.length, dataSetOffset: 0 }
  const open = (): Readable => Readable.from([dataSet], { objectMode: false })
  const changed = correction === undefined ? undefined : await corrected(open, asStored, correction, aeTitle)
  const inForce = changed === undefined ? dataSet : await buffer(changed.open())
  return metadataJson(readDataSet(inForce, plainUid), {
    littleEndian,
    bulkOf: (path) => bulk.get(path) ?? [],
    bulkUrl: `${base}${addressOf(instance)}/bulkdata`,
    swapped: (value, vr) => {
      const copy = Buffer.from(value)
      swapBytes(copy, swapUnit(vr))
      return copy
    },
  })
}
