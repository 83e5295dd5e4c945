/** What is measured of a server's DICOMweb: each function returns figures by name. The client reads and throws away what comes (raw-http.ts), so that what is
 *  measured is the server, which has been asked the same once before: it runs for years. */
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, memory, resetPeak } from './accounting.ts'
import { send } from './clients.ts'
import { type Figures, MIB, median, percentile } from './figures.ts'
import type { Study } from './measures.ts'
import { RawHttp } from './raw-http.ts'
import type { Server } from './servers.ts'

const MULTIPART_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
const DICOM_JSON = 'application/dicom+json'

/** One study by WADO-RS, some times. */
export async function wadoStudy(server: Server, study: Study, repetitions: number): Promise<Figures> {
  const client = new RawHttp(server.dicomWeb)
  const path = pathOf(`${server.dicomWeb}/studies/${study.studyInstanceUid}`)
  await client.get(path, MULTIPART_DICOM)
  await resetPeak(server.pid)
  server.probe?.reset()
  const before = await cpuSeconds(server.pid)
  const times: number[] = []
  for (let time = 0; time < repetitions; time++) {
    const began = performance.now()
    const bytes = await client.get(path, MULTIPART_DICOM)
    if (bytes < study.bytes) throw new Error(`${bytes} bytes came of a study of ${study.bytes}`)
    times.push((performance.now() - began) / 1000)
  }
  client.close()
  const cpu = ((await cpuSeconds(server.pid)) - before) / repetitions
  const seconds = median(times)
  return {
    'instances/s': study.instances / seconds,
    'MB/s': study.bytes / seconds / 1e6,
    'server CPU s/GB': cpu / (study.bytes / 1e9),
    'highest resident MiB': (await memory(server.pid)).peak / MIB,
    ...(await stall(server)),
  }
}

/** Instances one by one, several connections at a time. */
export async function wadoInstances(server: Server, study: Study, lanes: number, repetitions: number): Promise<Figures> {
  const found = (await (await fetch(`${server.dicomWeb}/studies/${study.studyInstanceUid}/instances?limit=200`)).json()) as DicomJson[]
  const paths = found.map((one) => {
    const uid = (tag: string): string => String(one[tag]!.Value[0])
    return pathOf(`${server.dicomWeb}/studies/${uid('0020000D')}/series/${uid('0020000E')}/instances/${uid('00080018')}`)
  })
  const clients = Array.from({ length: lanes }, () => new RawHttp(server.dicomWeb))
  const all = async (times: number): Promise<number> => {
    const [wanted, perLane] = [paths.length * times, new Array<number>(lanes).fill(0)]
    let claimed = 0
    const lane = async (client: RawHttp, which: number): Promise<void> => {
      for (let at = claimed++; at < wanted; at = claimed++)
        perLane[which] = perLane[which]! + (await client.get(paths[at % paths.length]!, MULTIPART_DICOM))
    }
    await Promise.all(clients.map(lane))
    return perLane.reduce((sum, one) => sum + one, 0)
  }
  await all(1)
  const before = await cpuSeconds(server.pid)
  const began = performance.now()
  const bytes = await all(repetitions)
  const seconds = (performance.now() - began) / 1000
  for (const client of clients) client.close()
  const instances = paths.length * repetitions
  return {
    'instances/s': instances / seconds,
    'MB/s': bytes / seconds / 1e6,
    'server CPU ms/instance': (((await cpuSeconds(server.pid)) - before) * 1000) / instances,
  }
}

type DicomJson = Readonly<Record<string, { readonly Value: readonly unknown[] }>>

/** A query by QIDO-RS, again and again on one connection. */
export async function qido(server: Server, path: string, repetitions: number): Promise<Figures> {
  const client = new RawHttp(server.dicomWeb)
  const target = pathOf(`${server.dicomWeb}${path}`)
  const ask = async (): Promise<number> => {
    const began = performance.now()
    await client.get(target, DICOM_JSON)
    return performance.now() - began
  }
  for (let time = 0; time < 5; time++) await ask()
  const before = await cpuSeconds(server.pid)
  const times: number[] = []
  for (let time = 0; time < repetitions; time++) times.push(await ask())
  client.close()
  return {
    'answer p50 ms': median(times),
    'answer p95 ms': percentile(times, 0.95),
    'server CPU ms/query': (((await cpuSeconds(server.pid)) - before) * 1000) / repetitions,
  }
}

/** Many clients that read a study slowly, while slices are stored: the rate meanwhile to that without them, and what memory it takes. */
export async function slowReaders(server: Server, study: Study, readers: number, load: readonly string[]): Promise<Figures> {
  const without = await send(server, load)
  await resetPeak(server.pid)
  const idle = (await memory(server.pid)).now
  const agent = new Agent({ maxSockets: readers })
  const url = `${server.dicomWeb}/studies/${study.studyInstanceUid}`
  const answers = await Promise.all(Array.from({ length: readers }, () => answer(url, MULTIPART_DICOM, agent)))
  let bytes = 0
  const timer = setInterval(() => {
    for (const one of answers) bytes += (one.read(Math.min(8192, one.readableLength)) as Buffer | null)?.length ?? 0
  }, 100)
  await sleep(1000)
  server.probe?.reset()
  const [readersBefore, serverBefore, began] = [process.cpuUsage(), await cpuSeconds(server.pid), performance.now()]
  const meanwhile = await send(server, load)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(readersBefore)
  const serverCpu = (await cpuSeconds(server.pid)) - serverBefore
  const stalled = await stall(server)
  clearInterval(timer)
  const peak = (await memory(server.pid)).peak
  for (const one of answers) one.destroy()
  agent.destroy()
  return {
    'instances/s without': without.instancesPerSecond,
    'instances/s meanwhile': meanwhile.instancesPerSecond,
    'meanwhile to without': meanwhile.instancesPerSecond / without.instancesPerSecond,
    'highest resident MiB': peak / MIB,
    'above idle MiB': (peak - idle) / MIB,
    'read meanwhile MB': bytes / 1e6,
    'CPU of the readers, cores': (user + system) / 1e6 / seconds,
    'CPU of the server, cores': serverCpu / seconds,
    ...stalled,
  }
}

async function stall(server: Server): Promise<Figures> {
  const milliseconds = await server.probe?.stallMs()
  return milliseconds === undefined ? {} : { 'longest stall ms': milliseconds }
}

function answer(url: string, accept: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { Accept: accept, 'Accept-Encoding': 'identity' } }, (message) => {
      if (message.statusCode === 200) return resolve(message)
      message.destroy()
      reject(new Error(`${message.statusCode} for ${url}`))
    }).once('error', reject)
  })
}

function pathOf(url: string): string {
  return new URL(url).pathname + new URL(url).search
}
