/** Identifiers of C-FIND, C-MOVE and C-GET, read as the Query/Retrieve information models say (PS3.4 C.3, C.4, C.6).
 *
 *  Both kinds of keys are accepted, hierarchical and relational, negotiated or not: unique keys of the levels above may be
 *  missing (PS3.4 C.4.1.2.1 would have A900 for them; viewers in the field leave them out). A request for IMAGE level without a
 *  Study Instance UID is answered. Keys of a level below the one queried are not matched; Modality at STUDY level is read as
 *  ModalitiesInStudy, which is what is meant. Matching per VR: see query-conditions.ts. No I/O. No values in errors and
 *  warnings: they may be a patient's.
 *  @throws NodeError IDENTIFIER_MISMATCH (A900): level missing or not of the model, a sequence key of more than one item, a
 *  range that cannot be read; for retrievals, no usable unique key of the level asked for */
import { NodeError } from '../errors.ts'
import { tagText } from './dictionary.ts'
import type { DataSet, Element } from './element-reader.ts'
import type { Level } from './index-attributes.ts'
import { hasWildcard } from './matching.ts'
import type { CatalogQuery, Condition, DerivedKeyword, RetrieveKeys } from './query.ts'
import { combineDateTimes, conditionOf, derivedConditionOf, hasValues, itemConditionOf, soleItem } from './query-conditions.ts'
import {
  derivedKey,
  indexedKey,
  isBelow,
  isKey,
  isNodeKey,
  isPrivateCreator,
  parseLevel,
  QUERY_RETRIEVE_LEVEL,
  type RequestedKey,
  requestedKeys,
} from './query-keys.ts'
import { parseUid, type Uid } from './uid.ts'

export type { KeySource, RequestedKey } from './query-keys.ts'

export type QueryModel = 'PATIENT' | 'STUDY'

/** What was agreed by SOP Class Extended Negotiation (PS3.4 C.5.1.1). */
export interface Negotiated {
  readonly relational: boolean
  readonly dateTime: boolean
  readonly fuzzy: boolean
}

export interface FindRequest {
  /** Who may see what is not the query's to say. */
  readonly query: Omit<CatalogQuery, 'levels'>
  readonly requested: readonly RequestedKey[]
  /** Tags of keys that have a value and were not matched: pending answers are then FF01 (PS3.4 C.4.1.1.4). */
  readonly unsupported: readonly number[]
  /** For the log: what was read otherwise than written. */
  readonly warnings: readonly string[]
}

const PATIENT_ID = 0x00100020
const STUDY_INSTANCE_UID = 0x0020000d
const SERIES_INSTANCE_UID = 0x0020000e
const SOP_INSTANCE_UID = 0x00080018
const MODALITY = 0x00080060
const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59'

// --- C-FIND

export function findRequest(identifier: DataSet, model: QueryModel, negotiated: Negotiated): FindRequest {
  const level = levelOf(identifier, model)
  const requested = requestedKeys(identifier, level)
  const unsupported: number[] = []
  const warnings: string[] = []
  const separate = matchingConditions(identifier, level, negotiated.fuzzy, (tag) => unsupported.push(tag))
  const conditions = negotiated.dateTime ? combineDateTimes(separate) : separate
  if (!negotiated.relational && lacksUpperKey(conditions, level, model)) warnings.push('relational keys without negotiation: accepted')
  if (unsupported.length > 0) warnings.push(`keys not matched: ${unsupported.slice(0, 10).map(tagText).join(' ')}`)
  const derived = requested.filter((key) => key.source === 'derived').map((key) => key.keyword as DerivedKeyword)
  return { query: { level, conditions, derived, includeManifests: asksForManifests(conditions) }, requested, unsupported, warnings }
}

function levelOf(identifier: DataSet, model: QueryModel): Level {
  const level = parseLevel(identifier.text(QUERY_RETRIEVE_LEVEL))
  if (level === undefined || (level === 'PATIENT' && model === 'STUDY')) {
    throw new NodeError('IDENTIFIER_MISMATCH', { key: 'QueryRetrieveLevel', found: level ?? 'missing or unknown' })
  }
  return level
}

function matchingConditions(identifier: DataSet, level: Level, fuzzy: boolean, unsupported: (tag: number) => void): Condition[] {
  const conditions: Condition[] = []
  for (const element of identifier.elements.values()) {
    const { tag } = element
    if (isNodeKey(tag) || !isKey(tag) || isPrivateCreator(tag)) continue
    if (element.items !== undefined) soleItem(element)
    const condition = conditionFor(identifier, element, level, fuzzy, unsupported)
    if (condition === 'unsupported') unsupported(tag)
    else if (condition) conditions.push(condition)
  }
  return conditions
}

function conditionFor(
  identifier: DataSet,
  element: Element,
  level: Level,
  fuzzy: boolean,
  unsupported: (tag: number) => void,
): Condition | undefined | 'unsupported' {
  const { tag } = element
  const indexed = indexedKey(tag, level)
  if (indexed?.vr === 'SQ') return itemConditionOf(indexed, element, unsupported)
  if (element.items !== undefined || element.vr === 'SQ') return hasValues(element) ? 'unsupported' : undefined
  const text = identifier.text(tag) ?? ''
  if (indexed) return conditionOf(indexed, text, fuzzy)
  const derived = derivedKey(tag === MODALITY && level === 'STUDY' ? 0x00080061 : tag, level)
  if (derived) return derivedConditionOf(derived, text)
  return text === '' || text === '*' ? undefined : 'unsupported'
}

/** Manifests of this node are left out of ordinary answers: named by UID, by class or as KO they are there. */
function asksForManifests(conditions: readonly Condition[]): boolean {
  return conditions.some((condition) => {
    if (condition.keyword === 'SOPInstanceUID' || condition.keyword === 'SeriesInstanceUID') return true
    const values = condition.kind === 'value' ? [condition.value] : condition.kind === 'list' ? condition.values : []
    if (condition.keyword === 'Modality' || condition.keyword === 'ModalitiesInStudy') return values.includes('KO')
    return (condition.keyword === 'SOPClassUID' || condition.keyword === 'SOPClassesInStudy') && values.includes(KEY_OBJECT_SELECTION)
  })
}

function lacksUpperKey(conditions: readonly Condition[], level: Level, model: QueryModel): boolean {
  const upper = [
    ...(model === 'PATIENT' && level !== 'PATIENT' ? ['PatientID'] : []),
    ...(isBelow(level, 'STUDY') ? ['StudyInstanceUID'] : []),
    ...(isBelow(level, 'SERIES') ? ['SeriesInstanceUID'] : []),
  ]
  return upper.some((keyword) => !conditions.some((condition) => condition.keyword === keyword && condition.kind === 'value'))
}

// --- C-MOVE, C-GET

/** PS3.4 C.4.2.2.1. The unique key of the level must be there: a list of UIDs, or one Patient ID; never "everything".
 *  Unique keys of the levels above are used where they are given, those below are left out; Patient ID counts in the Patient
 *  Root model only. Other keys are ignored. */
export function retrieveKeys(identifier: DataSet, model: QueryModel): { level: Level; keys: RetrieveKeys } {
  const level = levelOf(identifier, model)
  const keys: RetrieveKeys = {
    patientId: model === 'PATIENT' ? patientId(identifier, level === 'PATIENT') : undefined,
    studyInstanceUids: uids(identifier, STUDY_INSTANCE_UID, 'STUDY', level),
    seriesInstanceUids: uids(identifier, SERIES_INSTANCE_UID, 'SERIES', level),
    sopInstanceUids: uids(identifier, SOP_INSTANCE_UID, 'IMAGE', level),
  }
  return { level, keys }
}

function patientId(identifier: DataSet, required: boolean): string | undefined {
  const text = identifier.text(PATIENT_ID) ?? ''
  if (text === '' && !required) return undefined
  if (text === '' || text.includes('\\') || hasWildcard(text)) {
    throw new NodeError('IDENTIFIER_MISMATCH', { key: 'PatientID', found: text === '' ? 'nothing' : 'a list or a wild card' })
  }
  return text
}

function uids(identifier: DataSet, tag: number, keyLevel: Level, level: Level): readonly Uid[] | undefined {
  if (isBelow(keyLevel, level)) return undefined
  const given = (identifier.text(tag) ?? '').split('\\').filter((text) => text.trim() !== '')
  if (given.length === 0 && keyLevel !== level) return undefined
  const parsed = new Set<Uid>()
  for (const text of given) {
    const uid = parseUid(text.trimStart())
    if (uid === undefined) throw new NodeError('IDENTIFIER_MISMATCH', { key: tagText(tag), found: 'what is no UID' })
    parsed.add(uid)
  }
  if (parsed.size === 0) throw new NodeError('IDENTIFIER_MISMATCH', { key: tagText(tag), found: 'nothing' })
  return [...parsed]
}
