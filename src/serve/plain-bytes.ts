/** The bytes of a stored data set for reading at any place, deflated ones inflated (PS3.5 A.5).
 *
 *  Promises: of a data set that is not deflated nothing is read here. A deflated one is inflated into memory, up to {@link LARGEST_INFLATED},
 *  when there is room for it ({@link inflatedRoom}): a few kilobytes that inflate to all of that may be asked for by many at once.
 *  Errors: NodeError STORAGE_FAILED where the file is not what it was, INFLATED_TOO_LARGE, UNREADABLE. Close what comes back. Sizes in bytes. */
import type { Retrievable } from '../catalog/contract.ts'
import { encodingOf } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import type { ByteSource, Storage } from '../storage/contract.ts'
import { DecodedBudget } from './decoded-budget.ts'
import { openChecked } from './opened-ahead.ts'
import { inflated } from './reencode.ts'

export const LARGEST_INFLATED = 256 * 1024 * 1024
/** Of all that is inflated at once. Nobody may wait for it who holds some of it. */
export const inflatedRoom = new DecodedBudget(2 * LARGEST_INFLATED)

const NEVER = new AbortController().signal

export async function openPlainBytes(storage: Storage, instance: Retrievable): Promise<ByteSource> {
  const stored = await openChecked(storage, instance)
  if (!encodingOf(instance.transferSyntaxUid).deflated) return stored
  stored.close()
  const share = await inflatedRoom.take(LARGEST_INFLATED, NEVER)
  try {
    const held = await inflate(storage, instance)
    share.resize(held.length)
    return { ...heldBytes(held), close: () => share.release() }
  } catch (error) {
    share.release()
    throw error
  }
}

/** Bytes that are in memory, as a source. */
export function heldBytes(held: Buffer): ByteSource {
  return {
    sizeBytes: held.length,
    read: async (into, position) => {
      let at = position
      for (const place of into) at += held.copy(place, 0, Math.min(at, held.length))
      return at - position
    },
    close: () => undefined,
  }
}

async function inflate(storage: Storage, { storageKey, dataSetOffset }: Retrievable): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of inflated(storage.open(storageKey, dataSetOffset)) as AsyncIterable<Buffer>) {
      size += part.length
      if (size > LARGEST_INFLATED) throw new NodeError('INFLATED_TOO_LARGE', { limitBytes: LARGEST_INFLATED })
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof NodeError ? error : new NodeError('UNREADABLE', { why: 'cannot be inflated' }, { cause: error })
  }
  return Buffer.concat(parts, size)
}
