/** WADO-RS under `/dicom-web` (PS3.18 10.4), and what can be done there (PS3.18 8.9). */
import type { Config } from '../config/settings.ts'
import type { WebAnswer, WebRequest, WebService } from '../dicomweb/web-service.ts'
import { capabilities } from '../serve/capabilities.ts'
import type { Serving } from '../serve/serving.ts'
import { retrieveBulkData } from '../serve/wado-bulk-data.ts'
import { retrieveFrames } from '../serve/wado-frames.ts'
import { retrieveDicom } from '../serve/wado-instances.ts'
import { retrieveMetadata } from '../serve/wado-metadata.ts'
import type { WadoParts } from '../serve/wado-target.ts'
import type { WebRoute } from './web/web-route.ts'

export interface WadoRouteParts {
  config(): Config
  readonly serving: Pick<Serving, 'catalog' | 'storage' | 'aeTitle' | 'listManifests'>
}

export const STUDY = '/dicom-web/studies/:study'
export const SERIES = `${STUDY}/series/:series`
export const INSTANCE = `${SERIES}/instances/:instance`
export const FRAMES = `${INSTANCE}/frames/:frames`

/** A route by which something is retrieved. */
export function getRoute(path: string, summary: string, serve: WebService): WebRoute {
  return { method: 'GET', path, right: 'get', summary, serve }
}

export function wadoRoutes(from: WadoRouteParts): WebRoute[] {
  const parts = wadoPartsOf(from)
  const get = (path: string, summary: string, serve: (parts: WadoParts, request: WebRequest) => Promise<WebAnswer>): WebRoute =>
    getRoute(path, summary, (request) => serve(parts, request))
  return [
    get(STUDY, 'Instances of a study', retrieveDicom),
    get(SERIES, 'Instances of a series', retrieveDicom),
    get(INSTANCE, 'An instance', retrieveDicom),
    get(`${STUDY}/metadata`, 'Metadata of a study', retrieveMetadata),
    get(`${SERIES}/metadata`, 'Metadata of a series', retrieveMetadata),
    get(`${INSTANCE}/metadata`, 'Metadata of an instance', retrieveMetadata),
    get(FRAMES, 'Frames of an image', retrieveFrames),
    get(`${INSTANCE}/bulkdata/*`, 'Bulk data of an instance', retrieveBulkData),
  ]
}

/** @param routes  all that there are */
export function capabilityRoutes(routes: readonly WebRoute[]): WebRoute[] {
  const of = (method: 'GET' | 'OPTIONS', path: string): WebRoute => ({
    method,
    path,
    right: 'anybody',
    summary: 'What can be done here',
    serve: async (request) => capabilities(request, routes),
  })
  return [of('GET', '/dicom-web/'), of('OPTIONS', '/dicom-web/'), of('OPTIONS', '/dicom-web')]
}

export function wadoPartsOf({ config, serving }: WadoRouteParts): WadoParts {
  const { catalog, storage, aeTitle } = serving
  return { catalog, storage, aeTitle, listManifests: () => serving.listManifests(), kosHeader: () => config().web.kosHeader }
}
