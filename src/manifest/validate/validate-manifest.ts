/** A Key Object Selection, ours or anybody's, held against DICOM, IHE XDS-I.b and the dialect that it is written in.
 *
 *  Promises: any bytes give findings, never an exception; none for what is right. The event loop turns while a long one is looked
 *  through: 20,000 instances are well below a second of work. No value of a patient is told.
 *  Does not: reach for what is referenced (verify-manifest.ts), or know what a UID stands for: that a reference is to another
 *  manifest or to a rejection note cannot be told from the file.
 *  Order: file, encoding, values; then, where the whole could be read, IOD, document, content, evidence, access, requests, dialect. */
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, sopClass } from '../../dicom/sop-classes.ts'
import { Pace } from '../pace.ts'
import { checkAccess } from './check-access.ts'
import { checkContent } from './check-content.ts'
import { checkDocument } from './check-document.ts'
import { checkEvidence, evidenceOf } from './check-evidence.ts'
import { checkMeta } from './check-meta.ts'
import { checkModules } from './check-modules.ts'
import { checkIssuers, checkRequests } from './check-requests.ts'
import { checkValues } from './check-values.ts'
import { checkDrimbox } from './dialect-drimbox.ts'
import { checkMado } from './dialect-mado.ts'
import { type Dialect, recognisedDialect } from './dialects.ts'
import { type Finding, Findings, type Severity } from './finding.ts'
import { Item } from './item.ts'
import { readFile } from './read-file.ts'

/** What the caller knows beforehand; anything may be left open. */
export interface Expectations {
  readonly studyInstanceUid?: string
  /** Retrieve AE Title of every series. */
  readonly aeTitle?: string
  readonly retrieveLocationUid?: string
  /** Recognised by content where not given. */
  readonly dialect?: Dialect
}

export interface Validation {
  /** That was held against; undefined where it did not come so far. */
  readonly dialect?: Dialect
  readonly findings: readonly Finding[]
  /** Of all findings, also of those that are too many to be told. */
  readonly counts: Readonly<Record<Severity, number>>
}

/** Larger than any manifest: 20,000 instances are 8 MB. */
export const LARGEST_BYTES = 128 * 1024 * 1024

/** @returns none where the manifest may leave; at most {@link MOST_FINDINGS} and one that says how many more */
export async function findingsOf(bytes: Buffer, expectations: Expectations = {}): Promise<readonly Finding[]> {
  return (await validateManifest(bytes, expectations)).findings
}

export async function validateManifest(bytes: Buffer, expectations: Expectations = {}): Promise<Validation> {
  const findings = new Findings()
  const dialect = await validate(bytes, expectations, findings)
  return { dialect, findings: findings.list(), counts: findings.counts }
}

async function validate(bytes: Buffer, expectations: Expectations, findings: Findings): Promise<Dialect | undefined> {
  const pace = new Pace()
  if (bytes.length > LARGEST_BYTES) {
    findings.report('too-large', { item: new Item(true) }, `the file has ${bytes.length} bytes, the limit is ${LARGEST_BYTES}`)
    return undefined
  }
  const file = await readFile(bytes, findings, pace)
  if (file === undefined) return undefined
  checkMeta(file, findings)
  if (file.meta !== undefined) await checkValues(file.meta, findings, pace)
  const isKeyObject = checkSopClass(file.root, file.whole, findings)
  if (!isKeyObject || !file.whole) return undefined
  await checkValues(file.root, findings, pace)
  return checkManifest(file.root, expectations, findings, pace)
}

/** @returns false where the data set is of another class: nothing else here would make sense */
function checkSopClass(root: Item, whole: boolean, findings: Findings): boolean {
  const uid = root.text(0x00080016)
  if (uid === KEY_OBJECT_SELECTION_DOCUMENT_STORAGE || (uid === undefined && !whole)) return true
  const found = uid === undefined ? 'there is no SOP Class UID' : `the SOP class is ${sopClass(uid)?.name ?? 'another'}`
  findings.report('sop-class', { item: root, tag: 0x00080016 }, found)
  return false
}

async function checkManifest(root: Item, expectations: Expectations, findings: Findings, pace: Pace): Promise<Dialect> {
  const dialect = expectations.dialect ?? recognisedDialect(root)
  await checkModules(root, findings, pace)
  checkDocument(root, dialect, findings)
  checkIssuers(root, findings)
  checkRequests(root, dialect, findings)
  const evidence = evidenceOf(root)
  const content = await checkContent(root, dialect, findings, pace)
  await checkEvidence(root, evidence, content, findings, pace)
  checkAccess(root, evidence, dialect, expectations, findings)
  if (dialect === 'mado') await checkMado(root, evidence, findings, pace)
  if (dialect === 'drimbox') checkDrimbox(root, evidence, findings)
  const study = root.text(0x0020000d)
  if (expectations.studyInstanceUid !== undefined && study !== undefined && study !== expectations.studyInstanceUid) {
    findings.report('expected-study', { item: root, tag: 0x0020000d }, 'the manifest is of another study')
  }
  return dialect
}
