/** Which ways lead to a series of a manifest, best first: its Retrieve URL (0008,1190), its Retrieve AE Titles (0008,0054), its Retrieve Location UID (0040,E011).
 *
 *  Promises: a Retrieve URL is understood as a base URI (IHE RAD MADO) and as the URL of the series (DRIMbox): it is cut at `/studies`. What leads nowhere is
 *  told, with its reason. Each way once. PS3.3 C.17.2.1, IHE RAD TF-2 4.68.4.1.2.1.1. */
import { type AeTitle, parseAeTitle } from '../../dicom/ae-title.ts'
import type { ReadSeries } from '../read-manifest.ts'

export type Via = 'c-get' | 'c-move' | 'wado'

export type Way =
  | { readonly kind: 'wado'; readonly base: URL; readonly by: NamedBy }
  | { readonly kind: 'c-get' | 'c-move'; readonly aeTitle: AeTitle; readonly by: NamedBy }

export type NamedBy = 'Retrieve URL' | 'Retrieve AE Title' | 'Retrieve Location UID'

/** Where the holder of a Retrieve Location UID can be asked: setting `retrieve.locations`. */
export interface Location {
  readonly locationUid: string
  readonly url?: string | undefined
  readonly aeTitle?: AeTitle | undefined
}

export interface WaySettings {
  readonly locations: readonly Location[]
  /** Whether we know the address of that node. */
  readonly isKnown: (aeTitle: AeTitle) => boolean
  /** This one only. */
  readonly via?: Via | undefined
}

export interface NoWay {
  readonly way: string
  readonly why: string
}

export interface Ways {
  readonly ways: readonly Way[]
  readonly none: readonly NoWay[]
}

export function waysTo(series: ReadSeries, settings: WaySettings): Ways {
  const found = new FoundWays(settings)
  if (series.retrieveUrl !== undefined) found.url(series.retrieveUrl, 'Retrieve URL')
  for (const title of series.retrieveAeTitles) found.aeTitle(title, 'Retrieve AE Title')
  const uid = series.retrieveLocationUid
  if (uid !== undefined) {
    const location = settings.locations.find((one) => one.locationUid === uid)
    if (location === undefined) found.none.push({ way: `Retrieve Location UID ${uid}`, why: 'not in retrieve.locations' })
    if (location?.url !== undefined) found.url(location.url, 'Retrieve Location UID')
    if (location?.aeTitle !== undefined) found.aeTitle(location.aeTitle, 'Retrieve Location UID')
  }
  if (found.ways.size === 0 && found.none.length === 0) {
    found.none.push({ way: 'any', why: 'the manifest names no Retrieve URL, Retrieve AE Title or Retrieve Location UID' })
  }
  return { ways: [...found.ways.values()], none: found.none }
}

class FoundWays {
  readonly ways = new Map<string, Way>()
  readonly none: NoWay[] = []
  readonly #settings: WaySettings

  constructor(settings: WaySettings) {
    this.#settings = settings
  }

  url(text: string, by: NamedBy): void {
    const { via } = this.#settings
    const base = baseUri(text)
    if (base === undefined) this.none.push({ way: by, why: `no URL that can be followed: ${printable(text)}` })
    else if (via !== undefined && via !== 'wado') this.none.push({ way: `WADO-RS at ${base.host}`, why: `only ${via} was asked for` })
    else this.#add({ kind: 'wado', base, by })
  }

  aeTitle(text: string, by: NamedBy): void {
    const { via, isKnown } = this.#settings
    const aeTitle = parseAeTitle(text)
    if (aeTitle === undefined) this.none.push({ way: by, why: `no AE title: ${printable(text)}` })
    else if (via === 'wado') this.none.push({ way: `C-GET from ${aeTitle}`, why: 'only wado was asked for' })
    else if (!isKnown(aeTitle))
      this.none.push({ way: `C-GET from ${aeTitle}`, why: 'no peer of that AE title has an address (ariane peer add)' })
    else this.#add({ kind: via ?? 'c-get', aeTitle, by })
  }

  #add(way: Way): void {
    const key = nameOf(way)
    if (!this.ways.has(key)) this.ways.set(key, way)
  }
}

export function nameOf(way: Way): string {
  if (way.kind === 'wado') return `WADO-RS at ${way.base.host}${way.base.pathname.replace(/\/$/, '')}`
  return way.kind === 'c-get' ? `C-GET from ${way.aeTitle}` : `C-MOVE from ${way.aeTitle} to this node`
}

/** Up to `/studies`; a query stays. @returns undefined for anything but http and https, and for a URL with a user name or a password in it */
export function baseUri(text: string): URL | undefined {
  const url = /\s/.test(text) ? null : URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined
  url.pathname = url.pathname.replace(/\/studies(?:\/(?:[0-9.]+(?:\/.*)?)?)?$/, '')
  url.hash = ''
  return url
}

function printable(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
