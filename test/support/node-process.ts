/** A real node, as a child process with a storage of its own: what a test talks to from outside.
 *
 *  Promises: {@link startNode} resolves once the node listens; {@link NodeProcess.stop} leaves neither process nor folder behind, unless
 *  the folder was handed in. The node's log is kept, for assertions and for the message of a failed start.
 *  Times in milliseconds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PROJECT = new URL('../..', import.meta.url).pathname
const MAIN = join(PROJECT, 'src/main.ts')
const READY = /^Ariane is listening: (.+)@(.+):(\d+)$/m
const WEB = /^ +Web +https?:\/\/.+:(\d+)\//m
const START_WITHIN = 20_000
const STOP_WITHIN = 20_000

/** As in the configuration file, nested; what is given wins over the test's own defaults. */
export interface NodeSettings {
  readonly [key: string]: unknown
}

export interface NodeOptions {
  readonly settings?: NodeSettings
  /** A folder that outlives the process (restart, crash tests); a temporary one by default. */
  readonly folder?: string
  /** Arguments to Node itself. */
  readonly nodeArguments?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface NodeProcess {
  readonly process: ChildProcess
  readonly pid: number
  readonly port: number
  /** Of its web. */
  readonly webPort: number
  /** `http://127.0.0.1:8112`, without a slash at its end. */
  readonly webUrl: string
  readonly aeTitle: string
  /** Holds the configuration file and, below it, the storage. */
  readonly folder: string
  readonly storagePath: string
  readonly configFile: string
  /** Everything it wrote to standard output and to its log so far. */
  output(): string
  log(): string
  /** Resolves with the exit code, or the signal. */
  readonly exited: Promise<number | NodeJS.Signals>
  isRunning(): boolean
  /** Resident memory in bytes. */
  rssBytes(): number
  /** Files below a folder of the storage, as paths relative to it. */
  files(area: 'drafts' | 'instances' | 'manifests' | 'quarantine'): string[]
  /** SIGTERM, waits; throws where it does not stop. @returns the exit code */
  stop(): Promise<number | NodeJS.Signals>
  /** SIGKILL, waits. The folder stays. */
  kill9(): Promise<void>
}

export async function startNode(options: NodeOptions = {}): Promise<NodeProcess> {
  const ownFolder = options.folder === undefined
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'ariane-test-')))
  const storagePath = join(folder, 'storage')
  const configFile = join(folder, 'ariane.yaml')
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(merge(defaults(storagePath), options.settings ?? {}), null, 2))

  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), MAIN, 'serve', '--config', configFile], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let log = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  let running = true
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false
      resolve(code ?? signal ?? -1)
    })
  })
  const ready = await waitForLine(child, () => output, exited).catch(async (error: Error) => {
    child.kill('SIGKILL')
    if (ownFolder) await rm(folder, { recursive: true, force: true })
    throw new Error(`${error.message}\n${output}${log}`)
  })

  return {
    process: child,
    pid: child.pid!,
    aeTitle: ready.aeTitle,
    port: ready.port,
    webPort: ready.webPort,
    webUrl: `http://127.0.0.1:${ready.webPort}`,
    folder,
    storagePath,
    configFile,
    output: () => output,
    log: () => log,
    exited,
    isRunning: () => running,
    rssBytes: () => residentBytes(child.pid!),
    files: (area) => filesBelow(join(storagePath, area)),
    stop: async () => {
      if (running) child.kill('SIGTERM')
      const result = await Promise.race([exited, pause(STOP_WITHIN)])
      if (running) {
        child.kill('SIGKILL')
        await exited
      }
      if (ownFolder) await rm(folder, { recursive: true, force: true })
      if (result === undefined) throw new Error(`the node did not stop within ${STOP_WITHIN} ms of SIGTERM\n${log.slice(-2000)}`)
      return result
    },
    kill9: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const defaults = (storagePath: string): NodeSettings => ({
  aeTitle: 'ARIANE',
  dicom: { host: '127.0.0.1', port: 0 },
  web: { port: 0 },
  storage: { path: storagePath, reserveBytes: 0 },
  manifest: { quietSeconds: 1, timezone: 'Europe/Paris' },
})

function merge(base: NodeSettings, over: NodeSettings): NodeSettings {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const existing = merged[key]
    merged[key] = isBranch(existing) && isBranch(value) ? merge(existing, value) : value
  }
  return merged
}

const isBranch = (value: unknown): value is NodeSettings => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is set in the environment of the tests must not reach the node under test. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(ARIANE_|VITEST|NODE_OPTIONS|NODE_ENV|NOTIFY_SOCKET)/.test(name)),
  )
}

async function waitForLine(child: ChildProcess, output: () => string, exited: Promise<number | NodeJS.Signals>) {
  const deadline = Date.now() + START_WITHIN
  let ended: number | NodeJS.Signals | undefined
  exited.then((code) => {
    ended = code
  })
  for (;;) {
    const found = READY.exec(output())
    if (found !== null) return { aeTitle: found[1]!, port: Number(found[3]), webPort: Number(WEB.exec(output())?.[1]) }
    if (ended !== undefined) throw new Error(`the node ended with ${ended} before it listened`)
    if (Date.now() > deadline) throw new Error(`the node (pid ${child.pid}) did not listen within ${START_WITHIN} ms`)
    await pause(20)
  }
}

export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(found?.[1]) * 1024
}

export function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort()
  } catch {
    return []
  }
}

export const pause = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds))

/** Asks again until it is so; throws with `what` where it is not in time. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await pause(25)
  }
}
