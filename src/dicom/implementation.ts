/** How the node names itself on the wire and in file meta information (PS3.7 D.3.3.2, PS3.10 7.1). */
import { uid } from './uid.ts'

/** Implementation Class UID: under 2.25, drawn once for this product, never to change. */
export const IMPLEMENTATION_CLASS_UID = uid('2.25.190690122852079606964059109474937361437')
/** Implementation Version Name, at most 16 characters. */
export const IMPLEMENTATION_VERSION_NAME = 'ARIANE_0_1_0'
export const MANUFACTURER = 'Ariane'
export const SOFTWARE_VERSION = '0.1.0'
