/** The item of Original Attributes Sequence (0400,0561) that says what an instance said before it was corrected (PS3.3 C.12.1.1.9).
 *
 *  Promises: Modified Attributes Sequence (0400,0550) has every attribute that changed, with its former value; one that was absent is there with
 *  zero length. A sequence is there as a whole (PS3.3 C.12.1.1.9.1). A former value that is not valid for its VR is there with zero length, and as
 *  bytes in Nonconforming Modified Attributes Sequence (0400,0551) (PS3.3 C.12.1.1.9.2). Values are in the character set of the data set.
 *  Source of Previous Values (0400,0564) is empty: who sent an instance is nobody else's business. The time is that of the decision, so that the
 *  same bytes go out each time. */
import { ElementHeader, FORM, ITEM, UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { localDateTime } from '../dicom/time-zone.ts'
import { expectedOf } from '../dicom/value-limits.ts'
import { NodeError } from '../errors.ts'
import type { Change, CorrectionPlan } from './correction-plan.ts'
import { ElementCopier } from './element-copier.ts'
import { type ElementOutput, type Encoding, IMPLICIT_LITTLE_ENDIAN, swapUnit } from './element-output.ts'

export const ORIGINAL_ATTRIBUTES_SEQUENCE = 0x04000561
const MODIFIED_ATTRIBUTES_SEQUENCE = 0x04000550
const NONCONFORMING_MODIFIED_ATTRIBUTES_SEQUENCE = 0x04000551
const NONCONFORMING_DATA_ELEMENT_VALUE = 0x04000552
const ATTRIBUTE_MODIFICATION_DATE_TIME = 0x04000562
const MODIFYING_SYSTEM = 0x04000563
const SOURCE_OF_PREVIOUS_VALUES = 0x04000564
const REASON_FOR_THE_ATTRIBUTE_MODIFICATION = 0x04000565
const SELECTOR_ATTRIBUTE = 0x00720026
const SELECTOR_VALUE_NUMBER = 0x00720028
const UTC = '+0000'

/** The whole element, with the items that are there and one more.
 *  @param present  the element as it is, header and all, if there is one
 *  @param system   Modifying System (0400,0563) */
export function originalAttributes(plan: CorrectionPlan, system: string, present?: Buffer): Buffer {
  const { encoding } = plan
  const isUnknown = present !== undefined && isUnderUnknown(present, encoding)
  const copier = new ElementCopier(encoding, encoding, true)
  const { output } = copier
  let contentAt = 0
  let isDelimited = false
  if (present === undefined) contentAt = begin(output, ORIGINAL_ATTRIBUTES_SEQUENCE, 'SQ')
  else {
    copier.copy(present, 0)
    const header = new ElementHeader()
    const size = header.read(present, 0, present.length, encoding.explicit, encoding.littleEndian)
    contentAt = size
    isDelimited = header.length === UNDEFINED_LENGTH
    if (isDelimited) output.rewind(output.length - 8)
  }
  output.bytes(itemOf(plan, system, isUnknown ? IMPLICIT_LITTLE_ENDIAN : encoding))
  if (isDelimited) output.bytes(present!.subarray(-8))
  else output.closeLength(contentAt)
  return output.take()
}

function isUnderUnknown(present: Buffer, { explicit, littleEndian }: Encoding): boolean {
  const header = new ElementHeader()
  header.read(present, 0, present.length, explicit, littleEndian)
  if (explicit && header.form !== FORM.SEQUENCE && header.form !== FORM.UNKNOWN)
    throw new NodeError('UNREADABLE', { why: 'Original Attributes Sequence is no sequence' })
  return header.form === FORM.UNKNOWN
}

function itemOf({ changes, correction, encoding }: CorrectionPlan, system: string, into: Encoding): Buffer {
  const copier = new ElementCopier(encoding, into, true)
  const { output } = copier
  const item = beginItem(output)
  const modified = begin(output, MODIFIED_ATTRIBUTES_SEQUENCE, 'SQ')
  const formers = beginItem(output)
  for (const change of changes) {
    if (change.former === undefined || !conforms(change, encoding)) output.header(change.tag, change.vr, 0)
    else copier.copy(change.former, 0)
  }
  output.closeLength(formers)
  output.closeLength(modified)
  nonconforming(output, changes, encoding)
  const text = (tag: number, vr: string, value: string) => output.element(tag, vr, Buffer.from(value, 'latin1'), 1)
  text(ATTRIBUTE_MODIFICATION_DATE_TIME, 'DT', dateTime(correction.decidedAt))
  text(MODIFYING_SYSTEM, 'LO', system)
  text(SOURCE_OF_PREVIOUS_VALUES, 'LO', '')
  text(REASON_FOR_THE_ATTRIBUTE_MODIFICATION, 'CS', correction.reason)
  output.closeLength(item)
  return output.take()
}

/** PS3.3 Table 10-20: the attribute, as a whole (value number 0), and its bytes. */
function nonconforming(output: ElementOutput, changes: readonly Change[], encoding: Encoding): void {
  const wrong = changes.filter((change) => change.former !== undefined && !conforms(change, encoding))
  if (wrong.length === 0) return
  const unit = (vr: string) => (output.encoding.littleEndian ? 1 : swapUnit(vr))
  const sequence = begin(output, NONCONFORMING_MODIFIED_ATTRIBUTES_SEQUENCE, 'SQ')
  for (const { tag, former } of wrong) {
    const item = beginItem(output)
    output.element(SELECTOR_ATTRIBUTE, 'AT', Buffer.from(new Uint16Array([tag >>> 16, tag & 0xffff]).buffer), unit('AT'))
    output.element(SELECTOR_VALUE_NUMBER, 'US', Buffer.alloc(2), unit('US'))
    output.element(NONCONFORMING_DATA_ELEMENT_VALUE, 'OB', bytesOf(former!, encoding), 1)
    output.closeLength(item)
  }
  output.closeLength(sequence)
}

/** Of another VR than that of the dictionary, or no text of this VR. */
function conforms({ vr, former, formerText }: Change, { explicit, littleEndian }: Encoding): boolean {
  const header = new ElementHeader()
  header.read(former!, 0, former!.length, explicit, littleEndian)
  if (explicit && header.vr !== vr && header.form !== FORM.UNKNOWN) return false
  return vr === 'SQ' || formerText === undefined || expectedOf(vr, formerText) === undefined
}

function bytesOf(element: Buffer, { explicit, littleEndian }: Encoding): Buffer {
  const header = new ElementHeader()
  return element.subarray(header.read(element, 0, element.length, explicit, littleEndian))
}

function begin(output: ElementOutput, tag: number, vr: string): number {
  output.header(tag, vr, 0)
  return output.length
}

function beginItem(output: ElementOutput): number {
  output.delimiter(ITEM, 0)
  return output.length
}

function dateTime(milliseconds: number): string {
  const { date, time } = localDateTime(UTC, new Date(milliseconds))
  return `${date}${time.slice(0, 6)}${UTC}`
}
