/** UIDs that an address names: one check for all that is served under one. */
import { parseUid, type Uid } from '../dicom/uid.ts'
import { WebRefusal, type WebRequest } from './web-service.ts'

/** @param name  of the placeholder: `study`, `series`
 *  @returns undefined where the route has none
 *  @throws WebRefusal 400 */
export function uidInPath({ params }: Pick<WebRequest, 'params'>, name: string): Uid | undefined {
  const text = params[name]
  if (text === undefined) return undefined
  const uid = parseUid(text)
  if (uid === undefined) throw new WebRefusal(400, `${name}: expected a UID`)
  return uid
}
