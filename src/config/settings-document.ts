/** The table of settings as a reference for people (docs/settings.md) and as a JSON Schema for editors (config/ariane.schema.json).
 *  Both are generated; a test checks that the files are up to date. */
import { z } from 'zod'
import { variableOf } from './environment.ts'
import { expectationOf } from './kinds.ts'
import { FILE_SCHEMA } from './schema.ts'
import type { Setting } from './setting.ts'
import { SETTINGS } from './settings.ts'

const INTRODUCTION = `# Settings

Generated from the table in \`src/config/settings.ts\` by \`scripts/generate-docs.ts\`: change it there.

The configuration is the YAML file named by \`--config\`, else \`config/ariane.yaml\` where there is one, else the defaults below.
\`config/ariane.example.yaml\` is a file to start from; \`ariane config\` prints what is in force and where each value comes from.

- Each setting can also be given as an environment variable, which goes before the file; lists are given as JSON text. An empty variable counts as not set.
- A key without a value counts as not given; in an entry of a list it is a mistake.
- Relative paths in the file start at the folder of the file, or the one above where that folder is called \`config\`; without a file, and in an
  environment variable, at the working directory.
- A mistake stops the start: \`config/ariane.yaml:4:9 dicom.port: found 70000, expected a whole number from 0 to 65535\`.
- *At once*: a running node takes a change at SIGHUP (\`systemctl reload ariane\`), without dropping an association. Otherwise at the next start.
`

/** docs/settings.md */
export function settingsReference(): string {
  return [INTRODUCTION, ...SETTINGS.map((row: Setting) => described(row, '##'))].join('\n')
}

/** config/ariane.schema.json, JSON Schema draft 7, which editors understand best. */
export function settingsSchema(): string {
  const schema = z.toJSONSchema(FILE_SCHEMA, { io: 'input', target: 'draft-7' })
  return `${JSON.stringify({ title: 'Ariane configuration', ...schema }, null, 2)}\n`
}

function described(row: Setting, heading: string): string {
  const facts = [
    `- Value: ${expectationOf(row)}${row.unit === undefined || row.type === 'bytes' ? '' : `, in ${row.unit}`}`,
    `- Default: ${defaultOf(row)}`,
    ...(heading === '##'
      ? [`- Environment: \`${variableOf(row.key)}\``, `- Takes effect: ${row.live ? 'at once' : 'at the next start'}`]
      : []),
  ]
  const fields = row.type === 'entries' ? row.rows.map((field) => described(field, '###')) : []
  return [`${heading} \`${row.key}\`\n`, `${row.reason}\n`, `${facts.join('\n')}\n`, ...fields].join('\n')
}

function defaultOf(row: Setting): string {
  if (row.derived !== undefined) return row.derived
  if (row.default === undefined) return row.required ? 'none, must be given' : 'none'
  return `\`${Array.isArray(row.default) ? JSON.stringify(row.default) : String(row.default)}\``
}
