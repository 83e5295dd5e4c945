/** How the manifests that are out name this node: they lead to its AE title and its Retrieve Location UID for as long as anybody has them.
 *
 *  Promises: read from the newest manifest itself, so that it is known also when the catalog was rebuilt or a file of ours is lost; a
 *  difference to what the node is called now is told in the log at every start.
 *  Does not: change anything; a manifest that cannot be read says nothing. */
import type { Catalog } from '../catalog/contract.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { log } from '../log.ts'
import type { Storage } from '../storage/contract.ts'

export interface PublishedNames {
  readonly aeTitle?: string
  readonly retrieveLocationUid?: Uid
}

/** General Equipment and what stands before it. */
const HEAD_BYTES = 64 * 1024
const DEVICE_SERIAL_NUMBER = 0x00181000

export async function publishedNames({ catalog, storage }: { catalog: Catalog; storage: Storage }): Promise<PublishedNames> {
  const [newest] = (await catalog.manifests(1)).items
  const facts = newest && (await catalog.findInstance(newest.sopInstanceUid))
  if (facts === undefined) return {}
  try {
    const bytes = await storage.readStart(facts.storageKey, HEAD_BYTES)
    const head = readDataSet(bytes.subarray(facts.dataSetOffset), EXPLICIT_VR_LITTLE_ENDIAN, { untilTag: DEVICE_SERIAL_NUMBER + 1 })
    return { aeTitle: readPart10Header(bytes)?.sourceAeTitle, retrieveLocationUid: parseUid(head.text(DEVICE_SERIAL_NUMBER)) }
  } catch (error) {
    log.warn('the newest manifest cannot be read', { SOPInstanceUID: facts.sopInstanceUid, error: String(error) })
    return {}
  }
}

export function tellChangedNames(published: PublishedNames, now: Required<PublishedNames>): void {
  if (published.aeTitle !== undefined && published.aeTitle !== now.aeTitle) {
    log.warn('manifests that are out name another AE title: they can be followed only where that one is answered too', {
      published: published.aeTitle,
      now: now.aeTitle,
    })
  }
  if (published.retrieveLocationUid !== undefined && published.retrieveLocationUid !== now.retrieveLocationUid) {
    log.warn('manifests that are out name another Retrieve Location UID: put the former one back (manifest.retrieveLocationUid)', {
      published: published.retrieveLocationUid,
      now: now.retrieveLocationUid,
    })
  }
}
