/** The table of settings: every key, its default, unit, limits, and why. The only place where a default is written.
 *
 *  From it come the type {@link Config}, the check of the file (schema.ts), `docs/settings.md` and `config/ariane.schema.json`
 *  (settings-document.ts), the names of the environment variables (environment.ts), and what SIGHUP can change (reloadable.ts). */

import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../log.ts'
import { DIALECT_SETTINGS, PUBLISH_DIALECTS } from './dialect-settings.ts'
import { type ConfigOf, setting } from './setting.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const DAY_SECONDS = 86_400

/** What a peer may ask of us. `store` as a right of a peer: to send us instances; `mpps`: to tell of its procedure steps. */
export const PEER_SERVICES = ['echo', 'store', 'find', 'move', 'get', 'mpps'] as const

/** One-value Specific Character Sets (PS3.3 C.12.1.1.2) in which a peer can be answered. */
export const ANSWER_CHARACTER_SETS = [
  'ISO_IR 192',
  'ISO_IR 6',
  'ISO_IR 100',
  'ISO_IR 101',
  'ISO_IR 109',
  'ISO_IR 110',
  'ISO_IR 144',
  'ISO_IR 127',
  'ISO_IR 126',
  'ISO_IR 138',
  'ISO_IR 148',
  'ISO_IR 203',
  'ISO_IR 166',
  'ISO_IR 13',
  'GB18030',
  'GBK',
] as const

const PEER = [
  setting({
    key: 'aeTitle',
    type: 'aeTitle',
    required: true,
    reason: 'How the peer calls itself when it calls us, and the destination that a C-MOVE names. Capitals count.',
  }),
  setting({
    key: 'host',
    type: 'host',
    optional: true,
    reason:
      'Where the peer is. Where given, a caller with this AE title is taken in from this address only, whatever unknownCallers says; 127.0.0.1 stands for every address of this machine. Needed to send to it (C-MOVE).',
  }),
  setting({
    key: 'port',
    type: 'integer',
    min: 1,
    max: 65_535,
    optional: true,
    reason: 'Where the peer listens. Needed to send to it (C-MOVE).',
  }),
  setting({
    key: 'allow',
    type: 'choices',
    of: PEER_SERVICES,
    default: [...PEER_SERVICES],
    reason:
      'What the peer may ask of us: a modality needs echo, store, and mpps where it can tell of its procedure steps; a viewer echo, find, move and get.',
  }),
  setting({
    key: 'levels',
    type: 'choices',
    of: CONFIDENTIALITY_LEVELS,
    default: ['N'],
    reason:
      'Confidentiality levels that the peer may see. Instances of other levels do not exist for it, in queries, retrievals and manifests alike. As the destination of a C-MOVE it is sent these only.',
  }),
  setting({
    key: 'transferSyntaxes',
    type: 'uids',
    default: [],
    reason:
      'Transfer syntaxes to prefer, best first, in what this peer sends and in what it gets by C-GET. Where empty its own order counts, save that Explicit VR goes before Implicit, and in C-GET both go before what can be converted to them.',
  }),
  setting({
    key: 'characterSet',
    type: 'choice',
    of: ANSWER_CHARACTER_SETS,
    default: 'ISO_IR 192',
    reason: 'In which Specific Character Set this peer is answered (C-FIND). A few old viewers read only their own national one.',
  }),
  setting({
    key: 'parallelAssociations',
    type: 'integer',
    min: 1,
    max: 8,
    default: 1,
    reason: 'How many associations one C-MOVE to this peer may use. Some receivers take only one; more are faster over a long line.',
  }),
] as const

const CONFIDENTIALITY_RULE = [
  setting({
    key: 'level',
    type: 'choice',
    of: CONFIDENTIALITY_LEVELS,
    required: true,
    reason: 'The level that instances have where the rule applies.',
  }),
  setting({
    key: 'sender',
    type: 'aeTitle',
    optional: true,
    reason: 'Applies to what this calling AE title sends. Everybody unless given.',
  }),
  setting({
    key: 'attribute',
    type: 'text',
    optional: true,
    reason:
      'Applies where this attribute of the header has the value: ConfidentialityConstraintOnPatientDataDescription, InstitutionName, InstitutionalDepartmentName, StudyDescription or another that is indexed, by its keyword.',
  }),
  setting({
    key: 'value',
    type: 'text',
    optional: true,
    reason: 'The value of `attribute`; * stands for any text, ? for one character, capitals do not count. Any value unless given.',
  }),
] as const

const PUBLISH_TARGET = [
  setting({
    key: 'name',
    type: 'name',
    required: true,
    reason: 'Under this name the deliveries are remembered: a changed name is a new target.',
  }),
  setting({
    key: 'levels',
    type: 'choices',
    of: CONFIDENTIALITY_LEVELS,
    default: ['N'],
    reason: 'Confidentiality levels whose manifests are delivered to it.',
  }),
  setting({ key: 'kind', type: 'choice', of: ['folder'], required: true, reason: 'folder: each manifest becomes a file.' }),
  setting({
    key: 'path',
    type: 'path',
    derived: 'the folder `outbox` in `storage.path`',
    reason:
      'Manifests go to `<StudyInstanceUID>/<version>-<SOPInstanceUID>.dcm` here (`.json` of mado-fhir). Best not the folder `manifests` in `storage.path`: the node keeps its own copies there.',
  }),
  setting({
    key: 'dialect',
    type: 'choice',
    of: PUBLISH_DIALECTS,
    default: 'xds-i',
    reason:
      'In which form this target gets the manifests (see manifests.md). xds-i: the classic one, which every reader knows; mado: with the tree of series and instances; mado-fhir: the same as a FHIR document; drimbox: the French one.',
  }),
] as const

const LOCATION = [
  setting({
    key: 'locationUid',
    type: 'uid',
    required: true,
    reason: 'Retrieve Location UID (0040,E011) as manifests name it: an OID of the place that holds the images.',
  }),
  setting({
    key: 'url',
    type: 'url',
    optional: true,
    reason:
      'Where that place answers WADO-RS: the base URI, which ends before `/studies`. Tried first. A token of --token-file may go to this host.',
  }),
  setting({ key: 'aeTitle', type: 'aeTitle', optional: true, reason: 'Its AE title for C-GET: that of a peer with host and port.' }),
] as const

const RETENTION_RULE = [
  setting({ key: 'name', type: 'name', required: true, reason: 'For the log and the history of each study: "retention rule NAME".' }),
  setting({
    key: 'olderThanDays',
    type: 'integer',
    unit: 'days',
    min: 1,
    max: 36_500,
    required: true,
    reason: 'A study is deleted as a whole, so many days after its last instance was received.',
  }),
  setting({
    key: 'modality',
    type: 'text',
    optional: true,
    reason:
      'Applies to studies of which every series has this Modality (0008,0060); series of SR, KO, PR and DOC, which come with others, are left aside. Every study unless given.',
  }),
  setting({
    key: 'sender',
    type: 'aeTitle',
    optional: true,
    reason: 'Applies to studies of which this calling AE title has sent every instance. Everybody unless given.',
  }),
] as const

export const SETTINGS = [
  setting({
    key: 'aeTitle',
    type: 'aeTitle',
    default: 'ARIANE',
    reason:
      "The node's own AE title: what peers call, and what manifests name. Once manifests are out they lead to it: change it only if somebody goes on answering by the former one.",
  }),

  setting({
    key: 'dicom.host',
    type: 'host',
    default: '0.0.0.0',
    reason: 'The address to listen at; 0.0.0.0 is every IPv4 address of the machine.',
  }),
  setting({
    key: 'dicom.port',
    type: 'integer',
    min: 0,
    max: 65_535,
    default: 11_112,
    reason: 'The registered port for DICOM that needs no privileges (PS3.8 9.1.1); 0 takes any free one, for tests.',
  }),
  setting({
    key: 'dicom.maxAssociations',
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 64,
    reason: 'Associations at the same time; one more is rejected as a temporary congestion (PS3.8 Table 9-21). Bounds memory.',
  }),
  setting({
    key: 'dicom.maxAssociationsPerAddress',
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 32,
    reason: 'The same for one address, so that one peer that leaks associations does not lock out the others.',
  }),
  setting({
    key: 'dicom.maxPduLength',
    type: 'integer',
    unit: 'bytes',
    min: 4 * KIB,
    max: MIB,
    default: 128 * KIB,
    reason: 'The Maximum Length that we offer (PS3.8 D.1). Longer PDUs cost fewer headers; beyond 128 KiB nothing more is gained.',
  }),
  setting({
    key: 'dicom.timeouts.associateSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 300,
    default: 5,
    reason: 'ARTIM (PS3.8 9.1.5): from connection to a whole A-ASSOCIATE-RQ, and from our A-RELEASE-RP or A-ABORT to the close.',
  }),
  setting({
    key: 'dicom.timeouts.idleSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: DAY_SECONDS,
    default: 300,
    reason:
      'An association without a byte for so long is aborted; the time in which we send does not count. Modalities pause between series.',
  }),
  setting({
    key: 'dicom.timeouts.writeSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 3600,
    default: 60,
    reason: 'A peer that takes nothing of what we send for so long is given up.',
  }),
  setting({
    key: 'dicom.timeouts.connectSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 300,
    default: 5,
    reason: 'Until a connection that we open stands; in a local network it stands at once or never.',
  }),
  setting({
    key: 'dicom.timeouts.responseSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 3600,
    default: 60,
    reason: 'Until a peer answers what we asked (A-ASSOCIATE, C-ECHO, C-STORE); a busy archive can take long to store.',
  }),
  setting({
    key: 'dicom.privateStorageClasses',
    type: 'uids',
    default: [],
    reason: 'SOP Class UIDs of a manufacturer that are stored beside all standard Storage SOP classes.',
  }),

  setting({ key: 'storage.path', type: 'path', default: './storage', reason: 'Where everything lies: instances, manifests, the catalog.' }),
  setting({
    key: 'storage.reserveBytes',
    type: 'bytes',
    unit: 'bytes',
    min: 0,
    max: 1024 * GIB,
    default: 512 * MIB,
    reason:
      'Space on the disk that instances never use; below it they are refused with A700. The catalog, its journal and the logs must be able to grow while the disk is full.',
  }),
  setting({
    key: 'storage.maxInstanceBytes',
    type: 'bytes',
    unit: 'bytes',
    min: MIB,
    max: 1024 * GIB,
    default: 16 * GIB,
    reason: 'The largest single instance. Beyond the largest multi-frame objects seen; a sender that never ends is stopped here.',
  }),
  setting({
    key: 'storage.maxTotalBytes',
    type: 'bytes',
    unit: 'bytes',
    min: MIB,
    optional: true,
    reason: 'A quota for all kept files together. None unless given: the disk is the limit. With a quota all files are counted at start.',
  }),
  setting({
    key: 'storage.duplicates',
    type: 'choice',
    of: ['keep', 'replace', 'refuse'],
    default: 'keep',
    reason:
      'What to do with a SOP Instance UID that is here with other bytes. keep: the first one stays, the sender gets a warning, what it sent goes to quarantine; replace: the last one counts; refuse: 0111. What a manifest in force refers to is never replaced: it is then as with keep.',
  }),

  setting({ key: 'peers', type: 'entries', rows: PEER, default: [], live: true, reason: 'Who may call, and where C-MOVE may send to.' }),
  setting({
    key: 'unknownCallers',
    type: 'choice',
    of: ['local', 'refuse', 'accept'],
    default: 'local',
    live: true,
    reason:
      'A calling AE title that is not among the peers. local: taken in from this machine only (any of its addresses), so that a first try works; refuse: never (name a peer with our own AE title and host 127.0.0.1 for ariane manifest verify); accept: from everywhere.',
  }),

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

  setting({
    key: 'publish',
    type: 'entries',
    rows: PUBLISH_TARGET,
    default: [{ name: 'drop', kind: 'folder' }],
    reason: 'Where manifests are delivered to. An empty list delivers nowhere; they are retrievable all the same.',
  }),

  setting({
    key: 'retrieve.locations',
    type: 'entries',
    rows: LOCATION,
    default: [],
    live: true,
    reason: 'How `ariane manifest open` reaches the places that manifests of others name by a Retrieve Location UID only.',
  }),

  setting({
    key: 'log.level',
    type: 'choice',
    of: LOG_LEVELS,
    default: 'info',
    live: true,
    reason: 'What the log tells; each level includes those before it.',
  }),
  setting({
    key: 'log.format',
    type: 'choice',
    of: LOG_FORMATS,
    default: 'text',
    reason: 'text for people, json (one object per line) for collectors.',
  }),
] as const

/** Everything that can be set, as it is after loading: checked, complete, frozen, paths absolute. */
export type Config = ConfigOf<typeof SETTINGS>
export type SettingKey = (typeof SETTINGS)[number]['key']
export type Peer = Config['peers'][number]
export type PeerService = (typeof PEER_SERVICES)[number]
export type PublishTarget = Config['publish'][number]
