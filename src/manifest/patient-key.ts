/** Whose manifest it is, as a text that tells nothing of the patient: a document of one patient cannot replace that of another
 *  (XDSPatientIdDoesNotMatch, ITI TF-2 3.41). A name that is corrected makes no other patient. Three parts,
 *  apart by dots: identifier, issuer, universal ID of the issuer; empty where unknown. */
import { createHash } from 'node:crypto'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { issuerFrom } from './issuer.ts'
import { storedItems } from './stored-items.ts'

export function patientKeyOf(keys: IndexKeys): string {
  const id = (keys.PatientID ?? '').trim()
  const universalId = issuerFrom(storedItems(keys.IssuerOfPatientIDQualifiersSequence)[0])?.universalId
  const who = id === '' ? ['', keys.PatientName ?? '', keys.PatientBirthDate ?? ''] : [id]
  return [digest(JSON.stringify(who)), digest(keys.IssuerOfPatientID?.trim()), digest(universalId)].join('.')
}

function digest(text: string | undefined): string {
  return text === undefined || text === '' ? '' : createHash('sha256').update(text).digest('hex').slice(0, 24)
}
