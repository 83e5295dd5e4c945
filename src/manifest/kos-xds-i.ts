/** The classic dialect (IHE XDS-I.b, RAD TF-2 4.68.4.1.2.1): title (113030, DCM, "Manifest"), template 2010, one study, flat content.
 *
 *  Promises: evidence and content name the same instances, in the same order. Retrieve URL is the base of WADO-RS, where one is set.
 *  Its bytes and its digest never change for the same content: every study would get a new version. */
import type { ManifestContent } from './evidence.ts'
import type { KosPlan } from './kos-document.ts'
import { items, referenceItem } from './kos-items.ts'
import { MANIFEST_TITLE } from './manifest-title.ts'

export function xdsI(content: ManifestContent): KosPlan {
  const instances = content.series.flatMap((series) => series.instances)
  return {
    content,
    title: MANIFEST_TITLE,
    evidence: { retrieveUrl: () => content.source.retrieveUrl },
    items: (pace) => items(instances, referenceItem, pace),
    digest: { form: 'xds-i.b 1' },
    missing: [],
  }
}
