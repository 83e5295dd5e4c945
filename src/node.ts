/** The node: builds its parts in story order (receive, catalog, manifest, publish, serve), starts them, stops them.
 *
 *  Promises: files and rows agree before it listens; `stop` lets associations finish, then workers, then closes the
 *  catalog. A damaged catalog is put aside and rebuilt from the files, which are the truth. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningNode } from './admin/running-node.ts'
import type { Catalog } from './catalog/contract.ts'
import { isLogLost, openCatalog } from './catalog/sqlite-catalog.ts'
import type { LoadedConfig } from './config/load-config.ts'
import type { Peer } from './config/settings.ts'
import { aeTitle } from './dicom/ae-title.ts'
import { uid } from './dicom/uid.ts'
import { connect } from './dimse/connect.ts'
import { type Listener, listen } from './dimse/listener.ts'
import { openPeerBook, type PeerBook } from './endpoints/access.ts'
import { callersSeen } from './endpoints/callers-seen.ts'
import { dimseServices, kindOf, negotiationPolicy } from './endpoints/dimse-scp.ts'
import { NodeError } from './errors.ts'
import { configureLog, log } from './log.ts'
import { startManifestWorker } from './manifest/due-studies.ts'
import { startPublishWorker } from './publish/outbox.ts'
import { reconcile } from './receive/reconcile.ts'
import { receiveInstance } from './receive/store-instance.ts'
import { cFind } from './serve/c-find.ts'
import { cGet } from './serve/c-get.ts'
import { cMove } from './serve/c-move.ts'
import { openStorage } from './storage/file-storage.ts'
import { leaveCleanStop, lockStorage, retrieveLocationUid, takeCleanStop } from './storage/node-identity.ts'

export async function startNode(loaded: LoadedConfig): Promise<RunningNode> {
  let config = loaded.config
  const { storage: stored, dicom } = config
  const storage = await openStorage({ ...stored, maxTotalBytes: stored.maxTotalBytes || undefined })
  const lock = await lockStorage(stored.path)
  const { catalog, since } = await openSoundCatalog(join(stored.path, 'catalog.sqlite'), !(await takeCleanStop(stored.path)))
  const locationUid = config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(stored.path))
  await reconcile({ storage, catalog, since })
  let book: PeerBook = await openPeerBook(config)
  const callers = callersSeen(catalog)

  const publish = startPublishWorker({ catalog, storage, targets: () => config.publish, now: Date.now })
  const manifest = startManifestWorker({
    catalog,
    storage,
    now: Date.now,
    settings: () => ({
      ...config.manifest,
      aeTitle: aeTitle(config.aeTitle),
      retrieveLocationUid: uid(locationUid),
      targets: config.publish.map((target) => target.name),
    }),
    made: () => publish.nudge(),
  })
  const door = {
    storage,
    catalog,
    duplicates: stored.duplicates,
    now: Date.now,
    kept: () => manifest.nudge(),
    isStorable: (sopClassUid: string) => kindOf(sopClassUid, config.dicom.privateStorageClasses) === 'storage',
  }
  const connectTo = (peer: Peer, contexts: Parameters<typeof connect>[0]['contexts']) =>
    connect({
      host: peer.host!,
      port: peer.port!,
      callingAeTitle: aeTitle(config.aeTitle),
      calledAeTitle: aeTitle(peer.aeTitle),
      contexts,
      timeouts: dicom.timeouts,
      maxPduLength: dicom.maxPduLength,
    })
  const serving = {
    catalog,
    storage,
    connectTo,
    aeTitle: aeTitle(config.aeTitle),
    retrieveLocationUid: locationUid,
    peer: (title: string) => book.byTitle(title),
    timezone: config.manifest.timezone,
    listManifests: () => config.manifest.listed,
  }

  const listener: Listener = await listen({
    host: dicom.host,
    port: dicom.port,
    maxAssociations: dicom.maxAssociations,
    maxAssociationsPerAddress: dicom.maxAssociationsPerAddress,
    maxPduLength: dicom.maxPduLength,
    timeouts: dicom.timeouts,
    policy: negotiationPolicy(
      () => config,
      () => book,
    ),
    services: dimseServices(
      {
        store: ({ association, context, command }) =>
          receiveInstance(door, {
            sopClassUid: command.affectedSopClassUid,
            sopInstanceUid: command.affectedSopInstanceUid,
            contextSopClassUid: context.abstractSyntax,
            transferSyntaxUid: context.transferSyntax,
            source: association.callingAeTitle,
          }),
        find: (request) => cFind(serving, request),
        move: (request) => cMove(serving, request),
        get: (request) => cGet(serving, request),
      },
      () => book,
    ),
    seen: (caller, rejection) =>
      callers.note({ ...caller, outcome: rejection === undefined ? 'accepted' : 'rejected', reason: rejection?.why ?? '', at: Date.now() }),
  })

  return {
    port: listener.port,
    catalog,
    storage,
    retrieveLocationUid: locationUid,
    reload: async (next) => {
      book = await openPeerBook(next)
      config = next
      configureLog(config.log)
      manifest.nudge()
      log.info('configuration reloaded', { peers: next.peers.length, level: next.log.level })
    },
    stop: async (graceSeconds = 5) => {
      await listener.close(graceSeconds)
      await manifest.stop()
      await publish.stop()
      await callers.flush()
      await catalog.close()
      await leaveCleanStop(stored.path)
      lock.release()
      log.info('stopped')
    },
  }
}

/** Opens the catalog, looked through where the last stop was not a clean one; one that is damaged is put aside under another name, and {@link reconcile} rebuilds it from the files. */
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
