/** scripts/ariane on a project of its own: real sources of one line, the packages of this project. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cleanEnvironment, eventually, PROJECT } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

const MAIN = `
process.on('SIGTERM', () => process.exit(7))
console.log(JSON.stringify({ version: process.version, pid: process.pid, arguments: process.argv.slice(2) }))
if (process.argv[2] === 'wait') setTimeout(() => {}, 20_000)
process.exitCode = process.argv[2] === 'three' ? 3 : 0
`
const LONG_AGO = new Date('2020-01-01')

let project: string
let bin: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'ariane-launcher-'))
  for (const part of ['scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'src/tsconfig.json'])
    cpSync(join(PROJECT, part), join(project, part), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'src/main.ts'), MAIN)
  utimesSync(join(project, 'package-lock.json'), LONG_AGO, LONG_AGO)
  bin = join(project, 'bin')
  mkdirSync(bin)
})
afterEach(() => rmSync(project, { recursive: true, force: true }))

/** A program first in the search path, that says so. */
function fakeProgram(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}

const environment = () =>
  ({ ...cleanEnvironment(), PATH: [bin, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter) }) as Record<string, string>
const launch = (...args: string[]) => runCommand(join(project, 'scripts/ariane'), args, { env: environment() })
const answer = (output: string) =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{'))!) as { version: string; pid: number; arguments: string[] }

describe('scripts/ariane', () => {
  it('builds, and hands over arguments and exit code', async () => {
    const first = await launch('three', 'a b', '--x=$HOME')
    expect(first.output).toContain('Building')
    expect(answer(first.output).arguments).toEqual(['three', 'a b', '--x=$HOME'])
    expect(first.code).toBe(3)
    expect(Number(answer(first.output).version.slice(1).split('.')[0])).toBeGreaterThanOrEqual(22)
  })

  it('builds again only where a source is newer, a folder has changed, or never', async () => {
    expect((await launch()).output).toContain('Building')
    expect((await launch()).output).not.toContain('Building')
    const soon = new Date(Date.now() + 1000)
    utimesSync(join(project, 'src/main.ts'), soon, soon)
    expect((await launch()).output).toContain('Building')
  })

  it('adds little to a start', async () => {
    await launch()
    const timed = async (program: string, args: string[]) => {
      const since = performance.now()
      await runCommand(program, args, { env: environment() })
      return performance.now() - since
    }
    let least = Number.POSITIVE_INFINITY
    // On a busy machine it takes some rounds until both were left alone.
    for (let round = 0; round < 5 || (least >= 100 && round < 30); round++) {
      const launched = await timed(join(project, 'scripts/ariane'), [])
      least = Math.min(least, launched - (await timed(process.execPath, [join(project, 'dist/main.js')])))
    }
    expect(least).toBeLessThan(100)
  })

  it('builds the page too, and again when one of its sources is newer; starts without it where it cannot', async () => {
    cpSync(join(PROJECT, 'src/page'), join(project, 'src/page'), { recursive: true })
    expect((await launch()).code).toBe(0)
    const index = join(project, 'dist/page/index.html')
    expect(existsSync(index)).toBe(true)
    expect(existsSync(`${index}.br`)).toBe(true)
    writeFileSync(join(project, 'src/page/main.tsx'), 'this is no program (')
    utimesSync(join(project, 'src/page/main.tsx'), new Date(Date.now() + 1000), new Date(Date.now() + 1000))
    const { code, output } = await launch('on')
    expect(output).toContain('the page could not be built')
    expect(output).toContain('"arguments":["on"]')
    expect(code).toBe(0)
    expect(existsSync(index)).toBe(true)
  })

  it('two starts at once: one builds, both run', async () => {
    const both = await Promise.all([launch('one'), launch('two')])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.filter(({ output }) => output.includes('Building')).length).toBe(1)
    expect(existsSync(join(project, 'dist/.lock'))).toBe(false)
  })

  it('takes over the lock of a start that died', async () => {
    mkdirSync(join(project, 'dist/.lock'), { recursive: true })
    writeFileSync(join(project, 'dist/.lock/pid'), '4194305\n')
    expect((await launch('on')).code).toBe(0)
  })

  it('becomes the node: a signal goes straight to it', async () => {
    await launch()
    const child = spawn(join(project, 'scripts/ariane'), ['wait'], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
    await eventually('it runs', () => output.includes('}'))
    expect(answer(output).pid).toBe(child.pid)
    child.kill('SIGTERM')
    expect(await exit).toBe(7)
  })

  it('is found through symbolic links, from anywhere', async () => {
    mkdirSync(join(project, 'links'))
    symlinkSync('../scripts/ariane', join(project, 'links/one'))
    symlinkSync(join(project, 'links/one'), join(project, 'links/two'))
    const { code, output } = await runCommand(join(project, 'links/two'), ['x'], { cwd: '/', env: environment() })
    expect(output).toContain('"arguments":["x"]')
    expect(code).toBe(0)
  })

  it('does not run on a Node.js that is too old for the catalog', async () => {
    for (const [version, isEnough] of [
      ['v18.19.0', false],
      ['v20.20.2', false],
      ['v22.13.9', false],
      ['v22.14.0', true],
      ['v23.5.0', false],
      ['v23.6.0', true],
      ['v24.0.0', true],
      ['v100.1.0', true],
      ['nonsense', false],
    ] as const) {
      const script = `. ${join(project, 'scripts/set-up.sh')}; version_is_enough ${version}`
      expect([version, spawnSync('sh', ['-c', script]).status === 0]).toEqual([version, isEnough])
    }
    fakeProgram('node', 'echo v20.20.2')
    expect(answer((await launch()).output).version).toMatch(/^v2[4-9]\./)
  })

  it('runs on the Node.js of the machine where it is recent enough', async () => {
    await launch()
    fakeProgram('node', `[ "$1" = --version ] && echo v26.1.0 || echo "mine: $*"`)
    expect((await launch('x')).output).toContain('mine: ')
  })

  it('says what is missing where there is no Node.js for this machine', async () => {
    fakeProgram('uname', 'echo riscv64')
    fakeProgram('node', 'echo v20.20.2')
    const { code, output } = await launch()
    expect(code).toBe(1)
    expect(output).toMatch(/this machine has v20\.20\.2, 22\.14 or later is needed/)
  })

  it('says what is missing where there are no packages and no npm', async () => {
    rmSync(join(project, 'node_modules'))
    for (const tool of ['sh', 'readlink', 'dirname', 'cksum', 'cat', 'uname'])
      symlinkSync(spawnSync('which', [tool]).stdout.toString().trim(), join(bin, tool))
    const { code, output } = await runCommand(join(project, 'scripts/ariane'), [], { env: { ...environment(), PATH: bin } })
    expect(code).toBe(1)
    expect(output).toMatch(/npm is not installed: install Node\.js 20 or later with npm/)
  })

  it('installs the packages where there are none, and again where the lock file has changed', async () => {
    rmSync(join(project, 'node_modules'))
    fakeProgram(
      'npm',
      `echo "npm $*"; mkdir node_modules; cp -as ${join(PROJECT, 'node_modules')}/node-linux-* ${join(PROJECT, 'node_modules')}/typescript ${join(PROJECT, 'node_modules')}/@typescript ${join(PROJECT, 'node_modules')}/@types ${join(PROJECT, 'node_modules')}/undici-types node_modules/; true`,
    )
    const first = await launch('x')
    expect(first.output).toMatch(/npm ci --prefer-offline --no-audit --no-fund/)
    expect((await launch('x')).output).not.toContain('npm ci')
    writeFileSync(join(project, 'package-lock.json'), '{}')
    fakeProgram('npm', 'echo "npm $*"')
    expect((await launch('x')).output).toContain('npm ci')
  })

  it('runs the build that is there where it may not write', async () => {
    await launch()
    const soon = new Date(Date.now() + 1000)
    utimesSync(join(project, 'src/main.ts'), soon, soon)
    // Root may write everywhere, so this is tried as nobody.
    chmodSync(project, 0o755)
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', join(project, 'scripts/ariane'), 'x']
    const { code, output } =
      process.getuid?.() === 0 ? await runCommand('setpriv', asNobody, { env: environment() }) : await readOnlyStart()
    expect(output).toContain('cannot be rebuilt here; running it as it is')
    expect(output).toContain('"arguments":["x"]')
    expect(code).toBe(0)
  })

  async function readOnlyStart() {
    for (const part of ['.', 'dist']) chmodSync(join(project, part), 0o555)
    const result = await launch('x')
    for (const part of ['.', 'dist']) chmodSync(join(project, part), 0o755)
    return result
  }

  it('is executable, as are the other scripts', () => {
    for (const script of ['scripts/ariane', 'scripts/test', 'scripts/install-service', '.ci/run'])
      expect(statSync(join(PROJECT, script)).mode & 0o111).toBe(0o111)
  })
})
