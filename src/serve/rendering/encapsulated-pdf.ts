/** The document in an Encapsulated PDF (PS3.3 C.24.2) as it is: its rendered form (PS3.18 8.7.4).
 *
 *  Errors: WebRefusal 406; NodeError STORAGE_FAILED. Sizes in bytes. */
import type { Retrievable } from '../../catalog/contract.ts'
import { readDataSet } from '../../dicom/element-reader.ts'
import type { Offer } from '../../dicomweb/rendered-types.ts'
import { type WebAnswer, WebRefusal } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import type { Storage } from '../../storage/contract.ts'

const LARGEST = 64 * 1024 * 1024
const ENCAPSULATED_DOCUMENT = 0x00420011
const DOCUMENT_LENGTH = 0x00420015

export async function encapsulatedPdf(storage: Storage, instance: Retrievable, offers: readonly Offer[]): Promise<WebAnswer> {
  const offer = offers.find(({ type, packaging }) => type === 'application/pdf' && packaging !== 'multipart')
  if (offer === undefined) throw new WebRefusal(406, 'not an image (Encapsulated PDF): possible is application/pdf')
  if (instance.fileSizeBytes > LARGEST) throw new WebRefusal(406, 'the document is too large; retrieve the instance instead')
  const file = await storage.readStart(instance.storageKey, instance.fileSizeBytes)
  const document = documentIn(file.subarray(instance.dataSetOffset), instance.transferSyntaxUid)
  return { status: 200, headers: { 'Content-Type': 'application/pdf', 'Content-Disposition': 'inline' }, body: document }
}

function documentIn(bytes: Buffer, transferSyntaxUid: string): Buffer {
  try {
    const dataSet = readDataSet(bytes, transferSyntaxUid)
    const document = dataSet.elements.get(ENCAPSULATED_DOCUMENT)?.value
    if (document?.toString('latin1', 0, 5) !== '%PDF-') throw new NodeError('UNREADABLE', { why: 'no document that is PDF' })
    const length = Number(dataSet.values(DOCUMENT_LENGTH)[0])
    return length > 0 && length < document.length ? document.subarray(0, length) : document
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    throw new WebRefusal(406, `there is no document in it: ${error.inWords}`, {}, { cause: error })
  }
}
