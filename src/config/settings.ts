/** The table of settings: every key, its default, unit, limits, and why. The only place where a default is written; long parts of it are
 *  files of their own (entry-settings.ts, manifest-settings.ts, dialect-settings.ts, web-settings.ts).
 *
 *  From it come the type {@link Config}, the check of the file (schema.ts), `docs/settings.md` and `config/ariane.schema.json`
 *  (settings-document.ts), the names of the environment variables (environment.ts), and what SIGHUP can change (reloadable.ts). */

import { LOG_FORMATS, LOG_LEVELS } from '../log.ts'
import { ANSWER_CHARACTER_SETS, LOCATION, PEER, PEER_SERVICES, PUBLISH_TARGET } from './entry-settings.ts'
import { MANIFEST_SETTINGS } from './manifest-settings.ts'
import { type ConfigOf, setting } from './setting.ts'
import { WEB_SETTINGS } from './web-settings.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const DAY_SECONDS = 86_400

export { ANSWER_CHARACTER_SETS, PEER_SERVICES }

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

  ...MANIFEST_SETTINGS,

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

  ...WEB_SETTINGS,

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
