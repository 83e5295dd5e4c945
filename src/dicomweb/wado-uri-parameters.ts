/** WADO-URI: the parameters of one request (PS3.18 9.1.2, IHE RAD-55), as values.
 *
 *  Promises: parameters in any case of letters (PS3.18 9.1.2 gives theirs, clients differ); what is missing, malformed or contradictory is
 *  refused with the parameter named; parameters that are not known here change nothing and are told (PS3.18 8.3). What is known and not done here (anonymize, presentationUID) is refused, never left out in silence.
 *  Does not: know the instance.
 *  Errors: WebRefusal 400. */
import { parseUid } from '../dicom/uid.ts'
import { annotationsOf, checkedWindow, decimal, type ImageWish, qualityOf, sideOf, tellable, type Window } from './rendering-parameters.ts'
import { WebRefusal } from './web-service.ts'

export interface WadoUriParameters {
  readonly study: string
  readonly series: string
  readonly instance: string
  /** Acceptable media types, lower case, the dearest first; none where it is left to us. */
  readonly contentTypes: readonly string[]
  /** From 1. */
  readonly frame?: number
  readonly window?: Window
  readonly image: Omit<ImageWish, 'type'>
  /** `*`: as it is stored, which is no UID of the standard but what viewers send. */
  readonly transferSyntaxUid?: string
  /** What was asked and will not be done, for a Warning. */
  readonly ignored: readonly string[]
}

const PARAMETERS = [
  'requestType',
  'studyUID',
  'seriesUID',
  'objectUID',
  'contentType',
  'charset',
  'anonymize',
  'annotation',
  'rows',
  'columns',
  'region',
  'windowCenter',
  'windowWidth',
  'frameNumber',
  'imageQuality',
  'presentationUID',
  'presentationSeriesUID',
  'transferSyntax',
] as const
type Name = (typeof PARAMETERS)[number]

const NAMES: ReadonlyMap<string, Name> = new Map(PARAMETERS.map((name) => [name.toLowerCase(), name]))
const MOST_TYPES = 20

export function wadoUriParameters(query: URLSearchParams): WadoUriParameters {
  const { values, unknown } = valuesOf(query)
  if (values.get('requestType') !== 'WADO') throw new WebRefusal(400, 'requestType: expected WADO')
  refuse(values, 'anonymize', 'de-identification is not done here')
  refuse(values, 'presentationUID', 'presentation states are not applied here')
  refuse(values, 'presentationSeriesUID', 'presentation states are not applied here')
  const annotations = annotationsOf(values.get('annotation') ?? null)
  return {
    study: uidOf(values, 'studyUID'),
    series: uidOf(values, 'seriesUID'),
    instance: uidOf(values, 'objectUID'),
    contentTypes: contentTypesOf(values.get('contentType')),
    frame: frameOf(values.get('frameNumber')),
    window: windowOf(values.get('windowCenter'), values.get('windowWidth')),
    image: imageOf(values),
    transferSyntaxUid: transferSyntaxOf(values),
    ignored: [...(annotations.length > 0 ? ['annotation'] : []), ...unknown],
  }
}

function valuesOf(query: URLSearchParams): { values: ReadonlyMap<Name, string>; unknown: string[] } {
  const values = new Map<Name, string>()
  const unknown: string[] = []
  for (const [key, value] of query) {
    const name = NAMES.get(key.toLowerCase())
    if (name === undefined) {
      unknown.push(key)
      continue
    }
    if (values.has(name)) throw new WebRefusal(400, `${name}: given more than once`)
    values.set(name, value.trim())
  }
  return { values, unknown: tellable(unknown) }
}

function refuse(values: ReadonlyMap<Name, string>, name: Name, why: string): void {
  if (values.has(name)) throw new WebRefusal(400, `${name}: ${why}`)
}

function uidOf(values: ReadonlyMap<Name, string>, name: Name): string {
  const value = values.get(name)
  if (value === undefined || value === '') throw new WebRefusal(400, `${name}: must be given`)
  if (parseUid(value) === undefined) throw new WebRefusal(400, `${name}: not a UID`)
  return value
}

function transferSyntaxOf(values: ReadonlyMap<Name, string>): string | undefined {
  const text = values.get('transferSyntax')
  return text === undefined || text === '*' ? text : uidOf(values, 'transferSyntax')
}

function contentTypesOf(text: string | undefined): string[] {
  if (text === undefined) return []
  const types = text.split(',').map((one) => one.split(';')[0]!.trim().toLowerCase())
  if (types.length > MOST_TYPES || types.some((type) => !/^[\w.+*-]+\/[\w.+*-]+$/.test(type))) {
    throw new WebRefusal(400, 'contentType: expected media types, joined by commas')
  }
  return types
}

function frameOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const frame = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (frame < 1) throw new WebRefusal(400, 'frameNumber: expected a whole number from 1 on')
  return frame
}

function windowOf(center: string | undefined, width: string | undefined): Window | undefined {
  if (center === undefined && width === undefined) return undefined
  if (center === undefined || width === undefined) throw new WebRefusal(400, 'windowCenter and windowWidth: both or none must be given')
  return checkedWindow('windowWidth', decimal('windowCenter', center), decimal('windowWidth', width), 'linear')
}

function imageOf(values: ReadonlyMap<Name, string>): Omit<ImageWish, 'type'> {
  const side = (name: 'rows' | 'columns'): number | undefined => {
    const text = values.get(name)
    return text === undefined ? undefined : sideOf(name, text)
  }
  const [height, width] = [side('rows'), side('columns')]
  return {
    viewport: height === undefined && width === undefined ? undefined : { width, height },
    share: shareOf(values.get('region')),
    quality: qualityOf('imageQuality', values.get('imageQuality') ?? null),
    profile: false,
  }
}

/** left, top, right, bottom */
function shareOf(text: string | undefined): ImageWish['share'] {
  if (text === undefined) return undefined
  const [left, top, right, bottom, ...more] = text.split(',').map((part) => decimal('region', part))
  const isInside = [left, top, right, bottom].every((one) => one !== undefined && one >= 0 && one <= 1)
  if (!isInside || more.length > 0 || left! >= right! || top! >= bottom!) {
    throw new WebRefusal(400, 'region: expected left,top,right,bottom from 0 to 1, left of right and top above bottom')
  }
  return [left!, top!, right!, bottom!]
}
