/** The servers that are measured: each started on a fresh storage, with durable defaults, and stopped. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ENVIRONMENT, end, start } from './processes.ts'

export const NAMES = ['ariane', 'orthanc', 'storescp'] as const
export type Name = (typeof NAMES)[number]

export interface Server {
  readonly name: Name | 'destination'
  readonly pid: number
  readonly port: number
  readonly aeTitle: string
  /** Root of its DICOMweb, without a slash at its end; empty where it has none. */
  readonly dicomWeb: string
  /** Its storage and configuration are here. */
  readonly home: string
  /** A process for each association: its memory is theirs, its CPU time counts once they have been waited for. */
  readonly forks: boolean
  /** Milliseconds from process start to an open port. */
  readonly startMilliseconds: number
  /** Of Ariane, where asked for. */
  readonly probe: Probe | undefined
  stop(): Promise<void>
}

export interface StartOptions {
  readonly home: string
  /** Where the C-MOVE destination {@link DESTINATION} listens. */
  readonly destinationPort: number
  /** Of Orthanc: with its DICOMweb plugin. */
  readonly web?: boolean
  /** Of Ariane: how long a study must be quiet before its manifest is made. */
  readonly quietSeconds: number
  /** Of Ariane: watch its event loop. */
  readonly probe: boolean
  /** Of Ariane: further options of its runtime. */
  readonly runtimeOptions?: readonly string[]
}

export const DESTINATION = 'DEST'
const DICOMWEB_PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'
const LISTENING_WITHIN_MS = 30_000

const root = new URL('../..', import.meta.url).pathname

export const START: Readonly<Record<Name, (options: StartOptions) => Promise<Server>>> = {
  ariane: startAriane,
  orthanc: startOrthanc,
  storescp: startStorescp,
}

async function startAriane(options: StartOptions): Promise<Server> {
  const [port, webPort] = [await freePort(), await freePort()]
  await configureAriane(options, port, webPort)
  const probed = options.probe ? ['--expose-gc', '--import', join(root, 'scripts/benchmark/stall-probe.mjs')] : []
  const child = start(process.execPath, [...probed, ...(options.runtimeOptions ?? []), join(root, 'dist/main.js'), 'serve'], {
    env: { ...ENVIRONMENT, ARIANE_HOME: options.home },
    cwd: options.home,
    stdio: ['ignore', 'ignore', 'inherit', ...(options.probe ? ['ipc' as const] : [])],
  })
  const server = await watch('ariane', 'ARIANE', port, child, options.home, options.probe ? new Probe(child) : undefined)
  return { ...server, dicomWeb: `http://127.0.0.1:${webPort}/dicom-web` }
}

/** A running node takes another quiet time at SIGHUP. */
export async function configureAriane(
  options: Pick<StartOptions, 'home' | 'quietSeconds' | 'destinationPort'>,
  port: number,
  webPort = 0,
): Promise<void> {
  const settings = {
    dicom: { host: '127.0.0.1', port },
    web: { port: webPort },
    storage: { path: join(options.home, 'storage') },
    manifest: { quietSeconds: options.quietSeconds, associationEndSeconds: options.quietSeconds },
    peers: [{ aeTitle: DESTINATION, host: '127.0.0.1', port: options.destinationPort }],
    log: { level: 'warn' },
  }
  await mkdir(join(options.home, 'config'), { recursive: true })
  await writeFile(join(options.home, 'config/ariane.yaml'), JSON.stringify(settings))
}

/** Orthanc with its defaults (SQLite, SyncStorageArea) and its services opened to our clients. */
async function startOrthanc({ home, destinationPort, web = false }: StartOptions): Promise<Server> {
  const [port, httpPort] = [await freePort(), await freePort()]
  const file = join(home, 'orthanc.json')
  const settings = {
    StorageDirectory: join(home, 'db'),
    IndexDirectory: join(home, 'db'),
    DicomPort: port,
    HttpPort: httpPort,
    // Whether or not a client asks for it, it would spend its time on it.
    HttpCompressionEnabled: false,
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowGet: true,
    DicomCheckCalledAet: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomAlwaysAllowMove: true,
    DicomModalities: { dest: [DESTINATION, '127.0.0.1', destinationPort] },
    Plugins: web ? [DICOMWEB_PLUGIN] : [],
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  }
  await writeFile(file, JSON.stringify(settings))
  const server = await watch('orthanc', 'ORTHANC', port, start('/usr/sbin/Orthanc', [file]), home)
  return { ...server, dicomWeb: web ? `http://127.0.0.1:${httpPort}/dicom-web` : '' }
}

/** No index, no sync: what the wire and the page cache can do. */
async function startStorescp({ home }: StartOptions): Promise<Server> {
  const port = await freePort()
  const out = join(home, 'out')
  await mkdir(out)
  return watch('storescp', 'STORESCP', port, start('storescp', ['--fork', '+B', '+xa', '-od', out, String(port)]), home)
}

/** Where C-MOVE sends to: DCMTK's storescp, which throws away what it gets, without decoding it or holding it in memory. */
export async function startDestination(home: string): Promise<Server> {
  const port = await freePort()
  const child = start('storescp', ['--fork', '+B', '--ignore', '+xa', '-pdu', '131072', String(port)])
  return watch('destination', DESTINATION, port, child, home)
}

async function watch(
  name: Server['name'],
  aeTitle: string,
  port: number,
  child: ChildProcess,
  home: string,
  probe?: Probe,
): Promise<Server> {
  const began = performance.now()
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    if (performance.now() - began > LISTENING_WITHIN_MS) throw new Error(`${name} does not listen`)
    await sleep(2)
  }
  const startMilliseconds = performance.now() - began
  const forks = child.spawnargs.includes('--fork')
  // Orthanc takes seconds to end in peace, and its storage is thrown away anyway.
  const patienceMs = name === 'orthanc' ? 0 : 20_000
  return { name, aeTitle, port, dicomWeb: '', home, forks, startMilliseconds, probe, pid: child.pid!, stop: () => end(child, patienceMs) }
}

/** Asks stall-probe.mjs. */
export class Probe {
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
  }

  reset(): void {
    this.#child.send('reset')
  }

  async stallMs(): Promise<number> {
    return (await this.#ask('read')).stallMs
  }

  /** After garbage was collected. */
  async heapBytes(): Promise<number> {
    return (await this.#ask('collect')).heapBytes
  }

  async #ask(what: string): Promise<{ stallMs: number; heapBytes: number }> {
    const answer = once(this.#child, 'message')
    this.#child.send(what)
    return (await answer)[0]
  }
}

/** One connection, closed at once. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
