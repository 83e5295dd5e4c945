/** One line of the web's table of contents (http.ts). */
import type { ZodType } from 'zod'
import type { WebRight, WebService } from '../dicomweb/web-service.ts'

export interface WebRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/dicom-web/studies/:study` */
  readonly path: string
  /** What the caller must be allowed; `anybody` for what reveals nothing. */
  readonly right: WebRight | 'anybody'
  /** Of the body: read as JSON, checked, and handed over as what it describes. Without it the body comes as a stream. */
  readonly body?: ZodType
  /** For the description of the interface. */
  readonly summary: string
  readonly serve: WebService
}
