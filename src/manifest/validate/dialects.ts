/** The forms of a manifest that are met, and how one is told from its content (title, tree, retrieve URLs, text).
 *
 *  `xds-i`: IHE XDS-I.b, a flat list. `mado`: with title "Manifest with Description" and a tree of template 1600. `drimbox`: France,
 *  Retrieve URLs of the series and a description of lines for machines. An INS alone makes no DRIMbox manifest: any French study has one. */
import { DIALECTS, type Dialect } from '../../config/dialect-settings.ts'
import { nomenclatures } from '../../config/nomenclatures.ts'
import { codeIn, conceptName, KEY_OBJECT_DESCRIPTION, keyOf, LIBRARY, MANIFEST_WITH_DESCRIPTION, TRIAL_SCHEME } from './codes.ts'
import type { Item } from './item.ts'

export { DIALECTS, type Dialect }

/** @param authority  OID of an assigning authority; @returns undefined where it issues no INS */
export function insAuthority(authority: string | undefined): 'production' | 'test' | undefined {
  const found = nomenclatures().insAuthorities.find(({ oid }) => oid === authority)
  if (found === undefined) return undefined
  return found.name === 'nir' || found.name === 'nia' ? 'production' : 'test'
}

export function recognisedDialect(root: Item): Dialect {
  if (hasDescribedTitle(root) || hasLibrary(root)) return 'mado'
  return hasSeriesUrl(root) || hasSeriesLines(root) ? 'drimbox' : 'xds-i'
}

function hasDescribedTitle(root: Item): boolean {
  const title = conceptName(root)
  return title !== undefined && (title.scheme === TRIAL_SCHEME || title.meaning.toLowerCase() === MANIFEST_WITH_DESCRIPTION.toLowerCase())
}

function hasLibrary(root: Item): boolean {
  return root.items(0x0040a730).some((item) => isConcept(item, LIBRARY.imageLibrary))
}

function hasSeriesUrl(root: Item): boolean {
  return root
    .items(0x0040a375)
    .some((study) => study.items(0x00081115).some((series) => (series.text(0x00081190) ?? '').includes('/series/')))
}

function hasSeriesLines(root: Item): boolean {
  return root
    .items(0x0040a730)
    .some((item) => isConcept(item, [KEY_OBJECT_DESCRIPTION]) && /^S.?.?rie-[0-9.]+ :/m.test(item.text(0x0040a160) ?? ''))
}

export function isConcept(item: Item, codes: readonly string[]): boolean {
  const name = codeIn(item, 0x0040a043)
  return name !== undefined && codes.includes(keyOf(name))
}
