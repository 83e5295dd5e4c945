/** /metrics: the numbers are those of what happened; names are those of docs/metrics.md, of the dashboard and of the alert rules. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { testUid } from '../support/data-sets.ts'
import { findscu, getscu, storescu } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
let study: StudyFiles
let bytes: number

beforeAll(async () => {
  node = await startNode({ settings: { unknownCallers: 'refuse', peers: [{ aeTitle: 'CT1', host: '127.0.0.1' }] } })
  study = await studyFiles({ series: [3] })
  await storescu(node, study.files, { calling: 'CT1' })
  await storescu(node, study.files, { calling: 'STRANGER' })
  await findscu(node, ['0008,0052=STUDY', '0020,000D'], { calling: 'CT1' })
  await getscu(node, ['0008,0052=STUDY', `0020,000D=${study.studyInstanceUid}`], study.folder, { calling: 'CT1' })
  await fetch(`${node.webUrl}/api/studies/${testUid()}`)
  await manifestVersion(node, study.studyInstanceUid, 1)
  await eventually('all is delivered', async () => (await samples()).get('ariane_deliveries_waiting{target="drop"}') === 0)
  bytes = study.files.reduce((sum, file) => sum + readFileSync(file).length, 0)
})
afterAll(async () => {
  await node?.stop()
  await study?.remove()
})

const text = async (): Promise<string> => (await fetch(`${node.webUrl}/metrics`)).text()

async function samples(): Promise<Map<string, number>> {
  const lines = (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** Name to type. */
async function told(): Promise<Map<string, string>> {
  return new Map([...(await text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
}

it('counts what came, from whom, what was asked, and what became of it', async () => {
  const of = await samples()
  expect(of.get('ariane_received_instances_total{status="0000"}')).toBe(3)
  expect(of.get('ariane_peer_instances_total{peer="CT1"}')).toBe(3)
  const received = of.get('ariane_received_bytes_total{status="0000"}')!
  // Data sets without their file meta information.
  expect(received).toBeGreaterThan(bytes - 3 * 600)
  expect(received).toBeLessThan(bytes)
  expect(of.get('ariane_peer_bytes_total{peer="CT1"}')).toBe(received)
  expect(of.get('ariane_associations_total{outcome="rejected"}')).toBe(1)
  expect(of.get('ariane_associations_total{outcome="accepted"}')).toBe(3)
  expect(of.get('ariane_associations_open')).toBe(0)
  expect(of.get('ariane_request_duration_seconds_count{service="C-FIND"}')).toBe(1)
  expect(of.get('ariane_request_duration_seconds_count{service="C-GET"}')).toBe(1)
  expect(of.get('ariane_web_answers_total{service="API",status="4xx"}')).toBe(1)
  expect(of.get('ariane_manifests{state="in force",dialect="xds-i"}')).toBe(1)
  expect(of.get('ariane_manifests_made_total{dialect="xds-i"}')).toBe(1)
  expect(of.get('ariane_deliveries_failed{target="drop"}')).toBe(0)
  expect(of.get('ariane_stored{of="instances"}')).toBe(3)
  expect(of.get('ariane_studies{state="collecting"}')).toBe(0)
  expect(of.get('ariane_disk_free_bytes')).toBeGreaterThan(0)
  expect(of.get('ariane_catalog_bytes')).toBeGreaterThan(4096)
  expect(of.get('ariane_worker_alive_timestamp_seconds{worker="publish worker"}')).toBeGreaterThan(Date.now() / 1000 - 60)
})

it('docs/metrics.md names each of them, with its type and its labels, and no other', async () => {
  const rows = [...readFileSync(join(PROJECT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(ariane_\w+)` \| (\w+) \|([^|]*)\|/gm)]
  const documented = new Map(rows.map(([, name, type]) => [name!, type!]))
  const own = new Map([...(await told())].filter(([name]) => name.startsWith('ariane_')))
  expect(documented).toEqual(own)
  const namesIn = (cell: string): string[] =>
    cell
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== '')
  const labels = new Map(rows.map(([, name, , cell]) => [name!, namesIn(cell!).sort()]))
  for (const sample of (await samples()).keys()) {
    const name = /^\w+/.exec(sample)![0].replace(/_(bucket|sum|count)$/, '')
    if (!own.has(name)) continue
    const found = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le')
    expect([name, found.sort()]).toEqual([name, labels.get(name)])
  }
})

const METRIC = /\b(?:ariane|process|nodejs)_\w+/g

it('dashboard and alert rules ask for metrics that there are', async () => {
  const names = new Set((await told()).keys())
  const file = (name: string) => readFileSync(join(PROJECT, 'config', name), 'utf8')
  const dashboard = JSON.parse(file('grafana-dashboard.json')) as { panels: { targets: { expr: string }[] }[] }
  const rules = (parse(file('alert-rules.yaml')) as { groups: { rules: { expr: string }[] }[] }).groups.flatMap((group) => group.rules)
  const asked = [...dashboard.panels.flatMap(({ targets }) => targets), ...rules].flatMap(({ expr }) => expr.match(METRIC) ?? [])
  expect(asked.length).toBeGreaterThan(30)
  expect(asked.filter((name) => !names.has(name.replace(/_bucket$/, '')))).toEqual([])
})

const promtool = (() => {
  try {
    return execFileSync('promtool', ['--version']).length > 0
  } catch {
    return false
  }
})()

it.skipIf(!promtool)('promtool (Debian: prometheus) takes rules and metrics; skipped where it is not installed', async () => {
  execFileSync('promtool', ['check', 'rules', join(PROJECT, 'config/alert-rules.yaml')])
  // It has something against names of prom-client itself.
  const { stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: await text(), encoding: 'utf8' })
  expect(`${stderr}${stdout}`.split('\n').filter((line) => line.includes('ariane_') || line.includes('error'))).toEqual([])
})
