/** What is asked of the node that holds what a manifest refers to: contexts to propose, identifiers of one series (PS3.4 C.4.1.1.3, C.4.2.1.4, C.4.3.1.3).
 *
 *  Does not: open associations, or know addresses ({@link ConnectTo} is handed in). */
import type { AeTitle } from '../dicom/ae-title.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { STUDY_ROOT_MOVE } from '../dicom/sop-classes.ts'
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import type { OutboundAssociation } from '../dimse/contract.ts'
import { statusInHex } from '../errors.ts'

/** One presentation context to propose (PS3.8 9.3.2.2). */
export interface ContextToPropose {
  readonly abstractSyntax: string
  readonly transferSyntaxes: readonly string[]
  readonly asScp?: boolean
}

/** Opens an association with the node of that AE title.
 *  @throws Error where nobody knows its address, or it does not answer */
export type ConnectTo = (aeTitle: AeTitle, contexts: readonly ContextToPropose[]) => Promise<OutboundAssociation>

/** A series as a manifest names it. */
export interface SeriesUids {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
}

/** UIDs in one identifier: some peers cannot take longer lists. */
const UIDS_AT_ONCE = 100

/** Implicit VR Little Endian: what every node must take. */
export function queryContext(sopClassUid: string): ContextToPropose {
  return { abstractSyntax: sopClassUid, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] }
}

/** IMAGE level, in Implicit VR Little Endian.
 *  @param sopInstanceUids  joined by backslash; '' asks for all, with their SOP classes: for C-FIND only */
export function imageIdentifier(series: SeriesUids, sopInstanceUids: string): Buffer {
  const to = new ElementWriter({ explicit: false })
  if (sopInstanceUids === '') to.element(0x00080016, 'UI', '')
  return to
    .element(0x00080018, 'UI', sopInstanceUids)
    .element(0x00080052, 'CS', 'IMAGE')
    .element(0x0020000d, 'UI', series.studyInstanceUid)
    .element(0x0020000e, 'UI', series.seriesInstanceUid)
    .finish()
}

/** The whole series, in Implicit VR Little Endian. */
export function seriesIdentifier(series: SeriesUids): Buffer {
  return new ElementWriter({ explicit: false })
    .element(0x00080052, 'CS', 'SERIES')
    .element(0x0020000d, 'UI', series.studyInstanceUid)
    .element(0x0020000e, 'UI', series.seriesInstanceUid)
    .finish()
}

export function* portions(uids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < uids.length; start += UIDS_AT_ONCE) yield uids.slice(start, start + UIDS_AT_ONCE)
}

export async function end(association: OutboundAssociation): Promise<void> {
  await association.release().catch(() => association.abort())
}

const FAILED_SOP_INSTANCE_UID_LIST = 0x00080058

/** What a C-MOVE has asked for in one request.
 *  @returns its answer, and which of the UIDs could not be sent as it says (PS3.4 C.4.2.1.4.2) */
export async function move(
  association: OutboundAssociation,
  series: SeriesUids,
  uids: readonly string[],
  destination: AeTitle,
): Promise<Awaited<ReturnType<OutboundAssociation['move']>> & { readonly failed: ReadonlySet<string> }> {
  const answer = await association.move(STUDY_ROOT_MOVE, imageIdentifier(series, uids.join('\\')), destination)
  return { ...answer, failed: new Set(readDataSet(answer.identifier, IMPLICIT_VR_LITTLE_ENDIAN).values(FAILED_SOP_INSTANCE_UID_LIST)) }
}

/** `status A701 (Error Comment)`; undefined for success. */
export function failureIn(answer: { status?: number; errorComment?: string }): string | undefined {
  if (answer.status === 0x0000) return undefined
  const status = statusInHex(answer.status ?? 0xffff)
  return `status ${status}${answer.errorComment === undefined ? '' : ` (${answer.errorComment})`}`
}
