/** What `/api` takes and answers, as schemas: the types of the page, the checks of bodies, and OpenAPI (routes-openapi.ts) are made of them.
 *
 *  Times are ISO 8601 in UTC, sizes bytes, UIDs text. Lists come in pages: `next`, where it is there, is what `after` takes for the page behind.
 *  Dates and times of DICOM stay as DICOM writes them (YYYYMMDD, HHMMSS). Text of a patient or a peer is data: whoever shows it escapes it.
 *  An action answers {@link DONE}: what it did, in words. Refusals are {@link PROBLEM} (RFC 9457).
 *  Does not: anything. */
import { z } from 'zod'
import { PEER_SERVICES } from '../../config/settings.ts'
import { CONFIDENTIALITY_LEVELS } from '../../dicom/confidentiality.ts'
import { WEB_RIGHTS } from '../../dicomweb/web-service.ts'

const uid = z.string()
const time = z.iso.datetime()
const count = z.int().min(0)
/** As DICOM has it; empty where nothing is known. */
const text = z.string()
const level = z.enum(CONFIDENTIALITY_LEVELS)
const pageSize = z.coerce.number({ error: 'expected a whole number from 1 to 200' }).int().min(1).max(200)
const services = z.array(z.enum(PEER_SERVICES))

export const PROBLEM = z.strictObject({ status: z.int(), detail: z.string() })
export const DONE = z.strictObject({ done: z.string().describe('what was done, in words') })

// --- GET /api/session

export const SESSION = z.strictObject({
  caller: z.string(),
  rights: z.array(z.enum(WEB_RIGHTS)),
  levels: z.array(level),
  tokenNeeded: z.boolean().describe('whether a caller of this kind must say who it is'),
})

// --- GET /api/now, and each event `now` of GET /api/events

const peerNow = z.strictObject({
  aeTitle: text,
  address: z.string(),
  lastAt: time,
  instancesToday: count
    .optional()
    .describe('received from it since midnight, or the start of the node; absent where nothing came since the start of the node'),
  outcome: z.enum(['accepted', 'rejected']),
})
const rate = z.strictObject({
  instancesPerSecond: z.number(),
  bytesPerSecond: z.number(),
  history: z.array(z.strictObject({ at: time, instances: count, bytes: count })).describe('received in each step of 2 s, the last 120 s'),
})
const whose = text.optional().describe('absent for a caller without the right `find`')
const collecting = z.strictObject({
  studyInstanceUid: uid,
  patientName: whose,
  patientId: whose,
  accessionNumber: whose,
  studyDescription: whose,
  modalities: z.array(z.string()),
  since: time,
  instances: count,
  waitsFor: z.string(),
})
const deliveryNow = z.strictObject({
  id: z.int(),
  target: z.string(),
  manifestUid: uid,
  reason: z.string().describe('what failed last, in words; empty before the first attempt'),
  nextAttemptAt: time,
})

export const NOW = z.strictObject({
  node: z.strictObject({ aeTitle: text, version: z.string(), startedAt: time, dicomPort: z.int() }),
  receiving: z.strictObject({ open: z.boolean(), reason: z.string().optional() }),
  peers: z.array(peerNow).describe('who called last, newest first; 50 at most'),
  associations: z.strictObject({ open: count }),
  rate,
  collecting: z.array(collecting).describe('20 at most'),
  manifests: z.strictObject({ today: count, inForce: count, withheld: count.describe('studies of which a manifest is withheld') }),
  deliveries: z.strictObject({
    waiting: count,
    failed: count,
    items: z.array(deliveryNow).describe('waiting after a failure, 20 at most'),
  }),
  disk: z.strictObject({ freeBytes: count, reserveBytes: count, daysLeft: z.number().nullable() }),
  audit: z.strictObject({ state: z.string(), lastPassAt: time.optional(), problems: count }),
  totals: z.strictObject({ patients: count, studies: count, series: count, instances: count, bytes: count }),
  conflicts: count.describe('studies that hold more than one patient identity'),
})

// --- GET /api/studies

/** What an operator has withdrawn is `withheld` until it is allowed again (`withheldWhy` says why); `withdrawn`: there is nothing left to refer to. */
export const STUDY_STATES = ['collecting', 'in force', 'withheld', 'conflict', 'withdrawn', 'none'] as const

export const STUDIES_QUERY = z.strictObject({
  patientId: z.string().optional().describe('wild cards * and ?'),
  patientName: z.string().optional().describe('wild cards * and ?; case and accents do not count'),
  accessionNumber: z.string().optional(),
  from: z.string().optional().describe('first Study Date, YYYYMMDD or YYYY-MM-DD'),
  to: z.string().optional().describe('last Study Date'),
  modality: z.string().optional(),
  state: z.enum(STUDY_STATES).optional(),
  limit: pageSize.optional().describe('1 to 200; default 50'),
  after: z.string().optional().describe('`next` of the page before'),
})

const study = {
  studyInstanceUid: uid,
  patientId: text,
  patientName: text,
  birthDate: text,
  sex: text,
  accessionNumber: text,
  studyDate: text,
  studyTime: text,
  studyDescription: text,
  modalities: z.array(z.string()),
  series: count,
  instances: count,
  state: z.enum(STUDY_STATES),
  manifestVersion: z.int().optional().describe('of the manifest in force'),
}
const STUDY_ROW = z.strictObject(study)
export const STUDIES = z.strictObject({ items: z.array(STUDY_ROW), next: z.string().optional() })

// --- GET /api/studies/:study

const firstInstance = z.strictObject({ sopInstanceUid: uid, sopClassUid: uid, frames: count, isImage: z.boolean() })
const seriesRow = z.strictObject({
  seriesInstanceUid: uid,
  seriesNumber: text,
  modality: text,
  seriesDescription: text,
  bodyPart: text,
  instances: count,
  firstInstance: firstInstance.optional(),
})
const manifestRow = z.strictObject({
  sopInstanceUid: uid,
  dialect: z.string(),
  confidentiality: level,
  version: z.int(),
  state: z.enum(['in force', 'superseded', 'withdrawn']),
  instances: count,
  createdAt: time,
  reason: z.string(),
})
const historyRow = z.strictObject({
  at: time,
  state: z.string(),
  reason: z.string(),
  actor: z.string(),
  manifestUid: uid.optional(),
  dialect: z.string().optional(),
  confidentiality: level.optional(),
})
const identityRow = z.strictObject({
  number: z.int().describe('what `resolve` takes'),
  patientId: text,
  issuer: text,
  patientName: text,
  birthDate: text,
  sex: text,
  instances: count,
  inForce: z.boolean(),
})

export const STUDY = z.strictObject({
  ...study,
  seriesList: z.array(seriesRow),
  manifests: z.array(manifestRow).describe('newest first'),
  history: z.array(historyRow).describe('oldest first'),
  identities: z.array(identityRow).describe('more than one where the study is or was in conflict'),
  withheldWhy: z.string().optional(),
  waitsFor: z.string().optional(),
})

// --- Actions on a study

export const WITHDRAW = z.strictObject({ reason: z.string().trim().min(1).max(200).describe('no name of a patient') })
export const RESOLVE = z.strictObject({ identity: z.int().min(1).describe('number of one of its identities') })
export const CONFIDENTIALITY = z.strictObject({
  level: level.or(z.literal('rules')).describe('`rules`: as the rules say, for what is to come'),
})

// --- GET /api/manifests/:uid and actions on it

const finding = z.strictObject({
  severity: z.enum(['error', 'warning', 'note']),
  path: z.string(),
  section: z.string(),
  message: z.string(),
})
export const MANIFEST = z.strictObject({
  ...manifestRow.shape,
  studyInstanceUid: uid,
  seriesInstanceUid: uid,
  supersededBy: uid.optional(),
  tree: z.string().describe('lines'),
  raw: z.string().describe('one element a line: tag VR value'),
  findings: z.array(finding).optional(),
})
export const VALIDATED = z.strictObject({ findings: z.array(finding) })
export const VERIFIED = z.strictObject({
  instances: count,
  found: count,
  missing: z.array(z.strictObject({ sopInstanceUid: uid, why: z.string() })).describe('1000 at most'),
})

// --- GET /api/deliveries

export const DELIVERIES_QUERY = z.strictObject({
  state: z.enum(['waiting', 'done', 'failed']).optional(),
  limit: pageSize.optional().describe('1 to 200; default 50'),
  after: z.string().optional().describe('`next` of the page before: those made meanwhile do not come between'),
})
export const DELIVERIES = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.int(),
      target: z.string(),
      manifestUid: uid,
      studyInstanceUid: uid,
      action: z.enum(['publish', 'withdraw']),
      state: z.enum(['waiting', 'done', 'failed']),
      attempts: count,
      nextAttemptAt: time,
      lastError: z.string().optional(),
    }),
  ),
  next: z.string().optional(),
})

// --- GET /api/peers and actions on them

export const PEERS = z.strictObject({
  known: z.array(
    z.strictObject({
      aeTitle: text,
      host: z.string().optional(),
      port: z.int().optional(),
      allow: services,
      levels: z.array(level),
      lastSeenAt: time.optional(),
    }),
  ),
  seen: z.array(
    z.strictObject({
      callingAeTitle: text,
      calledAeTitle: text,
      address: z.string(),
      outcome: z.enum(['accepted', 'rejected']),
      reason: z.string(),
      firstSeenAt: time,
      lastSeenAt: time,
      count,
    }),
  ),
})
export const NEW_PEER = z.strictObject({
  aeTitle: z.string(),
  host: z.string().optional(),
  port: z.int().optional(),
  allow: services.optional().describe('absent: everything'),
  levels: z.array(level).optional().describe('absent: N'),
})
export const ECHO = z.strictObject({ ok: z.boolean(), milliseconds: z.number().optional(), why: z.string().optional() })
export const DOCTOR = z.strictObject({
  findings: z.array(
    z.strictObject({
      severity: z.enum(['ok', 'note', 'warning', 'error']),
      message: z.string(),
      remedy: z.string().describe('empty where all is well'),
    }),
  ),
})

// --- GET /api/settings

export const SETTINGS_IN_FORCE = z.strictObject({
  items: z.array(
    z.strictObject({
      key: z.string(),
      value: z.string().describe('JSON text'),
      source: z.string(),
      default: z.string().describe('JSON text, or words; empty where there is none'),
      unit: z.string().optional(),
      reason: z.string(),
      live: z.boolean().describe('whether a reload takes a change'),
    }),
  ),
  file: z.string().optional(),
})

// --- POST /api/open

export const OPENED = z.strictObject({
  patientId: text,
  patientName: text,
  birthDate: text,
  sex: text,
  title: z.string(),
  studies: z.array(
    z.strictObject({
      studyInstanceUid: uid,
      series: z.array(
        z.strictObject({
          seriesInstanceUid: uid,
          retrieveUrl: z.string().optional(),
          aeTitle: z.string().optional(),
          instances: z.array(z.strictObject({ sopInstanceUid: uid, sopClassUid: uid, here: z.boolean() })),
        }),
      ),
    }),
  ),
  findings: z.array(finding),
})

// --- GET /health

export const HEALTH = z.strictObject({
  live: z.boolean(),
  ready: z.boolean(),
  reasons: z.array(z.string()).optional().describe('why it is not ready; only for callers that may see the status'),
})

export type Now = z.infer<typeof NOW>
export type StudyState = (typeof STUDY_STATES)[number]
export type StudyRow = z.infer<typeof STUDY_ROW>
export type Studies = z.infer<typeof STUDIES>
export type StudyDetails = z.infer<typeof STUDY>
export type ManifestDetails = z.infer<typeof MANIFEST>
export type Deliveries = z.infer<typeof DELIVERIES>
export type Peers = z.infer<typeof PEERS>
export type NewPeerBody = z.infer<typeof NEW_PEER>
export type Echo = z.infer<typeof ECHO>
export type Doctor = z.infer<typeof DOCTOR>
export type SettingsInForce = z.infer<typeof SETTINGS_IN_FORCE>
export type Opened = z.infer<typeof OPENED>
export type Session = z.infer<typeof SESSION>
export type Done = z.infer<typeof DONE>
export type Validated = z.infer<typeof VALIDATED>
export type Verified = z.infer<typeof VERIFIED>
export type Health = z.infer<typeof HEALTH>
export type Problem = z.infer<typeof PROBLEM>
