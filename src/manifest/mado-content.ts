/** A manifest's content as MADO wants it said (IHE RAD Supplement MADO 6.X.2.5 to 6.X.2.9).
 *
 *  Promises: the Patient ID is repeated among the other ones; identifiers have issuers where they are configured; Study Date and Time come
 *  from the earliest series where the study has none; regions and modalities of the study are the distinct ones of its series.
 *  Does not: invent: what the profile demands and nobody knows is named by {@link missingInMado}. Of procedures, those performed count, else
 *  those requested. The description of a key image note is not indexed, and so left out. */
import { createHash } from 'node:crypto'
import { type Nomenclatures, nomenclatures } from '../config/nomenclatures.ts'
import { requestWithAuthorities, withAuthorities } from './assigning-authorities.ts'
import type { Code } from './codes.ts'
import type { ManifestContent, ManifestSeries, OtherPatientId } from './evidence.ts'
import type { Request } from './request-items.ts'

export interface MadoDescription {
  readonly modalities: readonly Code[]
  readonly regions: readonly Code[]
  readonly procedureCodes: readonly Code[]
}

export function madoContent(content: ManifestContent): ManifestContent {
  const qualified = withAccession(withAuthorities(content))
  return { ...qualified, copied: withStudyTime(qualified), otherPatientIds: withPrimaryId(qualified) }
}

export function madoDescription({ series, beyond, requests }: ManifestContent): MadoDescription {
  const tables = nomenclatures()
  const requested = requests.flatMap((request) => request.requestedProcedureCodes)
  return {
    modalities: studyModalities(series, tables),
    regions: studyRegions(series, beyond.settings.mado.defaultRegion, tables),
    procedureCodes: distinct(beyond.procedureCodes.length > 0 ? beyond.procedureCodes : requested),
  }
}

/** Modality of a series (CID 33); one that the table does not know is Other. */
export function modalityCode(modality: string | undefined, { modalities }: Nomenclatures = nomenclatures()): Code {
  const known = modalities.get(modality ?? '') ?? modalities.get('OT')!
  return { value: known.value, scheme: 'DCM', meaning: known.meaning }
}

/** @returns the names of what is R+ (shall have a value) and has none */
export function missingInMado(content: ManifestContent, { regions }: MadoDescription): readonly string[] {
  const { copied, issuerOfPatientId, source, requests } = content
  const demanded: Readonly<Record<string, boolean>> = {
    PatientID: copied.PatientID !== undefined,
    IssuerOfPatientID: copied.IssuerOfPatientID !== undefined,
    IssuerOfPatientIDQualifiersSequence: issuerOfPatientId?.universalId !== undefined,
    StudyDate: copied.StudyDate !== undefined,
    StudyTime: copied.StudyTime !== undefined,
    InstitutionName: source.institution !== undefined,
    ReferencedRequestSequence: requests.length > 0,
    AccessionNumber: requests.every((one) => one.accessionNumber !== undefined),
    IssuerOfAccessionNumberSequence: requests.every((one) => one.issuerOfAccessionNumber?.universalId !== undefined),
    PlacerOrderNumber: requests.every((one) => one.placerOrderNumber !== undefined),
    OrderPlacerIdentifierSequence: requests.every(
      (one) => one.placerOrderNumber === undefined || one.orderPlacer?.universalId !== undefined,
    ),
    'Target Region': regions.length > 0,
  }
  return Object.keys(demanded).filter((name) => !demanded[name])
}

/** 6.X.2.6.1, absent case: one number for the study, the same each time. */
function withAccession(content: ManifestContent): ManifestContent {
  const { settings } = content.beyond
  const lacks = content.requests.length === 0 || content.requests.some((one) => one.accessionNumber === undefined)
  if (!settings.mado.generateAccession || !lacks) return content
  const accessionNumber = accessionOf(content.studyInstanceUid)
  const bare: readonly Request[] = content.requests.length === 0 ? [{ requestedProcedureCodes: [] }] : content.requests
  const requests = bare.map((one) => requestWithAuthorities({ ...one, accessionNumber: one.accessionNumber ?? accessionNumber }, settings))
  const isSole = new Set(requests.map((one) => one.accessionNumber)).size === 1
  return {
    ...content,
    requests,
    accessionNumber: isSole ? accessionNumber : undefined,
    issuerOfAccessionNumber: isSole ? requests[0]!.issuerOfAccessionNumber : undefined,
  }
}

/** 15 digits and capitals (SH allows 16), from 72 bits: two studies of one node do not meet. */
function accessionOf(studyInstanceUid: string): string {
  const bytes = createHash('sha256').update(`ariane accession number\n${studyInstanceUid}`).digest().subarray(0, 9)
  return `A${BigInt(`0x${bytes.toString('hex')}`)
    .toString(36)
    .toUpperCase()
    .padStart(14, '0')}`
}

/** 6.X.2.6.2. */
function withStudyTime({ copied, series }: ManifestContent): ManifestContent['copied'] {
  if (copied.StudyDate !== undefined && copied.StudyTime !== undefined) return copied
  const dated = series.filter((one) => one.date !== undefined && (copied.StudyDate ?? one.date) === one.date)
  const moments = dated.map((one) => ({ date: one.date!, time: one.time ?? '' }))
  const [first] = moments.sort((a, b) => (a.date + a.time < b.date + b.time ? -1 : 1))
  return { ...copied, StudyDate: copied.StudyDate ?? first?.date, StudyTime: copied.StudyTime ?? (first?.time || undefined) }
}

/** 6.X.2.5.2. */
function withPrimaryId({ copied, issuerOfPatientId, otherPatientIds }: ManifestContent): readonly OtherPatientId[] {
  if (copied.PatientID === undefined) return otherPatientIds
  const primary = { id: copied.PatientID, type: 'TEXT', issuerName: copied.IssuerOfPatientID, issuer: issuerOfPatientId }
  const isSame = (other: OtherPatientId) => other.id === primary.id && other.issuer?.universalId === issuerOfPatientId?.universalId
  return [primary, ...otherPatientIds.filter((other) => !isSame(other))]
}

/** Acquisition modalities (CID 29); the others only where there is no such. */
function studyModalities(series: readonly ManifestSeries[], tables: Nomenclatures): readonly Code[] {
  const codes = distinct(series.map((one) => modalityCode(one.modality, tables)))
  const acquired = codes.filter(({ value }) => tables.modalities.get(value)?.acquisition)
  return acquired.length > 0 ? acquired : codes
}

function studyRegions(series: readonly ManifestSeries[], otherwise: string | undefined, tables: Nomenclatures): readonly Code[] {
  const named = new Set(series.flatMap((one) => tables.bodyParts.get(one.bodyPart ?? '')?.regions ?? []))
  if (named.size === 0 && otherwise !== undefined) named.add(otherwise)
  return [...tables.regions].filter(([term]) => named.has(term)).map(([, code]) => code)
}

function distinct(codes: readonly Code[]): readonly Code[] {
  return [...new Map(codes.map((code) => [`${code.value}\\${code.scheme}`, code])).values()]
}
