/** The resources around the ImagingStudy in the FHIR document of MADO (IHE RAD.MADO, profiles MadoPatient, MadoCreator,
 *  MadoCreatorOrganization, MadoRequestedProcedure, MadoWadoEndpoint), each made of a MADO manifest's elements. */
import type { DataSet } from '../dicom/data-set.ts'
import { codesIn } from './codes-in.ts'
import { concept, DCM_SYSTEM, fhirDate, humanName, IDENTIFIER_TYPES, type Json, listed, systemOf } from './fhir-values.ts'
import type { MadoSeries } from './read-mado.ts'

const PROFILES = 'https://profiles.ihe.net/RAD/MADO/StructureDefinition/'
const GENDERS: Readonly<Record<string, string>> = { M: 'male', F: 'female', O: 'other' }
/** What the profile of the endpoint wants of every one. */
const WADO_TYPES = ['application/dicom', 'application/octet-stream', 'application/dicom+xml', 'application/json']

export function extensionUrl(name: string): string {
  return `${PROFILES}${name}`
}

export function meta(profile: string): Json {
  return { profile: [`${PROFILES}${profile}`] }
}

export function patient(head: DataSet): Json {
  const name = head.text(0x00100010)
  const others = head.items(0x00101002)
  return {
    resourceType: 'Patient',
    meta: meta('MadoPatient'),
    identifier: listed((others.length > 0 ? others : [head]).map(patientIdentifier)),
    name: name === undefined ? undefined : [humanName(name)],
    gender: GENDERS[head.text(0x00100040) ?? ''],
    birthDate: fhirDate(head.text(0x00100030)),
  }
}

function patientIdentifier(item: DataSet): Json | undefined {
  const value = item.text(0x00100020)
  const issuer = item.text(0x00100021)
  if (value === undefined) return undefined
  return { system: systemOf(item.items(0x00100024)[0]), value, assigner: issuer === undefined ? undefined : { display: issuer } }
}

export function creator(head: DataSet, organization: string | undefined): Json {
  return {
    resourceType: 'Device',
    meta: meta('MadoCreator'),
    type: {
      coding: [{ system: 'https://profiles.ihe.net/RAD/MADO/CodeSystem/MadoDeviceType', code: 'mado-creator', display: 'MADO Creator' }],
    },
    manufacturer: head.text(0x00080070),
    owner: organization === undefined ? undefined : { reference: organization },
  }
}

/** Institution Name (0008,0080), in the form of HL7 v2 XON where it has one: name^^^^^&authority&ISO^^^^id. */
export function creatorOrganization(institution: string): Json {
  const [name = '', , , , , authority = '', , , , id] = institution.split('^')
  const oid = authority.split('&')[1]
  return {
    resourceType: 'Organization',
    meta: meta('MadoCreatorOrganization'),
    identifier: id ? [{ system: oid ? `urn:oid:${oid}` : undefined, value: id }] : undefined,
    name: name || institution,
  }
}

/** An item of Referenced Request Sequence (0040,A370); only one with an accession number can be a resource of that profile. */
export function requestedProcedure(request: DataSet, head: DataSet, subject: string): Json {
  const codes = codesIn(request.items(0x00321064))
  const text = request.text(0x00321060)
  const requester = head.text(0x00080090)
  return {
    resourceType: 'ServiceRequest',
    meta: meta('MadoRequestedProcedure'),
    identifier: listed([
      accessionIdentifier(request),
      orderIdentifier('PLAC', 'Placer Identifier', request.text(0x00402016), request.items(0x00400026)[0]),
      orderIdentifier('FILL', 'Filler Identifier', request.text(0x00402017), request.items(0x00400027)[0]),
    ]),
    status: 'completed',
    intent: 'order',
    code: codes[0] === undefined ? text && { text } : concept(codes[0]),
    subject: { reference: subject },
    requester: requester === undefined ? undefined : { display: displayName(requester) },
  }
}

/** Profile MadoAccessionNumberIdentifier. @returns undefined where there is no accession number */
export function accessionIdentifier(item: DataSet): Json | undefined {
  const value = item.text(0x00080050)
  if (value === undefined) return undefined
  const types = [
    { system: IDENTIFIER_TYPES, code: 'ACSN', display: 'Accession ID' },
    { system: DCM_SYSTEM, code: '121022', display: 'Accession Number' },
  ]
  return { type: { coding: types }, system: systemOf(item.items(0x00080051)[0]), value }
}

function orderIdentifier(code: string, display: string, value: string | undefined, issuer: DataSet | undefined): Json | undefined {
  if (value === undefined) return undefined
  return { type: { coding: [{ system: IDENTIFIER_TYPES, code, display }] }, system: systemOf(issuer), value }
}

function displayName(name: string): string {
  return name.split('=')[0]!.split('^').filter(Boolean).join(' ')
}

export function wadoEndpoint({ retrieveUrl, retrieveLocationUid }: MadoSeries): Json {
  const absent = { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'not-applicable' }
  return {
    resourceType: 'Endpoint',
    meta: meta('MadoWadoEndpoint'),
    extension: listed([retrieveLocationUid && { url: extensionUrl('MadoRetrieveLocationUIDExtension'), valueString: retrieveLocationUid }]),
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'dicom-wado-rs',
      display: 'DICOM WADO-RS',
    },
    payloadType: [{ text: 'DICOM WADO-RS' }],
    payloadMimeType: WADO_TYPES,
    address: retrieveUrl ?? 'http://notspecified',
    _address: retrieveUrl === undefined ? { extension: [absent] } : undefined,
  }
}
