/** The servers that are measured: each started on a fresh storage, with durable defaults, and stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Server {
  readonly name: string
  readonly pid: number
  readonly port: number
  readonly aeTitle: string
  /** Milliseconds from process start to an open port. */
  readonly startMilliseconds: number
  stop(): Promise<void>
}

/** @param destinationPort  where the C-MOVE destination {@link DESTINATION} listens */
export type Start = (folder: string, destinationPort: number) => Promise<Server>

export const DESTINATION = 'DEST'
export const QUIET_SECONDS = 1

const root = new URL('../..', import.meta.url).pathname
const environment = { ...process.env, TCP_NODELAY: '1' }

export const startAriane: Start = async (folder, destinationPort) => {
  const port = await freePort()
  const env = {
    ...environment,
    ARIANE_DICOM_HOST: '127.0.0.1',
    ARIANE_DICOM_PORT: String(port),
    ARIANE_STORAGE_PATH: join(folder, 'storage'),
    ARIANE_MANIFEST_QUIETSECONDS: String(QUIET_SECONDS),
    ARIANE_PEERS: JSON.stringify([{ aeTitle: DESTINATION, host: '127.0.0.1', port: destinationPort }]),
    ARIANE_LOG_LEVEL: 'warn',
  }
  return watch(
    'ariane',
    'ARIANE',
    port,
    spawn(process.execPath, [join(root, 'dist/main.js'), 'serve'], { env, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }),
  )
}

/** Orthanc with its defaults (SQLite, SyncStorageArea) and its services opened to our clients. */
export const startOrthanc: Start = async (folder, destinationPort) => {
  const port = await freePort()
  const file = join(folder, 'orthanc.json')
  const settings = {
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    DicomPort: port,
    HttpPort: await freePort(),
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowGet: true,
    DicomCheckCalledAet: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomAlwaysAllowMove: true,
    DicomModalities: { dest: [DESTINATION, '127.0.0.1', destinationPort] },
    Plugins: [],
  }
  await writeFile(file, JSON.stringify(settings))
  return watch('orthanc', 'ORTHANC', port, spawn('/usr/sbin/Orthanc', [file], { env: environment, stdio: 'ignore' }))
}

/** No index, no sync: what the wire and the page cache can do. */
export const startStorescp: Start = async (folder) => {
  const port = await freePort()
  const out = join(folder, 'out')
  await mkdir(out)
  return watch(
    'storescp',
    'STORESCP',
    port,
    spawn('storescp', ['--fork', '+B', '-od', out, String(port)], { env: environment, stdio: 'ignore' }),
  )
}

async function watch(name: string, aeTitle: string, port: number, child: ChildProcess): Promise<Server> {
  const began = performance.now()
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    if (performance.now() - began > 30_000) throw new Error(`${name} does not listen`)
    await sleep(5)
  }
  const startMilliseconds = performance.now() - began
  return {
    name,
    aeTitle,
    port,
    startMilliseconds,
    pid: child.pid!,
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** CPU seconds (user and system) of a process and the children that it has waited for, from the operating system's accounting. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / 100
}

/** Resident memory now and at its highest, in bytes. */
export async function memory(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  const bytes = (key: string): number => Number(status.match(new RegExp(`${key}:\\s+(\\d+)`))?.[1] ?? 0) * 1024
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
}

/** Where C-MOVE sends to: DCMTK's storescp, which throws away what it gets. */
export async function startDestination(): Promise<Server> {
  const port = await freePort()
  return watch(
    'destination',
    DESTINATION,
    port,
    spawn('storescp', ['--fork', '--ignore', String(port)], { env: environment, stdio: 'ignore' }),
  )
}
