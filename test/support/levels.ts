/** Whoever may see everything. */
import { CONFIDENTIALITY_LEVELS, levelSet } from '../../src/dicom/confidentiality.ts'

export const EVERY_LEVEL = levelSet(CONFIDENTIALITY_LEVELS)
