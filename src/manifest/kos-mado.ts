/** The dialect of MADO (IHE RAD Supplement Manifest-based Access to DICOM Objects 6.X.2; DICOM CP-2595): title "Manifest with Description",
 *  procedure codes, an Image Library (mado-tree.ts), and the flat references of template 2010 behind it.
 *
 *  Promises: what each identifier's issuer is, where anybody knows (mado-content.ts). Retrieve URL is the base of WADO-RS.
 *  Which codes: `manifest.mado.codes`. Display URI is not written: the node has no viewer. */
import { nomenclatures } from '../config/nomenclatures.ts'
import type { ManifestContent } from './evidence.ts'
import type { KosPlan } from './kos-document.ts'
import { codeItem, codeSequence, item, items, referenceItem } from './kos-items.ts'
import { madoContent, madoDescription, missingInMado } from './mado-content.ts'
import { imageLibrary } from './mado-tree.ts'
import type { Pace } from './pace.ts'

/** PS3.16 TID 2010 row 4b (CP-2595). */
const PROCEDURE_CODE = codeSequence({ value: '121023', scheme: 'DCM', meaning: 'Procedure Code' })

export function mado(plain: ManifestContent): KosPlan {
  const content = madoContent(plain)
  const description = madoDescription(content)
  const vocabulary = nomenclatures().mado[content.beyond.settings.mado.codes]
  const instances = content.series.flatMap((series) => series.instances)
  const contentItems = async (pace: Pace): Promise<Buffer> => {
    const procedures = description.procedureCodes.map((code) => item(codeItem('HAS CONCEPT MOD', PROCEDURE_CODE, code)))
    const library = await imageLibrary(content, description, vocabulary, pace)
    return Buffer.concat([...procedures, library, await items(instances, referenceItem, pace)])
  }
  return {
    content,
    title: vocabulary.manifestWithDescription,
    evidence: { retrieveUrl: () => content.source.retrieveUrl },
    items: contentItems,
    digest: {
      form: 'mado 1',
      head: { vocabulary, description },
      ofSeries: ({ modality, number, date, time, description: text, bodyPart }) => [modality, number, date, time, text, bodyPart],
      ofInstance: ({ instanceNumber, numberOfFrames, documentTitle }) => [instanceNumber, numberOfFrames, documentTitle],
    },
    missing: missingInMado(content, description),
  }
}
