/** Whether the node does what it is for, in words.
 *
 *  `blocking`: instances are not taken in, or not looked after. `troubling`: somebody should look, but nothing stands still.
 *  Cheap: asks the file system twice and the catalog once. */
import { access, constants } from 'node:fs/promises'
import type { StatusParts } from './status-parts.ts'

export interface Health {
  readonly blocking: readonly string[]
  readonly troubling: readonly string[]
}

/** A worker looks every quarter of a minute; one manifest or one delivery may take long. */
const SILENT_MS = 10 * 60_000
/** So long after the last one that was refused, it is not news any more. */
const REFUSED_MS = 10 * 60_000
/** A target that is not there for so long needs somebody. */
const STUCK_MS = 60 * 60_000

export async function healthOf(parts: StatusParts): Promise<Health> {
  const [storage, catalog] = await Promise.all([storageTrouble(parts), catalogTrouble(parts)])
  const listener = parts.dicom.isOpen() ? [] : ['the DICOM port is not open']
  return {
    blocking: [...listener, ...storage, ...catalog, ...silentWorkers(parts)],
    troubling: [...refused(parts), ...(catalog.length > 0 ? [] : await stuck(parts))],
  }
}

/** A disk can have more room than its reserve and still too little for what is sent. */
export function refused({ meters, now }: Pick<StatusParts, 'meters' | 'now'>): readonly string[] {
  const { instances, lastAt } = meters.outOfResources
  if (instances === 0 || now() - lastAt > REFUSED_MS) return []
  return [`${instances} instances in a row were refused for want of room (A700); the log says why`]
}

/** Why nothing can be stored. */
export async function storageTrouble({ storage, path, isThere, config }: StatusParts): Promise<readonly string[]> {
  if (!(await isThere().catch(() => false))) return ['the storage is not there: is its disk mounted?']
  const denied = await access(path, constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
  )
  if (denied !== undefined) return [`the storage cannot be written to (${denied})`]
  const { reserveBytes } = config().storage
  const freeBytes = await storage.freeBytes().catch(() => undefined)
  if (freeBytes === undefined) return ['the storage does not say how much room it has']
  return freeBytes >= reserveBytes
    ? []
    : [`no room: ${freeBytes} bytes are free, ${reserveBytes} are kept in reserve (storage.reserveBytes)`]
}

async function catalogTrouble({ catalog }: StatusParts): Promise<readonly string[]> {
  return catalog.ping().then(
    () => [],
    () => ['the catalog does not answer'],
  )
}

function silentWorkers({ workers, now }: StatusParts): readonly string[] {
  return Object.entries(workers())
    .filter(([, aliveAt]) => now() - aliveAt > SILENT_MS)
    .map(([name]) => `the ${name} has given no sign of life for ${SILENT_MS / 60_000} minutes`)
}

async function stuck({ catalog, now }: StatusParts): Promise<readonly string[]> {
  const { targets } = await catalog.figures(now())
  return targets.flatMap(({ target, waiting, oldestMadeAt, failed }) => [
    ...(oldestMadeAt !== undefined && now() - oldestMadeAt > STUCK_MS
      ? [`${waiting} deliveries to ${target} wait, one for more than an hour`]
      : []),
    ...(failed > 0 ? [`${failed} deliveries to ${target} were given up`] : []),
  ])
}
