/** Codes that are data: the tables of `config/nomenclatures`, read once and checked.
 *
 *  Promises: every term names a region that is there, every code is complete and fits its VR (PS3.3 8: SH 16, LO 64).
 *  Only codes that were read in the standard, in a published profile or in official samples are in the tables; each says in `source`
 *  where from, and what is left out. `config` lies beside `src` and `dist` alike.
 *  @throws Error with file, path and what was expected, where a table is damaged */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { isStrictUid } from '../dicom/uid.ts'

/** A coded concept (PS3.3 8). */
const CODE = z.strictObject({ value: z.string().min(1).max(16), scheme: z.string().min(1).max(16), meaning: z.string().min(1).max(64) })
const TERM = z.string().regex(/^[A-Z0-9_ ]{1,16}$/, 'expected a CS value')
const SOURCE = z.string().min(1)

const VOCABULARY = z.strictObject({
  manifestWithDescription: CODE,
  seriesDate: CODE,
  seriesTime: CODE,
  seriesDescription: CODE,
  numberOfSeriesRelatedInstances: CODE,
  numberOfStudyRelatedSeries: CODE,
})

const MODALITIES = z.strictObject({
  source: SOURCE,
  modalities: z.array(z.strictObject({ value: TERM, meaning: z.string().min(1).max(64), acquisition: z.boolean() })),
})
const REGIONS = z.strictObject({ source: SOURCE, regions: z.array(z.strictObject({ term: TERM, code: CODE })) })
const BODY_PARTS = z.strictObject({
  source: SOURCE,
  bodyParts: z.array(z.strictObject({ term: TERM, code: CODE.optional(), regions: z.array(TERM).min(1) })),
})
const MADO_CODES = z.strictObject({ source: SOURCE, trial: VOCABULARY, final: VOCABULARY })
const INS = z.strictObject({
  source: SOURCE,
  authorities: z.array(
    z.strictObject({ name: z.string(), oid: z.string().refine(isStrictUid, 'expected an OID'), issuer: z.string().max(64).optional() }),
  ),
})

export type Code = z.infer<typeof CODE>
export type MadoVocabulary = z.infer<typeof VOCABULARY>
export type Modality = z.infer<typeof MODALITIES>['modalities'][number]
export type BodyPart = z.infer<typeof BODY_PARTS>['bodyParts'][number]
export type InsAuthority = z.infer<typeof INS>['authorities'][number]

export interface Nomenclatures {
  /** By Modality (0008,0060). */
  readonly modalities: ReadonlyMap<string, Modality>
  /** By term, in the order of the table. */
  readonly regions: ReadonlyMap<string, Code>
  /** By Body Part Examined (0018,0015). */
  readonly bodyParts: ReadonlyMap<string, BodyPart>
  readonly mado: { readonly trial: MadoVocabulary; readonly final: MadoVocabulary }
  readonly insAuthorities: readonly InsAuthority[]
}

const FOLDER = new URL('../../config/nomenclatures/', import.meta.url)
let loaded: Nomenclatures | undefined

/** Read at the first call. */
export function nomenclatures(): Nomenclatures {
  loaded ??= loadNomenclatures(FOLDER)
  return loaded
}

/** @param folder  with a slash at its end */
export function loadNomenclatures(folder: URL): Nomenclatures {
  const regions = table(folder, 'regions.json', REGIONS).regions
  const known = new Map(regions.map(({ term, code }) => [term, code]))
  const bodyParts = table(folder, 'body-parts.json', BODY_PARTS).bodyParts
  for (const [at, { regions: named }] of bodyParts.entries())
    for (const term of named)
      if (!known.has(term)) throw new Error(`${pathOf(folder, 'body-parts.json')}: bodyParts.${at}.regions: no such region: ${term}`)
  const { trial, final } = table(folder, 'mado-codes.json', MADO_CODES)
  return {
    modalities: new Map(table(folder, 'modalities.json', MODALITIES).modalities.map((one) => [one.value, one])),
    regions: known,
    bodyParts: new Map(bodyParts.map((one) => [one.term, one])),
    mado: { trial, final },
    insAuthorities: table(folder, 'ins.json', INS).authorities,
  }
}

function table<Schema extends z.ZodType>(folder: URL, name: string, schema: Schema): z.infer<Schema> {
  const file = pathOf(folder, name)
  const text = readFileSync(file, 'utf8')
  const checked = schema.safeParse(parsed(text, file))
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new Error(`${file}: ${issue!.path.join('.') || 'the whole'}: ${issue!.message}`)
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${file}: no JSON: ${(cause as Error).message}`, { cause })
  }
}

function pathOf(folder: URL, name: string): string {
  return fileURLToPath(new URL(name, folder))
}
