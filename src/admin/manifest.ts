/** `ariane manifest list | show | build | export | verify`: the manifests of this node, and those of others as files.
 *
 *  A UID is a manifest's or a study's; of a study, its newest manifest is meant. Works beside a running node.
 *  Exit code 1: `verify` found something missing, `build` has nothing to build. */
import { readFile, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import type { Config } from '../config/settings.ts'
import { type AeTitle, aeTitle } from '../dicom/ae-title.ts'
import { VERIFICATION } from '../dicom/sop-classes.ts'
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { connect } from '../dimse/connect.ts'
import { NodeError } from '../errors.ts'
import { type BuildOutcome, buildManifest, type ManifestParts } from '../manifest/build-manifest.ts'
import { describedSeries } from '../manifest/described-series.ts'
import { manifestTree } from '../manifest/manifest-tree.ts'
import { publishedNames } from '../manifest/published-names.ts'
import { type ReadManifest, readManifest } from '../manifest/read-manifest.ts'
import { type VerifyReport, verifyManifest } from '../manifest/verify-manifest.ts'
import { retrieveLocationUid } from '../storage/node-identity.ts'
import { CommandFailure, inColumns } from './command-line.ts'
import { openParts, type Parts, progressLine } from './open-parts.ts'

const PAGE = 200

export function manifestCommand(): Command {
  return new Command('manifest')
    .description('the manifests that this node has made')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(buildCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand())
}

function listCommand(): Command {
  return new Command('list')
    .description('one line for each manifest, newest first')
    .option('--study <uid>', 'of this study only')
    .option('--json', 'one JSON object per line')
    .action((flags: { study?: string; json?: boolean }, command: Command) =>
      withParts(command, async ({ catalog }) => {
        const rows: (readonly string[])[] = []
        for await (const record of recordsOf(catalog, flags.study)) {
          if (flags.json) console.log(JSON.stringify(record))
          else rows.push(rowOf(record))
        }
        if (flags.json) return
        if (rows.length === 0) console.log('no manifests')
        else process.stdout.write(inColumns([['MADE', 'VERSION', 'STATE', 'INSTANCES', 'STUDY', 'MANIFEST', 'WHY'], ...rows]))
      }),
    )
}

function showCommand(): Command {
  return new Command('show')
    .description('a manifest as a tree')
    .argument('<uid|file>', 'UID of a manifest or a study, or a file')
    .option('--all', 'every instance, however many')
    .action((what: string, flags: { all?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const { manifest, record } = await manifestNamed(parts, what)
        const described = await describedSeries(parts.catalog, manifest.studyInstanceUid)
        console.log(manifestTree(manifest, { all: flags.all, state: record && stateOf(record), describe: (uid) => described.get(uid) }))
      }),
    )
}

function buildCommand(): Command {
  return new Command('build')
    .description("make a study's manifest now, if it has something new to say")
    .argument('<study>', 'Study Instance UID')
    .action((study: string, _flags: unknown, command: Command) =>
      withParts(command, async (parts) => {
        const outcome = await buildManifest(await manifestParts(parts), checkedUid(study), 'asked by operator')
        console.log(inWords(outcome))
        if (outcome.kind !== 'made' && outcome.kind !== 'unchanged') process.exitCode = 1
      }),
    )
}

function exportCommand(): Command {
  return new Command('export')
    .description('write a manifest to a file, as it is kept')
    .argument('<uid>', 'UID of a manifest or a study')
    .argument('<file>', 'must not exist yet')
    .action((what: string, file: string, _flags: unknown, command: Command) =>
      withParts(command, async (parts) => {
        const record = await recordNamed(parts.catalog, checkedUid(what))
        await writeFile(file, await bytesOf(parts, record), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
          throw new CommandFailure(error.code === 'EEXIST' ? `${file} exists already` : error.message, { cause: error })
        })
        console.log(`version ${record.version}, ${record.state}: ${file}`)
      }),
    )
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('follow every reference back: C-FIND, then C-GET or C-MOVE, at the AE title that the manifest names')
    .argument('<uid|file>', 'UID of a manifest or a study, or a file')
    .option('--json', 'the whole report')
    .action((what: string, flags: { json?: boolean }, command: Command) =>
      withParts(command, async (parts) => {
        const { manifest } = await manifestNamed(parts, what)
        const report = await verify(parts, manifest)
        console.log(flags.json ? JSON.stringify(report, null, 2) : reportText(report))
        if (!report.complete) process.exitCode = 1
      }),
    )
}

async function withParts(command: Command, work: (parts: Parts) => Promise<void>): Promise<void> {
  const parts = await openParts(command, { create: false })
  try {
    await work(parts)
  } finally {
    await parts.catalog.close()
  }
}

// --- finding what is meant

async function* recordsOf(catalog: Catalog, study: string | undefined): AsyncGenerator<ManifestRecord> {
  if (study !== undefined) return yield* await catalog.manifestsOf(checkedUid(study))
  let after: string | undefined
  do {
    const page = await catalog.manifests(PAGE, after)
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

async function recordNamed(catalog: Catalog, uid: Uid): Promise<ManifestRecord> {
  const record = (await catalog.findManifest(uid)) ?? (await catalog.manifestsOf(uid))[0]
  if (record === undefined) throw new CommandFailure(`no manifest, and no study with one: ${uid}`)
  return record
}

async function manifestNamed(parts: Parts, what: string): Promise<{ manifest: ReadManifest; record?: ManifestRecord }> {
  const uid = parseUid(what)
  if (uid === undefined) return { manifest: readManifest(await readFileNamed(what)) }
  const record = await recordNamed(parts.catalog, uid)
  return { manifest: readManifest(await bytesOf(parts, record)), record }
}

async function readFileNamed(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: Error) => {
    throw new CommandFailure(`neither a UID nor a file that can be read: ${file}`, { cause })
  })
}

async function bytesOf({ catalog, storage }: Parts, record: ManifestRecord): Promise<Buffer> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  if (facts === undefined) throw new CommandFailure(`manifest ${record.sopInstanceUid} has lost its file`)
  return storage.readStart(facts.storageKey, facts.fileSizeBytes)
}

function checkedUid(text: string): Uid {
  const uid = parseUid(text)
  if (uid === undefined) throw new CommandFailure(`not a UID: ${text}`, { exitCode: 2 })
  return uid
}

// --- doing

/** What the manifest stage works with, for commands that build. */
export async function manifestParts({ config, storage, catalog }: Parts): Promise<ManifestParts> {
  const published = await publishedNames({ catalog, storage })
  const locationUid = config.manifest.retrieveLocationUid ?? (await retrieveLocationUid(config.storage.path, published.retrieveLocationUid))
  const settings = {
    ...config.manifest,
    aeTitle: aeTitle(config.aeTitle),
    retrieveLocationUid: checkedUid(locationUid),
    targets: config.publish.map((target) => target.name),
  }
  return { catalog, storage, settings: () => settings, now: Date.now }
}

async function verify({ config, catalog }: Parts, manifest: ReadManifest): Promise<VerifyReport> {
  if (manifest.series.some((series) => series.retrieveAeTitles.includes(config.aeTitle))) await requireOwnNode(config)
  const progress = progressLine()
  const sha256Of = async (text: string): Promise<string | undefined> => {
    const uid = parseUid(text)
    return uid && (await catalog.findInstance(uid))?.sha256
  }
  /** Of a data set of even length: an odd one is mended when it is sent (PS3.5 7.1.1). */
  const expectedSha256 = async (text: string): Promise<string | undefined> => {
    const uid = parseUid(text)
    const facts = uid && (await catalog.findInstance(uid))
    return facts === undefined || (facts.fileSizeBytes - facts.dataSetOffset) % 2 === 1 ? undefined : facts.sha256
  }
  const report = await verifyManifest(manifest, {
    connectTo: (title, contexts) => {
      const { host, port } = addressOf(config, title)
      const { timeouts } = config.dicom
      return connect({ host, port, callingAeTitle: aeTitle(config.aeTitle), calledAeTitle: title, contexts, timeouts })
    },
    expectedSha256,
    moveTo: { destination: aeTitle(config.aeTitle), sha256Of },
    onProgress: (done, total) => progress.show(() => `${done} of ${total} references followed`),
  })
  progress.clear()
  return report
}

/** Said once, not for each reference.
 *  @throws CommandFailure where our own node is not running, or does not let its commands in */
async function requireOwnNode(config: Config): Promise<void> {
  const own = aeTitle(config.aeTitle)
  const { host, port } = addressOf(config, own)
  const contexts = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] }]
  try {
    const association = await connect({ host, port, callingAeTitle: own, calledAeTitle: own, contexts, timeouts: config.dicom.timeouts })
    await association.release()
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause
    const what =
      cause.code === 'PEER_REJECTED'
        ? `takes no calls from its own commands; let them in: ariane peer add ${own} 127.0.0.1 --allow echo find get (then reload it)`
        : `does not answer (${cause.tell}): is it running?`
    throw new CommandFailure(`the node ${own} at ${host}:${port} ${what}`, { cause })
  }
}

/** @throws NodeError UNKNOWN_DESTINATION where nobody told us the address */
function addressOf(config: Config, title: AeTitle): { host: string; port: number } {
  if (title === config.aeTitle) return { host: reachable(config.dicom.host), port: config.dicom.port }
  const peer = config.peers.find((one) => one.aeTitle === title)
  if (peer?.host === undefined || peer.port === undefined) {
    throw new NodeError('UNKNOWN_DESTINATION', { aeTitle: title, help: 'ariane peer add' })
  }
  return { host: peer.host, port: peer.port }
}

/** "Listen everywhere" is no address to call. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

// --- saying

function rowOf(record: ManifestRecord): readonly string[] {
  const { createdAt, version, state, instanceCount, studyInstanceUid, sopInstanceUid, reason } = record
  return [new Date(createdAt).toISOString(), String(version), state, String(instanceCount), studyInstanceUid, sopInstanceUid, reason]
}

function stateOf(record: ManifestRecord): string {
  return record.supersededBy === undefined ? record.state : `superseded by ${record.supersededBy}`
}

function inWords(outcome: BuildOutcome): string {
  switch (outcome.kind) {
    case 'made':
      return `made version ${outcome.record.version} with ${outcome.record.instanceCount} instances: ${outcome.record.sopInstanceUid}`
    case 'unchanged':
      return `version ${outcome.record.version} says the same already: ${outcome.record.sopInstanceUid}`
    case 'empty':
      return 'the study has no instance to refer to: no manifest'
    case 'conflict':
      return 'the study holds more than one patient identity: no manifest until `ariane study resolve`'
    case 'unknown study':
      return 'no such study here'
  }
}

const PROBLEMS_SHOWN = 10

function reportText(report: VerifyReport): string {
  const lines = report.series.flatMap((series) => {
    const where = series.aeTitle === undefined ? '' : ` at ${series.aeTitle}${series.by === undefined ? '' : ` by ${series.by}`}`
    const head = `${series.problems.length === 0 ? 'ok     ' : 'MISSING'} series ${series.seriesInstanceUid}: ${series.retrieved} of ${series.references}${where}`
    const shown = series.problems.slice(0, PROBLEMS_SHOWN).map((one) => `          ${one.sopInstanceUid}: ${one.problem}`)
    const rest = series.problems.length - shown.length
    return [head, ...shown, ...(rest > 0 ? [`          … ${rest} more`] : [])]
  })
  const verdict = report.complete ? 'every reference leads back' : 'references are broken'
  return [...lines, `${report.retrieved} of ${report.references} references retrieved: ${verdict}`].join('\n')
}
