/** The forms in which a manifest can be said. */
import { contentDigest as digestOfContent, type ManifestContent } from './evidence.ts'
import type { ManifestIdentity } from './kos-modules.ts'
import { type EncodedManifest, encodeManifest as encodeXdsI } from './kos-xds-i.ts'

export const DIALECTS = ['xds-i'] as const

export type Dialect = (typeof DIALECTS)[number]

export function encodeManifest(
  _dialect: Dialect,
  content: ManifestContent,
  identity: ManifestIdentity,
  note?: string,
): Promise<EncodedManifest> {
  return encodeXdsI(content, identity, note)
}

export function contentDigest(_dialect: Dialect, content: ManifestContent): Promise<string> {
  return digestOfContent(content)
}
