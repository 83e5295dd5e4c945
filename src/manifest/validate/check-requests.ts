/** Referenced Request Sequence (0040,A370) and the accession number at the root (PS3.3 C.17.6.2; MADO 6.X.2.6, 6.X.2.8): one number
 *  stands at both places, several in the requests only. What each item must hold is in iod-tables.ts.
 *  Issuers of every kind: an OID where the type says so (PS3.3 10.14, 10.17). */
import { isStrictUid } from '../../dicom/uid.ts'
import type { Dialect } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

const ACCESSION = 0x00080050
const REQUESTS = 0x0040a370

export function checkRequests(root: Item, dialect: Dialect, findings: Findings): void {
  const requests = root.items(REQUESTS)
  const study = root.text(0x0020000d)
  const seen = new Set<string>()
  for (const request of requests) {
    const named = request.text(0x0020000d)
    if (named !== undefined && study !== undefined && named !== study) {
      findings.report('request-study', { item: request, tag: 0x0020000d }, 'the request is for another study')
    }
    const pair = JSON.stringify([request.text(ACCESSION), request.text(0x00402016), request.text(0x00401001)])
    if (seen.has(pair)) findings.report('request-twice', { item: request }, 'there is an item for them already')
    seen.add(pair)
  }
  checkAccession(root, requests, dialect, findings)
}

function checkAccession(root: Item, requests: readonly Item[], dialect: Dialect, findings: Findings): void {
  const atRoot = root.text(ACCESSION)
  const numbers = new Set(requests.map((request) => request.text(ACCESSION)).filter((number) => number !== undefined))
  const place = { item: root, tag: ACCESSION }
  const severity = dialect === 'mado' ? ({ severity: 'error' } as const) : {}
  if (requests.length === 0) {
    if (atRoot !== undefined && dialect !== 'mado')
      findings.report('request-missing', { item: root, tag: REQUESTS }, 'there is an accession number and no request')
  } else if (numbers.size > 1 && atRoot !== undefined) {
    findings.report('accession-several', place, `the requests name ${numbers.size}, the root one`, severity)
  } else if (numbers.size === 1 && atRoot !== undefined && !numbers.has(atRoot)) {
    findings.report('accession-differs', place, 'the root names another than the request')
  } else if (numbers.size === 1 && atRoot === undefined && root.has(ACCESSION) && dialect !== 'drimbox') {
    findings.report('accession-root-empty', place, 'the root has none, the requests one', severity)
  }
}

/** Each holder of an issuer: the item, and the sequence in it. */
const ISSUERS = [0x00100024, 0x00080051]
const ISSUERS_OF_REQUEST = [0x00080051, 0x00400026, 0x00400027]

export function checkIssuers(root: Item, findings: Findings): void {
  const issuers = [
    ...ISSUERS.flatMap((tag) => root.items(tag)),
    ...root.items(0x00101002).flatMap((other) => other.items(0x00100024)),
    ...root.items(REQUESTS).flatMap((request) => ISSUERS_OF_REQUEST.flatMap((tag) => request.items(tag))),
  ]
  for (const issuer of issuers) {
    const id = issuer.text(0x00400032)
    const isOther = id !== undefined && issuer.text(0x00400033) === 'ISO' && !isStrictUid(id)
    if (isOther) findings.report('issuer-iso', { item: issuer, tag: 0x00400032 }, 'the identifier is no OID')
  }
}
