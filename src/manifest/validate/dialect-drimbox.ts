/** What French manifests look like beyond DICOM, as the national test data and proof of concept show it: the INS and who assigned it,
 *  Retrieve URLs of series (check-access.ts), a description of fixed lines. Values of the patient are looked at, never told. */
import type { EvidenceSeries } from './check-evidence.ts'
import { hasNoValue } from './check-modules.ts'
import { KEY_OBJECT_DESCRIPTION } from './codes.ts'
import { insAuthority, isConcept } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

const PATIENT_ID = 0x00100020
const ISSUER_NAME = 0x00100021
const ISSUER = 0x00100024
const TEXT_VALUE = 0x0040a160
const ISSUER_NAMES = new Set(['ASIP-SANTE-INS-NIR', 'ASIP-SANTE-INS-NIA'])

export function checkDrimbox(root: Item, evidence: readonly EvidenceSeries[], findings: Findings): void {
  const place = (tag: number) => ({ item: root, tag })
  checkIdentity(root, findings)
  if (root.items(0x0040a375).length > 1) findings.report('drimbox-one-study', place(0x0040a375), 'the evidence has several items')
  const number = root.text(0x00200011)
  if (number !== undefined && number !== '59') findings.report('drimbox-series-number', place(0x00200011), 'the number is another')
  if (hasNoValue(root, 0x00080201)) findings.report('drimbox-timezone', place(0x00080201), 'the attribute is absent or empty')
  if (!/^[^^]+\^{9}[^^]+$/.test(root.text(0x00080080) ?? ''))
    findings.report('drimbox-institution', place(0x00080080), 'the name has another form')
  checkRequest(root, findings)
  checkDescription(root, evidence, findings)
}

function checkIdentity(root: Item, findings: Findings): void {
  const issuer = root.items(ISSUER)[0]
  const authority = issuer?.text(0x00400032)
  const kind = insAuthority(authority)
  if (issuer === undefined) findings.report('drimbox-ins-issuer', { item: root, tag: ISSUER }, 'nobody is named')
  else if (kind === undefined) findings.report('drimbox-ins-issuer', { item: issuer, tag: 0x00400032 }, 'the authority is another')
  else if (kind === 'test') findings.report('drimbox-ins-test', { item: issuer, tag: 0x00400032 }, 'the authority is one for tests')
  const id = root.text(PATIENT_ID)
  if (id !== undefined && !isIns(id)) findings.report('drimbox-ins', { item: root, tag: PATIENT_ID }, 'the identifier is none')
  if (!ISSUER_NAMES.has(root.text(ISSUER_NAME) ?? ''))
    findings.report('drimbox-issuer-name', { item: root, tag: ISSUER_NAME }, 'the name is another or absent')
  const isRepeated = root.items(0x00101002).some((other) => other.text(PATIENT_ID) === id)
  if (id !== undefined && !isRepeated)
    findings.report('drimbox-repeated-id', { item: root, tag: 0x00101002 }, 'none of its items has the Patient ID')
}

/** 13 characters, digits but for 2A and 2B of Corsica (19 and 18 in the sum), and a key: 97 less the rest by 97. */
function isIns(text: string): boolean {
  if (!/^\d{5}(?:\d\d|2A|2B)\d{6}\d\d$/.test(text)) return false
  const digits = text.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return 97 - Number(BigInt(digits) % 97n) === Number(text.slice(13))
}

function checkRequest(root: Item, findings: Findings): void {
  const requests = root.items(0x0040a370)
  if (requests.length === 0) findings.report('drimbox-request', { item: root, tag: 0x0040a370 }, 'there is no request')
  for (const request of requests) {
    for (const tag of [0x00080050, 0x00080051]) {
      if (hasNoValue(request, tag)) findings.report('drimbox-request', { item: request, tag }, 'the attribute is absent or empty')
    }
  }
}

const SERIES_LINE = /^Série-([0-9.]+) : \S+ @(?: \S.*?)? : .*$/

/** `Examen : …`, `Acte = …` (none or more), `Série-<UID> : <modality> @ <region> : <description>` (region may be empty). */
function checkDescription(root: Item, evidence: readonly EvidenceSeries[], findings: Findings): void {
  const item = root.items(0x0040a730).find((one) => isConcept(one, [KEY_OBJECT_DESCRIPTION]))
  if (item === undefined) {
    findings.report('drimbox-description', { item: root, tag: 0x0040a730 }, 'there is none')
    return
  }
  const text = item.text(TEXT_VALUE)
  if (text === undefined) return
  const place = { item, tag: TEXT_VALUE }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const wrong = lines.findIndex((line, index) => !(index === 0 ? /^Examen : /.test(line) : /^Acte = /.test(line) || SERIES_LINE.test(line)))
  if (wrong !== -1) {
    findings.report('drimbox-description-form', place, `line ${wrong + 1} has another form`)
    return
  }
  const named = lines.map((line) => SERIES_LINE.exec(line)?.[1]).filter((uid) => uid !== undefined)
  const expected = new Set(evidence.map((series) => series.seriesInstanceUid))
  const isSame = named.length === expected.size && named.every((uid) => expected.has(uid)) && new Set(named).size === named.length
  if (!isSame)
    findings.report('drimbox-description-series', place, `the text has ${named.length} series, the evidence ${expected.size}, or others`)
}
