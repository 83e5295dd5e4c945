/** `ariane manifest open`: everything that a manifest refers to, retrieved, compared with what it promises, and kept in a folder where one is named.
 *
 *  Promises: works for the manifests of others as for ours, without a catalog of our own (but for `--via c-move`, which stores into this node); peers are
 *  reached as a viewer would reach them. A token goes only to hosts that the configuration or `--token-host` names, and not without TLS but to this machine.
 *  Exit code 0 everything is there, 1 something is missing or wrong, 2 wrong usage or no manifest that can be read. */
import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/settings.ts'
import { type AeTitle, aeTitle } from '../dicom/ae-title.ts'
import { parseUid } from '../dicom/uid.ts'
import { configureLog } from '../log.ts'
import { CannotKeep } from '../manifest/open/arrival.ts'
import { type OpenReport, openManifest } from '../manifest/open/open-manifest.ts'
import type { OwnStorage } from '../manifest/open/other-ways.ts'
import type { Via } from '../manifest/open/ways.ts'
import { addressOf, connectAs } from '../manifest/peer-address.ts'
import type { ReadManifest } from '../manifest/read-manifest.ts'
import { CommandFailure, loadOptionsOf, printableLines } from './command-line.ts'
import { manifestInFile, manifestNamed, withParts } from './named-manifest.ts'
import { nowhere, type OpenFolder, openFolder } from './open-folder.ts'
import { type Parts, progressLine } from './open-parts.ts'
import { openReportText, sizeInWords } from './open-report.ts'
import { requireOwnNode } from './peer-address.ts'

interface Flags {
  readonly to?: string
  readonly dicomdir?: boolean
  readonly via?: Via
  readonly tokenFile?: string
  readonly tokenHost?: readonly string[]
  readonly json?: boolean
}

export function openCommand(): Command {
  return new Command('open')
    .description('retrieve everything that a manifest refers to, and compare it with what it promises')
    .argument('<file|uid>', 'a file, or the UID of a manifest or a study of this node')
    .option('--to <folder>', 'keep it there, as <study>/<series>/<instance>.dcm; without it nothing is kept')
    .option('--dicomdir', 'lay it out as a file-set, with a DICOMDIR (with --to)')
    .addOption(new Option('--via <way>', 'by this way only').choices(['c-get', 'c-move', 'wado']))
    .option('--token-file <file>', 'bearer token for WADO-RS')
    .option('--token-host <host...>', 'hosts that may see the token, beside those in retrieve.locations')
    .option('--json', 'the whole report')
    .action((what: string, flags: Flags, command: Command) => run(what, flags, command))
}

async function run(what: string, flags: Flags, command: Command): Promise<void> {
  if (flags.dicomdir && flags.to === undefined)
    throw new CommandFailure('--dicomdir needs --to: a folder to lay the files out in', { exitCode: 2 })
  const { config } = loadConfig(loadOptionsOf(command))
  configureLog(config.log)
  const needsParts = flags.via === 'c-move' || parseUid(what) !== undefined
  if (needsParts)
    await withParts(command, async (parts) =>
      open(await readable(manifestNamed(parts, what).then((one) => one.manifest)), flags, config, parts),
    )
  else await open(await readable(manifestInFile(what)), flags, config)
}

/** What is no manifest is wrong usage here, not something missing. */
async function readable(reading: Promise<ReadManifest>): Promise<ReadManifest> {
  const manifest = await reading.catch((cause: Error) => {
    throw cause instanceof CommandFailure ? new CommandFailure(cause.message, { exitCode: 2, cause }) : cause
  })
  if (manifest.series.some((series) => series.instances.length > 0)) return manifest
  throw new CommandFailure('the manifest refers to nothing: Current Requested Procedure Evidence Sequence (0040,A375) names no instance', {
    exitCode: 2,
  })
}

async function open(manifest: ReadManifest, flags: Flags, config: Config, parts?: Parts): Promise<void> {
  if (flags.via === 'c-move') await requireOwnNode(config)
  const tokenFor = await tokens(flags, config)
  const folder: OpenFolder = flags.to === undefined ? nowhere : await openFolder(flags.to, { dicomdir: flags.dicomdir ?? false })
  const progress = progressLine()
  try {
    const report = await openManifest(manifest, {
      connectTo: connectAs(config),
      ways: { locations: config.retrieve.locations, isKnown: (title) => isKnown(config, title), via: flags.via },
      web: { tokenFor, silenceSeconds: config.dicom.timeouts.responseSeconds },
      keeper: folder,
      own: parts && ownStorage(config, parts),
      limitBytes: config.storage.maxInstanceBytes,
      now: () => performance.now(),
      onProgress: ({ instances, promised, bytes }) => progress.show(() => `${instances} of ${promised} instances, ${sizeInWords(bytes)}`),
    })
    progress.clear()
    tell(report, flags, await folder.finish())
  } catch (error) {
    progress.clear()
    throw error instanceof CannotKeep ? new CommandFailure(error.message, { cause: error }) : error
  } finally {
    await folder.close()
  }
}

function tell(report: OpenReport, flags: Flags, directory: string | undefined): void {
  if (flags.json) console.log(JSON.stringify({ ...report, keptIn: flags.to ?? null, dicomdir: directory ?? null }, null, 2))
  else console.log(printableLines(openReportText(report, flags.to, directory)))
  if (!report.complete) process.exitCode = 1
}

function isKnown(config: Config, title: AeTitle): boolean {
  try {
    return addressOf(config, title) !== undefined
  } catch {
    return false
  }
}

function ownStorage(config: Config, { catalog, storage }: Parts): OwnStorage {
  return {
    destination: aeTitle(config.aeTitle),
    read: async (uid) => {
      const facts = await catalog.findInstance(uid)
      return facts && storage.open(facts.storageKey)
    },
  }
}

/** The manifest is somebody's text: where it leads must not decide who sees the token. */
async function tokens({ tokenFile, tokenHost }: Flags, config: Config): Promise<(base: URL) => string | undefined> {
  if (tokenFile === undefined) return () => undefined
  const text = await readFile(tokenFile, 'utf8').catch((cause: Error) => {
    throw new CommandFailure(`no token can be read from ${tokenFile}: ${cause.message}`, { exitCode: 2, cause })
  })
  const token = text.trim()
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CommandFailure(`${tokenFile} holds no bearer token (RFC 6750 2.1)`, { exitCode: 2 })
  const named = config.retrieve.locations.flatMap(({ url }) => (url === undefined ? [] : [new URL(url).hostname]))
  const hosts = new Set([...named, ...(tokenHost ?? []).map((host) => host.toLowerCase())])
  return ({ protocol, hostname }) => (hosts.has(hostname) && (protocol === 'https:' || isThisMachine(hostname)) ? token : undefined)
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
