/** What the IHE supplement MADO asks for beyond DICOM (MADO 6.X.2): title, attributes that are R+, one study, and the tree of template
 *  1600, whose groups, instances and counts are those of the evidence. Both vocabularies are known: trial (99IHE) and final (DCM). */
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../../dicom/sop-classes.ts'
import type { Pace } from '../pace.ts'
import type { EvidenceSeries } from './check-evidence.ts'
import { hasNoValue } from './check-modules.ts'
import { conceptName, DESCRIBED_TITLES, keyOf, LIBRARY, MANIFEST_WITH_DESCRIPTION, TRIAL_SCHEME } from './codes.ts'
import { REFERENCES } from './content-rules.ts'
import { isConcept } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

const CONTENT = 0x0040a730

/** R+ (required, beyond its type). */
const REQUIRED_AT_ROOT = [0x00100020, 0x00100024, 0x00101002, 0x00080020, 0x00080030, 0x00080070, 0x00080080, 0x00080201, 0x0040a370]
const REQUIRED_IN_REQUEST = [0x00080050, 0x00080051, 0x00402016]
const ISSUER = 0x00100024
const UNIVERSAL_ID = 0x00400032

type Concept = keyof typeof LIBRARY
/** Value type and the concepts that each level must have. */
const REQUIRED_IN_LIBRARY: readonly Concept[] = ['modality', 'targetRegion', 'numberOfSeries']
const REQUIRED_IN_GROUP: readonly Concept[] = ['modality', 'seriesInstanceUid', 'numberOfInstances']

export async function checkMado(root: Item, evidence: readonly EvidenceSeries[], findings: Findings, pace: Pace): Promise<void> {
  checkTitle(root, findings)
  checkRequired(root, findings)
  if (root.items(0x0040a375).length > 1)
    findings.report('mado-one-study', { item: root, tag: 0x0040a375 }, 'the evidence has several items')
  const libraries = root.items(CONTENT).filter((item) => isConcept(item, LIBRARY.imageLibrary))
  if (libraries.length !== 1) {
    findings.report('mado-library', { item: root, tag: CONTENT }, `there are ${libraries.length}`)
    return
  }
  await checkLibrary(libraries[0]!, evidence, findings, pace)
}

function checkTitle(root: Item, findings: Findings): void {
  const title = conceptName(root)
  const place = { item: root, tag: 0x0040a043 }
  if (title === undefined || DESCRIBED_TITLES.includes(keyOf(title))) return
  const isFinal = title.scheme === 'DCM' && title.meaning.toLowerCase() === MANIFEST_WITH_DESCRIPTION.toLowerCase()
  findings.report(isFinal ? 'mado-title-code' : 'mado-title', place, isFinal ? 'the code is not known here' : 'the title is another')
}

function checkRequired(root: Item, findings: Findings): void {
  const require = (item: Item, tag: number): void => {
    if (hasNoValue(item, tag)) findings.report('mado-required', { item, tag }, 'the attribute is absent or empty')
  }
  for (const tag of REQUIRED_AT_ROOT) require(root, tag)
  for (const issuer of root.items(ISSUER)) require(issuer, UNIVERSAL_ID)
  for (const request of root.items(0x0040a370)) {
    for (const tag of REQUIRED_IN_REQUEST) require(request, tag)
    if (!hasNoValue(request, 0x00402016)) require(request, 0x00400026)
  }
  if (!hasNoValue(root, 0x00080050)) require(root, 0x00080051)
  const id = root.text(0x00100020)
  const others = root.items(0x00101002)
  if (id === undefined || others.length === 0 || others.some((other) => other.text(0x00100020) === id)) return
  findings.report('mado-repeated-id', { item: root, tag: 0x00101002 }, 'none of its items has the Patient ID')
}

async function checkLibrary(library: Item, evidence: readonly EvidenceSeries[], findings: Findings, pace: Pace): Promise<void> {
  requireConcepts(library, REQUIRED_IN_LIBRARY, findings)
  checkCount(library, 'numberOfSeries', evidence.length, findings)
  const groups = library.items(CONTENT).filter((item) => isConcept(item, LIBRARY.imageLibraryGroup))
  const byUid = new Map<string, Item>()
  for (const group of groups) {
    requireConcepts(group, REQUIRED_IN_GROUP, findings)
    const uid = conceptItem(group, 'seriesInstanceUid')?.text(0x0040a124)
    if (uid === undefined) continue
    if (byUid.has(uid)) findings.report('mado-group', { item: group }, 'the series has a group already')
    byUid.set(uid, group)
    if (!evidence.some((series) => series.seriesInstanceUid === uid))
      findings.report('mado-group-unknown', { item: group }, 'the series is not in the evidence')
  }
  for (const series of evidence) {
    const group = byUid.get(series.seriesInstanceUid)
    if (group === undefined) findings.report('mado-group', { item: series.item }, 'the series has no group')
    else await checkGroup(group, series, findings, pace)
  }
  await checkVocabularies(library, findings, pace)
}

/** The group of a series of the evidence: its count, and its instances both ways. */
async function checkGroup(group: Item, series: EvidenceSeries, findings: Findings, pace: Pace): Promise<void> {
  checkCount(group, 'numberOfInstances', series.instances.length, findings)
  const expected = new Set(series.instances.map(({ sopInstanceUid }) => sopInstanceUid))
  const seen = new Set<string>()
  for (const item of group.items(CONTENT)) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    const uid = item.items(0x00081199)[0]?.text(0x00081155)
    if (uid === undefined || !REFERENCES.has(item.text(0x0040a040) ?? '')) continue
    if (seen.has(uid)) findings.report('mado-instances', { item }, 'the instance stands in the group already')
    else if (!expected.has(uid)) findings.report('mado-instances', { item }, 'the instance is not of this series')
    seen.add(uid)
    checkKeyObject(item, findings)
  }
  for (const { item, sopInstanceUid } of series.instances) {
    if (sopInstanceUid !== '' && !seen.has(sopInstanceUid))
      findings.report('mado-instances', { item }, 'the instance is not in the group of its series')
  }
}

/** A Key Object Selection says its title (TID 1602). */
function checkKeyObject(item: Item, findings: Findings): void {
  const isKeyObject = item.items(0x00081199)[0]?.text(0x00081150) === KEY_OBJECT_SELECTION_DOCUMENT_STORAGE
  if (isKeyObject) requireConcepts(item, ['documentTitle'], findings)
}

function requireConcepts(item: Item, concepts: readonly Concept[], findings: Findings): void {
  for (const concept of concepts) {
    if (conceptItem(item, concept) !== undefined) continue
    findings.report('mado-concept', { item, tag: CONTENT }, `there is no item ${LIBRARY[concept].join(' or ')}`)
  }
}

function conceptItem(item: Item, concept: Concept): Item | undefined {
  return item.items(CONTENT).find((inner) => isConcept(inner, LIBRARY[concept]))
}

/** The table of MADO prints TEXT, with units, where CP-2595 says NUM: of a text the first number counts. */
function checkCount(item: Item, concept: Concept, expected: number, findings: Findings): void {
  const counted = conceptItem(item, concept)
  if (counted === undefined) return
  const isNumber = counted.text(0x0040a040) === 'NUM'
  if (!isNumber) findings.report('mado-count-type', { item: counted, tag: 0x0040a040 }, 'the count is no NUM')
  const text = isNumber ? counted.items(0x0040a300)[0]?.text(0x0040a30a) : /\d+/.exec(counted.text(0x0040a160) ?? '')?.[0]
  if (text === undefined || Number(text) === expected) return
  findings.report('mado-count', { item: counted }, 'the number differs', { expected: `${expected}, as the evidence has` })
}

async function checkVocabularies(library: Item, findings: Findings, pace: Pace): Promise<void> {
  const final = new Set(Object.values(LIBRARY).flatMap(([code, trial]: readonly string[]) => (trial === undefined ? [] : [code])))
  const used = new Set<string>()
  const open: Item[] = [library]
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    const name = conceptName(item)
    if (name?.scheme === TRIAL_SCHEME) used.add('trial')
    else if (name !== undefined && final.has(keyOf(name))) used.add('final')
    open.push(...item.items(CONTENT))
  }
  if (used.size > 1) findings.report('mado-vocabularies', { item: library }, 'codes of both are used')
}
