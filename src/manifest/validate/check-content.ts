/** The content tree, item by item (PS3.3 C.17.3 and C.18; PS3.16 TID 2010): relationships, value types, concept names, values; and
 *  every reference in it, for the comparison with the evidence.
 *
 *  Promises: no recursion; the event loop turns. */
import { referenceValueType, sopClass } from '../../dicom/sop-classes.ts'
import type { Pace } from '../pace.ts'
import { macroNamed } from './attribute-rules.ts'
import { checkSmallItem, checkTable, hasNoValue } from './check-modules.ts'
import { conceptName, KEY_OBJECT_DESCRIPTION, keyOf } from './codes.ts'
import { IMAGE_OR_COMPOSITE, REFERENCES, RELATIONSHIPS, ROOT_CONCEPTS, VALUE_OF, VALUE_TYPES } from './content-rules.ts'
import type { Dialect } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

export interface ContentReference {
  /** Of Referenced SOP Sequence. */
  readonly item: Item
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** Directly below the root: what TID 2010 speaks of. */
  readonly belowRoot: boolean
}

const CONTENT = 0x0040a730
const REFERENCED_SOP = 0x00081199
const CONCEPT_NAME = 0x0040a043
const BY_REFERENCE = 0x0040db73

interface Open {
  readonly item: Item
  readonly source: string
  readonly depth: number
}

export async function checkContent(root: Item, dialect: Dialect, findings: Findings, pace: Pace): Promise<readonly ContentReference[]> {
  const references: ContentReference[] = []
  const macro = macroNamed('CODE')
  const below = (item: Item, source: string, depth: number): Open[] =>
    [...item.items(CONTENT)].reverse().map((inner) => ({ item: inner, source, depth }))
  const open: Open[] = below(root, 'CONTAINER', 1)
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    const valueType = one.item.text(0x0040a040) ?? ''
    checkItem(one, valueType, dialect, findings)
    for (const code of codesOf(one.item, valueType)) {
      const step = pace.step()
      if (step !== undefined) await step
      if (!checkSmallItem(code, macro, findings)) await checkTable(code, macro, findings, pace)
    }
    if (REFERENCES.has(valueType)) references.push(...referencesIn(one.item, valueType, one.depth === 1, findings))
    open.push(...below(one.item, valueType, one.depth + 1))
  }
  checkRoot(root, references, findings)
  return references
}

function checkItem({ item, source, depth }: Open, valueType: string, dialect: Dialect, findings: Findings): void {
  if (item.has(BY_REFERENCE)) {
    findings.report('by-reference', { item, tag: BY_REFERENCE }, 'the item refers to another of the tree')
    return
  }
  const relationship = item.text(0x0040a010) ?? ''
  for (const tag of [0x0040a010, 0x0040a040]) {
    if (hasNoValue(item, tag)) findings.report('type-1', { item, tag }, 'the attribute is absent or empty', { section: 'PS3.3 C.17.3' })
  }
  if (valueType === '') return
  if (!VALUE_TYPES[dialect].has(valueType)) {
    findings.report('value-type', { item, tag: 0x0040a040 }, `the value type is ${quoted(valueType)}`)
  } else if (relationship !== '' && !RELATIONSHIPS[dialect].has(`${source} > ${relationship} > ${valueType}`)) {
    const found = `the relationship is ${quoted(source)} ${quoted(relationship)} ${quoted(valueType)}`
    findings.report('relationship', { item, tag: 0x0040a010 }, found)
  } else if (depth === 1) checkRootConcept(item, `${relationship} > ${valueType}`, dialect, findings)
  checkValue(item, valueType, findings)
  checkName(item, valueType, findings)
}

function checkRootConcept(item: Item, row: string, dialect: Dialect, findings: Findings): void {
  const allowed = ROOT_CONCEPTS[dialect][row]
  const name = conceptName(item)
  if (allowed === undefined || name === undefined || allowed.includes(keyOf(name))) return
  findings.report('concept', { item, tag: 0x0040a043 }, 'the concept is none of those of its row', { expected: allowed.join(' or ') })
}

/** Code items of one item of the tree: its concept name, and its value where that is coded. */
function codesOf(item: Item, valueType: string): readonly Item[] {
  if (valueType === '' || item.has(BY_REFERENCE)) return []
  const names = REFERENCES.has(valueType) ? [] : item.items(CONCEPT_NAME)
  const value = VALUE_OF[valueType]
  return value?.macro === 'CODE' ? [...item.items(value.tag), ...names] : names
}

/** What a value type asks for. */
function checkValue(item: Item, valueType: string, findings: Findings): void {
  const rule = VALUE_OF[valueType]
  if (rule === undefined) return
  const { tag, section, type } = rule
  const place = { item, tag }
  if (type === '1' && hasNoValue(item, tag)) findings.report('type-1', place, 'the attribute is absent or empty', { section })
  if (type === '2' && !item.has(tag)) findings.report('type-2', place, 'the attribute is absent', { section })
  if (valueType !== 'NUM') return
  for (const measured of item.items(tag)) {
    for (const needed of [0x004008ea, 0x0040a30a]) {
      if (hasNoValue(measured, needed))
        findings.report('type-1', { item: measured, tag: needed }, 'the attribute is absent or empty', { section })
    }
  }
}

/** References have none; anything else has one. */
function checkName(item: Item, valueType: string, findings: Findings): void {
  const place = { item, tag: CONCEPT_NAME }
  if (REFERENCES.has(valueType)) {
    if (item.has(CONCEPT_NAME)) findings.report('reference-name', place, 'the reference has a concept name')
  } else if (hasNoValue(item, CONCEPT_NAME)) {
    findings.report('type-1', place, 'the attribute is absent or empty', { section: 'PS3.3 C.17.3' })
  }
}

function referencesIn(item: Item, valueType: string, belowRoot: boolean, findings: Findings): readonly ContentReference[] {
  const referenced = item.items(REFERENCED_SOP)
  if (referenced.length > 1) findings.report('reference-count', { item, tag: REFERENCED_SOP }, `there are ${referenced.length} items`)
  return referenced.map((one) => {
    const sopClassUid = one.text(0x00081150) ?? ''
    for (const tag of [0x00081150, 0x00081155]) {
      if (hasNoValue(one, tag)) findings.report('type-1', { item: one, tag }, 'the attribute is absent or empty', { section: 'PS3.3 10.8' })
    }
    if (one.has(0x00081160) || one.has(0x0062000b))
      findings.report('reference-frames', { item: one }, 'the reference is to a part of the instance')
    checkReferenceType(item, valueType, sopClassUid, findings)
    return { item: one, sopClassUid, sopInstanceUid: one.text(0x00081155) ?? '', belowRoot }
  })
}

function checkReferenceType(item: Item, valueType: string, sopClassUid: string, findings: Findings): void {
  const known = sopClass(sopClassUid)
  if (known?.service !== 'storage' || IMAGE_OR_COMPOSITE.has(sopClassUid)) return
  const right = referenceValueType(sopClassUid)
  if (right !== valueType) findings.report('reference-type', { item, tag: 0x0040a040 }, `the reference to ${known.name} is ${valueType}`)
}

function checkRoot(root: Item, references: readonly ContentReference[], findings: Findings): void {
  const descriptions = root.items(CONTENT).filter((item) => {
    const name = conceptName(item)
    return name !== undefined && keyOf(name) === KEY_OBJECT_DESCRIPTION && item.text(0x0040a010) === 'CONTAINS'
  })
  if (descriptions.length > 1) findings.report('description-twice', { item: descriptions[1]! }, `there are ${descriptions.length} of them`)
  if (!references.some(({ belowRoot }) => belowRoot))
    findings.report('no-references', { item: root, tag: CONTENT }, 'there is no reference below the root')
}

/** A code string as it is, anything else not at all. */
function quoted(text: string): string {
  return /^[A-Z0-9_ ]{1,16}$/.test(text) ? text : '(no code string)'
}
