/** The peers of DCMTK (Debian package dcmtk): echoscu, storescu, dcmsend, findscu, movescu, getscu, storescp.
 *
 *  Results are what the program saw: exit code, DIMSE statuses in their order, text. Times in milliseconds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, freePort, type RunOptions, runCommand } from './run-command.ts'

/** Where to call. */
export interface Called {
  readonly port: number
  readonly aeTitle: string
}

export interface CallOptions extends RunOptions {
  /** Calling AE title; DCMTK by default. */
  readonly calling?: string
  /** More arguments, before the address. */
  readonly options?: readonly string[]
}

export interface ScuResult extends CommandResult {
  /** Every DIMSE status received, in order, pending ones included. */
  readonly statuses: readonly number[]
}

const statusesIn = (output: string) =>
  [...output.matchAll(/DIMSE Status\s*:\s*0x([0-9a-fA-F]{4})/g)].map((found) => Number.parseInt(found[1]!, 16))

async function call(
  program: string,
  node: Called,
  options: CallOptions,
  args: readonly string[],
  files: readonly string[] = [],
): Promise<ScuResult> {
  const titles = ['-aet', options.calling ?? 'DCMTK', '-aec', node.aeTitle]
  const result = await runCommand(
    program,
    ['-d', ...titles, ...args, ...(options.options ?? []), '127.0.0.1', String(node.port), ...files],
    options,
  )
  return { ...result, statuses: statusesIn(result.output) }
}

export const echoscu = (node: Called, options: CallOptions = {}) => call('echoscu', node, options, [])

/** Proposes each file's own transfer syntax with `-R` left out: `options` such as `-x=`, `-xi`, `-xd` choose. */
export const storescu = (node: Called, files: readonly string[], options: CallOptions = {}) =>
  call('storescu', node, options, ['+sd', '+r'], files)

/** Sends every file in the transfer syntax that it has. */
export const dcmsend = (node: Called, files: readonly string[], options: CallOptions = {}) =>
  call('dcmsend', node, options, ['+sd', '+r', '--no-halt', '--decompress-never'], files)

/** Key `tag[=value]`: `0010,0010=Doe*`. */
const keyArguments = (keys: readonly string[]) => keys.flatMap((key) => ['-k', key])

export interface FoundMatch {
  /** `ggggeeee` in capitals → values, as dcm2json reads them. */
  readonly [tag: string]: { readonly vr: string; readonly Value?: readonly unknown[] } | undefined
}

export interface FindResult extends ScuResult {
  readonly matches: readonly FoundMatch[]
}

/** C-FIND, Study Root unless `options` hold `-P`. The matches are what findscu wrote down, read by dcm2json. */
export async function findscu(node: Called, keys: readonly string[], options: CallOptions = {}): Promise<FindResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-findscu-'))
  try {
    const model = options.options?.some((option) => ['-P', '-W', '-O'].includes(option)) ? [] : ['-S']
    const result = await call('findscu', node, options, [...model, '-X', '-od', folder, ...keyArguments(keys)])
    const matches: FoundMatch[] = []
    for (const file of readdirSync(folder).sort()) {
      const json = await runCommand('dcm2json', [join(folder, file)])
      matches.push(JSON.parse(json.output) as FoundMatch)
    }
    return { ...result, matches }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** First value of an attribute of a match as text; a name's alphabetic group; undefined where empty or absent. */
export function firstValue(match: FoundMatch, tag: string): string | undefined {
  const value = match[tag]?.Value?.[0]
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? (value as { Alphabetic?: string }).Alphabetic : String(value)
}

/** C-GET of everything that the keys name, data sets written as they come (`+B`). */
export const getscu = (node: Called, keys: readonly string[], folder: string, options: CallOptions = {}) =>
  call('getscu', node, options, ['-S', '+B', '-od', folder, ...keyArguments(keys)])

/** C-MOVE to a destination that is somebody else (see {@link startStorescp}). */
export const movescu = (node: Called, destination: string, keys: readonly string[], options: CallOptions = {}) =>
  call('movescu', node, options, ['-S', '-aem', destination, ...keyArguments(keys)])

export interface Storescp {
  readonly aeTitle: string
  readonly port: number
  readonly folder: string
  files(): string[]
  output(): string
  stop(): Promise<void>
}

/** A receiver that writes data sets as they come and takes every transfer syntax that DCMTK knows. */
export async function startStorescp(options: { aeTitle?: string; port?: number; options?: readonly string[] } = {}): Promise<Storescp> {
  const port = options.port ?? (await freePort())
  const aeTitle = options.aeTitle ?? 'STORESCP'
  const folder = mkdtempSync(join(tmpdir(), 'ariane-storescp-'))
  const args = ['-v', '-aet', aeTitle, '+B', '+xa', '-pm', '-od', folder, ...(options.options ?? []), String(port)]
  const child = spawn('storescp', args, { env: { ...process.env, TCP_NODELAY: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  await listening(child, port)
  return {
    aeTitle,
    port,
    folder,
    files: () => readdirSync(folder).map((name) => join(folder, name)),
    output: () => output,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await gone
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`)
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.setTimeout(500, () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (reached) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the receiver does not listen on port ${port}`)
}
