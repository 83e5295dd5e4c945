/** Rows of the table of settings (settings.ts) that say how manifests are told: addresses, issuers, and what each dialect leaves open. */
import { setting } from './setting.ts'

/** The forms of a Key Object Selection. */
export const DIALECTS = ['xds-i', 'mado', 'drimbox'] as const
export type Dialect = (typeof DIALECTS)[number]

/** What a target may be given: `mado-fhir` is the manifest in `mado` as another document. */
export const PUBLISH_DIALECTS = ['xds-i', 'mado', 'mado-fhir', 'drimbox'] as const

/** Terms of `config/nomenclatures/regions.json`. */
export const REGION_TERMS = [
  'LOWERTRUNK',
  'WHOLEBODY',
  'UPPERLIMB',
  'LOWERLIMB',
  'UPPERTRUNK',
  'HEADNECK',
  'CARDIOVASCSYS',
  'HEART',
  'BREAST',
  'SPINE',
] as const

export const DIALECT_SETTINGS = [
  setting({
    key: 'manifest.retrieveUrl',
    type: 'url',
    optional: true,
    reason:
      'Base URL of a WADO-RS service that gives the instances, without /studies. Where given, manifests say it in Retrieve URL (0008,1190): as it is in xds-i and mado, followed by study and series in drimbox. A manifest in force is then made anew.',
  }),
  setting({
    key: 'manifest.patientIdIssuer',
    type: 'text',
    optional: true,
    reason: 'Issuer of Patient ID (0010,0021) where the images do not say it; in mado and drimbox.',
  }),
  setting({
    key: 'manifest.patientIdIssuerOid',
    type: 'uid',
    optional: true,
    reason: 'The OID of who issues Patient IDs (0010,0024) where the images do not say it; in mado, which demands one, and drimbox.',
  }),
  setting({
    key: 'manifest.accessionIssuerOid',
    type: 'uid',
    optional: true,
    reason: 'The OID of who issues accession numbers (0008,0051) where the images do not say it; in mado, which demands one, and drimbox.',
  }),
  setting({
    key: 'manifest.placerIssuerOid',
    type: 'uid',
    optional: true,
    reason:
      'The OID of who issues placer order numbers (0040,0026) where the images do not say it; in mado, which demands one, and drimbox.',
  }),
  setting({
    key: 'manifest.mado.codes',
    type: 'choice',
    of: ['trial', 'final'],
    default: 'trial',
    reason:
      'Which codes name title, series date and counts in mado: the placeholders of the trial implementation (99IHE), which its official samples have, or those that DICOM gave in their place. Ask who reads them.',
  }),
  setting({
    key: 'manifest.mado.generateAccession',
    type: 'boolean',
    default: false,
    reason:
      'Whether mado gets an accession number made from the Study Instance UID where the study has none. The profile demands one; only of use where the reports of the study get the same.',
  }),
  setting({
    key: 'manifest.mado.defaultRegion',
    type: 'choice',
    of: REGION_TERMS,
    optional: true,
    reason: 'The anatomic region of a study in mado, which demands one, where no series names a body part that is known.',
  }),
  setting({
    key: 'manifest.drimbox.ins',
    type: 'choice',
    of: ['stated', 'nir', 'nia', 'test', 'demo'],
    default: 'stated',
    reason:
      'Who issued the INS of the patient. stated: the identifier that the images say to be one; the others: a Patient ID of the form of an INS, of which the images say nothing, is one of this authority.',
  }),
  setting({
    key: 'manifest.drimbox.description',
    type: 'boolean',
    default: true,
    reason: 'Whether drimbox has the text with examination, act and series (113012, DCM) that French consumers show and index.',
  }),
  setting({
    key: 'manifest.drimbox.hints',
    type: 'boolean',
    default: true,
    reason:
      'Whether drimbox says Series Number, Instance Number and Number of Frames beside each reference, where DICOM has no place for them.',
  }),
  setting({
    key: 'manifest.drimbox.accession',
    type: 'choice',
    of: ['request', 'both'],
    default: 'request',
    reason: 'Where drimbox has the accession number: in Referenced Request Sequence alone, as newer samples do, or also in General Study.',
  }),
] as const
