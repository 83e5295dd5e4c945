/** `ariane demo`: the whole story for everybody to see, on this machine, with nothing left behind.
 *
 *  A node on free ports with a temporary storage; a modality sends it a study by C-STORE; its manifest is awaited and shown; a viewer
 *  retrieves every reference by C-MOVE and by C-GET; the bytes are compared. All through real associations on loopback.
 *  Exit code 1 where anything differs. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import pc from 'picocolors'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import { EVERY_LEVEL } from '../dicom/confidentiality.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { isStorageClass, STUDY_ROOT_GET, STUDY_ROOT_MOVE, VERIFICATION } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { connect, type WantedContext } from '../dimse/connect.ts'
import type { CommandSet, IncomingStore, OutboundAssociation, StoreSink } from '../dimse/contract.ts'
import { type Listener, listen } from '../dimse/listener.ts'
import { statusInHex } from '../errors.ts'
import { configureLog } from '../log.ts'
import { describedSeries } from '../manifest/described-series.ts'
import { manifestTree } from '../manifest/manifest-tree.ts'
import { type ReadManifest, readManifest } from '../manifest/read-manifest.ts'
import { type DemoInstance, type DemoStudy, demoStudy } from './demo-study.ts'
import type { RunningNode } from './running-node.ts'

const NODE = aeTitle('ARIANE')
const MODALITY = aeTitle('DEMO_CT')
const VIEWER = aeTitle('DEMO_VIEWER')
const QUIET_SECONDS = 1
const TIMEOUTS = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 10, connectSeconds: 5, responseSeconds: 20 }

export function demoCommand(startNode: (loaded: LoadedConfig) => Promise<RunningNode>): Command {
  return new Command('demo')
    .description('show the whole story on this machine: a study in, its manifest out, every reference followed back')
    .option('--keep', 'keep the temporary storage, and say where it is')
    .action(async (options: { keep?: boolean }) => {
      const folder = await mkdtemp(join(tmpdir(), 'ariane-demo-'))
      try {
        process.exitCode = (await demo(startNode, folder)) ? 0 : 1
      } finally {
        if (options.keep) say(`The storage stays in ${folder}`)
        else await rm(folder, { recursive: true, force: true })
      }
    })
}

async function demo(startNode: (loaded: LoadedConfig) => Promise<RunningNode>, folder: string): Promise<boolean> {
  configureLog({ level: 'warn' })
  const began = performance.now()
  const viewer = await openViewer()
  const node = await startNode(demoConfig(folder, viewer.listener.port))
  try {
    step(`A node is listening: ${NODE}@127.0.0.1:${node.port}, storage ${folder}`)
    const study = demoStudy(new Date())
    await send(study, node.port)
    const manifest = await awaitManifest(node, study)
    const described = await describedSeries(node.catalog, study.studyInstanceUid, EVERY_LEVEL)
    say(manifestTree(manifest, { describe: (uid) => described.get(uid) }))
    const expected = new Map(study.instances.map((one) => [one.sopInstanceUid as string, digest(one.dataSet)]))
    const referenced = manifest.series.flatMap((series) => series.instances.map((one) => one.sopInstanceUid as string))
    const moved = await retrieve('C-MOVE', study, node.port, viewer.received)
    const got = await retrieve('C-GET', study, node.port, new Map())
    const problems = [...compare('C-MOVE', referenced, expected, moved), ...compare('C-GET', referenced, expected, got)]
    for (const problem of problems) say(pc.red(`  ✗ ${problem}`))
    if (problems.length === 0) {
      step(`All ${referenced.length} references lead back to the instance that was sent, byte for byte, by C-MOVE and by C-GET`)
    }
    say(
      `Done in ${((performance.now() - began) / 1000).toFixed(1)} s; the node is stopped${problems.length === 0 ? ', the temporary storage removed' : ''}.`,
    )
    say('Next: ./scripts/ariane serve')
    return problems.length === 0
  } finally {
    await node.stop(1)
    await viewer.listener.close(0)
  }
}

function demoConfig(folder: string, viewerPort: number): LoadedConfig {
  return loadConfig({
    cwd: folder,
    env: {
      ARIANE_AETITLE: NODE,
      ARIANE_DICOM_HOST: '127.0.0.1',
      ARIANE_DICOM_PORT: '0',
      ARIANE_WEB_ENABLED: 'false',
      ARIANE_STORAGE_PATH: join(folder, 'storage'),
      ARIANE_STORAGE_RESERVEBYTES: '0',
      ARIANE_MANIFEST_QUIETSECONDS: String(QUIET_SECONDS),
      ARIANE_PEERS: JSON.stringify([{ aeTitle: VIEWER, host: '127.0.0.1', port: viewerPort }]),
      ARIANE_LOG_LEVEL: 'warn',
    },
  })
}

/** A modality's association: all instances of the study by C-STORE. */
async function send(study: DemoStudy, port: number): Promise<void> {
  const classes = [...new Set(study.instances.map((one) => one.sopClassUid))]
  const association = await open(
    MODALITY,
    port,
    [VERIFICATION, ...classes].map((uid) => ({ abstractSyntax: uid, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] })),
  )
  const began = performance.now()
  let bytes = 0
  for (const instance of study.instances) {
    const { status } = await association.store({
      ...instance,
      transferSyntaxUid: instance.transferSyntaxUid,
      open: () => Readable.from([instance.dataSet]),
    })
    if (status !== 0) throw new Error(`C-STORE was answered ${statusInHex(status)}`)
    bytes += instance.dataSet.length
  }
  await association.release()
  const milliseconds = performance.now() - began
  step(
    `${MODALITY} sent ${study.instances.length} instances (${(bytes / 1e6).toFixed(1)} MB) by C-STORE in ${milliseconds.toFixed(0)} ms; each acknowledged when durable`,
  )
}

async function awaitManifest(node: RunningNode, study: DemoStudy): Promise<ReadManifest> {
  say(`  waiting for the study to be quiet for ${QUIET_SECONDS} s …`)
  const end = Date.now() + 20_000
  while (Date.now() < end) {
    const [record] = await node.catalog.manifestsOf(study.studyInstanceUid)
    const facts = record === undefined ? undefined : await node.catalog.findInstance(record.sopInstanceUid)
    if (record !== undefined && facts !== undefined) {
      step(`Its manifest is there, version ${record.version} (${record.reason}), and lies in the outbox folder too:`)
      return readManifest(await node.storage.readStart(facts.storageKey, facts.fileSizeBytes))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('no manifest within 20 s')
}

/** The viewer follows the references; @returns SHA-256 of each data set that came, by SOP Instance UID */
async function retrieve(
  verb: 'C-MOVE' | 'C-GET',
  study: DemoStudy,
  port: number,
  received: Map<string, string>,
): Promise<Map<string, string>> {
  const sopClass = verb === 'C-MOVE' ? STUDY_ROOT_MOVE : STUDY_ROOT_GET
  const storage = [...new Set(study.instances.map((one) => one.sopClassUid))]
  const association = await open(VIEWER, port, [
    { abstractSyntax: sopClass, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
    ...storage.map((uid) => ({ abstractSyntax: uid, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN], asScp: true })),
  ])
  const began = performance.now()
  const identifier = new ElementWriter({ explicit: true })
    .element(0x00080052, 'CS', 'STUDY')
    .element(0x0020000d, 'UI', study.studyInstanceUid)
    .finish()
  let answer: CommandSet
  if (verb === 'C-MOVE') answer = await association.move(sopClass, identifier, VIEWER)
  else answer = await association.get(sopClass, identifier, (incoming) => digestingSink(incoming, received))
  await association.release()
  const counts = `${answer.numberOfCompletedSuboperations ?? 0} completed, ${answer.numberOfFailedSuboperations ?? 0} failed`
  step(`${VIEWER} retrieved the study by ${verb} in ${(performance.now() - began).toFixed(0)} ms: ${counts}`)
  return received
}

function compare(
  verb: string,
  referenced: readonly string[],
  expected: ReadonlyMap<string, string>,
  came: ReadonlyMap<string, string>,
): string[] {
  const problems = [...expected.keys()].filter((uid) => !referenced.includes(uid)).map((uid) => `the manifest does not name ${uid}`)
  for (const uid of referenced) {
    if (!came.has(uid)) problems.push(`${verb} did not bring ${uid}`)
    else if (came.get(uid) !== expected.get(uid)) problems.push(`${verb} brought other bytes of ${uid}`)
  }
  return problems
}

/** Where C-MOVE sends to: a storage SCP that keeps only digests. */
async function openViewer(): Promise<{ listener: Listener; received: Map<string, string> }> {
  const received = new Map<string, string>()
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    maxAssociations: 4,
    maxAssociationsPerAddress: 4,
    maxPduLength: 131_072,
    timeouts: TIMEOUTS,
    policy: {
      kindOf: (uid) => (isStorageClass(uid) ? 'storage' : uid === VERIFICATION ? 'verification' : 'none'),
      isStorableSyntax: () => true,
      isDecodableSyntax: () => false,
      preferredSyntaxes: () => [],
      mayUse: () => true,
    },
    services: {
      admit: () => undefined,
      mayUse: () => true,
      store: (incoming) => digestingSink(incoming, received),
      find: refuse,
      move: refuse,
      get: refuse,
      createStep: refuse,
      setStep: refuse,
    },
    seen: () => undefined,
  })
  return { listener, received }
}

async function refuse(): Promise<void> {
  throw new Error('the demo viewer only receives')
}

function digestingSink({ command }: IncomingStore, received: Map<string, string>): StoreSink {
  const hash = createHash('sha256')
  return {
    write: (fragment) => {
      hash.update(fragment)
      return undefined
    },
    end: async () => {
      received.set(command.affectedSopInstanceUid ?? '', hash.digest('hex'))
      return { status: 0 }
    },
    abandon: () => undefined,
  }
}

function open(callingAeTitle: typeof MODALITY, port: number, contexts: readonly WantedContext[]): Promise<OutboundAssociation> {
  return connect({ host: '127.0.0.1', port, callingAeTitle, calledAeTitle: NODE, contexts, timeouts: TIMEOUTS })
}

function digest(bytes: DemoInstance['dataSet']): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function step(text: string): void {
  say(`${pc.green('✓')} ${text}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
