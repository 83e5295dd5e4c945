/** The series that holds the manifests of one study, confidentiality level and dialect (PS3.3 C.17.6.1): never one that a manifest refers to, the
 *  same for all versions, so that whoever may not see a level does not see its series.
 *
 *  Promises: derived from Study Instance UID, Retrieve Location UID, level and dialect alone, so that a node whose catalog is rebuilt finds the same
 *  series again; under 2.25, from a UUID of version 8 (RFC 9562 5.8) over SHA-256. */
import { type Uid, uidFromUuid, uuidOfName } from '../dicom/uid.ts'
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
    const candidate = uidFromUuid(uuidOfName(`ariane manifest series\n${retrieveLocationUid}\n${studyInstanceUid}\n${attempt}${more}`))
    if (!taken.has(candidate)) return candidate
  }
}
