/** The schema of a configuration file, made from the table of settings: sections, defaults, and nothing that the table does not name. */
import { z } from 'zod'
import { schemaOfField } from './kinds.ts'
import type { EntriesSetting, Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'

export const FILE_SCHEMA: z.ZodType<unknown, unknown> = sectionSchema(SETTINGS, '')

/** The schema of one row, with its default. */
export function schemaOf(row: Setting): z.ZodType {
  const bare = row.type === 'entries' ? entriesSchema(row) : schemaOfField(row)
  if (row.default !== undefined) return bare.prefault(row.default).meta({ description: row.reason, default: row.default })
  const schema = row.required ? bare : bare.optional()
  return schema.meta({ description: row.reason })
}

/** @param prefix path of the section with a dot at its end; empty for the whole */
function sectionSchema(rows: readonly Setting[], prefix: string): z.ZodType {
  const shape: Record<string, z.ZodType> = {}
  for (const row of rows) {
    const [name = '', ...following] = row.key.slice(prefix.length).split('.')
    if (following.length === 0) shape[name] = schemaOf(row)
    else if (shape[name] === undefined) shape[name] = subsection(rows, `${prefix}${name}.`)
  }
  return z.strictObject(shape)
}

function subsection(rows: readonly Setting[], prefix: string): z.ZodType {
  return sectionSchema(
    rows.filter((row) => row.key.startsWith(prefix)),
    prefix,
  ).prefault({})
}

function entriesSchema(row: EntriesSetting): z.ZodType {
  return z.array(sectionSchema(row.rows, ''))
}
