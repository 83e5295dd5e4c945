/** Rows of the table of settings (settings.ts) about manifests: when, how, for whom, how long. */
import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { DIALECT_SETTINGS } from './dialect-settings.ts'
import { CONFIDENTIALITY_RULE, RETENTION_RULE } from './entry-settings.ts'
import { setting } from './setting.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const DAY_SECONDS = 86_400

export const MANIFEST_SETTINGS = [
  setting({
    key: 'manifest.quietSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: DAY_SECONDS,
    default: 60,
    live: true,
    reason: 'A study has no end marker in DICOM; we wait this long after its last instance.',
  }),
  setting({
    key: 'manifest.associationEndSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: DAY_SECONDS,
    default: 15,
    live: true,
    reason:
      'A modality that has sent everything closes its association: a study is due this long after the end of the last one that brought something of it, where that is earlier than quietSeconds. More for modalities that open an association for each series or image; as much as quietSeconds switches it off.',
  }),
  setting({
    key: 'manifest.maxWaitSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 30 * DAY_SECONDS,
    default: 4 * 3600,
    live: true,
    reason:
      'However much still arrives, and whatever a procedure step (MPPS) says: so long after its first change a study is due anyway. A reader is better served with what is here, and with a further version later.',
  }),
  setting({
    key: 'manifest.mppsMaxWaitSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 30 * DAY_SECONDS,
    default: 2 * 3600,
    live: true,
    reason:
      'A procedure step (MPPS) in progress, or completed with instances missing, holds the manifest back; not any more when nothing was heard of it for so long: modalities are switched off in the middle, and refer to images that nobody sends.',
  }),
  setting({
    key: 'manifest.mppsDiscontinued',
    type: 'choice',
    of: ['hold', 'build'],
    default: 'hold',
    live: true,
    reason:
      'A procedure step that ends as DISCONTINUED. hold: it makes nothing due by itself, quiet time does, for it may have been the wrong patient, and what is repeated comes soon; build: due at once when all it refers to is here, as if it were completed.',
  }),
  setting({
    key: 'manifest.listed',
    type: 'boolean',
    default: false,
    reason: 'Whether manifests appear in ordinary queries. Viewers show them as an empty series.',
  }),
  setting({
    key: 'manifest.retrieveLocationUid',
    type: 'uid',
    optional: true,
    reason:
      'Retrieve Location UID (0040,E011), by which a reader of the manifest finds this node. Where not given, one is generated once and kept with the storage. Once manifests are out it must never change.',
  }),
  setting({ key: 'manifest.institution', type: 'text', optional: true, reason: 'Institution Name (0008,0080) of the manifests.' }),
  setting({
    key: 'manifest.institutionDepartment',
    type: 'text',
    optional: true,
    reason: 'Institutional Department Name (0008,1040) of the manifests.',
  }),
  setting({
    key: 'manifest.timezone',
    type: 'timeZone',
    derived: 'the time zone of the machine',
    reason: 'Dates and times of the manifests are in it; gives Timezone Offset From UTC (0008,0201).',
  }),
  setting({
    key: 'manifest.seriesNumber',
    type: 'integer',
    min: 1,
    max: 2_147_483_647,
    default: 59,
    reason:
      'Series Number (0020,0011) of the series of manifests in each study; 59 is what French DRIMbox manifests have, and no modality counts from it.',
  }),

  ...DIALECT_SETTINGS,

  setting({
    key: 'confidentiality.default',
    type: 'choice',
    of: CONFIDENTIALITY_LEVELS,
    default: 'N',
    reason:
      'The confidentiality level of an instance that no rule speaks of. N: normal, as HL7 v3 Confidentiality (2.16.840.1.113883.5.25) has it.',
  }),
  setting({
    key: 'confidentiality.mixed',
    type: 'choice',
    of: ['split', 'withhold'],
    default: 'split',
    live: true,
    reason:
      'A study whose instances have several levels. split: a manifest for each level; withhold: none until they agree. One manifest never mixes levels.',
  }),
  setting({
    key: 'confidentiality.rules',
    type: 'entries',
    rows: CONFIDENTIALITY_RULE,
    default: [],
    reason: 'Which level an instance has when it arrives: the first rule that applies. What is here keeps the level that it has.',
  }),

  setting({
    key: 'rejection.quality',
    type: 'choice',
    of: ['hide', 'regular-use'],
    default: 'hide',
    reason:
      'What a rejection note 113001 (Rejected for Quality Reasons) does. hide: what it names is not given to anybody and not referred to; regular-use: it is, with the note beside it.',
  }),
  setting({
    key: 'rejection.resent',
    type: 'choice',
    of: ['refuse', 'accept'],
    default: 'refuse',
    reason:
      'What a sender is told of an instance that a note has rejected for patient safety or a wrong worklist entry (113037, 113038) and that it sends again. refuse: 0124, as IHE has it; accept: 0000, for senders that stop at a refused instance. It stays hidden in either case.',
  }),

  setting({
    key: 'audit.everyDays',
    type: 'integer',
    unit: 'days',
    min: 0,
    max: 3650,
    default: 30,
    live: true,
    reason:
      'Everything that a manifest in force refers to is read again so often, and what is lost or damaged is told and taken out of its manifest. 0: never.',
  }),
  setting({
    key: 'audit.bytesPerSecond',
    type: 'bytes',
    unit: 'bytes',
    min: 64 * KIB,
    max: 16 * GIB,
    default: 10 * MIB,
    live: true,
    reason:
      'The most that the audit reads; it waits besides while instances arrive. 10 MiB a second is not felt, and reads 25 TiB within 30 days.',
  }),
  setting({
    key: 'retention.rules',
    type: 'entries',
    rows: RETENTION_RULE,
    default: [],
    live: true,
    reason:
      'What is deleted by itself. Nothing unless given. Of the rules whose modality and sender fit a study the first one decides, so that particular ones go before general ones. Manifests are withdrawn before.',
  }),
  setting({
    key: 'retention.hour',
    type: 'integer',
    unit: 'h',
    min: 0,
    max: 23,
    default: 3,
    live: true,
    reason: 'In which hour of the day, in `manifest.timezone`, a running node applies the retention rules.',
  }),
] as const
