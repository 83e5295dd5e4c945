/** A MADO manifest as a FHIR R4 document (IHE RAD.MADO, profile MadoFhirBundle): the same document in another format.
 *
 *  Promises: a function of the file alone, equal input gives equal bytes; Bundle.identifier is the SOP Instance UID of the manifest; every
 *  reference resolves inside of the bundle; the event loop turns while a long one is made.
 *  Does not: say what the manifest does not; Composition names no organization where the manifest names no institution.
 *  @throws NodeError UNREADABLE where the file is no manifest of this dialect (read-mado.ts) or does not say its offset from UTC */
import type { DataSet } from '../dicom/data-set.ts'
import { NodeError } from '../errors.ts'
import { imagingStudyJson } from './fhir-imaging-study.ts'
import { creator, creatorOrganization, meta, patient, requestedProcedure, wadoEndpoint } from './fhir-resources.ts'
import { dateTime, escapeXml, type Json, urnFrom } from './fhir-values.ts'
import { Pace } from './pace.ts'
import { type MadoDocument, type MadoSeries, readMado } from './read-mado.ts'

/** LOINC 18748-4. */
const DOCUMENT_TYPE = {
  coding: [{ system: 'http://loinc.org', code: '18748-4', display: 'Diagnostic imaging study' }],
  text: 'Diagnostic imaging study',
}

interface Entry {
  readonly fullUrl: string
  /** JSON. */
  readonly resource: string
}

/** @param kos  a MADO manifest, Part 10
 *  @returns UTF-8 JSON */
export async function madoBundle(kos: Buffer): Promise<Buffer> {
  const document = await readMado(kos)
  const { head } = document
  const timestamp = madeAt(head)
  const entries = await entriesOf(document, timestamp, new Pace())
  const bundle = { resourceType: 'Bundle', meta: meta('MadoFhirBundle'), identifier: identifierOf(head), type: 'document', timestamp }
  const parts = entries.map(({ fullUrl, resource }) => `{"fullUrl":${JSON.stringify(fullUrl)},"resource":${resource}}`)
  return Buffer.concat([`${JSON.stringify(bundle).slice(0, -1)},"entry":[`, parts.join(','), ']}\n'].map((text) => Buffer.from(text)))
}

function identifierOf(head: DataSet): Json {
  return { system: 'urn:dicom:uid', value: head.text(0x00080018) }
}

function madeAt(head: DataSet): string {
  const moment = dateTime(head.text(0x00080023), head.text(0x00080033), head.text(0x00080201))
  if (moment?.includes('T')) return moment
  throw new NodeError('UNREADABLE', { reason: 'no Content Date and Time with Timezone Offset From UTC' })
}

async function entriesOf(document: MadoDocument, timestamp: string, pace: Pace): Promise<readonly Entry[]> {
  const { head } = document
  const urn = (...names: string[]) => urnFrom('ariane fhir', head.text(0x00080018) ?? '', ...names)
  const institution = head.text(0x00080080)
  const [composition, study, subject, device] = [urn('composition'), urn('study'), urn('patient'), urn('device')]
  const organization = institution === undefined ? undefined : urn('organization')
  const endpoints = new Map(document.series.map((series) => [urn('endpoint', ...placeOf(series)), series]))
  const requests = head
    .items(0x0040a370)
    .flatMap((item, at) => (item.has(0x00080050) && item.text(0x00080050) ? [{ item, url: urn('request', String(at)) }] : []))
  const references = {
    subject,
    requests: requests.map(({ url }) => url),
    endpointOf: (series: MadoSeries) => urn('endpoint', ...placeOf(series)),
  }
  return [
    entry(composition, compositionOf(document, timestamp, { study, subject, authors: [device, organization] })),
    { fullUrl: study, resource: await imagingStudyJson(document, references, pace) },
    entry(subject, patient(head)),
    ...[...endpoints].map(([url, series]) => entry(url, wadoEndpoint(series))),
    entry(device, creator(head, organization)),
    ...(organization === undefined ? [] : [entry(organization, creatorOrganization(institution!))]),
    ...requests.map(({ item, url }) => entry(url, requestedProcedure(item, head, subject))),
  ]
}

function entry(fullUrl: string, resource: Json): Entry {
  return { fullUrl, resource: JSON.stringify(resource) }
}

function placeOf({ retrieveUrl, retrieveLocationUid }: MadoSeries): readonly string[] {
  return [retrieveUrl ?? '', retrieveLocationUid ?? '']
}

interface CompositionReferences {
  readonly study: string
  readonly subject: string
  readonly authors: readonly (string | undefined)[]
}

function compositionOf(document: MadoDocument, timestamp: string, { study, subject, authors }: CompositionReferences): Json {
  const { head } = document
  return {
    resourceType: 'Composition',
    meta: meta('MadoComposition'),
    text: { status: 'generated', div: narrative(document) },
    identifier: identifierOf(head),
    status: 'final',
    type: DOCUMENT_TYPE,
    category: [DOCUMENT_TYPE],
    subject: { reference: subject, type: 'Patient' },
    date: timestamp,
    author: authors.filter((reference) => reference !== undefined).map((reference) => ({ reference })),
    title: head.text(0x00081030) ?? 'Manifest with Description',
    event: [{ detail: [{ reference: study, type: 'ImagingStudy' }] }],
  }
}

/** For people; nothing of the patient, who has a resource. */
function narrative({ head, modalities, regions, series }: MadoDocument): string {
  const instances = series.reduce((sum, one) => sum + one.instances.length, 0)
  const rows = [
    ['Study Instance UID', head.text(0x0020000d)],
    ['Study', head.text(0x00081030)],
    ['Study date', dateTime(head.text(0x00080020), head.text(0x00080030), head.text(0x00080201))],
    ['Modalities', modalities.map((code) => code.meaning).join(', ')],
    ['Anatomical regions', regions.map((code) => code.meaning).join(', ')],
    ['Refers to', `${instances} instances in ${series.length} series`],
  ]
  const cells = rows.flatMap(([name, text]) => (text ? [`<tr><td>${name}</td><td>${escapeXml(text)}</td></tr>`] : []))
  return `<div xmlns="http://www.w3.org/1999/xhtml"><table><tbody>${cells.join('')}</tbody></table></div>`
}
