/** Whose manifest it is, as a text that tells nothing of the patient: a document of one patient cannot replace that of another
 *  (XDSPatientIdDoesNotMatch, ITI TF-2 3.41). A name that is corrected makes no other patient. */
import { createHash } from 'node:crypto'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { issuerFrom } from './issuer.ts'
import { storedItems } from './stored-items.ts'

export function patientKeyOf(keys: IndexKeys): string {
  const id = (keys.PatientID ?? '').trim()
  const issuer = [
    keys.IssuerOfPatientID?.trim() ?? '',
    issuerFrom(storedItems(keys.IssuerOfPatientIDQualifiersSequence)[0])?.universalId ?? '',
  ]
  const who = id === '' ? ['', ...issuer, keys.PatientName ?? '', keys.PatientBirthDate ?? ''] : [id, ...issuer]
  return createHash('sha256').update(JSON.stringify(who)).digest('hex').slice(0, 32)
}
