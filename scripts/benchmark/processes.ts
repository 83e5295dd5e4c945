/** Every process that the benchmark starts goes through here, so that a run that is cut leaves none behind. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

const running = new Set<ChildProcess>()

/** DCMTK's clients and servers hold back the last packet of a message for 40 ms unless told not to. */
export const ENVIRONMENT = { ...process.env, TCP_NODELAY: '1' }

export function start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(program, args, { env: ENVIRONMENT, stdio: 'ignore', ...options })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/** Runs to its end. @returns what it wrote to standard output
 *  @throws Error where it does not end with 0, with what it wrote to standard error */
export async function run(program: string, args: readonly string[]): Promise<string> {
  return finished(start(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** Of a child whose output is piped. */
export function finished(child: ChildProcess): Promise<string> {
  const out: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => errors.push(bytes))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString())
      else reject(new Error(`${child.spawnargs[0]} ended with ${code ?? signal}: ${Buffer.concat(errors).toString().trim().slice(0, 300)}`))
    })
  })
}

/** Politely, then not. Resolves when it is gone. */
export async function end(child: ChildProcess, patienceMs = 20_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await gone
  clearTimeout(timer)
}

export async function endAll(): Promise<void> {
  await Promise.all([...running].map((child) => end(child, 3000)))
}
