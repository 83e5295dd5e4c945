/** Whether a request on the web is meant for this node and comes from where it may: before anybody asks who calls.
 *
 *  Promises: a Host that is no name of this node is refused (DNS rebinding), so is what could be read in two ways (two Hosts, an absolute
 *  URL); what changes something is refused where a browser says that a page of another origin sends it, unless `web.cors` lists that
 *  origin, and in every form that a plain HTML form can send. What a page of another origin loads as its own part (an image, a script) is
 *  refused, too: it could not see it, but make us work, or tell from the time that it takes whether it is there. Links lead here.
 *  Errors: WebRefusal 400, 403, 415, 421. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../../config/settings.ts'
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { canonicalAddress, isLoopback } from '../access.ts'

type Web = Config['web']

/** `name`, `name:port`, `1.2.3.4`, `[::1]:8112` */
const HOST = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,253}))(?::\d{1,5})?$/i
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Sec-Fetch-Site (Fetch Metadata Request Headers, 2.4) of what is ours, or of no page. */
const OWN_SITES = new Set<unknown>([undefined, 'same-origin', 'none'])
/** What an HTML form sends (HTML, 4.10.21.8). */
const OF_FORMS = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)(?:[;\s]|$)/i
/** Headers of which a second one may be read by a proxy and not by us. */
const SINGLE = ['host', 'authorization', 'origin', 'content-type']

export function admitRequest(request: IncomingMessage, web: Web): void {
  demandOneMeaning(request)
  demandOurName(request, web)
  if (READS.has(request.method ?? '')) demandWelcomePart(request, web)
  else demandNoForeignChange(request, web)
}

function demandNoForeignChange(request: IncomingMessage, web: Web): void {
  demandOurOrigin(request, web)
  if (OF_FORMS.test(request.headers['content-type'] ?? ''))
    throw new WebRefusal(415, 'a plain form changes nothing here: expected the content type that the interface describes')
}

/** Without port and brackets, in small letters. @returns undefined where it is none */
export function hostNameOf(host: string | undefined): string | undefined {
  const found = HOST.exec(host ?? '')
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, '')
}

export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || (isIP(name) !== 0 && isLoopback(canonicalAddress(name)))
}

/** Whether the page that asks may use what it gets: one of ours, or of `web.cors`. For images that a page shows the browser tells its origin
 *  in Referer only. */
export function isListedPage(headers: IncomingMessage['headers'], { cors }: Web): boolean {
  const origin = headers.origin ?? URL.parse(headers.referer ?? '')?.origin
  return origin !== undefined && cors.includes(origin)
}

/** Scheme and host by which the caller came here: what X-Forwarded-Proto and -Host of a trusted proxy say (Fastify knows which are), in so far as it
 *  is a scheme and a host. */
export function addressAsked({ protocol, host, headers, raw }: FastifyRequest): string {
  if ((protocol === 'http' || protocol === 'https') && hostNameOf(host) !== undefined) return `${protocol}://${host}`
  return `${'encrypted' in raw.socket ? 'https' : 'http'}://${headers.host}`
}

function demandOneMeaning({ url = '', method, rawHeaders }: IncomingMessage): void {
  if (!url.startsWith('/') && !(method === 'OPTIONS' && url === '*')) throw new WebRefusal(400, 'expected an address that begins with /')
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  for (const name of SINGLE)
    if (names.indexOf(name) !== names.lastIndexOf(name)) throw new WebRefusal(400, `found the header ${name} twice, expected it once`)
}

function demandOurName({ headers, socket }: IncomingMessage, web: Web): void {
  const name = hostNameOf(headers.host)
  if (name === undefined) throw new WebRefusal(400, 'expected a header Host with a name or address and perhaps a port')
  const ours = [...(isIP(web.host) === 0 ? [web.host] : []), ...web.hosts, web.publicUrl && new URL(web.publicUrl).host]
  if (isLoopbackName(name) || ours.some((one) => hostNameOf(one) === name)) return
  if (isIP(name) !== 0 && canonicalAddress(name) === canonicalAddress(socket.localAddress ?? '')) return
  throw new WebRefusal(421, `this node is not called ${name.slice(0, 100)}: names of it are in web.publicUrl and web.hosts`)
}

function demandWelcomePart({ method, headers }: IncomingMessage, web: Web): void {
  if (method === 'OPTIONS' || OWN_SITES.has(headers['sec-fetch-site']) || headers['sec-fetch-mode'] === 'navigate') return
  if (!isListedPage(headers, web)) throw new WebRefusal(403, 'a page of another origin may use nothing from here: it is not in web.cors')
}

function demandOurOrigin({ headers, socket }: IncomingMessage, web: Web): void {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (origin === undefined) {
    if (OWN_SITES.has(site)) return
    throw new WebRefusal(403, 'a page of another site may change nothing here: its origin is not in web.cors')
  }
  const page = URL.parse(origin)
  const isEncrypted = 'encrypted' in socket
  const isOurs =
    page !== null &&
    ((page.host === URL.parse(`${page.protocol}//${host}`)?.host &&
      (page.protocol === 'https:' || (page.protocol === 'http:' && !isEncrypted))) ||
      (web.publicUrl !== undefined && page.origin === new URL(web.publicUrl).origin))
  if (!isOurs && !web.cors.includes(origin))
    throw new WebRefusal(403, 'a page of another origin may change nothing here: it is not in web.cors')
}
