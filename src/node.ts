/** The node: builds its parts in story order (receive, catalog, manifest, publish, serve), starts them, stops them.
 *
 *  Promises: files and rows agree before it listens; `stop` lets associations finish, then workers, then closes the
 *  catalog. A damaged catalog is put aside and rebuilt from the files, which are the truth. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningNode } from './admin/running-node.ts'
import type { Catalog } from './catalog/contract.ts'
import { isLogLost, openCatalog } from './catalog/sqlite-catalog.ts'
import type { ConfigSource } from './config/in-force.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { nomenclatures } from './config/nomenclatures.ts'
import type { Config, Peer } from './config/settings.ts'
import { aeTitle } from './dicom/ae-title.ts'
import { uid } from './dicom/uid.ts'
import { connect, type WantedContext } from './dimse/connect.ts'
import type { IncomingStore, OutboundAssociation } from './dimse/contract.ts'
import { listen } from './dimse/listener.ts'
import { openPeerBook, type PeerBook } from './endpoints/access.ts'
import { callersSeen } from './endpoints/callers-seen.ts'
import { dimseServices, kindOf, negotiationPolicy, type Stages } from './endpoints/dimse-scp.ts'
import { Meters } from './endpoints/status/meters.ts'
import { refreshed } from './endpoints/status/remembered.ts'
import type { StatusParts } from './endpoints/status/status-parts.ts'
import type { RefusedCall } from './endpoints/web/failed-attempts.ts'
import { NodeError } from './errors.ts'
import { configureLog, log } from './log.ts'
import { startAuditWorker } from './manifest/audit-worker.ts'
import { targetsOf } from './manifest/chains.ts'
import { type DeletionParts, hideUnfinished } from './manifest/delete-instances.ts'
import { startManifestWorker } from './manifest/due-studies.ts'
import { madoBundle } from './manifest/mado-bundle.ts'
import { manifestSettings } from './manifest/manifest-settings.ts'
import { tellMissingIssuers } from './manifest/missing-issuers.ts'
import { publishedNames, tellChangedNames } from './manifest/published-names.ts'
import { startRetentionWorker } from './manifest/retention.ts'
import { ensureUndecidedDeliveries } from './manifest/undecided-deliveries.ts'
import { startPublishWorker } from './publish/outbox.ts'
import { seeToRemovedTargets } from './publish/removed-targets.ts'
import { Arrivals } from './receive/arrivals.ts'
import { judgingOf, tellRulesForNobody } from './receive/confidentiality-rules.ts'
import { createStep, type MppsParts, setStep } from './receive/mpps.ts'
import { reconcile } from './receive/reconcile.ts'
import { type Door, type Incoming, receiveInstance } from './receive/store-instance.ts'
import { cFind } from './serve/c-find.ts'
import { cGet } from './serve/c-get.ts'
import { cMove } from './serve/c-move.ts'
import type { Serving } from './serve/serving.ts'
import type { Storage } from './storage/contract.ts'
import { journalNotes, replayDecisions } from './storage/decisions.ts'
import { openStorage } from './storage/file-storage.ts'
import { isStorageThere, leaveCleanStop, lockStorage, retrieveLocationUid, takeCleanStop } from './storage/node-identity.ts'

/** A sum over all rows: 0.4 s for a million, in portions. */
const TOTALS_HOLD_MS = 60_000

/** @param source  where the configuration comes from, for whoever changes it while the node runs */
export async function startNode(loaded: LoadedConfig, source?: ConfigSource): Promise<RunningNode> {
  const closers: Closer[] = []
  try {
    return await buildNode(loaded, closers, source)
  } catch (error) {
    await closeAll(closers, 0)
    throw error
  }
}

/** What undoes one step of the start; the last step is undone first. */
type Closer = (graceSeconds: number) => unknown

async function closeAll(closers: Closer[], graceSeconds: number): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close(graceSeconds)
}

async function buildNode(loaded: LoadedConfig, closers: Closer[], source?: ConfigSource): Promise<RunningNode> {
  let config = loaded.config
  // A table of codes that is damaged is found now, not with the first manifest.
  nomenclatures()
  const { storage: stored, dicom } = config
  const storage = await openStorage(stored)
  const lock = await lockStorage(stored.path)
  closers.push(() => lock.release())
  const { catalog, since } = await openSoundCatalog(join(stored.path, 'catalog.sqlite'), !(await takeCleanStop(stored.path)))
  closers.push(async () => {
    await catalog.close()
    await leaveCleanStop(stored.path)
  })
  const judging = judgingOf(config)
  tellRulesForNobody(config)
  await reconcile({ storage, catalog, since, ...judging })
  await replayDecisions({ path: stored.path, catalog })
  await journalNotes({ path: stored.path, catalog })
  tellMissingIssuers(config)
  const targetNames = (of: Config): string[] => of.publish.map(({ name }) => name)
  await seeToRemovedTargets(catalog, targetNames(config), Date.now())
  await ensureUndecidedDeliveries(catalog, targetsOf(config.publish), Date.now())
  const published = await publishedNames({ catalog, storage })
  const locationUid = uid(config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(stored.path, published.retrieveLocationUid)))
  tellChangedNames(published, { aeTitle: config.aeTitle, retrieveLocationUid: locationUid })
  await tellLittleRoom(storage, stored.reserveBytes)
  const deleting: DeletionParts = {
    catalog,
    storage,
    path: stored.path,
    now: Date.now,
    settings: () => manifestSettings(config, locationUid),
  }
  await hideUnfinished(deleting)
  let book: PeerBook = await openPeerBook(config)
  let reloads = 0
  let arrived = 0
  const meters = new Meters(config.manifest.timezone)
  closers.push(() => meters.stop())
  const callers = callersSeen(catalog)
  closers.push(() => callers.flush())

  const publish = startPublishWorker({
    catalog,
    storage,
    targets: () => config.publish,
    formats: { 'mado-fhir': madoBundle },
    now: Date.now,
  })
  closers.push(() => publish.stop())
  const manifest = startManifestWorker({
    catalog,
    storage,
    now: Date.now,
    settings: () => manifestSettings(config, locationUid),
    rules: () => config.manifest,
    made: () => publish.nudge(),
  })
  closers.push(() => manifest.stop())
  const instancesArrived = (): number => arrived
  const retention = startRetentionWorker({
    ...deleting,
    arrivals: instancesArrived,
    rules: () => ({ ...config.retention, timezone: config.manifest.timezone }),
    done: () => publish.nudge(),
  })
  closers.push(() => retention.stop())
  const isThere = (): Promise<boolean> => isStorageThere(stored.path)
  const audit = startAuditWorker({ catalog, storage, arrivals: instancesArrived, isThere, now: Date.now, settings: () => config.audit })
  closers.push(() => audit.stop())

  const isStorable = (sopClassUid: string): boolean => kindOf(sopClassUid, config.dicom.privateStorageClasses) === 'storage'
  const duplicates = stored.duplicates
  const kept = (): void => {
    arrived++
    manifest.nudge()
  }
  const door: Door = {
    storage,
    catalog,
    duplicates,
    path: stored.path,
    now: Date.now,
    kept,
    urgent: () => manifest.lookNow(),
    isStorable,
    counting: (source, sink) => meters.counting(source, sink),
    ...judging,
  }
  const serving: Serving = {
    catalog,
    storage,
    connectTo: (peer, contexts) => connectToPeer(config, peer, contexts),
    aeTitle: config.aeTitle,
    retrieveLocationUid: locationUid,
    peer: (title) => book.byTitle(title),
    levelsOf: (association) => book.levelsOf(association),
    timezone: config.manifest.timezone,
    listManifests: () => config.manifest.listed,
  }
  const arrivals = new Arrivals((studies) => {
    catalog.associationEnded(studies, Date.now()).then(
      () => manifest.associationEnded(),
      (error: unknown) => log.warn('end of an association is not noted, quiet time rules', { error }),
    )
  })
  const mpps: MppsParts = {
    catalog,
    discontinued: () => config.manifest.mppsDiscontinued,
    now: Date.now,
    changed: () => manifest.stepsChanged(),
  }
  const stages: Stages = {
    store: (incoming) => receiveInstance(door, announced(incoming, arrivals)),
    find: meters.timed('C-FIND', (request) => cFind(serving, request)),
    move: meters.timed('C-MOVE', (request) => cMove(serving, request)),
    get: meters.timed('C-GET', (request) => cGet(serving, request)),
    createStep: (request) => createStep(mpps, request),
    setStep: (request) => setStep(mpps, request),
  }
  const listener = await listen({
    ...dicom,
    policy: negotiationPolicy(
      () => config,
      () => book,
    ),
    services: dimseServices(stages, () => book),
    seen: (caller, rejection) => {
      const outcome = rejection === undefined ? 'accepted' : 'rejected'
      meters.associations[outcome]++
      callers.note({ ...caller, outcome, reason: rejection?.why ?? '', at: Date.now() })
    },
  })
  let isOpen = true
  closers.push((graceSeconds) => {
    isOpen = false
    return listener.close(graceSeconds)
  })
  const status: StatusParts = {
    ...deleting,
    config: () => config,
    meters,
    dicom: { port: listener.port, isOpen: () => isOpen, open: () => listener.associations.size },
    workers: () => ({ 'manifest worker': manifest.aliveAt, 'publish worker': publish.aliveAt }),
    totals: refreshed(TOTALS_HOLD_MS, () => catalog.totals()),
    isThere,
    published: () => publish.nudge(),
    changed: () => manifest.lookNow(),
    source,
  }
  // What serves the web is loaded once DICOM listens: modalities do not wait for it.
  const web = config.web.enabled
    ? await (await import('./endpoints/http.ts')).startWeb({
        config: () => config,
        serving,
        storing: { door, arrivals },
        status,
        refused: (call) => callers.note(refusedOnWeb(call)),
      })
    : undefined
  closers.push((graceSeconds) => web?.close(graceSeconds))

  return {
    port: listener.port,
    webPort: web?.port,
    catalog,
    storage,
    retrieveLocationUid: locationUid,
    reload: async (next) => {
      const mine = ++reloads
      const nextBook = await openPeerBook(next)
      // A later reload has overtaken this one while host names were resolved.
      if (mine !== reloads) return
      book = nextBook
      config = next
      configureLog(config.log)
      await seeToRemovedTargets(catalog, targetNames(next), Date.now())
      tellMissingIssuers(next)
      publish.nudge()
      manifest.nudge()
      await web?.reload()
      log.info('configuration reloaded', { peers: next.peers.length, level: next.log.level })
    },
    stop: async (graceSeconds = 5) => {
      await closeAll(closers, graceSeconds)
      log.info('stopped')
    },
  }
}

/** Among the callers of `ariane peer seen`: whoever looks after a refusal looks there. */
function refusedOnWeb({ address, caller = 'not known', why }: RefusedCall): Parameters<Catalog['notePeer']>[0] {
  return { callingAeTitle: `web: ${caller}`, calledAeTitle: 'web', address, outcome: 'rejected', reason: why, at: Date.now() }
}

/** Said before a modality is refused for it. */
async function tellLittleRoom(storage: Storage, reserveBytes: number): Promise<void> {
  const freeBytes = await storage.freeBytes()
  if (freeBytes < reserveBytes) log.error('no room: instances are refused until there is some', { freeBytes, reserveBytes })
}

function announced({ association, context, command }: IncomingStore, arrivals: Arrivals): Incoming {
  return {
    sopClassUid: command.affectedSopClassUid,
    sopInstanceUid: command.affectedSopInstanceUid,
    contextSopClassUid: context.abstractSyntax,
    transferSyntaxUid: context.transferSyntax,
    source: association.callingAeTitle,
    brought: (study) => arrivals.brought(association, study),
  }
}

/** @param peer  one with host and port: c-move.ts asks for no other */
function connectToPeer(config: Config, peer: Peer, contexts: readonly WantedContext[]): Promise<OutboundAssociation> {
  const { timeouts, maxPduLength } = config.dicom
  const titles = { callingAeTitle: aeTitle(config.aeTitle), calledAeTitle: aeTitle(peer.aeTitle) }
  return connect({ host: peer.host!, port: peer.port!, ...titles, contexts, timeouts, maxPduLength })
}

/** Opens the catalog, looked through where the last stop was not a clean one. One that is damaged is put aside under another name, and
 *  {@link reconcile} rebuilds it from the files. */
async function openSoundCatalog(file: string, crashed: boolean): Promise<{ catalog: Catalog; since?: number }> {
  const isOld = crashed && isLogLost(file)
  if (isOld) log.warn('the write-ahead log of the catalog is lost: it is checked thoroughly, all files and rows are compared')
  try {
    return { catalog: openCatalog(file, { verify: isOld ? 'thoroughly' : crashed }), since: isOld ? 0 : undefined }
  } catch (error) {
    if (!(error instanceof NodeError) || error.details.reason !== 'damaged') throw error
    const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`
    await rename(file, aside)
    for (const suffix of ['-wal', '-shm']) await rename(file + suffix, aside + suffix).catch(() => undefined)
    log.error('catalog is damaged: put aside, rows are rebuilt from the files', { aside })
    return { catalog: openCatalog(file) }
  }
}
