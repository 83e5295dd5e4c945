/** What the parts of the web that tell how the node does, and act on it, are given to work with. */
import type { Totals } from '../../catalog/contract.ts'
import type { ConfigSource } from '../../config/in-force.ts'
import type { Config } from '../../config/settings.ts'
import type { ActionParts } from '../../manifest/study-actions.ts'
import type { Meters } from './meters.ts'

export interface StatusParts extends ActionParts {
  config(): Config
  readonly meters: Meters
  readonly dicom: {
    readonly port: number
    isOpen(): boolean
    /** Associations that are open. */
    open(): number
  }
  /** When each worker last gave a sign of life: milliseconds since 1970. */
  readonly workers: () => Readonly<Record<string, number>>
  /** How much is held, up to a minute old. */
  totals(): Promise<Totals>
  /** Whether the storage is there at all. */
  isThere(): Promise<boolean>
  /** There are new deliveries. */
  published(): void
  /** A study has changed. */
  changed(): void
  /** Where the configuration comes from; absent where it is nobody's file. */
  readonly source?: ConfigSource
}
