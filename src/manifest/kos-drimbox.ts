/** The dialect of the French DRIMbox, as the samples and the proof of concept of the ANS have it: the classic manifest with the INS as
 *  Patient ID, Patient Comments, accession numbers in the requests alone, a Retrieve URL that names study and series, hints beside the
 *  references, and a last content item (113012, DCM, "Key Object Description") with a line for examination, act and each series.
 *
 *  Promises: still valid DICOM: what the samples have against PS3.3 (text at the root, key image notes nested in the evidence) is not taken
 *  over; Retrieve AE Title and Retrieve Location UID stand beside the URL. Series Number is `manifest.seriesNumber`, 59 unless changed.
 *  The normative specification was not at hand: what is checked here is what its published validator samples show. */
import { nomenclatures } from '../config/nomenclatures.ts'
import { withPatientAuthority, withRequestAuthorities } from './assigning-authorities.ts'
import { withIns } from './drimbox-identity.ts'
import type { ManifestContent, ManifestSeries } from './evidence.ts'
import type { KosPlan } from './kos-document.ts'
import type { EvidenceExtras } from './kos-evidence.ts'
import { codeSequence, item, items, referenceItem, textItem } from './kos-items.ts'
import { MANIFEST_TITLE } from './manifest-title.ts'

/** PS3.16 TID 2010 row 7. */
const KEY_OBJECT_DESCRIPTION = codeSequence({ value: '113012', scheme: 'DCM', meaning: 'Key Object Description' })

export function drimbox(plain: ManifestContent): KosPlan {
  const { content: identified, hasIns } = withIns(plain)
  // An INS has an authority of its own, never the local one.
  const content = accessionPlaced(withRequestAuthorities(hasIns ? identified : withPatientAuthority(identified)))
  const { settings, patientComments } = content.beyond
  const text = settings.drimbox.description ? description(content) : undefined
  const instances = content.series.flatMap((series) => series.instances)
  const hints = settings.drimbox.hints
  return {
    content,
    title: MANIFEST_TITLE,
    head: (to) => void (patientComments === undefined || to.element(0x00104000, 'LT', patientComments)),
    evidence: { retrieveUrl: (series) => seriesUrl(content, series), ...(hints ? HINTS : {}) },
    items: async (pace) => {
      const references = await items(instances, referenceItem, pace)
      return text === undefined ? references : Buffer.concat([references, item(textItem('CONTAINS', KEY_OBJECT_DESCRIPTION, text))])
    },
    digest: {
      form: 'drimbox 1',
      head: { text, patientComments, hints },
      ofSeries: ({ number }) => (hints ? [number] : undefined),
      ofInstance: ({ instanceNumber, numberOfFrames }) => (hints ? [instanceNumber, numberOfFrames] : undefined),
    },
    missing: [...(hasIns ? [] : ['INS']), ...(content.source.retrieveUrl === undefined ? ['RetrieveURL'] : [])],
  }
}

/** Not in the standard macro: validators warn. */
const HINTS: Pick<EvidenceExtras, 'inSeries' | 'inInstance'> = {
  inSeries: (to, { number }) => void (number === undefined || to.element(0x00200011, 'IS', number)),
  inInstance: (to, { instanceNumber, numberOfFrames }) => {
    if (instanceNumber !== undefined) to.element(0x00200013, 'IS', instanceNumber)
    if (numberOfFrames !== undefined) to.element(0x00280008, 'IS', numberOfFrames)
  },
}

function accessionPlaced(content: ManifestContent): ManifestContent {
  const isKept = content.beyond.settings.drimbox.accession === 'both'
  return isKept ? content : { ...content, accessionNumber: undefined, issuerOfAccessionNumber: undefined }
}

function seriesUrl({ source, studyInstanceUid }: ManifestContent, { seriesInstanceUid }: ManifestSeries): string | undefined {
  return source.retrieveUrl && `${source.retrieveUrl}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`
}

/** Consumers take it apart: the words, the signs and the line feed at each end are those of the samples. */
function description({ copied, series, beyond, requests }: ManifestContent): string {
  const requested = requests.flatMap((one) => [
    ...one.requestedProcedureCodes.map((code) => code.meaning),
    one.requestedProcedureDescription,
  ])
  const act = beyond.procedureCodes[0]?.meaning ?? requested.find((text) => text !== undefined)
  return [`Examen : ${copied.StudyDescription ?? ''}`, `Acte = ${act ?? ''}`, ...series.map(seriesLine)].map((line) => `${line}\n`).join('')
}

function seriesLine({ seriesInstanceUid, modality, bodyPart, description: text }: ManifestSeries): string {
  const part = nomenclatures().bodyParts.get(bodyPart ?? '')?.code?.meaning ?? bodyPart
  return `Série-${seriesInstanceUid} : ${modality ?? ''} @ ${part === undefined ? '' : `${part} `}: ${text ?? ''}`
}
