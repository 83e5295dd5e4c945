/** Confidentiality levels as the API tells them: by name, and whether something is of one that a caller may see. */
import { isConfidentiality, type LevelSet, levelBit, levelOfBit } from '../../dicom/confidentiality.ts'

export const isSeen = (confidentiality: string, levels: LevelSet): boolean =>
  isConfidentiality(confidentiality) && (levelBit(confidentiality) & levels) !== 0

/** Names of the levels of a set. */
export const levelNames = (levels: LevelSet) =>
  Array.from({ length: 31 }, (_, at) => levels & (1 << at)).flatMap((bit) => (bit === 0 ? [] : (levelOfBit(bit) ?? [])))
