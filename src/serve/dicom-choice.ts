/** In which transfer syntax an instance goes out as application/dicom, of those that the caller takes (PS3.18 8.7.3.2, 8.7.8).
 *
 *  Promises: the highest weight wins; among equal ones what needs no conversion. Without a parameter `transfer-syntax`, or with `*`, an instance goes as
 *  it is stored. Explicit and Implicit VR Little Endian are made of what can be decoded (decodable.ts).
 *  @throws WebRefusal 406, with what is possible */
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { parseUid } from '../dicom/uid.ts'
import type { MediaRange } from '../dicomweb/accept.ts'
import { DICOM } from '../dicomweb/media-type.ts'
import { WebRefusal } from '../dicomweb/web-service.ts'
import { isConvertible } from './decodable.ts'

export type Form = 'multipart' | 'single'

export interface DicomChoice {
  readonly form: Form
  /** @returns undefined where it is left out */
  syntaxFor(stored: string): string | undefined
}

interface Wanted {
  readonly form: Form
  /** As stored, whatever that is, where it is undefined. */
  readonly syntax: string | undefined
  readonly weight: number
}

/** @param stored        transfer syntaxes of what is asked for
 *  @param isOneInstance  it may go without multipart */
export function chooseDicom(ranges: readonly MediaRange[], stored: readonly string[], isOneInstance: boolean): DicomChoice {
  const wanted = ranges.flatMap((range) => wantedOf(range) ?? []).filter(({ form }) => isOneInstance || form === 'multipart')
  for (const { form, weight } of wanted) {
    const ofForm = wanted.filter((one) => one.form === form)
    const syntaxFor = (syntax: string): string | undefined => bestOf(ofForm, syntax)
    if (weight > 0 && stored.some((syntax) => syntaxFor(syntax) !== undefined)) return { form, syntaxFor }
  }
  throw new WebRefusal(406, `none of what is accepted can be sent; possible: ${possible(stored, isOneInstance).join(', ')}`)
}

function wantedOf({ type, parameters, weight }: MediaRange): Wanted | undefined {
  const asked = parameters.get('transfer-syntax') ?? '*'
  if (asked !== '*' && parseUid(asked) === undefined) return undefined
  const syntax = asked === '*' ? undefined : asked
  if (type === DICOM || type === 'application/*') return { form: 'single', syntax, weight }
  const inside = (parameters.get('type') ?? '*/*').toLowerCase()
  const isDicom = inside === DICOM || inside === 'application/*' || inside === '*/*'
  const isMultipart = type === 'multipart/related' || type === 'multipart/*' || type === '*/*'
  return isMultipart && isDicom ? { form: 'multipart', syntax, weight } : undefined
}

function bestOf(wanted: readonly Wanted[], stored: string): string | undefined {
  const refused = new Set(wanted.filter(({ weight }) => weight === 0).map(({ syntax }) => syntax))
  for (const weight of new Set(wanted.map((one) => one.weight).filter((one) => one > 0))) {
    const taken = wanted.filter((one) => one.weight === weight).map(({ syntax }) => syntax)
    if (taken.includes(stored) || (taken.includes(undefined) && !refused.has(stored))) return stored
    const made = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN].find((syntax) => taken.includes(syntax))
    if (made !== undefined && isConvertible(stored)) return made
  }
  return undefined
}

function possible(stored: readonly string[], isOneInstance: boolean): string[] {
  const made = stored.every(isConvertible) ? [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN] : []
  const syntaxes = ['*', ...new Set([...stored, ...made])]
  const multipart = syntaxes.map((syntax) => `multipart/related; type="${DICOM}"; transfer-syntax=${syntax}`)
  return isOneInstance ? [...multipart, `${DICOM}; transfer-syntax=*`] : multipart
}
