/** Which manifests a study has: one chain of versions for each confidentiality level that its instances have and each dialect that somebody is
 *  to be given it in.
 *
 *  Promises: no level without a manifest as long as one of its dialects or the classic one is valid; one manifest never mixes levels (CI-SIS, volet « Références d'objets d'imagerie », 4.3). A chain with a manifest in force is looked
 *  after to its end, also where its level has no instance any more, or nobody is given its dialect. */
import type { EvidenceSeries, ManifestRecord } from '../catalog/contract.ts'
import type { Config } from '../config/settings.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { DIALECTS, type Dialect, dialectOf } from './dialects.ts'

/** Whom manifests are delivered to. */
export interface TargetOfManifests {
  readonly name: string
  readonly dialect: Dialect
  readonly levels: readonly Confidentiality[]
}

/** @param publish  as configured */
export const targetsOf = (publish: Config['publish']): readonly TargetOfManifests[] =>
  publish.map(({ name, levels, dialect }) => ({ name, dialect: dialectOf(dialect), levels }))

export interface Chain {
  readonly confidentiality: Confidentiality
  readonly dialect: Dialect
  /** What a manifest of it refers to: instances of its level alone. */
  readonly evidence: readonly EvidenceSeries[]
  readonly inForce?: ManifestRecord
  /** The highest that there is, 0 where there is none. */
  readonly version: number
  /** Names of the targets that are given it. */
  readonly targets: readonly string[]
}

/** The one that there was before there were levels and dialects: what nobody needs to name. */
export function isUsual({ confidentiality, dialect }: { readonly confidentiality: string; readonly dialect: string }): boolean {
  return confidentiality === 'N' && dialect === ALWAYS
}

/** What is made where nobody is to be given anything. */
const ALWAYS: Dialect = 'xds-i'

/** @param records  all manifests of the study */
export function chainsOf(
  evidence: readonly EvidenceSeries[],
  records: readonly ManifestRecord[],
  targets: readonly TargetOfManifests[],
): readonly Chain[] {
  const levels = levelsOf(evidence)
  const wanted = [...levels].flatMap((level) => dialectsFor(level, targets).map((dialect) => ({ confidentiality: level, dialect })))
  const held = records.filter((record) => record.state === 'in force' && isDialect(record.dialect))
  const all = [...wanted, ...held.map(({ confidentiality, dialect }) => ({ confidentiality, dialect: dialect as Dialect }))]
  const distinct = new Map(all.map((chain) => [`${chain.confidentiality} ${chain.dialect}`, chain]))
  return [...distinct.values()].map(({ confidentiality, dialect }) => {
    const versions = records.filter((record) => record.confidentiality === confidentiality && record.dialect === dialect)
    return {
      confidentiality,
      dialect,
      evidence: ofLevel(evidence, confidentiality, levels.size),
      inForce: versions.find((record) => record.state === 'in force'),
      version: Math.max(0, ...versions.map((record) => record.version)),
      targets: namesOfTargets(targets, { confidentiality, dialect }),
    }
  })
}

/** The classic manifest of each level that has none of its own chain otherwise: what this node holds is said in it, and kept by it, also where what the
 *  targets want to be given is not valid. */
export function proofsOf(
  evidence: readonly EvidenceSeries[],
  records: readonly ManifestRecord[],
  targets: readonly TargetOfManifests[],
): readonly Chain[] {
  const isWanted = ({ confidentiality }: Chain): boolean => dialectsFor(confidentiality, targets).includes(ALWAYS)
  return chainsOf(evidence, records, []).filter((chain) => chain.dialect === ALWAYS && chain.evidence.length > 0 && !isWanted(chain))
}

/** Who is given a manifest of this chain. */
export function namesOfTargets(
  targets: readonly TargetOfManifests[],
  chain: { readonly confidentiality: Confidentiality; readonly dialect: string },
): readonly string[] {
  return targets.filter((one) => one.dialect === chain.dialect && one.levels.includes(chain.confidentiality)).map(({ name }) => name)
}

export function levelsOf(evidence: readonly EvidenceSeries[]): ReadonlySet<Confidentiality> {
  return new Set(evidence.flatMap((series) => series.instances.map((instance) => instance.confidentiality)))
}

/** A level that no target may be given has its manifest all the same: it can be retrieved by those who may see it. */
function dialectsFor(level: Confidentiality, targets: readonly TargetOfManifests[]): readonly Dialect[] {
  const dialects = new Set(targets.filter(({ levels }) => levels.includes(level)).map(({ dialect }) => dialect))
  return dialects.size === 0 ? [ALWAYS] : [...dialects]
}

const isDialect = (text: string): text is Dialect => (DIALECTS as readonly string[]).includes(text)

function ofLevel(evidence: readonly EvidenceSeries[], level: Confidentiality, levels: number): readonly EvidenceSeries[] {
  if (levels === 1) return evidence.some((series) => series.instances[0]?.confidentiality === level) ? evidence : []
  return evidence
    .map((series) => ({ ...series, instances: series.instances.filter((instance) => instance.confidentiality === level) }))
    .filter(({ instances }) => instances.length > 0)
}
