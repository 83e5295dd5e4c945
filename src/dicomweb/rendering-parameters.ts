/** How an image is asked for on the web: parameters of rendered resources (PS3.18 8.3.5) and thumbnails, as values.
 *
 *  Promises: what is malformed or out of range is refused with the parameter named; parameters that are not known here change nothing and are told
 *  (PS3.18 8.3). Sizes in pixels.
 *  Does not: know the image; what is outside of it is found when it is drawn.
 *  Errors: WebRefusal 400. */
import { WebRefusal } from './web-service.ts'

export type WindowFunction = 'linear' | 'linear-exact' | 'sigmoid'

/** PS3.3 C.11.2.1.2 */
export interface Window {
  readonly center: number
  readonly width: number
  readonly function: WindowFunction
}

export type ImageType = 'image/jpeg' | 'image/png'

/** Of the source, in its pixels; negative width or height: turned over. */
export interface Region {
  readonly left: number
  readonly top: number
  /** Up to the edge where absent. */
  readonly width?: number
  readonly height?: number
}

export interface ImageWish {
  readonly type: ImageType
  /** 1 to 100. */
  readonly quality: number
  /** What it must fit into. */
  readonly viewport?: { readonly width?: number; readonly height?: number }
  readonly region?: Region
  /** Of the source, 0 to 1: left, top, right, bottom. */
  readonly share?: readonly [number, number, number, number]
  /** An sRGB profile is embedded. */
  readonly profile: boolean
}

export interface RenderingParameters extends Omit<ImageWish, 'type'> {
  readonly window?: Window
  /** What was asked and will not be done, for a Warning. */
  readonly ignored: readonly string[]
}

export const DEFAULT_QUALITY = 90
/** Of a viewport. */
export const LARGEST_VIEWPORT = 8192
const KNOWN = new Set(['accept', 'charset', 'viewport', 'window', 'quality', 'annotation', 'iccprofile'])
const ANNOTATIONS = new Set(['patient', 'technique'])
const FUNCTIONS: ReadonlyMap<string, WindowFunction> = new Map([
  ['linear', 'linear'],
  ['linear-exact', 'linear-exact'],
  ['sigmoid', 'sigmoid'],
])

export function renderingParameters(query: URLSearchParams): RenderingParameters {
  const unknown = unknownIn(query, KNOWN)
  const annotation = annotationsOf(query.get('annotation'))
  return {
    ...viewportOf(query.get('viewport')),
    window: windowOf(query.get('window')),
    quality: qualityOf('quality', query.get('quality')),
    profile: profileOf(query.get('iccprofile')),
    ignored: [...(annotation.length === 0 ? [] : ['annotation']), ...unknown],
  }
}

const THUMBNAIL = new Set(['accept', 'viewport'])
const THUMBNAIL_SIDE = 128

/** PS3.18 10.4.1.1.4: of a thumbnail only the size can be asked for. */
export function thumbnailParameters(query: URLSearchParams): RenderingParameters {
  const ignored = unknownIn(query, THUMBNAIL)
  const { viewport = { width: THUMBNAIL_SIDE, height: THUMBNAIL_SIDE }, region } = viewportOf(query.get('viewport'))
  if (region !== undefined) throw new WebRefusal(400, 'viewport: of a thumbnail only width and height can be asked for, as 128,128')
  return { viewport, quality: DEFAULT_QUALITY, profile: false, ignored }
}

/** Refuses what is known and occurs twice. @returns names that are not known, for a Warning */
function unknownIn(query: URLSearchParams, known: ReadonlySet<string>): string[] {
  for (const name of known) if (query.getAll(name).length > 1) throw new WebRefusal(400, `${name}: given more than once`)
  return tellable([...query.keys()].filter((name) => !known.has(name)))
}

const MOST_TOLD = 5

/** Names as a header can carry them: a few, cut short, without what would end it. */
export function tellable(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, MOST_TOLD).map((name) => name.slice(0, 32).replace(/[^\w.-]/g, '_'))
}

/** The Warning (PS3.18 8.3) for what was asked and is not done.
 *  @param before  another one of the same answer */
export function ignoredWarning(ignored: readonly string[], before?: string): Record<string, string> {
  const own = ignored.length === 0 ? [] : [`299 ariane "not supported here and ignored: ${ignored.join(', ')}"`]
  const all = [...(before === undefined ? [] : [before]), ...own]
  return all.length === 0 ? {} : { Warning: all.join(', ') }
}

export function qualityOf(name: string, text: string | null): number {
  if (text === null) return DEFAULT_QUALITY
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (quality < 1 || quality > 100) throw new WebRefusal(400, `${name}: expected a whole number from 1 to 100`)
  return quality
}

export function annotationsOf(text: string | null): string[] {
  if (text === null) return []
  const asked = text.split(',').map((one) => one.trim())
  const unknown = asked.find((one) => !ANNOTATIONS.has(one))
  if (unknown !== undefined) throw new WebRefusal(400, 'annotation: expected patient, technique or both, joined by a comma')
  return asked
}

/** PS3.18 8.3.5.1.3: `vw,vh` or `vw,vh,sx,sy,sw,sh`, of which the last four may be empty. */
function viewportOf(text: string | null): Pick<ImageWish, 'viewport' | 'region'> {
  if (text === null) return {}
  const parts = text.split(',')
  if (parts.length !== 2 && parts.length !== 6) {
    throw new WebRefusal(400, 'viewport: expected vw,vh or vw,vh,sx,sy,sw,sh, where the last four may be empty')
  }
  const [width, height] = parts.slice(0, 2).map((part) => sideOf('viewport', part))
  const viewport = { width: width!, height: height! }
  if (parts.length === 2) return { viewport }
  const [left, top, regionWidth, regionHeight] = parts.slice(2).map((part) => (part === '' ? undefined : decimal('viewport', part)))
  if ((left ?? 0) < 0 || (top ?? 0) < 0) throw new WebRefusal(400, 'viewport: sx and sy are at least 0')
  if (regionWidth === 0 || regionHeight === 0) throw new WebRefusal(400, 'viewport: sw and sh are not 0')
  return { viewport, region: { left: left ?? 0, top: top ?? 0, width: regionWidth, height: regionHeight } }
}

/** @returns a length from 1 to {@link LARGEST_VIEWPORT} */
export function sideOf(name: string, text: string): number {
  const side = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (side < 1 || side > LARGEST_VIEWPORT) throw new WebRefusal(400, `${name}: expected whole numbers from 1 to ${LARGEST_VIEWPORT}`)
  return side
}

export function decimal(name: string, text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text)) throw new WebRefusal(400, `${name}: expected decimal numbers`)
  return Number(text)
}

/** PS3.18 8.3.5.1.4 */
function windowOf(text: string | null): Window | undefined {
  if (text === null) return undefined
  const parts = text.split(',')
  if (parts.length !== 2 && parts.length !== 3) throw new WebRefusal(400, 'window: expected center,width,function')
  return checkedWindow('window', decimal('window', parts[0]!), decimal('window', parts[1]!), parts[2] ?? 'linear')
}

/** @param shape  as the standard for the web writes it, or as DICOM attributes do (LINEAR_EXACT) */
export function checkedWindow(name: string, center: number, width: number, shape: string): Window {
  const known = FUNCTIONS.get(shape.toLowerCase().replace('_', '-'))
  if (known === undefined) throw new WebRefusal(400, `${name}: the function is one of ${[...FUNCTIONS.keys()].join(', ')}`)
  if (!(known === 'linear' ? width >= 1 : width > 0))
    throw new WebRefusal(400, `${name}: the width is ${known === 'linear' ? 'at least 1' : 'more than 0'}`)
  return { center, width, function: known }
}

/** PS3.18 8.3.5.1.5 */
function profileOf(text: string | null): boolean {
  if (text === null || text === 'no') return false
  if (text === 'yes' || text === 'srgb') return true
  throw new WebRefusal(400, 'iccprofile: no, yes and srgb are possible here')
}
