/** Writes what is generated from tables of the code: docs/settings.md, docs/conformance.md and config/ariane.schema.json.
 *  Run: `node scripts/generate-docs.ts` */
import { writeFileSync } from 'node:fs'
import { settingsReference, settingsSchema } from '../src/config/settings-document.ts'
import { conformanceStatement } from './conformance-statement.ts'

const GENERATED = {
  'docs/settings.md': settingsReference,
  'docs/conformance.md': conformanceStatement,
  'config/ariane.schema.json': settingsSchema,
}

for (const [file, text] of Object.entries(GENERATED)) {
  writeFileSync(new URL(`../${file}`, import.meta.url), text())
  console.log(`wrote ${file}`)
}
