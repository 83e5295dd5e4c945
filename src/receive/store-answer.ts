/** What is answered to a request to store (PS3.18 10.5.3, I): each instance with what became of it, and one HTTP status for the whole.
 *
 *  200: all are kept; 202: some, or with warnings; 409: none; 413: none, all were too large; 503: none, for want of room. Reasons are those that C-STORE answers
 *  (PS3.4 B.2.3, PS3.18 I.2), with their words as Error Comment (0000,0902). */
import type { JsonElement, JsonItem } from '../dicom/dicom-json.ts'
import type { WebAnswer } from '../dicomweb/web-service.ts'
import { TOO_LARGE } from '../errors.ts'

/** One instance, or a part that was none. */
export interface StoreOutcome {
  readonly sopClassUid?: string | undefined
  readonly sopInstanceUid?: string | undefined
  readonly studyInstanceUid?: string | undefined
  readonly seriesInstanceUid?: string | undefined
  /** As C-STORE answers it. */
  readonly status: number
  readonly errorComment?: string | undefined
}

const RETRY_AFTER_SECONDS = '60'

export const isWarning = ({ status }: StoreOutcome): boolean => status >>> 12 === 0xb
export const isKept = (outcome: StoreOutcome): boolean => outcome.status === 0x0000 || isWarning(outcome)

/** @param service  the address that WADO-RS answers under, without `/studies` */
export function storeAnswer(service: string, outcomes: readonly StoreOutcome[], contentType: string): WebAnswer {
  const status = statusOf(outcomes)
  const headers = { 'Content-Type': contentType, ...(status === 503 && { 'Retry-After': RETRY_AFTER_SECONDS }) }
  return { status, headers, body: Buffer.from(JSON.stringify(moduleOf(service, outcomes))) }
}

function statusOf(outcomes: readonly StoreOutcome[]): number {
  const kept = outcomes.filter(isKept)
  if (kept.length === outcomes.length && !kept.some(isWarning)) return 200
  if (kept.length > 0) return 202
  if (outcomes.every(({ errorComment }) => TOO_LARGE.has(errorComment))) return 413
  return outcomes.every(({ status }) => status >>> 8 === 0xa7) ? 503 : 409
}

function moduleOf(service: string, outcomes: readonly StoreOutcome[]): JsonItem {
  const kept = outcomes.filter(isKept)
  const failed = outcomes.filter((outcome) => !isKept(outcome))
  const studies = new Set(kept.map(({ studyInstanceUid }) => studyInstanceUid))
  const [study] = studies
  return {
    // Of a request that brought several studies there is no one address.
    '00081190': values('UR', studies.size === 1 && study !== undefined ? `${service}/studies/${study}` : undefined),
    ...(failed.length > 0 && { '00081198': { vr: 'SQ', Value: failed.map(failedItem) } }),
    ...(kept.length > 0 && { '00081199': { vr: 'SQ', Value: kept.map((outcome) => keptItem(service, outcome)) } }),
  }
}

function keptItem(service: string, outcome: StoreOutcome): JsonItem {
  const { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance } = outcome
  return {
    '00081150': values('UI', outcome.sopClassUid),
    '00081155': values('UI', instance),
    '00081190': values('UR', `${service}/studies/${study}/series/${series}/instances/${instance}`),
    ...(isWarning(outcome) && { '00081196': { vr: 'US', Value: [outcome.status] }, ...comment(outcome) }),
  }
}

function failedItem(outcome: StoreOutcome): JsonItem {
  return {
    ...comment(outcome),
    '00081150': values('UI', outcome.sopClassUid),
    '00081155': values('UI', outcome.sopInstanceUid),
    '00081197': { vr: 'US', Value: [outcome.status] },
  }
}

const comment = ({ errorComment }: StoreOutcome): JsonItem => (errorComment === undefined ? {} : { '00000902': values('LO', errorComment) })
const values = (vr: string, value: string | undefined): JsonElement => (value === undefined ? { vr } : { vr, Value: [value] })
