/** WADO-URI: one instance by its three identifiers, as a picture or as it is (PS3.18 9, IHE RAD-55).
 *
 *  Promises: of the media types asked for, in their order, the first that there can be. Where none is asked for: a picture of an image of one frame or of
 *  a named frame, application/dicom of everything else (PS3.18 9.1.2.2.1). application/dicom comes in Explicit VR Little Endian (PS3.18 9.4) where it
 *  can be made, else as it is stored; or in the transfer syntax asked for.
 *  Errors: WebRefusal 400 with the parameter named, 404, 406, and as image-renderer.ts. */
import type { Retrievable } from '../../catalog/contract.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../dicom/transfer-syntaxes.ts'
import { isUnchanged } from '../../dicomweb/byte-range.ts'
import { type ImageType, ignoredWarning } from '../../dicomweb/rendering-parameters.ts'
import { type WadoUriParameters, wadoUriParameters } from '../../dicomweb/wado-uri-parameters.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { demandManifest } from '../kos-header.ts'
import { retrieveDicom } from '../wado-instances.ts'
import { instanceOf, targetOf } from '../wado-target.ts'
import { encapsulatedPdf } from './encapsulated-pdf.ts'
import { ENCAPSULATED_PDF, isNeverAnImage } from './never-images.ts'
import { pictureTag, type RenderedParts } from './rendered.ts'

type Form = ImageType | 'application/dicom' | 'application/pdf'

export async function wadoUri(parts: RenderedParts, request: WebRequest): Promise<WebAnswer> {
  const asked = wadoUriParameters(request.query)
  const { study, series, instance: object } = asked
  const named: WebRequest = { ...request, params: { study, series, instance: object } }
  const target = targetOf(named, parts)
  await demandManifest(parts, request, target, 'picture')
  const instance = await instanceOf(parts, target)
  const form = await formOf(parts, asked, instance)
  if (form === 'application/dicom' || form === 'application/pdf') await demandManifest(parts, request, target)
  if (form === 'application/pdf') return encapsulatedPdf(parts.storage, request, instance, [{ type: form, packaging: 'single' }])
  if (form !== 'application/dicom') return picture(parts, request, asked, instance, form)
  if (asked.frame !== undefined) throw new WebRefusal(400, 'frameNumber: a single frame is given as image/jpeg or image/png only')
  const answer = await retrieveDicom(parts, asInstanceRequest(named, asked))
  return { ...answer, headers: { ...answer.headers, ...ignoredWarning(asked.ignored) } }
}

async function formOf({ renderer }: RenderedParts, asked: WadoUriParameters, instance: Retrievable): Promise<Form> {
  const isPdf = instance.sopClassUid === ENCAPSULATED_PDF
  const isPicture = isNeverAnImage(instance.sopClassUid) === undefined
  for (const type of asked.contentTypes) {
    if (type === 'application/dicom' || type === '*/*' || type === 'application/*') return 'application/dicom'
    if (isPdf && type === 'application/pdf') return type
    if (isPicture && type === 'image/png') return type
    if (isPicture && (type === 'image/jpeg' || type === 'image/*')) return 'image/jpeg'
  }
  if (asked.contentTypes.length > 0) throw new WebRefusal(406, `contentType: possible are ${possible(isPdf, isPicture).join(', ')}`)
  if (!isPicture) return 'application/dicom'
  if (asked.frame !== undefined) return 'image/jpeg'
  return (await isSingleFrame(renderer, instance)) ? 'image/jpeg' : 'application/dicom'
}

function possible(isPdf: boolean, isPicture: boolean): string[] {
  return [...(isPicture ? ['image/jpeg', 'image/png'] : []), ...(isPdf ? ['application/pdf'] : []), 'application/dicom']
}

/** What holds no pixels after all, or cannot be read, is none. */
async function isSingleFrame(renderer: RenderedParts['renderer'], instance: Retrievable): Promise<boolean> {
  try {
    return (await renderer.frameCount(instance)) === 1
  } catch (error) {
    if (error instanceof WebRefusal && error.status === 406) return false
    throw error
  }
}

async function picture(
  { renderer }: RenderedParts,
  request: WebRequest,
  { image, window, frame = 1, transferSyntaxUid, ignored }: WadoUriParameters,
  instance: Retrievable,
  type: ImageType,
): Promise<WebAnswer> {
  if (transferSyntaxUid !== undefined) throw new WebRefusal(400, 'transferSyntax: only together with contentType=application/dicom')
  const tag = pictureTag(instance, 'uri', frame, type, image, window)
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache', ...ignoredWarning(ignored) }
  if (isUnchanged(request.headers, tag)) return { status: 304, headers }
  const body = await renderer.render(instance, frame, { ...image, type }, window, request.stopped)
  return { status: 200, headers: { 'Content-Type': type, ...headers }, body }
}

/** The same instance as WADO-RS names it. Of what cannot be made in Explicit VR Little Endian the stored form is better than nothing. */
function asInstanceRequest(request: WebRequest, { transferSyntaxUid }: WadoUriParameters): WebRequest {
  const type = 'application/dicom'
  const accept =
    transferSyntaxUid === undefined
      ? `${type}; transfer-syntax=${EXPLICIT_VR_LITTLE_ENDIAN}, ${type}; transfer-syntax=*; q=0.5`
      : `${type}; transfer-syntax=${transferSyntaxUid}`
  return { ...request, query: new URLSearchParams(), headers: { ...request.headers, accept } }
}
