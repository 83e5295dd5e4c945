/** Studies as the catalog hands them over, for tests of the builder. */
import type { EvidenceSeries, StudyState } from '../../src/catalog/contract.ts'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { uid } from '../../src/dicom/uid.ts'
import type { DialectSettings } from '../../src/manifest/dialect-settings.ts'
import type { ManifestSource } from '../../src/manifest/evidence.ts'
import type { ManifestIdentity } from '../../src/manifest/kos-modules.ts'

export const CT = '1.2.840.10008.5.1.4.1.1.2'
export const TWELVE_LEAD_ECG = '1.2.840.10008.5.1.4.1.1.9.1.1'
export const PRESENTATION_STATE = '1.2.840.10008.5.1.4.1.1.11.1'
export const PDF = '1.2.840.10008.5.1.4.1.1.104.1'

/** As the table of settings has them. */
export const dialectDefaults: DialectSettings = {
  mado: { codes: 'trial', generateAccession: false },
  drimbox: { ins: 'stated', description: true, hints: true, accession: 'request' },
}

export const source: ManifestSource = {
  retrieveAeTitle: aeTitle('ARIANE'),
  retrieveLocationUid: uid('2.25.123456789012345678901234567890'),
  institution: 'Hôpital de la Croix-Rousse',
  ...dialectDefaults,
}

export const patient: IndexKeys = {
  PatientName: 'MÜLLER^Zoé Élise',
  PatientID: 'P-0815',
  IssuerOfPatientID: 'HOSPITAL',
  IssuerOfPatientIDQualifiersSequence: JSON.stringify([
    { '00400032': { vr: 'UT', Value: ['1.2.250.1.213.1.4.10'] }, '00400033': { vr: 'CS', Value: ['ISO'] } },
  ]),
  PatientBirthDate: '19700102',
  PatientSex: 'F',
  OtherPatientIDsSequence: JSON.stringify([
    { '00100020': { vr: 'LO', Value: ['OTHER-1'] }, '00100021': { vr: 'LO', Value: ['ELSEWHERE'] } },
  ]),
  StudyDate: '20260115',
  StudyTime: '101500',
  AccessionNumber: 'ACC-1',
  StudyID: 'S1',
  StudyDescription: 'Scanner thoracique',
  ReferringPhysicianName: 'LÉVÊQUE^Anaïs',
}

export function study(keys: IndexKeys = patient): StudyState {
  return { studyInstanceUid: uid('1.2.3.4'), revision: 3, manifestRevision: 0, lastReceivedAt: 0, inConflict: false, isUrgent: false, keys }
}

/** @param classes  one instance for each SOP class */
export function series(number: number, classes: readonly string[], keys: IndexKeys = {}): EvidenceSeries {
  return {
    seriesInstanceUid: uid(`1.2.3.4.${number}`),
    keys: { Modality: 'CT', SeriesNumber: String(number), ...keys },
    instances: classes.map((sopClassUid, index) => ({
      sopInstanceUid: uid(`1.2.3.4.${number}.${index + 1}`),
      sopClassUid: uid(sopClassUid),
      instanceNumber: String(index + 1),
      confidentiality: 'N',
    })),
  }
}

/** One item of Request Attributes Sequence in DICOM JSON. */
export function requestItem(accession: string | undefined, placer?: string, procedureId?: string): object {
  const attribute = (vr: string, value: string | undefined) => (value === undefined ? { vr } : { vr, Value: [value] })
  return { '00080050': attribute('SH', accession), '00402016': attribute('LO', placer), '00401001': attribute('SH', procedureId) }
}

export const identity: ManifestIdentity = {
  sopInstanceUid: uid('2.25.1'),
  seriesInstanceUid: uid('2.25.2'),
  seriesNumber: 59,
  version: 1,
  createdAt: new Date('2026-01-15T10:30:00.250Z'),
  timezoneOffset: '+0100',
}
