/** Where Ariane's processor time goes under a load of the raw sender: V8's sampling profile, its functions by self time, as a Markdown table.
 *    scripts/benchmark/profile --associations 4 --side 64 --seconds 5
 *  The options are those of raw-sender.ts. What the kernel and other threads do is not in it: (program) is native code and system calls on the main thread. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cpuSeconds } from './accounting.ts'
import { send } from './clients.ts'
import { endAll } from './processes.ts'
import { START } from './servers.ts'

const ROWS = 10
const WARM_UP = '300'
const MILLI = 1000

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

const args = process.argv.slice(2)
const load = args.some((arg) => arg.startsWith('--seconds') || arg.startsWith('--count')) ? args : [...args, '--seconds', '5']
if (!load.some((arg) => arg.startsWith('--count'))) load.push('--count', '1000000')
const home = await mkdtemp('/var/tmp/ariane-profile-')
process.once('SIGINT', () => void endAll().finally(() => process.exit(130)))
try {
  const runtimeOptions = ['--cpu-prof', '--cpu-prof-dir', join(home, 'profile')]
  const server = await START.ariane({ home, destinationPort: 1, quietSeconds: 1, probe: false, runtimeOptions })
  await send(server, [...args.filter((arg) => !/^--(seconds|count)=/.test(arg)), '--count', WARM_UP])
  const before = await cpuSeconds(server.pid)
  const { instances, seconds } = await send(server, load)
  const cpu = (await cpuSeconds(server.pid)) - before
  await server.stop()
  const [file] = await readdir(join(home, 'profile'))
  const profile: Profile = JSON.parse(await readFile(join(home, 'profile', file!), 'utf8'))
  process.stdout.write(
    `${instances} instances in ${seconds.toFixed(1)} s, ${((cpu / instances) * MILLI).toFixed(2)} ms of processor time each\n\n`,
  )
  process.stdout.write(table(profile))
} finally {
  await endAll()
  await rm(home, { recursive: true, force: true })
}

/** Shares are of the time in which the main thread was not idle. */
function table(profile: Profile): string {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const selfMicroseconds = new Map<string, number>()
  profile.samples.forEach((id, at) => {
    const name = nameOf(frames.get(id)!)
    selfMicroseconds.set(name, (selfMicroseconds.get(name) ?? 0) + profile.timeDeltas[at]!)
  })
  selfMicroseconds.delete('(idle)')
  const busy = [...selfMicroseconds.values()].reduce((sum, one) => sum + one, 0)
  const rows = [...selfMicroseconds].sort((a, b) => b[1] - a[1]).slice(0, ROWS)
  const lines = rows.map(([name, self]) => `| ${name} | ${(self / MILLI).toFixed(0)} | ${((self / busy) * 100).toFixed(1)} % |`)
  return ['| function | self ms | share of the main thread’s busy time |', '|---|---|---|', ...lines, ''].join('\n')
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  if (/^\((idle|program|garbage collector)\)$/.test(functionName)) return functionName
  const file = url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^file:\/\//, '')
  const name = functionName === '' ? '(anonymous)' : functionName
  return file === '' ? `${name} (native)` : `${name} ${file}${lineNumber < 0 ? '' : `:${lineNumber + 1}`}`
}
