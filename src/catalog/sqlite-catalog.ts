/** The catalog's SQLite engine, as a table of contents: what each method is, is in the file that it names.
 *
 *  Writes go through one queue (group-commit.ts) and resolve after COMMIT, synced but for what can be told again (contract.ts). Reads are short statements on the same connection: between two
 *  groups nothing uncommitted is visible. See contract.ts for what each promises. */
import type { Database } from 'better-sqlite3'
import type { Catalog } from './contract.ts'
import { mayBeCorrected } from './corrections.ts'
import { isLogLost, type OpenOptions, openDatabase } from './database.ts'
import { decide } from './decide.ts'
import { deletionsOn } from './deletions.ts'
import { closeDeliveriesExcept, deliveriesDue, deliveriesOpen, earliestDelivery, reopenDeliveries, settleDelivery } from './deliveries.ts'
import { evidence } from './evidence.ts'
import { find } from './find.ts'
import { forgetInstance } from './forget.ts'
import { failure, GroupCommit } from './group-commit.ts'
import { everWithheld, historyOf } from './history.ts'
import { resolveStudy } from './identity.ts'
import { files, findByStorageKey, findInstance } from './instance-rows.ts'
import { keepInstance } from './keep.ts'
import { ensureDeliveries, findManifest, manifests, manifestsOf, restoreManifest } from './manifests.ts'
import { patientsNamed } from './patients.ts'
import { PlaceMemory } from './place-memory.ts'
import { notesNotJournaled } from './rejections.ts'
import { valuesAt } from './relevel.ts'
import { countRetrievables, retrievables } from './retrievables.ts'
import { INSTANCE_SQL } from './sql/instances.ts'
import { KEEP_SQL } from './sql/keep.ts'
import { LIFECYCLE_SQL } from './sql/lifecycle.ts'
import { MANIFEST_SQL } from './sql/studies.ts'
import { UPKEEP_SQL } from './sql/upkeep.ts'
import { Statements } from './statements.ts'
import { statusOn } from './status.ts'
import { addStep, changeStep, findStep, type MissingMemory, stepsOf } from './steps.ts'
import { findStudy, identitiesOf, settleStudy, studiesInConflict } from './studies-due.ts'
import { associationEnded, pendingStudy, studiesPending, studiesWaiting } from './studies-pending.ts'
import { notePeer, peersSeen, totals } from './upkeep.ts'

export { isLogLost, type OpenOptions }

/** Opens or creates the catalog in `file`.
 *  @throws NodeError CATALOG_FAILED: not openable, `reason: 'damaged'`, `reason: 'newer schema'` */
export function openCatalog(file: string, options: OpenOptions = {}): Catalog {
  return catalogOn(openDatabase(file, options))
}

/** @param db  opened by {@link openDatabase} */
export function catalogOn(db: Database): Catalog {
  const memory = new PlaceMemory()
  const writes = new GroupCommit(db, () => memory.forgetAll())
  const all = new Statements(db)
  /** What is remembered is not told which rows a job changes. */
  const write = <T>(job: () => T, synced = true): Promise<T> =>
    writes.run(() => {
      memory.forgetAll()
      return job()
    }, synced)
  /** For what a file on disk says too, or what does no harm when it happens again after a power failure. */
  const writeUnsynced = <T>(job: () => T): Promise<T> => write(job, false)
  const missing: MissingMemory = new Map()
  /** Steps are no place of an instance: nothing that is remembered of those changes. */
  const writeSteps = <T>(job: () => T): Promise<T> =>
    writes.run(() => {
      missing.clear()
      return job()
    })
  /** A failure of SQLite becomes one of ours. */
  const read = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw failure(cause)
    }
  }
  return {
    // receive
    // A new row can be rebuilt from its file, which is on disk by now; one that is replaced cannot, for the former file goes.
    keep: (facts, { replace = false } = {}) => writes.run(() => keepInstance(all, facts, replace, memory), replace),
    findInstance: (uid) => read(() => findInstance(all, uid)),
    relocate: (uid, from, to) =>
      write(() => all.run(KEEP_SQL.relocateInstance, to.storageKey, to.fileSizeBytes, to.dataSetOffset, uid, from).changes > 0),
    forget: (uid, key, why) => write(() => forgetInstance(all, uid, key, why)),
    // serve
    find: (query, pageSize, after) => read(() => find(all, query, pageSize, after)),
    retrievables: (keys, view, pageSize, after) => read(() => retrievables(all, keys, view, pageSize, after)),
    countRetrievables: (keys, view) => read(() => countRetrievables(all, keys, view)),
    // manifest
    findStudy: (uid) => read(() => findStudy(all, uid)),
    evidence: (uid) => read(() => evidence(all, uid)),
    valuesAt: (uid, level) => read(() => valuesAt(all, uid, level)),
    // The manifest's file notes its record, and a delivery is taken as one however often it is made.
    settleStudy: (uid, revision, changes) => writeUnsynced(() => settleStudy(all, uid, revision, changes)),
    ensureDeliveries: (manifestUid, targets, at) => write(() => ensureDeliveries(all, manifestUid, targets, at)),
    historyOf: (uid) => read(() => historyOf(all, uid)),
    everWithheld: (pageSize, after) => read(() => everWithheld(all, pageSize, after)),
    manifestsOf: (uid) => read(() => manifestsOf(all, uid)),
    findManifest: (uid) => read(() => findManifest(all, uid)),
    notePatient: (uid, patientKey) => write(() => void all.run(MANIFEST_SQL.notePatient, patientKey, uid)),
    manifests: (pageSize, after) => read(() => manifests(all, pageSize, after)),
    // when a study is due
    studiesPending: (rules, now, limit) => read(() => studiesPending(all, rules, now, limit, missing)),
    studiesWaiting: (pageSize, after) => read(() => studiesWaiting(all, missing, pageSize, after)),
    pendingStudy: (uid) => read(() => pendingStudy(all, missing, uid)),
    associationEnded: (uids, at) => writes.run(() => associationEnded(all, uids, at), false),
    findStep: (uid) => read(() => findStep(all, uid)),
    addStep: (step) => writeSteps(() => addStep(all, step)),
    changeStep: (uid, change) => writeSteps(() => changeStep(all, uid, change)),
    stepsOf: (uid) => read(() => stepsOf(all, uid)),
    // publish
    deliveriesDue: (now, limit) => read(() => deliveriesDue(all, now, limit)),
    settleDelivery: (id, outcome) => writeUnsynced(() => settleDelivery(all, id, outcome)),
    deliveriesOpen: (pageSize, after) => read(() => deliveriesOpen(all, pageSize, after)),
    closeDeliveriesExcept: (targets) => write(() => closeDeliveriesExcept(all, targets)),
    reopenDeliveries: (targets, at) => write(() => reopenDeliveries(all, targets, at)),
    earliestDelivery: () => read(() => earliestDelivery(all)),
    // decisions
    decide: (decision) => write(() => decide(all, decision)),
    isDecided: (id) => read(() => all.value(LIFECYCLE_SQL.isDecided, id) === 1),
    notesNotJournaled: () => read(() => notesNotJournaled(all).map((note) => ({ kind: 'instances rejected', ...note }) as const)),
    // deletions
    ...deletionsOn(all, write, read),
    // what people and monitoring look at
    ...statusOn(all, write, read),
    // identity
    identitiesOf: (uid) => read(() => identitiesOf(all, uid)),
    resolveStudy: (uid, number) => write(() => resolveStudy(all, uid, number)),
    studiesInConflict: () => read(() => studiesInConflict(all)),
    patientsNamed: (patientId) => read(() => patientsNamed(all, patientId)),
    mayBeCorrected: (uid) => read(() => mayBeCorrected(all, uid)),
    // peers seen
    notePeer: (seen, calls) => writeUnsynced(() => notePeer(all, seen, calls)),
    peersSeen: () => read(() => peersSeen(all)),
    // upkeep
    files: (pageSize, after, since) => read(() => files(all, pageSize, after, since)),
    findByStorageKey: (key) => read(() => findByStorageKey(all, key)),
    restoreManifest: (record) => write(() => restoreManifest(all, record)),
    lastEntryReceivedAt: () => read(() => all.value<number>(INSTANCE_SQL.lastEntryReceivedAt)),
    totals: () => read(() => totals(all)),
    note: (name, value) => write(() => void all.run(UPKEEP_SQL.note, name, value)),
    noted: (name) => read(() => all.value<string>(UPKEEP_SQL.noted, name)),
    close: async () => {
      await writes.drain()
      db.close()
    },
  }
}
