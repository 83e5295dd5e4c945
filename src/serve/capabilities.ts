/** What the DICOMweb services here can do (PS3.18 8.9, H): a WADL document, or the same as JSON.
 *
 *  Promises: made of the routes that there are, so that it does not promise others. No patient, no configuration.
 *  @throws WebRefusal 406 */
import { acceptedBy } from '../dicomweb/accept.ts'
import { DICOM_JSON } from '../dicomweb/media-type.ts'
import { type WebAnswer, WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'

/** Of a route. */
export interface Capability {
  readonly method: string
  /** `/dicom-web/studies/:study` */
  readonly path: string
  readonly summary: string
}

const WADL = 'application/vnd.sun.wadl+xml'
const JSON_TYPES = ['application/json', DICOM_JSON]
const BASE = '/dicom-web'

export function capabilities(request: WebRequest, routes: readonly Capability[]): WebAnswer {
  const served = routes
    .filter(({ path }) => path.startsWith(`${BASE}/`) && path !== `${BASE}/`)
    .map(({ method, path, summary }) => ({ method, path: templateOf(path.slice(BASE.length + 1)), summary }))
  for (const { type, weight } of acceptedBy(request)) {
    if (weight === 0) continue
    const body = JSON.stringify({ base: request.base + BASE, resources: served })
    if (JSON_TYPES.includes(type)) return { status: 200, headers: { 'Content-Type': type }, body }
    if ([WADL, 'application/xml', 'text/xml', 'application/*', 'text/*', '*/*'].includes(type))
      return { status: 200, headers: { 'Content-Type': type.endsWith('/xml') ? type : WADL }, body: wadl(request.base + BASE, served) }
  }
  throw new WebRefusal(406, `none of what is accepted can be sent; possible: ${[WADL, 'application/xml', ...JSON_TYPES].join(', ')}`)
}

/** `studies/{study}` */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')
}

function wadl(base: string, served: readonly Capability[]): string {
  const byPath = Map.groupBy(served, ({ path }) => path)
  const resources = [...byPath].map(([path, methods]) => {
    const inside = methods.map(({ method, summary }) => `      <method name="${method}"><doc title="${escaped(summary)}"/></method>`)
    return `    <resource path="${escaped(path)}">\n${inside.join('\n')}\n    </resource>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<application xmlns="http://wadl.dev.java.net/2009/02">
  <resources base="${escaped(base)}/">
${resources.join('\n')}
  </resources>
</application>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
