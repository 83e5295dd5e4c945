/** The requests that a study answers: items of Referenced Request Sequence (0040,A370) (PS3.3 C.17.6.2, Table C.17-3c).
 *
 *  Promises: one request for each pair of accession number and placer order number found in Request Attributes Sequence (0040,0275) of
 *  the series; a series without it counts for the accession number of its study (General Study). Sorted, so that the same study
 *  gives the same items. A pair without placer order is left out where the same accession number has one.
 *  Does not: invent an accession number where there is none. */
import type { EvidenceSeries } from '../catalog/contract.ts'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { type Code, codesFrom } from './codes.ts'
import { fitValue } from './fit-value.ts'
import { type Issuer, issuerFrom } from './issuer.ts'
import { type JsonItem, nestedItems, storedItems, textIn } from './stored-items.ts'

export type { Code }

export interface Request {
  readonly accessionNumber?: string
  readonly issuerOfAccessionNumber?: Issuer
  readonly placerOrderNumber?: string
  readonly orderPlacer?: Issuer
  readonly fillerOrderNumber?: string
  readonly orderFiller?: Issuer
  readonly requestedProcedureId?: string
  readonly requestedProcedureDescription?: string
  readonly requestedProcedureCodes: readonly Code[]
}

export function requestsOf(study: IndexKeys, series: readonly EvidenceSeries[]): readonly Request[] {
  const ofStudy = requestsOfStudy(study)
  const candidates = series.flatMap((one) => {
    const items = storedItems(one.keys.RequestAttributesSequence)
    return items.length === 0 ? ofStudy : items.map((item) => requestFrom(item, ofStudy))
  })
  return distinct(candidates.filter(saysSomething))
}

/** General Study: its accession number, or several of them where a modality joined them by a backslash. */
function requestsOfStudy(study: IndexKeys): readonly Request[] {
  const issuer = issuerFrom(storedItems(study.IssuerOfAccessionNumberSequence)[0])
  const numbers = (study.AccessionNumber ?? '').split('\\').map((value) => fitValue('SH', value, 'identifier'))
  return numbers
    .filter((value) => value !== undefined)
    .map((accessionNumber) => ({ accessionNumber, issuerOfAccessionNumber: issuer, requestedProcedureCodes: [] }))
}

/** One item of Request Attributes Sequence; where it has no accession number, that of the study if there is exactly one. */
function requestFrom(item: JsonItem, ofStudy: readonly Request[]): Request {
  const own = fitValue('SH', textIn(item, 0x00080050), 'identifier')
  const study = ofStudy.length === 1 ? ofStudy[0] : undefined
  const accessionNumber = own ?? study?.accessionNumber
  const fromStudy = accessionNumber === study?.accessionNumber ? study?.issuerOfAccessionNumber : undefined
  return {
    accessionNumber,
    issuerOfAccessionNumber: issuerFrom(nestedItems(item, 0x00080051)[0]) ?? fromStudy,
    placerOrderNumber: fitValue('LO', textIn(item, 0x00402016), 'identifier'),
    orderPlacer: issuerFrom(nestedItems(item, 0x00400026)[0]),
    fillerOrderNumber: fitValue('LO', textIn(item, 0x00402017), 'identifier'),
    orderFiller: issuerFrom(nestedItems(item, 0x00400027)[0]),
    requestedProcedureId: fitValue('SH', textIn(item, 0x00401001), 'identifier'),
    requestedProcedureDescription: fitValue('LO', textIn(item, 0x00321060)),
    requestedProcedureCodes: codesFrom(nestedItems(item, 0x00321064)),
  }
}

function saysSomething(request: Request): boolean {
  const { requestedProcedureCodes, issuerOfAccessionNumber: _issuer, ...rest } = request
  return requestedProcedureCodes.length > 0 || Object.values(rest).some((value) => value !== undefined)
}

function distinct(candidates: readonly Request[]): readonly Request[] {
  const byPair = new Map<string, Request>()
  for (const request of candidates) {
    const pair = JSON.stringify([request.accessionNumber ?? '', request.placerOrderNumber ?? ''])
    const former = byPair.get(pair)
    byPair.set(pair, former === undefined ? request : filledUp(former, request))
  }
  const withPlacer = new Set([...byPair.values()].filter((one) => one.placerOrderNumber !== undefined).map((one) => one.accessionNumber))
  return [...byPair.entries()]
    .filter(([, request]) => request.placerOrderNumber !== undefined || !withPlacer.has(request.accessionNumber))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, request]) => request)
}

/** What the first one leaves open is taken from the second. */
function filledUp(first: Request, second: Request): Request {
  const known = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== undefined))
  const codes = first.requestedProcedureCodes.length > 0 ? first.requestedProcedureCodes : second.requestedProcedureCodes
  return { ...second, ...known, requestedProcedureCodes: codes }
}
