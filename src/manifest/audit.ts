/** The audit: everything that a manifest in force refers to is read again, and the manifest itself.
 *
 *  Promises: row, file, size and SHA-256 are compared. What is lost or damaged is told in the log (error), its row is given up, a damaged file goes to
 *  quarantine, and the history of the study says so; a manifest without it follows by itself (IHE RAD TF-2 4.68), and one with it when it is sent
 *  again. A manifest that refers to what has no row is revised likewise. Goes on where a restart has interrupted it.
 *  Gives up nothing where the storage as a whole is gone (a disk that is not mounted), and not more than {@link MOST_LOST} instances by itself: such a
 *  loss is for people to judge.
 *  Does not: read what no manifest in force refers to (`ariane check --deep` does), or make manifests. Sizes in bytes. */
import { createHash } from 'node:crypto'
import type { Catalog, InstanceFacts, ManifestRecord, StorageKey, Uid } from '../catalog/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import { type BrokenRow, brokenRow, giveUp, isStillNamed } from '../storage/broken-rows.ts'
import type { Storage } from '../storage/contract.ts'
import { Pace } from './pace.ts'
import { readManifest } from './read-manifest.ts'

export interface AuditParts {
  readonly catalog: Catalog
  readonly storage: Storage
  /** Whether the storage is there at all. */
  readonly isThere: () => Promise<boolean>
  /** Called behind each portion that was read. */
  readonly rest?: (bytes: number) => Promise<void>
  /** Tell only: change nothing. */
  readonly dryRun?: boolean
  /** Asked between two pages. */
  readonly isStopped?: () => boolean
}

export interface AuditFinding {
  readonly studyInstanceUid: Uid
  readonly sopInstanceUid: Uid
  readonly problem: BrokenRow['problem'] | 'no row'
  readonly detail: string
}

/** What was looked at, and what is wrong with it. */
export interface Audited {
  readonly key: StorageKey
  readonly bytes: number
  readonly findings: readonly AuditFinding[]
}

/** Of one pass by itself. */
export const MOST_LOST = 100
const PAGE_ROWS = 100
const KNOWN_STUDIES = 200

/** Everything, in the order of storage keys. A row that is not referred to is passed over.
 *  @param after  the key that was looked at last */
export async function* auditAll(parts: AuditParts, after?: string): AsyncGenerator<Audited> {
  const levels = new LevelsInForce(parts.catalog)
  let next: string | undefined = after
  do {
    if (parts.isStopped?.() === true) return
    const page = await parts.catalog.files(PAGE_ROWS, next)
    for (const facts of page.items) if (await levels.isReferenced(facts)) yield await auditOne(parts, facts)
    next = page.next
    await parts.rest?.(0)
  } while (next !== undefined)
}

/** One study: its instances that are given out, and its manifests in force. */
export async function* auditStudy(parts: AuditParts, studyInstanceUid: Uid): AsyncGenerator<Audited> {
  const { catalog } = parts
  const pace = new Pace()
  const inForce = (await catalog.manifestsOf(studyInstanceUid)).filter(({ state }) => state === 'in force')
  const levels = new Set(inForce.map(({ confidentiality }) => confidentiality))
  for (const series of await catalog.evidence(studyInstanceUid)) {
    for (const { sopInstanceUid, confidentiality } of series.instances) {
      const facts = levels.has(confidentiality) ? await catalog.findInstance(sopInstanceUid) : undefined
      if (facts !== undefined) yield await auditOne(parts, facts)
      await pace.step()
    }
  }
  for (const record of inForce) {
    const facts = await catalog.findInstance(record.sopInstanceUid)
    if (facts !== undefined) yield await auditOne(parts, facts)
    else yield { key: '' as StorageKey, bytes: 0, findings: [await withoutRow(parts, record, record.sopInstanceUid)] }
  }
}

async function auditOne(parts: AuditParts, facts: InstanceFacts): Promise<Audited> {
  const { storageKey: key, fileSizeBytes: bytes } = facts
  const broken = await brokenRow(parts.storage, facts, true, (of, start) => digest(parts, of, start)).catch((error: unknown) =>
    unread(facts, error),
  )
  if (broken !== undefined && 'kept' in broken) return { key, bytes, findings: [broken.kept] }
  if (broken !== undefined) return { key, bytes, findings: await lose(parts, broken) }
  const findings = facts.role === 'manifest' ? await missingRows(parts, facts) : []
  return { key, bytes, findings }
}

/** What cannot be read for a reason that is not its own (no permission) is told, and kept. */
function unread({ studyInstanceUid, sopInstanceUid, storageKey }: InstanceFacts, error: unknown): { readonly kept: AuditFinding } {
  log.error('an instance that a manifest in force refers to cannot be read', { SOPInstanceUID: sopInstanceUid, file: storageKey, error })
  const detail = error instanceof NodeError ? String(error.details.errno ?? error.message) : 'cannot be read'
  return { kept: { studyInstanceUid, sopInstanceUid, problem: 'unreadable', detail } }
}

async function lose(parts: AuditParts, broken: BrokenRow): Promise<readonly AuditFinding[]> {
  const { facts, problem, detail } = broken
  if (!(await isStillNamed(parts.catalog, facts))) return []
  if (!(await parts.isThere())) throw new NodeError('STORAGE_FAILED', { step: 'audit', reason: 'the storage is not there' })
  if (parts.dryRun !== true && !(await giveUp(parts, broken))) return []
  const { studyInstanceUid, sopInstanceUid } = facts
  return [{ studyInstanceUid, sopInstanceUid, problem, detail }]
}

/** What a manifest in force refers to and the catalog does not know. A study with changes that the manifest stage has not dealt with is left to it. */
async function missingRows(parts: AuditParts, facts: InstanceFacts): Promise<readonly AuditFinding[]> {
  const { catalog, storage } = parts
  const { studyInstanceUid, sopInstanceUid } = facts
  const record = await catalog.findManifest(sopInstanceUid)
  const held = (await catalog.evidence(studyInstanceUid)).flatMap((series) => series.instances)
  const referable = held.filter((one) => one.confidentiality === record?.confidentiality)
  const study = await catalog.findStudy(studyInstanceUid)
  if (record?.state !== 'in force' || study?.revision !== study?.manifestRevision) return []
  // As many as it refers to, and no change since: they are the same.
  if (referable.length === record.instanceCount) return []
  const known = new Set<string>(referable.map((one) => one.sopInstanceUid))
  const manifest = readManifest(await storage.readStart(facts.storageKey, facts.fileSizeBytes))
  const missing = manifest.series.flatMap((series) => series.instances).filter((one) => !known.has(one.sopInstanceUid))
  const findings = []
  for (const one of missing) findings.push(await withoutRow(parts, record, one.sopInstanceUid as Uid))
  return findings
}

async function withoutRow({ catalog, dryRun }: AuditParts, record: ManifestRecord, sopInstanceUid: Uid): Promise<AuditFinding> {
  const { studyInstanceUid, version } = record
  const names = { StudyInstanceUID: studyInstanceUid, SOPInstanceUID: sopInstanceUid, version }
  log.error('a manifest in force refers to an instance that the catalog does not know', names)
  if (dryRun !== true) await catalog.reviseStudy(studyInstanceUid, 'an instance that its manifest refers to has no row', 'ariane')
  return { studyInstanceUid, sopInstanceUid, problem: 'no row', detail: `version ${version} of the manifest refers to it` }
}

/** As the storage does it, with rests. */
async function digest({ storage, rest }: AuditParts, key: StorageKey, start: number): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of storage.open(key, start)) {
      hash.update(chunk as Buffer)
      await rest?.((chunk as Buffer).length)
    }
  } catch (cause) {
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
    throw cause instanceof NodeError ? cause : new NodeError('STORAGE_FAILED', { step: 'audit', errno }, { cause })
  }
  return hash.digest('hex')
}

/** Which confidentiality levels of a study have a manifest in force; asked for each row, so that the last answers are remembered. */
class LevelsInForce {
  readonly #catalog: Catalog
  readonly #known = new Map<Uid, readonly ManifestRecord[]>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  async isReferenced({ studyInstanceUid, sopInstanceUid, role, hiddenBy, confidentiality }: InstanceFacts): Promise<boolean> {
    if (hiddenBy !== undefined || (role !== 'content' && role !== 'manifest')) return false
    const inForce = await this.#inForce(studyInstanceUid)
    if (role === 'manifest') return inForce.some((record) => record.sopInstanceUid === sopInstanceUid)
    return inForce.some((record) => record.confidentiality === confidentiality)
  }

  async #inForce(study: Uid): Promise<readonly ManifestRecord[]> {
    const known = this.#known.get(study)
    if (known !== undefined) return known
    const found = (await this.#catalog.manifestsOf(study)).filter(({ state }) => state === 'in force')
    this.#known.set(study, found)
    if (this.#known.size > KNOWN_STUDIES) this.#known.delete(this.#known.keys().next().value!)
    return found
  }
}
