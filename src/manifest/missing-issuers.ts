/** Said at each start: a target wants a dialect that demands the OIDs of who issues identifiers, and the configuration has none to put where the images do not say
 *  them: each of its manifests lacks them, or is not valid and withheld. */
import type { Config } from '../config/settings.ts'
import { log } from '../log.ts'

type Settings = Pick<Config, 'publish' | 'manifest'>

/** What each dialect wants of the configuration. */
const WANTED = {
  mado: ['patientIdIssuerOid', 'accessionIssuerOid', 'placerIssuerOid'],
  'mado-fhir': ['patientIdIssuerOid', 'accessionIssuerOid', 'placerIssuerOid'],
  drimbox: ['accessionIssuerOid'],
} as const satisfies Readonly<Record<string, readonly (keyof Config['manifest'])[]>>

export interface MissingIssuers {
  readonly target: string
  readonly dialect: string
  /** Keys of the configuration. */
  readonly settings: readonly string[]
}

export function missingIssuers({ publish, manifest }: Settings): readonly MissingIssuers[] {
  return publish.flatMap(({ name, dialect }) => {
    if (dialect === 'xds-i') return []
    const settings = WANTED[dialect].filter((key) => manifest[key] === undefined).map((key) => `manifest.${key}`)
    return settings.length === 0 ? [] : [{ target: name, dialect, settings }]
  })
}

export function tellMissingIssuers(config: Settings): void {
  for (const one of missingIssuers(config))
    log.warn('a target wants manifests that demand OIDs of issuers: where the images do not say them, they are missing', { ...one })
}
