/** A step of the schema: studies that were ever withheld are found without walking the history of all. Literal text, never edited once released (see
 *  migrations.ts). */
export const SCHEMA_WITHHELD = `
  CREATE INDEX history_withheld ON history (study_instance_uid) WHERE state = 'withheld';
`
