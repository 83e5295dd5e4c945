/** What commands see of a node that runs; `node.ts` builds it. */
import type { Catalog } from '../catalog/contract.ts'
import type { Config } from '../config/settings.ts'
import type { Storage } from '../storage/contract.ts'

export interface RunningNode {
  /** The DICOM port in use. */
  readonly port: number
  /** The port of the web in use; absent where nothing is answered there. */
  readonly webPort?: number
  readonly catalog: Catalog
  readonly storage: Storage
  readonly retrieveLocationUid: string
  /** Takes over peers, `unknownCallers`, log level and quiet time; associations go on. */
  reload(next: Config): Promise<void>
  /** @param graceSeconds how long open associations may go on */
  stop(graceSeconds?: number): Promise<void>
}
