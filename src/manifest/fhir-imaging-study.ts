/** The ImagingStudy of the FHIR document of MADO (IHE RAD.MADO, profile MadoImagingStudy; mapping of Table 4.3-1), as JSON text.
 *
 *  Promises: every series and instance of the evidence; the event loop turns between series.
 *  A study of one accession number is based on the request with that number (slice `order`); one of several names all of its requests. */
import type { Code } from './codes.ts'
import { accessionIdentifier, extensionUrl, meta } from './fhir-resources.ts'
import { coding, concept, DCM_SYSTEM, dateTime, type Json, listed, unsigned } from './fhir-values.ts'
import type { Pace } from './pace.ts'
import type { MadoDocument, MadoInstance, MadoSeries } from './read-mado.ts'

export interface StudyReferences {
  readonly subject: string
  /** Of the requests that have an accession number, in the order of the document. */
  readonly requests: readonly string[]
  readonly endpointOf: (series: MadoSeries) => string
}

export async function imagingStudyJson(document: MadoDocument, references: StudyReferences, pace: Pace): Promise<string> {
  const offset = document.head.text(0x00080201)
  const series: string[] = []
  for (const one of document.series) {
    const instances: string[] = []
    for (const instance of one.instances) {
      instances.push(JSON.stringify(instanceJson(instance)))
      await pace.step()
    }
    const endpoint = [{ reference: references.endpointOf(one), type: 'Endpoint' }]
    series.push(withList(seriesJson(one, endpoint, offset), 'instance', instances))
  }
  return withList(studyJson(document, references), 'series', series)
}

/** @param entries  JSON texts */
function withList(object: Json, name: string, entries: readonly string[]): string {
  return `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(name)}:[${entries.join(',')}]}`
}

function studyJson({ head, modalities, regions, procedureCodes, series }: MadoDocument, { subject, requests }: StudyReferences): Json {
  const description = head.text(0x00081030)
  const type = { coding: [{ system: DCM_SYSTEM, code: '110180', display: 'Study Instance UID' }] }
  return {
    resourceType: 'ImagingStudy',
    meta: meta('MadoImagingStudy'),
    extension: listed(regions.map((code) => ({ url: extensionUrl('MadoAnatomicalRegionExtension'), valueCodeableConcept: concept(code) }))),
    identifier: [{ type, system: 'urn:dicom:uid', value: head.text(0x0020000d) }],
    status: 'available',
    modality: listed(modalities.map(coding)),
    subject: { reference: subject, type: 'Patient' },
    started: dateTime(head.text(0x00080020), head.text(0x00080030), head.text(0x00080201)),
    basedOn: listed(basedOn(head.has(0x00080050) ? accessionIdentifier(head) : undefined, requests)),
    numberOfSeries: series.length,
    numberOfInstances: series.reduce((sum, one) => sum + one.instances.length, 0),
    // The profile wants a text that people can read in any case (mado-reqproc-1).
    procedureCode: procedureCodes.length > 0 ? procedureCodes.map(concept) : [{ text: description ?? 'Diagnostic imaging study' }],
    description,
  }
}

function basedOn(sole: Json | undefined, requests: readonly string[]): readonly Json[] {
  if (sole === undefined) return requests.map((reference) => ({ reference, type: 'ServiceRequest' }))
  return [{ reference: requests[0], type: 'ServiceRequest', identifier: sole }]
}

function seriesJson(series: MadoSeries, endpoint: readonly Json[], offset: string | undefined): Json {
  const { seriesInstanceUid, number, modality, description, instances, region, date, time } = series
  return {
    uid: seriesInstanceUid,
    number: unsigned(number),
    modality: coding(modality ?? OTHER),
    description,
    numberOfInstances: instances.length,
    endpoint,
    bodySite: typeof region === 'string' ? { display: region } : region && coding(region),
    started: dateTime(date, time, offset),
  }
}

const OTHER: Code = { value: 'OT', scheme: 'DCM', meaning: 'Other' }

function instanceJson({ sopInstanceUid, sopClassUid, number, numberOfFrames, documentTitle, description }: MadoInstance): Json {
  const frames = unsigned(numberOfFrames)
  return {
    extension: listed([
      frames === undefined ? undefined : { url: extensionUrl('MadoNumberOfFrames'), valueInteger: frames },
      documentTitle && { url: extensionUrl('MadoKeyObjectDocumentTitle'), valueCodeableConcept: concept(documentTitle) },
    ]),
    uid: sopInstanceUid,
    sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${sopClassUid}` },
    number: unsigned(number),
    title: description,
  }
}
