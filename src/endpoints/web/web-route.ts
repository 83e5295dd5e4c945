/** One line of the web's table of contents (http.ts). */
import type { ZodType } from 'zod'
import type { WebRight, WebService } from '../../dicomweb/web-service.ts'

export interface WebRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'
  /** `/dicom-web/studies/:study` */
  readonly path: string
  /** What the caller must be allowed; `anybody` for what reveals nothing. */
  readonly right: WebRight | 'anybody'
  /** Of the body: read as JSON, checked, and handed over as what it describes. Without it the body comes as a stream. */
  readonly body?: ZodType
  /** A right that it needs besides. */
  readonly also?: WebRight
  /** For the description of the interface: what may stand behind `?`, and what is answered (JSON by a schema, or a media type). */
  readonly query?: ZodType
  readonly answer?: ZodType | string
  /** For the description of the interface. */
  readonly summary: string
  readonly serve: WebService
}
