/** Patients as an operator names them, for decisions about them. */
import { keysOf } from './columns.ts'
import type { PatientSummary } from './contract.ts'
import { CORRECTION_SQL } from './sql/corrections.ts'
import type { Statements } from './statements.ts'

/** Those of this Patient ID, one for each issuer. */
export function patientsNamed(statements: Statements, patientId: string): PatientSummary[] {
  return statements.all(CORRECTION_SQL.patientsNamed, patientId).map(([key, studies, instances, manifests, ...row]) => {
    const [, issuer, universalId] = JSON.parse(key as string) as string[]
    return {
      patientKey: key as string,
      issuer: issuer ?? '',
      universalId: universalId ?? '',
      keys: keysOf('PATIENT', row),
      studies: studies as number,
      instances: instances as number,
      manifestsInForce: manifests as number,
    }
  })
}
