/** Who assigned an identifier (PS3.3 10.17 HL7v2 Hierarchic Designator Macro, 10.14 Issuer of Patient ID Macro): read from stored
 *  headers, written again in a valid form. An item that names nobody is left out, a universal ID of
 *  type ISO that is no UID (PS3.5 9.1) too: readers look it up as one. */
import type { ElementWriter } from '../dicom/element-writer.ts'
import { isStrictUid } from '../dicom/uid.ts'
import { fitValue } from './fit-value.ts'
import { type JsonItem, textIn } from './stored-items.ts'

export interface Issuer {
  /** (0040,0031), for orders and accession numbers only. */
  readonly localNamespace?: string
  /** (0040,0032) with (0040,0033). */
  readonly universalId?: string
  readonly universalIdType?: string
}

/** PS3.3 10.17: the enumerated values of Universal Entity ID Type. */
const UNIVERSAL_ID_TYPES = new Set(['DNS', 'EUI64', 'ISO', 'URI', 'UUID', 'X400', 'X500'])

export function issuerFrom(item: JsonItem | undefined): Issuer | undefined {
  if (item === undefined) return undefined
  const localNamespace = fitValue('UT', textIn(item, 0x00400031))
  const type = fitValue('CS', textIn(item, 0x00400033))
  const universalIdType = type !== undefined && UNIVERSAL_ID_TYPES.has(type) ? type : undefined
  const universalId = universalIdType === undefined ? undefined : fitValue('UT', textIn(item, 0x00400032))
  const isUsable = universalIdType !== 'ISO' || (universalId !== undefined && isStrictUid(universalId))
  if (universalId !== undefined && isUsable) return { localNamespace, universalId, universalIdType }
  return localNamespace === undefined ? undefined : { localNamespace }
}

/** One item of (0008,0051), (0040,0026) or (0040,0027). */
export function writeHierarchicDesignator(item: ElementWriter, issuer: Issuer): void {
  if (issuer.localNamespace !== undefined) item.element(0x00400031, 'UT', issuer.localNamespace)
  writeUniversalId(item, issuer)
}

/** (0040,0032) and (0040,0033), where known: all that (0010,0024) may hold of them. */
export function writeUniversalId(item: ElementWriter, issuer: Issuer): void {
  if (issuer.universalId === undefined) return
  item.element(0x00400032, 'UT', issuer.universalId)
  item.element(0x00400033, 'CS', issuer.universalIdType)
}
