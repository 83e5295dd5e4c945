/** The series that holds the manifests of one study, confidentiality level and dialect (PS3.3 C.17.6.1): never one that a manifest refers to, the
 *  same for all versions, so that whoever may not see a level does not see its series.
 *
 *  Promises: derived from Study Instance UID, Retrieve Location UID, level and dialect alone, so that a node whose catalog is rebuilt finds the same
 *  series again; under 2.25, from a UUID of version 8 (RFC 9562 5.8) over SHA-256. */
import { createHash } from 'node:crypto'
import { type Uid, uid } from '../dicom/uid.ts'
import { isUsual } from './chains.ts'

/** @param taken  Series Instance UIDs that the manifest refers to */
export function manifestSeriesUid(
  studyInstanceUid: Uid,
  retrieveLocationUid: Uid,
  taken: ReadonlySet<string>,
  chain: { readonly confidentiality: string; readonly dialect: string },
): Uid {
  const more = isUsual(chain) ? '' : `\n${chain.confidentiality}\n${chain.dialect}`
  for (let attempt = 0; ; attempt++) {
    const candidate = derivedUid(`ariane manifest series\n${retrieveLocationUid}\n${studyInstanceUid}\n${attempt}${more}`)
    if (!taken.has(candidate)) return candidate
  }
}

function derivedUid(name: string): Uid {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return uid(`2.25.${BigInt(`0x${bytes.toString('hex')}`)}`)
}
