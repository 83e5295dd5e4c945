/** The benchmark's own tools; what it measures is no test. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ctSlice, type Kind, multiFrame, namesOf, ultrasound, writeFiles } from '../../scripts/benchmark/data.ts'
import { dataSetOffset } from '../support/data-sets.ts'
import { type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

const script = (name: string, ...args: string[]) => runCommand(process.execPath, [join(PROJECT, 'scripts/benchmark', name), ...args])

let node: NodeProcess
let folder: string
beforeAll(async () => {
  node = await startNode()
  folder = await mkdtemp(join(tmpdir(), 'ariane-bench-test-'))
})
afterAll(async () => {
  await node?.stop()
  await rm(folder, { recursive: true, force: true })
})

it.each([
  ['slices, which are encoded once', ['--side', '64'], ctSlice(64), 5],
  ['loops of encapsulated frames', ['--ultrasound'], ultrasound(), 2],
  ['a multi-frame, whose pixels are sent again and again', ['--multi-frame', '20'], multiFrame(20), 1],
])('sends raw what the files hold, and receives as much: %s', async (name, options, kind: Kind, count) => {
  const root = `2.25.${name.length}`
  const files = await writeFiles(join(folder, root), kind, root, count, count)
  const before = new Set(node.files('instances'))
  const common = ['--port', String(node.port), '--called', node.aeTitle, '--count', String(count), '--associations', '2', '--one-study']
  const { code, output } = await script('raw-sender.ts', ...common, '--root', root, '--json', ...options)
  expect(output).toContain(`"instances":${count},"bytes":${kind.sizeBytes * count}`)
  expect(code).toBe(0)
  const stored = node.files('instances').filter((file) => !before.has(file))
  const dataSet = (file: string) => {
    const bytes = readFileSync(file)
    return bytes.subarray(dataSetOffset(bytes))
  }
  const sent = files.map(dataSet)
  expect(stored).toHaveLength(count)
  for (const file of stored) {
    const held = dataSet(join(node.storagePath, 'instances', file))
    expect(sent.filter((one) => one.equals(held))).toHaveLength(1)
  }
  const study = ['--study', namesOf(root, 0, 0).studyInstanceUid, '--repeat', '2', '--json']
  const received = await script('raw-receiver.ts', '--port', String(node.port), '--called', node.aeTitle, ...study)
  expect(received.output).toContain(`"instances":${count},"bytes":${sent.reduce((sum, one) => sum + one.length, 0)},`)
})

it.each([
  ['run.ts', '--fast', /Unknown option '--fast'[\s\S]*--quick/],
  ['run.ts', '--servers=dcm4chee', /no "dcm4chee"[\s\S]*--servers LIST/],
  ['raw-sender.ts', '--fast', /Unknown option '--fast'[\s\S]*--associations N/],
])('refuses an option that it does not know, with what it knows: %s %s', async (name, option, expected) => {
  const { code, output } = await script(name, option)
  expect(output).toMatch(expected)
  expect(code).toBe(2)
})

it('lists what it would measure', async () => {
  const quick = await script('run.ts', '--quick', '--list')
  const full = await script('run.ts', '--full', '--list', '--only', 'gib|manifest')
  expect(quick.output).toContain('CT slices 512x512, 525 kB: C-STORE, raw sender, 4 associations')
  expect(full.output.trim().split('\n')).toEqual([
    'manifest of 400 instances: last instance to manifest',
    'manifest of 20000 instances: last instance to manifest',
    'multi-frame of 2 GiB: in and out',
  ])
})
