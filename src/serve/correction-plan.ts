/** What has to change of a stored data set so that it says what is in force of its patient and its study (PS3.3 C.7.1.1, C.7.2.1).
 *
 *  Promises: what the file says is compared as text, without padding; what is the same stays as it is, byte for byte. Where nothing has to change
 *  there is no plan. Of a file that was made out to somebody else, {@link OF_SOMEBODY_ELSE} goes too. Only elements up to the last of those are
 *  read, and only theirs are held.
 *  Does not: look into sequences for copies of a value (Request Attributes, SR content), or at Digital Signatures, which then no longer hold.
 *  Errors: NodeError UNREADABLE, and what the source throws. */
import type { Readable } from 'node:stream'
import type { Correction } from '../catalog/contract.ts'
import { decoderFor, encoderFor } from '../dicom/character-set.ts'
import { itemsToJson, parseJsonItems, writeJsonElements } from '../dicom/dicom-json.ts'
import { vrOf } from '../dicom/dictionary.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { INDEX_ATTRIBUTES, type IndexAttribute } from '../dicom/index-attributes.ts'
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { trimEnd, trimStart } from '../dicom/value-representations.ts'
import { ElementCopier } from './element-copier.ts'
import type { Encoding } from './element-output.ts'
import { ElementStream } from './element-stream.ts'
import { SPECIFIC_CHARACTER_SET } from './element-vr.ts'

/** Present in every data set, empty where unknown (type 2); others are left out then. */
const TYPE_2 = new Set([
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'StudyID',
  'ReferringPhysicianName',
])

/** Attributes of the Patient, Patient Identification, Demographic and Medical Modules that the index does not have, and that would say something
 *  about the wrong person (PS3.3 C.7.1.1, C.2.2, C.2.3, C.2.4). */
const OF_SOMEBODY_ELSE = [
  0x00081120, 0x00100022, 0x00100026, 0x00100027, 0x00100033, 0x00100034, 0x00100035, 0x00100050, 0x00100101, 0x00100102, 0x00101000,
  0x00101005, 0x00101040, 0x00101050, 0x00101060, 0x00101080, 0x00101081, 0x00101090, 0x00101100, 0x00102000, 0x00102110, 0x00102150,
  0x00102152, 0x00102154, 0x00102155, 0x00102180, 0x001021a0, 0x001021f0, 0x00102297, 0x00102298, 0x00102299,
]

/** Of one element; several times what the largest of them have. In bytes. */
const LARGEST_ELEMENT = 1024 * 1024
const EXPLICIT_LITTLE_ENDIAN: Encoding = { explicit: true, littleEndian: true }

/** One attribute that changes. */
export interface Change {
  readonly tag: number
  readonly vr: string
  /** The element as it was, header and all; undefined where there was none. */
  readonly former: Buffer | undefined
  /** The former value as text; undefined where absent, empty or a sequence. */
  readonly formerText: string | undefined
  /** The element as it becomes, in the encoding of the data set; empty where it is left out. */
  readonly element: Buffer
}

export interface CorrectionPlan {
  readonly encoding: Encoding
  /** In ascending order of tags; at least one. */
  readonly changes: readonly Change[]
  readonly correction: Correction
}

/** The data set's Specific Character Set cannot express what has to be written. */
export const NEEDS_UTF_8 = Symbol('needs UTF-8')

/** @param open  the data set as stored, not deflated
 *  @returns undefined where the data set says what is in force */
export async function planCorrection(
  open: () => Readable,
  encoding: Encoding,
  correction: Correction,
): Promise<CorrectionPlan | typeof NEEDS_UTF_8 | undefined> {
  const wanted = wantedOf(correction)
  const raw = await headOf(open(), encoding, new Set([SPECIFIC_CHARACTER_SET, ...wanted.keys()]))
  const dataSet = readDataSet(Buffer.concat([...raw.values()]), syntaxOf(encoding))
  const changed = [...wanted].filter(([tag, one]) =>
    one === undefined ? isSaid(dataSet, tag) : sayingOf(dataSet, one.attribute) !== one.value,
  )
  if (changed.length === 0) return undefined
  if (changed.some(([, one]) => one !== undefined && !isExpressible(one.value, one.attribute.vr, dataSet.characterSet))) return NEEDS_UTF_8
  const changes = changed
    .sort(([a], [b]) => a - b)
    .map(([tag, one]): Change => {
      const vr = one?.attribute.vr ?? vrOf(tag) ?? 'UN'
      return {
        tag,
        vr,
        former: raw.get(tag),
        formerText: dataSet.text(tag),
        element: one === undefined ? Buffer.alloc(0) : elementOf(one, encoding, dataSet.characterSet),
      }
    })
  return { encoding, changes, correction }
}

interface Wanted {
  readonly attribute: IndexAttribute
  readonly value: string
}

/** By tag; undefined for what has to go. */
function wantedOf({ values, isOtherPatient }: Correction): Map<number, Wanted | undefined> {
  const wanted = new Map<number, Wanted | undefined>()
  for (const attribute of INDEX_ATTRIBUTES) {
    const value = values[attribute.keyword]
    if (value !== undefined) wanted.set(attribute.tag, { attribute, value })
  }
  if (isOtherPatient) for (const tag of OF_SOMEBODY_ELSE) wanted.set(tag, undefined)
  return wanted
}

/** The elements of these tags as they stand; of several with one tag the first. */
async function headOf(source: Readable, encoding: Encoding, tags: ReadonlySet<number>): Promise<Map<number, Buffer>> {
  const elements = new ElementStream(source, encoding)
  const last = Math.max(...tags)
  const found = new Map<number, Buffer>()
  try {
    for (let element = await elements.next(); element !== undefined && element.header.tag <= last; element = await elements.next()) {
      const { tag } = element.header
      if (!tags.has(tag) || found.has(tag)) await elements.skip(element)
      else found.set(tag, await elements.whole(element, LARGEST_ELEMENT))
    }
    return found
  } finally {
    await elements.close()
  }
}

function syntaxOf({ explicit, littleEndian }: Encoding): string {
  if (!explicit) return IMPLICIT_VR_LITTLE_ENDIAN
  return littleEndian ? EXPLICIT_VR_LITTLE_ENDIAN : EXPLICIT_VR_BIG_ENDIAN
}

function isSaid(dataSet: DataSet, tag: number): boolean {
  return (dataSet.elements.get(tag)?.value.length ?? 0) > 0
}

/** As the index would have it. */
function sayingOf(dataSet: DataSet, { tag, vr }: IndexAttribute): string {
  if (vr === 'SQ') return itemsToJson(dataSet.items(tag)) ?? ''
  const text = trimEnd(dataSet.text(tag) ?? '')
  return vr === 'LT' ? text : trimStart(text)
}

function isExpressible(value: string, vr: string, characterSet: string | undefined): boolean {
  const textVr = vr === 'SQ' ? 'UT' : vr
  return decoderFor(characterSet)(encoderFor(characterSet)(value, textVr), textVr) === value.normalize('NFC')
}

function elementOf({ attribute: { tag, vr, keyword }, value }: Wanted, encoding: Encoding, characterSet: string | undefined): Buffer {
  if (value === '' && !TYPE_2.has(keyword)) return Buffer.alloc(0)
  const writer = new ElementWriter({ explicit: true, encode: encoderFor(characterSet) })
  if (vr === 'SQ')
    writer.sequence(
      tag,
      parseJsonItems(value).map((item) => (into: ElementWriter) => writeJsonElements(into, item)),
    )
  else writer.element(tag, vr, value)
  const copier = new ElementCopier(EXPLICIT_LITTLE_ENDIAN, encoding)
  copier.copy(writer.finish(), 0)
  return copier.output.take()
}
