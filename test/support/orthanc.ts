/** Orthanc with its DICOMweb plugin (Debian packages orthanc, orthanc-dicomweb): a WADO-RS server, and a C-GET and C-MOVE SCP, that we did not write.
 *
 *  Promises: {@link startOrthanc} resolves once it answers HTTP; {@link Orthanc.stop} leaves neither process nor folder behind. Times in milliseconds. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './node-process.ts'
import { freePort } from './run-command.ts'

const PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

export interface Orthanc {
  /** Of its DICOMweb root, without a slash at its end. */
  readonly dicomWeb: string
  /** Of its own interface. */
  readonly root: string
  readonly aeTitle: string
  readonly dicomPort: number
  /** Takes files in. */
  upload(files: readonly string[]): Promise<void>
  /** Asks its REST interface. @throws with what it says where it refuses */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>
  /** Takes one instance out. */
  forget(sopInstanceUid: string): Promise<void>
  stop(): Promise<void>
}

export interface OrthancOptions {
  /** HTTP Basic user and password; none by default. */
  readonly users?: Readonly<Record<string, string>>
  /** AE title → [AE title, host, port], for C-MOVE. */
  readonly modalities?: Readonly<Record<string, readonly [string, string, number]>>
  /** Name → DICOMweb root of a server that it is a client of. */
  readonly webServers?: Readonly<Record<string, string>>
}

export async function startOrthanc(options: OrthancOptions = {}): Promise<Orthanc> {
  if (!existsSync(PLUGIN)) throw new Error(`${PLUGIN} is missing (./scripts/test installs it: orthanc-dicomweb)`)
  const folder = await mkdtemp(join(tmpdir(), 'ariane-orthanc-'))
  const [httpPort, dicomPort] = [await freePort(), await freePort()]
  const configuration = {
    Name: 'TEST',
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    HttpPort: httpPort,
    DicomPort: dicomPort,
    DicomAet: 'ORTHANC',
    RemoteAccessAllowed: true,
    AuthenticationEnabled: options.users !== undefined,
    RegisteredUsers: options.users ?? {},
    DicomAlwaysAllowGet: true,
    DicomAlwaysAllowMove: true,
    DicomAlwaysAllowFind: true,
    DicomModalities: options.modalities ?? {},
    Plugins: [PLUGIN],
    DicomWeb: { Enable: true, Root: '/dicom-web/', Servers: serversOf(options.webServers) },
  }
  const file = join(folder, 'orthanc.json')
  writeFileSync(file, JSON.stringify(configuration))
  const child = spawn('Orthanc', [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
  }
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const root = `http://127.0.0.1:${httpPort}`
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(timer)
    await rm(folder, { recursive: true, force: true })
  }
  const headers = authorisation(options.users)
  const answers = () =>
    fetch(`${root}/system`, { headers }).then(
      (answer) => answer.ok,
      () => false,
    )
  try {
    await eventually('Orthanc answers', answers, 20_000)
  } catch (error) {
    await stop()
    throw new Error(`${(error as Error).message}\n${log.slice(-2000)}`)
  }
  return {
    dicomWeb: `${root}/dicom-web`,
    root,
    aeTitle: 'ORTHANC',
    dicomPort,
    upload: async (files) => {
      for (const one of files) {
        const answer = await fetch(`${root}/instances`, { method: 'POST', body: readFileSync(one), headers })
        if (!answer.ok) throw new Error(`Orthanc does not take ${one}: ${answer.status} ${await answer.text()}`)
      }
    },
    ask: async (method, path, body) => {
      const answer = await fetch(`${root}${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body), headers })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`Orthanc answers ${answer.status} to ${method} ${path}: ${text}`)
      return text === '' ? undefined : (JSON.parse(text) as unknown)
    },
    forget: async (sopInstanceUid) => {
      const found = (await (await fetch(`${root}/tools/lookup`, { method: 'POST', body: sopInstanceUid, headers })).json()) as {
        Path: string
      }[]
      const answer = await fetch(`${root}${found[0]!.Path}`, { method: 'DELETE', headers })
      if (!answer.ok) throw new Error(`Orthanc does not delete ${sopInstanceUid}: ${answer.status}`)
    },
    stop,
  }
}

function serversOf(servers: OrthancOptions['webServers']): Record<string, { Url: string }> {
  return Object.fromEntries(Object.entries(servers ?? {}).map(([name, url]) => [name, { Url: `${url}/` }]))
}

function authorisation(users: OrthancOptions['users']): Record<string, string> {
  const [user] = Object.entries(users ?? {})
  return user === undefined ? {} : { Authorization: `Basic ${Buffer.from(user.join(':')).toString('base64')}` }
}
