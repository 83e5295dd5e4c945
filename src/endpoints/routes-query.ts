/** QIDO-RS and STOW-RS: searches and storing under `/dicom-web` (PS3.18 10.5.1.1, 10.6.1.1). */
import type { Config } from '../config/settings.ts'
import { type StowParts, storeRequest } from '../receive/stow-rs.ts'
import { QidoRs, type SearchParts } from '../serve/qido-rs.ts'
import type { WebRoute } from './web/web-route.ts'

export type WebServing = Omit<SearchParts, 'mostResults'>
/** Where instances that come by the web go. */
export type WebStoring = Omit<StowParts, 'largestBytes'>

export interface QueryParts {
  config(): Config
  readonly serving: WebServing
  readonly storing: WebStoring
}

const SEARCHES = [
  ['/studies', 'STUDY', 'Search for studies'],
  ['/series', 'SERIES', 'Search for series'],
  ['/instances', 'IMAGE', 'Search for instances'],
  ['/studies/:study/series', 'SERIES', 'Search for the series of a study'],
  ['/studies/:study/instances', 'IMAGE', 'Search for the instances of a study'],
  ['/studies/:study/series/:series/instances', 'IMAGE', 'Search for the instances of a series'],
] as const
const STORES = [
  ['/studies', 'Store instances'],
  ['/studies/:study', 'Store instances of a study'],
] as const

export function queryRoutes({ config, serving, storing }: QueryParts): WebRoute[] {
  const qido = new QidoRs({ ...serving, mostResults: () => config().web.qido.maxResults })
  const stow: StowParts = { ...storing, largestBytes: () => config().storage.maxInstanceBytes }
  return [
    ...SEARCHES.map(
      ([path, level, summary]): WebRoute => ({
        method: 'GET',
        path: `/dicom-web${path}`,
        right: 'find',
        summary,
        serve: (request) => qido.search(level, request),
      }),
    ),
    ...STORES.map(
      ([path, summary]): WebRoute => ({
        method: 'POST',
        path: `/dicom-web${path}`,
        right: 'store',
        summary,
        serve: (request) => storeRequest(stow, request),
      }),
    ),
  ]
}
