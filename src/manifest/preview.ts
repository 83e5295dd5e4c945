/** What would be sent of a study in a dialect, without sending, keeping or recording anything.
 *
 *  Promises: the file is the one that would be made now as the next version, but for its SOP Instance UID and its time. */

import type { Confidentiality } from '../dicom/confidentiality.ts'
import type { Uid } from '../dicom/uid.ts'
import type { ManifestParts } from './build-manifest.ts'
import { chainsOf, levelsOf } from './chains.ts'
import { type Dialect, encodeManifest, missingIn } from './dialects.ts'
import { manifestContent } from './evidence.ts'
import { asItsLevelSays } from './level-values.ts'
import { errorsIn, newIdentity } from './manifest-version.ts'

export type Preview =
  | {
      readonly kind: 'made'
      /** Part 10. */
      readonly file: Buffer
      /** What the dialect demands and nobody knows, what the study has and cannot be taken over: names, no values. */
      readonly missing: readonly string[]
      readonly leftOut: readonly string[]
      /** How many the validator finds: with one it would be withheld. */
      readonly errors: number
    }
  | { readonly kind: 'unknown study' }
  /** Nothing to refer to. */
  | { readonly kind: 'empty' }

/** @param level  of the instances that it refers to; where absent one that the study has */
export async function previewManifest(
  parts: ManifestParts,
  studyInstanceUid: Uid,
  dialect: Dialect,
  level?: Confidentiality,
): Promise<Preview> {
  const { catalog } = parts
  const study = await catalog.findStudy(studyInstanceUid)
  if (study === undefined) return { kind: 'unknown study' }
  const evidence = await catalog.evidence(studyInstanceUid)
  const [first] = levelsOf(evidence)
  const confidentiality = level ?? first ?? 'N'
  const wanted = [{ name: 'preview', dialect, levels: [confidentiality] }]
  const chains = chainsOf(evidence, await catalog.manifestsOf(studyInstanceUid), wanted)
  const chain = chains.find((one) => one.dialect === dialect && one.confidentiality === confidentiality)
  if (chain === undefined) return { kind: 'empty' }
  const settings = parts.settings()
  const said = await asItsLevelSays(catalog, study, chain)
  const content = manifestContent(said.study, said.chain.evidence, { ...settings, retrieveAeTitle: settings.aeTitle })
  if (content.instanceCount === 0) return { kind: 'empty' }
  const identity = newIdentity(parts, content, chain)
  const { header, dataSet } = await encodeManifest(dialect, content, identity)
  const file = Buffer.concat([header, dataSet])
  const errors = (await errorsIn(file, { studyInstanceUid, dialect }, settings)).length
  return { kind: 'made', file, errors, missing: missingIn(dialect, content), leftOut: content.leftOut }
}
