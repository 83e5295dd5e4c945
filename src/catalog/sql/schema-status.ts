/** The schema's step for what people and monitoring look at: indexes that make rare states findable among many studies, and counts cheap.
 *  Literal text, never edited once released (see migrations.ts). */
export const SCHEMA_STATUS = `
  CREATE INDEX studies_withheld ON studies (id) WHERE withheld IS NOT NULL;
  CREATE INDEX history_withheld ON history (study_instance_uid) WHERE state = 'withheld';
  CREATE INDEX manifests_withdrawn ON manifests (study_instance_uid) WHERE state = 'withdrawn';
  CREATE INDEX manifests_counted ON manifests (state, dialect);
  CREATE INDEX deliveries_open ON deliveries (state, target, id) WHERE state <> 'done';
  CREATE INDEX deliveries_failed ON deliveries (target) WHERE state = 'failed';
  CREATE INDEX deliveries_open_order ON deliveries (state, id) WHERE state <> 'done';
`
