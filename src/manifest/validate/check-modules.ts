/** The data set against the modules of its IOD (PS3.3 A.35.4.3; tables: iod-tables.ts): types (PS3.5 7.4), number of values and items,
 *  Enumerated Values, what no module has. Evidence, requests and other macros are walked item by item.
 *  Does not: look into the content tree (check-content.ts). */
import { keywordOf, vrOf } from '../../dicom/dictionary.ts'
import { isSingleText } from '../../dicom/value-representations.ts'
import type { Pace } from '../pace.ts'
import { type AttributeRule, kosModules, type Table } from './attribute-rules.ts'
import { CONDITIONS } from './conditions.ts'
import type { Findings } from './finding.ts'
import { FOREIGN_ATTRIBUTES, FOREIGN_GROUPS } from './iod-tables.ts'
import { type Item, tagInWords } from './item.ts'

const SPACE = 0x20
/** Said by rules of their own: SOP class by validate-manifest.ts, template and content by check-document.ts. */
const SEE_ELSEWHERE = new Set([0x0040a160, 0x0040a010])

export async function checkModules(root: Item, findings: Findings, pace: Pace): Promise<void> {
  for (const module of kosModules()) {
    const applies = module.usage === 'M' || module.rules.some(({ tag }) => root.has(tag))
    if (applies) await checkTable(root, module, findings, pace)
  }
  const known = new Set(kosModules().flatMap((module) => [...module.tags]))
  for (const tag of root.elements.keys()) if (!known.has(tag)) noteUnknown(root, tag, findings)
}

/** One item against one table, and the items below it. */
export async function checkTable(item: Item, table: Table, findings: Findings, pace: Pace): Promise<void> {
  const turn = pace.step()
  if (turn !== undefined) await turn
  for (const rule of table.rules) {
    checkRule(item, rule, table.section, findings)
    if (rule.items !== undefined) for (const inner of item.items(rule.tag)) await checkItem(inner, rule.items, findings, pace)
  }
}

/** The same without a turn of the event loop, for one of thousands of small items. @returns false where others are below it: nothing was checked */
export function checkSmallItem(item: Item, table: Table, findings: Findings): boolean {
  if (table.nested.some(({ tag }) => item.has(tag))) return false
  for (const rule of table.rules) checkRule(item, rule, table.section, findings)
  return true
}

function checkRule(item: Item, rule: AttributeRule, section: string, findings: Findings): void {
  if (item.has(rule.tag)) {
    checkPresence(item, rule, section, findings)
    checkContent(item, rule, section, findings)
  } else if (rule.type !== '3') checkPresence(item, rule, section, findings)
}

async function checkItem(item: Item, table: Table, findings: Findings, pace: Pace): Promise<void> {
  await checkTable(item, table, findings, pace)
  for (const tag of item.elements.keys()) {
    if (table.tags.has(tag) || !isStandard(tag) || tag === 0x00080005) continue
    const key = `${item.sequence} ${tag}`
    findings.reportOnce(
      key,
      'not-in-macro',
      { item, tag },
      `items of ${tagInWords(item.sequence)} hold ${keywordOf(tag)}, here for the first time`,
      {
        section: table.section,
      },
    )
  }
}

function checkPresence(item: Item, { tag, type, condition }: AttributeRule, section: string, findings: Findings): void {
  const place = { item, tag }
  const isPresent = item.has(tag)
  const isEmpty = isPresent && hasNoValue(item, tag)
  const found = isPresent ? 'the attribute is empty' : 'the attribute is absent'
  const isRequired = condition !== undefined && CONDITIONS[condition](item)
  if (type === '1' && (!isPresent || isEmpty)) findings.report('type-1', place, found, { section })
  else if (type === '2' && !isPresent) findings.report('type-2', place, found, { section })
  else if (type === '1C' && isRequired && (!isPresent || isEmpty)) findings.report('type-1c', place, found, { section })
  else if (type === '1C' && isEmpty) findings.report('type-1c-empty', place, found, { section })
}

/** No bytes, or padding alone; of a sequence, no item. */
export function hasNoValue(item: Item, tag: number): boolean {
  const element = item.elements.get(tag)
  if (element === undefined) return true
  if (element.vr === 'SQ') return item.items(tag).length === 0
  const first = element.byte(0)
  if (first === undefined || (first === 0 && element.vr === 'UI')) return true
  return first === SPACE && element.value.every((byte) => byte === SPACE)
}

function checkContent(item: Item, rule: AttributeRule, section: string, findings: Findings): void {
  const { tag } = rule
  const element = item.elements.get(tag)
  if (element === undefined) return
  const place = { item, tag }
  if (element.vr === 'SQ') {
    const count = item.items(tag).length
    if (rule.oneItem && count > 1) findings.report('item-count', place, `there are ${count} items`, { section })
    return
  }
  const values = isSingleText(vrOf(tag) ?? '') ? [] : item.values(tag)
  if (!rule.several && values.length > 1) findings.report('multiplicity', place, `there are ${values.length} values`)
  const wrong = rule.enumerated === undefined ? undefined : values.find((value) => !rule.enumerated!.has(value))
  if (wrong === undefined) return
  findings.report('enumerated-value', place, 'the value is none of those that are allowed', {
    section,
    expected: [...rule.enumerated!].join(' or '),
  })
}

function noteUnknown(root: Item, tag: number, findings: Findings): void {
  if (SEE_ELSEWHERE.has(tag)) return
  const module = FOREIGN_GROUPS[tag >>> 16] ?? Object.entries(FOREIGN_ATTRIBUTES).find(([, tags]) => tags.includes(tag))?.[0]
  if (module !== undefined) findings.report('foreign-module', { item: root, tag }, `the attribute is of ${module}`)
  else if (isStandard(tag) && !isRetrieval(tag))
    findings.report('not-in-iod', { item: root, tag }, 'no module of the IOD has the attribute')
}

/** Private elements may stand anywhere. */
function isStandard(tag: number): boolean {
  return (tag & 0x00010000) === 0
}

/** check-access.ts speaks of them. */
function isRetrieval(tag: number): boolean {
  return tag === 0x00080054 || tag === 0x00081190 || tag === 0x0040e010 || tag === 0x0040e011
}
