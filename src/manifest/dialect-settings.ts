/** What an operator decides of the dialects beyond the classic one; keys and defaults are those of `manifest.*` in config/settings.ts. */
import type { Uid } from '../dicom/uid.ts'

export interface DialectSettings {
  /** Who issues identifiers, where the instances do not say it. */
  readonly patientIdIssuer?: string
  readonly patientIdIssuerOid?: Uid
  readonly accessionIssuerOid?: Uid
  readonly placerIssuerOid?: Uid
  readonly mado: {
    readonly codes: 'trial' | 'final'
    readonly generateAccession: boolean
    /** Term of the table of regions. */
    readonly defaultRegion?: string
  }
  readonly drimbox: {
    readonly ins: 'stated' | 'nir' | 'nia' | 'test' | 'demo'
    readonly description: boolean
    readonly hints: boolean
    readonly accession: 'request' | 'both'
  }
}
