/** Rows of the table of settings (settings.ts) that are the keys of one entry in a list: a peer, a target, a rule. */
import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { PUBLISH_DIALECTS } from './dialect-settings.ts'
import { setting } from './setting.ts'

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

export const PEER = [
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

export const CONFIDENTIALITY_RULE = [
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

export const PUBLISH_TARGET = [
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

export const LOCATION = [
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

export const RETENTION_RULE = [
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
