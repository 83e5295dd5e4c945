/** Where the instances can be had: Retrieve AE Title, Retrieve Location UID and Retrieve URL of each series (PS3.3 C.17.2.1; IHE RAD
 *  TF-2 4.68.4.1.2.1.1), as the dialect asks for them, and as the caller expects them.
 *  Does not: ask anybody there (verify-manifest.ts). The form of an AE title and of a UID is that of its VR (value-rules.ts). */

import type { EvidenceSeries } from './check-evidence.ts'
import { hasNoValue } from './check-modules.ts'
import type { Dialect } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'
import type { RuleName } from './rules.ts'

export interface ExpectedAccess {
  readonly aeTitle?: string
  readonly retrieveLocationUid?: string
}

const AE_TITLE = 0x00080054
const LOCATION = 0x0040e011
const URL_TAG = 0x00081190
const ANY = [AE_TITLE, URL_TAG, 0x0040e010, LOCATION]

/** Which attribute every series must have, and which rule says so. */
const REQUIRED: Readonly<Record<Dialect, readonly { readonly tag: number; readonly rule: RuleName }[]>> = {
  'xds-i': [
    { tag: AE_TITLE, rule: 'retrieve-ae-title' },
    { tag: LOCATION, rule: 'retrieve-location' },
  ],
  mado: [{ tag: LOCATION, rule: 'mado-required' }],
  drimbox: [{ tag: URL_TAG, rule: 'drimbox-url' }],
}

export function checkAccess(
  root: Item,
  evidence: readonly EvidenceSeries[],
  dialect: Dialect,
  expected: ExpectedAccess,
  findings: Findings,
): void {
  for (const series of evidence) {
    for (const { tag, rule } of REQUIRED[dialect]) {
      if (hasNoValue(series.item, tag)) findings.report(rule, { item: series.item, tag }, 'the attribute is absent or empty')
    }
    checkUrl(series, dialect, findings)
    checkExpected(series.item, expected, findings)
  }
  const others = [root, ...root.items(0x0040a375)]
  for (const item of others) {
    for (const tag of ANY) if (item.has(tag)) findings.report('retrieve-level', { item, tag }, 'the attribute stands at another level')
  }
}

function checkExpected(item: Item, { aeTitle, retrieveLocationUid }: ExpectedAccess, findings: Findings): void {
  const titles = item.values(AE_TITLE)
  if (aeTitle !== undefined && titles.length > 0 && !titles.includes(aeTitle)) {
    findings.report('expected-ae-title', { item, tag: AE_TITLE }, 'the series names another')
  }
  const location = item.text(LOCATION)
  if (retrieveLocationUid !== undefined && location !== undefined && location !== retrieveLocationUid) {
    findings.report('expected-location', { item, tag: LOCATION }, 'the series names another')
  }
}

/** `<base>`, or `<base>/studies/<study>/series/<series>` (PS3.18 10.4). */
function checkUrl({ item, studyInstanceUid, seriesInstanceUid }: EvidenceSeries, dialect: Dialect, findings: Findings): void {
  const text = item.text(URL_TAG)
  if (text === undefined) return
  const place = { item, tag: URL_TAG }
  const fault = faultOfUrl(text)
  if (fault !== undefined) {
    findings.report('url-form', place, fault)
    return
  }
  const { study, series, isBase } = partsOf(text)
  if (dialect === 'drimbox' && series === undefined) findings.report('drimbox-url', place, 'the URL is not that of a series')
  else if (dialect !== 'drimbox' && !isBase) findings.report('url-base', place, 'the URL goes on after its base')
  const isOther = (study !== undefined && study !== studyInstanceUid) || (series !== undefined && series !== seriesInstanceUid)
  if (isOther) findings.report('url-names-other', place, 'the URL names another study or series')
}

function faultOfUrl(text: string): string | undefined {
  if (/\s/.test(text)) return 'there is white space in the URL'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:\/\//i.test(text)) return 'the value is no absolute http or https URL'
  if (url.username !== '' || url.password !== '') return 'the URL holds a user or a password'
  if (url.search !== '' || url.hash !== '' || /[?#]$/.test(text)) return 'the URL has a query or a fragment'
  return undefined
}

function partsOf(url: string): { study?: string; series?: string; isBase: boolean } {
  const tail = /\/studies(?:\/([^/]*))?(?:\/series\/([^/]*))?\/?$/.exec(url)
  return { study: tail?.[1], series: tail?.[2], isBase: !/\/studies(?:\/|$)/.test(url) }
}
