/** QIDO-RS: searches under `/dicom-web` (PS3.18 10.6.1.1, table 10.6.1-1). */
import type { Config } from '../config/settings.ts'
import { QidoRs, type SearchParts } from '../serve/qido-rs.ts'
import type { WebRoute } from './web-route.ts'

export type WebServing = Omit<SearchParts, 'mostResults'>

export interface QueryParts {
  config(): Config
  readonly serving: WebServing
}

const SEARCHES = [
  ['/studies', 'STUDY', 'Search for studies'],
  ['/series', 'SERIES', 'Search for series'],
  ['/instances', 'IMAGE', 'Search for instances'],
  ['/studies/:study/series', 'SERIES', 'Search for the series of a study'],
  ['/studies/:study/instances', 'IMAGE', 'Search for the instances of a study'],
  ['/studies/:study/series/:series/instances', 'IMAGE', 'Search for the instances of a series'],
] as const

export function queryRoutes({ config, serving }: QueryParts): WebRoute[] {
  const qido = new QidoRs({ ...serving, mostResults: () => config().web.qido.maxResults })
  return SEARCHES.map(([path, level, summary]) => ({
    method: 'GET',
    path: `/dicom-web${path}`,
    right: 'find',
    summary,
    serve: (request) => qido.search(level, request),
  }))
}
