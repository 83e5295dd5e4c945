/** Confidentiality levels of instances and manifests, and sets of them.
 *
 *  N, R, V: HL7 v3 Confidentiality (2.16.840.1.113883.5.25), normal, restricted, very restricted. MASQUE_PS and INVISIBLE_PATIENT: the French
 *  masks (1.2.250.1.213.1.1.4.13), hidden from professionals, not yet shown to the patient. Each combination is a level of its own: all that
 *  one manifest refers to has one (CI-SIS, volet « Références d'objets d'imagerie », 4.3).
 *  A level's bit is kept in catalogs: the table only ever grows at its end. */
export const CONFIDENTIALITY_LEVELS = ['N', 'R', 'V', 'MASQUE_PS', 'INVISIBLE_PATIENT', 'MASQUE_PS+INVISIBLE_PATIENT'] as const

export type Confidentiality = (typeof CONFIDENTIALITY_LEVELS)[number]

/** Levels as a set of bits: 1 is N, 2 is R, 4 is V … */
export type LevelSet = number & { readonly __levelSet?: true }

export const levelBit = (level: Confidentiality): LevelSet => 1 << CONFIDENTIALITY_LEVELS.indexOf(level)

export const levelSet = (levels: readonly Confidentiality[]): LevelSet => levels.reduce((set, level) => set | levelBit(level), 0)

export const EVERY_LEVEL: LevelSet = levelSet(CONFIDENTIALITY_LEVELS)

/** @returns undefined where the bit is none of a level's */
export function levelOfBit(bit: number): Confidentiality | undefined {
  return CONFIDENTIALITY_LEVELS.find((level) => levelBit(level) === bit)
}

export function isConfidentiality(text: string): text is Confidentiality {
  return (CONFIDENTIALITY_LEVELS as readonly string[]).includes(text)
}
