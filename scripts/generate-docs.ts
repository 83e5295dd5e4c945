/** Writes what is generated from tables of the code: docs/settings.md and config/ariane.schema.json.
 *  Run: `node scripts/generate-docs.ts` */
import { writeFileSync } from 'node:fs'
import { settingsReference, settingsSchema } from '../src/config/settings-document.ts'

const GENERATED = { 'docs/settings.md': settingsReference, 'config/ariane.schema.json': settingsSchema }

for (const [file, text] of Object.entries(GENERATED)) {
  writeFileSync(new URL(`../${file}`, import.meta.url), text())
  console.log(`wrote ${file}`)
}
