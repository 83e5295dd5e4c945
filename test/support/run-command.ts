/** Runs one program of a peer to its end, with a time limit, and keeps what it said. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

export interface CommandResult {
  /** Exit code; -1 where it was killed, by its time limit or otherwise. */
  readonly code: number
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string
}

export interface RunOptions {
  readonly withinMs?: number
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string, pid: number) => void
}

/** Never throws for an exit code; throws where the program is not installed. */
export async function runCommand(program: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, TCP_NODELAY: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      options.onOutput?.(chunk.toString(), child.pid!)
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), options.withinMs ?? 30_000)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${program} cannot be run (./scripts/test installs it): ${error.message}`)))
      child.once('close', (exitCode) => resolve(exitCode ?? -1))
    })
    return { code, output }
  } finally {
    clearTimeout(timer)
  }
}

/** A TCP port that is free on 127.0.0.1 now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
