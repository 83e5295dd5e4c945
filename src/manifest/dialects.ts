/** The dialects of the manifest: one content, several ways to say it. This file is the only one that knows them all.
 *
 *  Promises: equal content and settings, equal bytes and equal digest; what a dialect does not say does not change its digest.
 *  Does not: choose one (each target of `publish` does). */
import { DIALECTS, type Dialect } from '../config/dialect-settings.ts'
import { digestOf } from './content-digest.ts'
import type { ManifestContent } from './evidence.ts'
import { type EncodedManifest, encodeKos, type KosPlan } from './kos-document.ts'
import { drimbox } from './kos-drimbox.ts'
import { mado } from './kos-mado.ts'
import type { ManifestIdentity } from './kos-modules.ts'
import { xdsI } from './kos-xds-i.ts'

export type { EncodedManifest }

export { DIALECTS, type Dialect }

const PLANS: Readonly<Record<Dialect, (content: ManifestContent) => KosPlan>> = { 'xds-i': xdsI, mado, drimbox }

/** The manifest of which a target's form is made. */
export function dialectOf(wanted: Dialect | 'mado-fhir'): Dialect {
  return wanted === 'mado-fhir' ? 'mado' : wanted
}

/** @param note  what the file says of itself to a catalog that is rebuilt; not part of the data set */
export async function encodeManifest(
  dialect: Dialect,
  content: ManifestContent,
  identity: ManifestIdentity,
  note?: string,
): Promise<EncodedManifest> {
  return encodeKos(PLANS[dialect](content), identity, note)
}

/** SHA-256 over what this dialect says of the content: equal digest, no new version. */
export async function contentDigest(dialect: Dialect, content: ManifestContent): Promise<string> {
  return digestOf(PLANS[dialect](content))
}

/** What the dialect demands and nobody knows: names of attributes, no values. */
export function missingIn(dialect: Dialect, content: ManifestContent): readonly string[] {
  return PLANS[dialect](content).missing
}
