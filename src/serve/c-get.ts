/** C-GET (PS3.4 C.4.3, PS3.7 9.1.3): sends what we hold on the association of the request itself.
 *
 *  Promises: an instance goes in the stored transfer syntax where the requestor took the SCP role for its SOP class in this syntax
 *  (PS3.7 D.3.3.4), else converted, else it counts as failed; responses as for C-MOVE.
 *  Errors: none; every failure is answered. */
import type { Retrievable } from '../catalog/contract.ts'
import { retrieveKeys } from '../dicom/query-model.ts'
import type { Request, StoreResult } from '../dimse/contract.ts'
import { log } from '../log.ts'
import type { ByteSource } from '../storage/contract.ts'
import type { Opened } from './opened-ahead.ts'
import { retrieve } from './retrieve.ts'
import { readyToSend } from './send-instance.ts'
import type { Lane } from './send-instances.ts'
import { answerFailure, modelOf, readIdentifier, type Serving } from './serving.ts'

/** Unable to calculate the number of matches (PS3.4 C.4.3.1.4). */
const OUT_OF_RESOURCES = 0xa701

export async function cGet(serving: Serving, request: Request): Promise<void> {
  try {
    const { level, keys } = retrieveKeys(readIdentifier(request), modelOf(request))
    log.info('get begins', { association: request.association.id, level })
    await retrieve(serving, request, keys, serving.levelsOf(request.association), () => [new GetLane(serving, request)])
  } catch (error) {
    await answerFailure(request, error, OUT_OF_RESOURCES)
  }
}

class GetLane implements Lane {
  readonly usable = true
  readonly #serving: Serving
  readonly #request: Request

  constructor(serving: Serving, request: Request) {
    this.#serving = serving
    this.#request = request
  }

  async prepare(): Promise<boolean> {
    return true
  }

  async send(opened: Opened): Promise<StoreResult> {
    const { association, stopped } = this.#request
    const { storage, aeTitle } = this.#serving
    const store = await readyToSend(association, opened, { storage, aeTitle, stopped })
    return store()
  }

  readAhead(instance: Retrievable, bytes: ByteSource): void {
    this.#request.association.readAhead(instance.sopClassUid, instance.transferSyntaxUid, bytes)
  }

  async close(): Promise<void> {}
}
