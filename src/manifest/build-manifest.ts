/** Brings the manifests of one study to what the study is now: new versions where there is something new to say, withdrawn where there is nothing
 *  left to refer to.
 *
 *  Promises: one chain of versions for each confidentiality level and dialect (chains.ts). Same content, no new manifest; changed content, new
 *  SOP Instance UID, version + 1, the former one superseded, one delivery for each target, all in one transaction behind the files. Never an
 *  empty manifest: where no instance is left, the one in force is withdrawn (RAD TF-2 4.68.4.1.2.1, 68-007). None for a study in conflict, none for
 *  one that is withheld. A version that breaks its dialect is withheld, and the classic one is made where nothing else of its level is in force; the one in force stays meanwhile only where what it says is still so. Safe to repeat at any point: a crash between file and row leaves a file without a row, which the start adopts or
 *  sets aside. Two processes that build the same study at once cannot both enter the same version: one fails, and finds nothing to do when it
 *  tries again.
 *  Does not: decide when (due-studies.ts).
 *  @throws NodeError STORAGE_FULL, STORAGE_FAILED, CATALOG_FAILED */
import type { Catalog, HistoryEntry, ManifestChange, ManifestRecord, StudyState } from '../catalog/contract.ts'
import type { AeTitle } from '../dicom/ae-title.ts'
import type { Uid } from '../dicom/uid.ts'
import { log } from '../log.ts'
import type { Storage } from '../storage/contract.ts'
import { type Chain, chainsOf, levelsOf, proofsOf, type TargetOfManifests } from './chains.ts'
import type { DialectSettings } from './dialect-settings.ts'
import { type Dialect, missingIn } from './dialects.ts'
import type { ManifestContent } from './evidence.ts'
import { withPatientKeys } from './former-patients.ts'
import { asItsLevelSays } from './level-values.ts'
import { type Because, discard, type Made, nextVersion } from './manifest-version.ts'
import { patientKeyOf } from './patient-key.ts'
import { readManifest } from './read-manifest.ts'
import { withdrawInForce } from './withdraw-in-force.ts'

export interface ManifestSettings extends DialectSettings {
  /** Ours: what every series of the manifest names as Retrieve AE Title. */
  readonly aeTitle: AeTitle
  readonly retrieveLocationUid: Uid
  /** Base URL of WADO-RS. */
  readonly retrieveUrl?: string
  readonly institution?: string
  readonly institutionDepartment?: string
  /** IANA name. */
  readonly timezone: string
  readonly seriesNumber: number
  /** A study whose instances have several confidentiality levels: a manifest for each level, or none. */
  readonly mixedLevels: 'split' | 'withhold'
  readonly targets: readonly TargetOfManifests[]
}

export interface ManifestParts {
  readonly catalog: Catalog
  readonly storage: Storage
  /** As they are now: they can change while the node runs. */
  readonly settings: () => ManifestSettings
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly newUid?: () => Uid
}

export type BuildOutcome =
  /** At least one new version; `record` is the first of them. */
  | ({ readonly kind: 'made'; readonly record: ManifestRecord } & Outcomes)
  /** Those in force say the same. */
  | ({ readonly kind: 'unchanged'; readonly record: ManifestRecord } & Outcomes)
  /** Nothing to refer to. */
  | ({ readonly kind: 'empty' } & Outcomes)
  /** None is made: an operator, the mixture of levels, or what is wrong with it does not allow it. */
  | ({ readonly kind: 'withheld'; readonly reason: string } & Outcomes)
  /** More than one patient identity: none until resolved. */
  | { readonly kind: 'conflict'; readonly withdrawn: readonly ManifestRecord[] }
  | { readonly kind: 'unknown study' }

interface Outcomes {
  readonly made: readonly ManifestRecord[]
  readonly unchanged: readonly ManifestRecord[]
  readonly withdrawn: readonly ManifestRecord[]
  /** Not made because they would break their dialect. */
  readonly invalid: readonly Invalid[]
}

export interface Invalid {
  readonly confidentiality: string
  readonly dialect: string
  /** What is wrong, in words; nothing of the patient. */
  readonly findings: string
}

/** @param reason  why now, in words, for the record
 *  @param actor   who asked */
export async function buildManifest(parts: ManifestParts, studyInstanceUid: Uid, reason: string, actor = 'ariane'): Promise<BuildOutcome> {
  const { catalog } = parts
  const study = await catalog.findStudy(studyInstanceUid)
  if (study === undefined) return { kind: 'unknown study' }
  const records = await withPatientKeys(parts, await catalog.manifestsOf(studyInstanceUid))
  if (study.inConflict) return conflict(parts, study, records, actor)
  const evidence = await catalog.evidence(studyInstanceUid)
  const history = await catalog.historyOf(studyInstanceUid)
  const because = { reason: whyNow(history, reason), actor }
  const withheld = study.withheld ?? mixture(parts.settings(), levelsOf(evidence))
  if (withheld !== undefined) {
    const withdrawn = await withhold(parts, study, { records, history }, { reason: withheld, actor })
    return { kind: 'withheld', reason: withheld, made: [], unchanged: [], withdrawn, invalid: [] }
  }
  const work = new Work(parts, study, because, history)
  const { targets } = parts.settings()
  await work.settle(chainsOf(evidence, records, targets), proofsOf(evidence, records, targets))
  return work.outcome()
}

/** What is in force of a study in conflict stays so, but for one that says what is not so any more: no other can take its place. */
async function conflict(parts: ManifestParts, study: StudyState, records: readonly ManifestRecord[], actor: string): Promise<BuildOutcome> {
  const { studyInstanceUid, isUrgent } = study
  if (!isUrgent) return { kind: 'conflict', withdrawn: [] }
  const history = await parts.catalog.historyOf(studyInstanceUid)
  const because = { reason: whyNow(history, 'the study holds more than one patient identity'), actor }
  return { kind: 'conflict', withdrawn: await withhold(parts, study, { records, history }, because) }
}

/** What has happened to the study since its manifests were last seen to, and what made it due. */
function whyNow(history: readonly HistoryEntry[], reason: string): string {
  const last = history.findLastIndex(({ state }) => ['in force', 'withdrawn', 'superseded'].includes(state))
  const happened = history.slice(last + 1).filter(({ state }) => state === 'changed')
  return [...new Set([...happened.map((entry) => entry.reason), reason])].join('; ')
}

function mixture({ mixedLevels }: ManifestSettings, levels: ReadonlySet<string>): string | undefined {
  if (mixedLevels === 'split' || levels.size <= 1) return undefined
  return `its instances have several confidentiality levels: ${[...levels].sort().join(', ')}`
}

/** Everything in force is taken back. */
async function withhold(
  parts: ManifestParts,
  study: StudyState,
  { records, history }: { readonly records: readonly ManifestRecord[]; readonly history: readonly HistoryEntry[] },
  because: Because,
): Promise<readonly ManifestRecord[]> {
  const { studyInstanceUid } = study
  const last = history.findLast(({ state }) => state === 'withheld' || state === 'in force')
  const isTold = study.withheld !== undefined || (last?.state === 'withheld' && last.reason === because.reason)
  const told: ManifestChange = { kind: 'told', entry: { studyInstanceUid, at: parts.now(), state: 'withheld', ...because } }
  const withdrawn = await withdrawInForce(parts, study, records, because, isTold ? [] : [told])
  for (const record of withdrawn) log.warn('manifest withdrawn', { ...named(record), reason: because.reason })
  return withdrawn
}

/** Also false where nobody can tell. */
async function refersOnlyTo({ catalog, storage }: ManifestParts, record: ManifestRecord, evidence: Chain['evidence']): Promise<boolean> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  const file = facts && (await storage.readStart(facts.storageKey, facts.fileSizeBytes).catch(() => undefined))
  if (file === undefined) return false
  const held = new Set<string>(evidence.flatMap(({ instances }) => instances.map((one) => one.sopInstanceUid)))
  return readManifest(file).series.every(({ instances }) => instances.every((one) => held.has(one.sopInstanceUid)))
}

/** In the history and the log. */
const FINDINGS_SHOWN = 5

/** All chains of a study, settled together. */
class Work {
  readonly #parts: ManifestParts
  readonly #study: StudyState
  readonly #because: Because
  readonly #made: { readonly change: Made; readonly content: ManifestContent }[] = []
  readonly #unchanged: ManifestRecord[] = []
  readonly #withdrawn: ManifestRecord[] = []
  readonly #invalid: Invalid[] = []
  readonly #history: readonly HistoryEntry[]
  readonly #dueAt: number

  constructor(parts: ManifestParts, study: StudyState, because: Because, history: readonly HistoryEntry[]) {
    this.#parts = parts
    this.#study = study
    this.#because = because
    this.#history = history
    this.#dueAt = parts.now()
  }

  /** @param proofs  each is made where nothing else of its level is in force afterwards */
  async settle(chains: readonly Chain[], proofs: readonly Chain[]): Promise<void> {
    try {
      for (const chain of chains) await this.#bring(chain)
      for (const proof of proofs) if (!chains.some((chain) => this.#isInForce(chain, proof))) await this.#bring(proof)
      await this.#parts.catalog.settleStudy(this.#study.studyInstanceUid, this.#study.revision, this.#changes())
    } catch (error) {
      for (const { change } of this.#made) await discard(this.#parts, change)
      throw error
    }
    for (const { change, content } of this.#made) tell(change.record, content)
    for (const one of this.#news())
      log.error('manifest is not valid and withheld', { StudyInstanceUID: this.#study.studyInstanceUid, ...one })
    for (const record of this.#withdrawn) log.warn(this.#whyWithdrawn(record), named(record))
  }

  outcome(): BuildOutcome {
    const made = this.#made.map(({ change }) => change.record)
    const outcomes = { made, unchanged: this.#unchanged, withdrawn: this.#withdrawn, invalid: this.#invalid }
    if (made[0] !== undefined) return { kind: 'made', record: made[0], ...outcomes }
    if (this.#invalid[0] !== undefined) return { kind: 'withheld', reason: this.#invalid[0].findings, ...outcomes }
    if (this.#unchanged[0] !== undefined) return { kind: 'unchanged', record: this.#unchanged[0], ...outcomes }
    return { kind: 'empty', ...outcomes }
  }

  #isInForce({ confidentiality, dialect, inForce }: Chain, proof: Chain): boolean {
    if (confidentiality !== proof.confidentiality) return false
    const isMade = this.#made.some(({ change: { record } }) => record.confidentiality === confidentiality && record.dialect === dialect)
    return isMade || (inForce !== undefined && !this.#withdrawn.includes(inForce))
  }

  async #bring(chain: Chain): Promise<void> {
    const said = await asItsLevelSays(this.#parts.catalog, this.#study, chain)
    const version = await nextVersion(this.#parts, said.study, said.chain, this.#because)
    if (version.kind === 'made') this.#made.push(version)
    else if (version.kind === 'withheld') await this.#withhold(chain, version.findings)
    else if (version.kind === 'empty') this.#withdrawn.push(...(chain.inForce === undefined ? [] : [chain.inForce]))
    else {
      // After the loss of the catalog, or for a target that is new, it may still have to go somewhere.
      await this.#parts.catalog.ensureDeliveries(version.record.sopInstanceUid, chain.targets, this.#parts.now())
      this.#unchanged.push(version.record)
    }
  }

  /** The former version stays, unless it says what is not so any more (names what is hidden, deleted or another patient's): no other can take its place. */
  async #withhold({ confidentiality, dialect, inForce, evidence }: Chain, findings: readonly string[]): Promise<void> {
    this.#invalid.push({ confidentiality, dialect, findings: inShort(findings) })
    if (inForce === undefined) return
    const isOfThem = inForce.patientKey === undefined || inForce.patientKey === patientKeyOf(this.#study.keys)
    // The rows do not tell it after the loss of the catalog: its file does.
    const isRight = isOfThem && !this.#study.isUrgent && (await refersOnlyTo(this.#parts, inForce, evidence))
    if (!isRight) this.#withdrawn.push(inForce)
  }

  /** What the history does not say yet: the same findings are told once. */
  #news(): readonly Invalid[] {
    return this.#invalid.filter((one) => {
      const last = this.#history.findLast((entry) => entry.confidentiality === one.confidentiality && entry.dialect === one.dialect)
      return last?.state !== 'withheld' || last.reason !== one.findings
    })
  }

  #whyWithdrawn({ confidentiality, dialect }: ManifestRecord): string {
    return this.#invalid.some((one) => one.confidentiality === confidentiality && one.dialect === dialect)
      ? 'manifest withdrawn: what it says is not so any more, and the next version is not valid'
      : 'manifest withdrawn: no instance is left that it may refer to'
  }

  #changes(): readonly ManifestChange[] {
    const { studyInstanceUid } = this.#study
    const at = this.#parts.now()
    const withdrawn = this.#withdrawn.map(
      ({ sopInstanceUid }) => ({ kind: 'withdrawn', manifestUid: sopInstanceUid, at, ...this.#because }) as const,
    )
    const withheld = this.#news().map(({ confidentiality, dialect, findings: reason }) => {
      const entry = {
        studyInstanceUid,
        confidentiality,
        dialect,
        at,
        state: 'withheld',
        reason,
        actor: this.#because.actor,
      } as HistoryEntry
      return { kind: 'told', entry } as const
    })
    const changes = [...this.#made.map(({ change }) => change), ...withdrawn, ...withheld]
    if (changes.length === 0) return []
    const due: ManifestChange = { kind: 'told', entry: { studyInstanceUid, at: this.#dueAt, state: 'due', ...this.#because } }
    return [...this.#collecting(), due, ...changes]
  }

  /** Since when the study has gained what is dealt with now; told with the rest, for an arrival writes no history. */
  #collecting(): readonly ManifestChange[] {
    const { studyInstanceUid, pendingSince, lastReceivedAt } = this.#study
    const settledAt = this.#history.at(-1)?.at ?? 0
    if (pendingSince === undefined || lastReceivedAt <= settledAt) return []
    const at = Math.max(pendingSince, settledAt)
    return [{ kind: 'told', entry: { studyInstanceUid, at, state: 'collecting', reason: 'instances arrived', actor: 'ariane' } }]
  }
}

function inShort(findings: readonly string[]): string {
  const shown = findings.slice(0, FINDINGS_SHOWN).join('; ')
  return findings.length > FINDINGS_SHOWN ? `${shown}; ${findings.length - FINDINGS_SHOWN} more` : shown
}

const named = ({ studyInstanceUid, sopInstanceUid, version, confidentiality, dialect }: ManifestRecord) => ({
  StudyInstanceUID: studyInstanceUid,
  SOPInstanceUID: sopInstanceUid,
  version,
  confidentiality,
  dialect,
})

function tell(record: ManifestRecord, content: ManifestContent): void {
  log.info('manifest made', { ...named(record), instances: record.instanceCount, reason: record.reason })
  const missing = missingIn(record.dialect as Dialect, content)
  if (missing.length > 0)
    log.warn('the dialect demands what nobody knows of the study: its manifest lacks it', { ...named(record), attributes: missing })
  if (content.leftOut.length === 0) return
  log.warn('attributes of the study are not valid and left out of its manifest', {
    StudyInstanceUID: record.studyInstanceUid,
    attributes: content.leftOut,
  })
}
