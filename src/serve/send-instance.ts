/** One stored instance, sent by C-STORE on one association (PS3.4 B.2, PS3.7 9.1.1).
 *
 *  Promises: with the patient and study values that are in force (correct-instance.ts); in the stored transfer syntax wherever the peer accepts it, byte for byte unless the data set is of odd length (even-lengths.ts);
 *  else in Explicit or Implicit VR Little Endian where it can be converted (convert-instance.ts); else nothing is sent and NO_CONTEXT is
 *  thrown. A file that is lost or shorter than it was, odd lengths that cannot be mended, and an image that cannot be decoded, are found
 *  before the C-STORE begins, so that they do not cost the association.
 *  Does not: open associations, close the opened file, count, or retry.
 *  Errors: NodeError NO_CONTEXT, STORAGE_FAILED (our file), UNREADABLE (cannot be converted or mended), PEER_ABORTED (by the peer, or the
 *  request was stopped), PEER_TIMEOUT. */
import type { Retrievable } from '../catalog/contract.ts'
import type { Association, OutgoingInstance, StoreResult } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import type { Storage } from '../storage/contract.ts'
import { converterOf } from './convert-instance.ts'
import { type Corrected, corrected } from './correct-instance.ts'
import { madeEven } from './even-lengths.ts'
import { checkSize, type Opened } from './opened-ahead.ts'

/** A data set ready to go out. */
export type Payload = Pick<OutgoingInstance, 'transferSyntaxUid' | 'open'> & { readonly close?: () => void }

export interface SendOptions {
  readonly storage: Storage
  /** How this node names itself where it corrects what an instance says. */
  readonly aeTitle: string
  /** Of the C-MOVE that this is a sub-operation of. */
  readonly moveOriginator?: OutgoingInstance['moveOriginator']
  /** The request is over: making ready is of no more use. */
  readonly stopped: AbortSignal
}

/** Makes ready; the association is untouched.
 *  @returns what sends it; where that throws and a part is out, the association has ended */
export async function readyToSend(association: Association, opened: Opened, options: SendOptions): Promise<() => Promise<StoreResult>> {
  const payload = await payloadFor(association, opened, options)
  return () => store(association, opened.instance, payload, options.moveOriginator)
}

/** What the receiver takes. */
export type Takes = Pick<Association, 'storeContext' | 'storeSyntaxes'>

/** @throws NodeError as above, before anything is sent */
export async function payloadFor(association: Takes, opened: Opened, options: SendOptions): Promise<Payload> {
  const { instance, bytes } = opened
  const { storage, stopped } = options
  const { sopClassUid, transferSyntaxUid, storageKey } = instance
  const correction = await correctedFor(opened, options)
  if (association.storeContext(sopClassUid, transferSyntaxUid) !== undefined) {
    if (correction !== undefined) return { transferSyntaxUid, open: await mended(correction, transferSyntaxUid, stopped) }
    if (bytes === undefined) return repaired(instance, storage, stopped)
    const stored = await bytes
    return { transferSyntaxUid, open: () => stored }
  }
  checkSize(instance, await storage.size(storageKey))
  const converter = converterOf(storage)
  const target = converter.target(transferSyntaxUid, association.storeSyntaxes(sopClassUid))
  if (target === undefined) throw new NodeError('NO_CONTEXT', { sopClassUid, transferSyntaxUid })
  return { transferSyntaxUid: target, ...(await converter.convert(instance, target, stopped, correction?.open)) }
}

/** @returns undefined where the file says what is in force */
async function correctedFor({ instance, bytes }: Opened, { storage, aeTitle }: SendOptions): Promise<Corrected | undefined> {
  const { correction, storageKey, dataSetOffset } = instance
  if (correction === undefined) return undefined
  if (bytes === undefined) checkSize(instance, await storage.size(storageKey))
  else await bytes
  return corrected(() => storage.open(storageKey, dataSetOffset), instance, correction, aeTitle)
}

function mended(
  { open, maybeOdd }: Corrected,
  transferSyntaxUid: string,
  stopped: AbortSignal,
): Promise<Payload['open']> | Payload['open'] {
  return maybeOdd ? madeEven(open, transferSyntaxUid, stopped) : open
}

async function repaired(instance: Retrievable, storage: Storage, stopped: AbortSignal): Promise<Payload> {
  const { transferSyntaxUid, storageKey, dataSetOffset } = instance
  checkSize(instance, await storage.size(storageKey))
  return { transferSyntaxUid, open: await madeEven(() => storage.open(storageKey, dataSetOffset), transferSyntaxUid, stopped) }
}

async function store(
  association: Association,
  { sopClassUid, sopInstanceUid }: Retrievable,
  { transferSyntaxUid, open, close }: Payload,
  moveOriginator: OutgoingInstance['moveOriginator'],
): Promise<StoreResult> {
  let readError: Error | undefined
  const observed = (): ReturnType<typeof open> => {
    const source = open()
    return 'sizeBytes' in source ? source : source.once('error', (error: Error) => (readError = error))
  }
  try {
    return await association.store({ sopClassUid, sopInstanceUid, transferSyntaxUid, open: observed, moveOriginator })
  } catch (error) {
    if (readError === undefined || readError instanceof NodeError) throw readError ?? error
    throw new NodeError('STORAGE_FAILED', { sopInstanceUid }, { cause: readError })
  } finally {
    close?.()
  }
}
