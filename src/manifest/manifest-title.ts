/** The title of the classic manifest (PS3.16 CID 7010), which the French dialect has too. */
import type { Code } from './codes.ts'

export const MANIFEST_TITLE: Code = { value: '113030', scheme: 'DCM', meaning: 'Manifest' }
