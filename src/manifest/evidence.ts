/** What a manifest says, as plain values: the study, who it is of, which requests it answers, and every instance that it refers to.
 *
 *  Promises: the same catalog content gives the same {@link ManifestContent}, in the same order (series number, instance number, then
 *  UID, as the catalog hands it over); values are valid for their VR (fit-value.ts), each instance comes once.
 *  Does not: read files, choose UIDs of the manifest, know the clock.
 *  IHE XDS-I.b, RAD TF-2 4.68.4.1.2.1; PS3.3 A.35.4. */
import type { EvidenceInstance, EvidenceSeries, StudyState } from '../catalog/contract.ts'
import type { AeTitle } from '../dicom/ae-title.ts'
import { INDEX_ATTRIBUTES, type IndexKeys, type IndexKeyword } from '../dicom/index-attributes.ts'
import { soleOffset } from '../dicom/time-zone.ts'
import type { Uid } from '../dicom/uid.ts'
import { storedCodes } from './codes.ts'
import type { DialectSettings } from './dialect-settings.ts'
import { type FitKind, fitNames, fitNumber, fitValue } from './fit-value.ts'
import { type Issuer, issuerFrom } from './issuer.ts'
import { type Code, type Request, requestsOf } from './request-items.ts'
import { type JsonItem, nestedItems, storedItems, textIn } from './stored-items.ts'

/** Where the instances can be had, who says so, and how. */
export interface ManifestSource extends DialectSettings {
  /** AE title that answers C-FIND, C-MOVE and C-GET for every reference. */
  readonly retrieveAeTitle: AeTitle
  /** Retrieve Location UID (0040,E011): this node for ever. */
  readonly retrieveLocationUid: Uid
  /** Base URL of WADO-RS. */
  readonly retrieveUrl?: string
  /** Institution Name (0008,0080). */
  readonly institution?: string
  /** Institutional Department Name (0008,1040). */
  readonly institutionDepartment?: string
}

export interface OtherPatientId {
  readonly id: string
  readonly type: string
  readonly issuerName?: string
  readonly issuer?: Issuer
}

export interface ManifestInstance {
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly instanceNumber?: string
  readonly numberOfFrames?: string
  /** Of a Key Object Selection. Its description is not indexed and so not said. */
  readonly documentTitle?: Code
}

export interface ManifestSeries {
  readonly seriesInstanceUid: Uid
  readonly modality?: string
  readonly number?: string
  readonly date?: string
  readonly time?: string
  readonly description?: string
  /** Body Part Examined (0018,0015). */
  readonly bodyPart?: string
  readonly instances: readonly ManifestInstance[]
}

/** What the classic manifest does not say. */
export interface BeyondClassic {
  readonly settings: DialectSettings
  readonly patientComments?: string
  readonly procedureCodes: readonly Code[]
}

export interface ManifestContent {
  readonly studyInstanceUid: Uid
  readonly source: Omit<ManifestSource, keyof DialectSettings>
  /** Values copied from the study, per keyword of {@link COPIED_ATTRIBUTES}; absent where unknown. */
  readonly copied: Partial<Record<CopiedKeyword, string>>
  /** The Timezone Offset From UTC that its instances state, where they agree. */
  readonly statedOffset?: string
  readonly issuerOfPatientId?: Issuer
  readonly otherPatientIds: readonly OtherPatientId[]
  /** The one accession number of the study; absent where there is none or are several (they are then in `requests`). */
  readonly accessionNumber?: string
  readonly issuerOfAccessionNumber?: Issuer
  readonly requests: readonly Request[]
  readonly series: readonly ManifestSeries[]
  readonly instanceCount: number
  readonly beyond: BeyondClassic
  /** What the study has but could not be taken over, in words without values. */
  readonly leftOut: readonly string[]
}

/** Copied from the study as it is in force. Type: of Patient (C.7.1.1) and General Study (C.7.2.1) modules. */
export const COPIED_ATTRIBUTES = [
  copied('PatientName', 2),
  copied('PatientID', 2, 'identifier'),
  copied('IssuerOfPatientID', 3, 'identifier'),
  copied('PatientBirthDate', 2),
  copied('PatientSex', 2),
  copied('OtherPatientNames', 3),
  copied('StudyDate', 2),
  copied('StudyTime', 2),
  copied('ReferringPhysicianName', 2),
  copied('StudyID', 2, 'identifier'),
  copied('StudyDescription', 3),
] as const

export type CopiedKeyword = (typeof COPIED_ATTRIBUTES)[number]['keyword']

function copied<K extends IndexKeyword>(keyword: K, type: 2 | 3, kind: FitKind = 'text') {
  const { tag, vr } = INDEX_ATTRIBUTES.find((attribute) => attribute.keyword === keyword)!
  return { keyword, tag: tag as number, vr: vr as string, type, kind }
}

/** PS3.3 C.7.1.1: the enumerated values. */
const SEXES = new Set(['M', 'F', 'O'])
const PATIENT_ID_TYPES = new Set(['TEXT', 'RFID', 'BARCODE'])

export function manifestContent(study: StudyState, evidence: readonly EvidenceSeries[], source: ManifestSource): ManifestContent {
  const series = distinctSeries(evidence)
  const requests = requestsOf(study.keys, evidence)
  const copiedValues = copiedFrom(study.keys)
  const sole = soleAccession(requests)
  return {
    studyInstanceUid: study.studyInstanceUid,
    source: {
      retrieveAeTitle: source.retrieveAeTitle,
      retrieveLocationUid: source.retrieveLocationUid,
      retrieveUrl: source.retrieveUrl,
      institution: fitValue('LO', source.institution),
      institutionDepartment: fitValue('LO', source.institutionDepartment),
    },
    copied: copiedValues,
    statedOffset: soleOffset(evidence.map(({ timezoneOffset }) => timezoneOffset)),
    issuerOfPatientId: issuerFrom(storedItems(study.keys.IssuerOfPatientIDQualifiersSequence)[0]),
    otherPatientIds: storedItems(study.keys.OtherPatientIDsSequence)
      .map(otherPatientId)
      .filter((other) => other !== undefined),
    accessionNumber: sole?.accessionNumber,
    issuerOfAccessionNumber: sole?.issuerOfAccessionNumber,
    requests,
    series,
    instanceCount: series.reduce((sum, one) => sum + one.instances.length, 0),
    beyond: beyondClassic(study.keys, source),
    leftOut: leftOutOf(study.keys, copiedValues, requests),
  }
}

function beyondClassic(keys: IndexKeys, source: ManifestSource): BeyondClassic {
  const { patientIdIssuer, patientIdIssuerOid, accessionIssuerOid, placerIssuerOid, mado, drimbox } = source
  return {
    settings: { patientIdIssuer, patientIdIssuerOid, accessionIssuerOid, placerIssuerOid, mado, drimbox },
    patientComments: fitValue('LT', keys.PatientComments),
    procedureCodes: storedCodes(keys.ProcedureCodeSequence),
  }
}

function copiedFrom(keys: IndexKeys): Partial<Record<CopiedKeyword, string>> {
  const values: Partial<Record<CopiedKeyword, string>> = {}
  for (const { keyword, vr, kind } of COPIED_ATTRIBUTES) {
    const fitted = keyword === 'OtherPatientNames' ? fitNames(keys[keyword]) : fitValue(vr, keys[keyword], kind)
    if (fitted !== undefined && (keyword !== 'PatientSex' || SEXES.has(fitted))) values[keyword] = fitted
  }
  return values
}

function leftOutOf(keys: IndexKeys, taken: Partial<Record<CopiedKeyword, string>>, requests: readonly Request[]): readonly string[] {
  const lost = COPIED_ATTRIBUTES.filter(({ keyword }) => (keys[keyword] ?? '').trim() !== '' && taken[keyword] === undefined)
  const names: string[] = lost.map(({ keyword }) => keyword)
  const numberLost = (keys.AccessionNumber ?? '').trim() !== '' && requests.every((one) => one.accessionNumber === undefined)
  return numberLost ? [...names, 'AccessionNumber'] : names
}

function otherPatientId(item: JsonItem): OtherPatientId | undefined {
  const id = fitValue('LO', textIn(item, 0x00100020), 'identifier')
  if (id === undefined) return undefined
  const type = fitValue('CS', textIn(item, 0x00100022)) ?? ''
  return {
    id,
    type: PATIENT_ID_TYPES.has(type) ? type : 'TEXT',
    issuerName: fitValue('LO', textIn(item, 0x00100021), 'identifier'),
    issuer: issuerFrom(nestedItems(item, 0x00100024)[0]),
  }
}

/** One accession number: it stands in General Study. Several: it stays empty there. */
function soleAccession(requests: readonly Request[]): Request | undefined {
  const numbers = new Set(requests.map((request) => request.accessionNumber).filter((value) => value !== undefined))
  if (numbers.size !== 1) return undefined
  const named = requests.filter((request) => request.accessionNumber !== undefined)
  return named.find((request) => request.issuerOfAccessionNumber !== undefined) ?? named[0]
}

function distinctSeries(evidence: readonly EvidenceSeries[]): readonly ManifestSeries[] {
  const seen = new Set<string>()
  const isNew = (uid: string): boolean => !seen.has(uid) && seen.add(uid) !== undefined
  return evidence
    .map((series) => ({
      ...describedSeries(series),
      instances: series.instances.filter((one) => isNew(one.sopInstanceUid)).map(described),
    }))
    .filter(({ instances }) => instances.length > 0)
}

function describedSeries({ seriesInstanceUid, keys }: EvidenceSeries): Omit<ManifestSeries, 'instances'> {
  return {
    seriesInstanceUid,
    modality: fitValue('CS', keys.Modality),
    number: fitNumber(keys.SeriesNumber),
    date: fitValue('DA', keys.SeriesDate),
    time: fitValue('TM', keys.SeriesTime),
    description: fitValue('LO', keys.SeriesDescription),
    bodyPart: fitValue('CS', keys.BodyPartExamined),
  }
}

function described({ sopInstanceUid, sopClassUid, instanceNumber, numberOfFrames, documentTitle }: EvidenceInstance): ManifestInstance {
  return {
    sopInstanceUid,
    sopClassUid,
    instanceNumber: fitNumber(instanceNumber),
    numberOfFrames: fitNumber(numberOfFrames),
    documentTitle: documentTitle === undefined ? undefined : storedCodes(documentTitle)[0],
  }
}
