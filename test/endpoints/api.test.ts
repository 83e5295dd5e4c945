/** /api, /health and /metrics of a real node with real data: every answer is held to its schema, and to what was sent. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ZodType, z } from 'zod'
import * as contract from '../../src/endpoints/api/api-contract.ts'
import { TAG } from '../support/data-sets.ts'
import { findscu, type Storescp, startStorescp, storescu } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

const HOSTILE = '<script>alert(1)</script>^"\'&'

let node: NodeProcess
let viewer: Storescp
let plain: StudyFiles
let hostile: StudyFiles
let conflicting: StudyFiles
let secret: StudyFiles
const folders: string[] = []

beforeAll(async () => {
  viewer = await startStorescp({ aeTitle: 'VIEWER' })
  const stuck = mkdtempSync(join(tmpdir(), 'ariane-stuck-'))
  folders.push(stuck)
  // A file where the folder should be.
  writeFileSync(join(stuck, 'target'), '')
  node = await startNode({
    settings: {
      peers: [
        { aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port },
        { aeTitle: 'GONE', host: '127.0.0.1', port: 1 },
        { aeTitle: 'ELSEWHERE', host: '192.0.2.7', port: 104 },
        { aeTitle: 'MOVER', host: '127.0.0.1', allow: ['echo', 'move'] },
      ],
      confidentiality: { rules: [{ level: 'R', attribute: 'StudyDescription', value: '*vip*' }] },
      publish: [
        { name: 'drop', kind: 'folder' },
        { name: 'stuck', kind: 'folder', path: join(stuck, 'target') },
      ],
    },
  })
  plain = await studyFiles({ series: [3, 2], overrides: { [TAG.PatientName]: ['PN', 'Dupont^Anne'], [TAG.PatientID]: ['LO', 'P-1'] } })
  hostile = await studyFiles({ series: [1], overrides: { [TAG.PatientName]: ['PN', HOSTILE], [TAG.PatientID]: ['LO', '"><img src=x>'] } })
  conflicting = await studyFiles({ series: [1], overrides: { [TAG.PatientID]: ['LO', 'C-1'] } })
  secret = await studyFiles({ series: [1], overrides: { 528432: ['LO', 'vip'] } })
  await storescu(node, [...plain.files, ...hostile.files, ...secret.files], { calling: 'CT<b>1' })
  const second = await studyFiles({
    series: [1],
    studyInstanceUid: conflicting.studyInstanceUid,
    overrides: { [TAG.PatientID]: ['LO', 'C-2'], [TAG.PatientName]: ['PN', 'Second^Two'] },
  })
  await storescu(node, [...conflicting.files, ...second.files])
  await second.remove()
  await manifestVersion(node, plain.studyInstanceUid, 1)
  await manifestVersion(node, hostile.studyInstanceUid, 1)
}, 60_000)
afterAll(async () => {
  await node?.stop()
  await viewer?.stop()
  for (const study of [plain, hostile, conflicting, secret]) await study?.remove()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function get<Schema extends ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> {
  const answer = await fetch(`${node.webUrl}${path}`)
  const body = await answer.json()
  expect([path, answer.status, answer.headers.get('content-type')], JSON.stringify(body)).toEqual([
    path,
    200,
    expect.stringContaining('application/json'),
  ])
  return schema.parse(body)
}

const post = (path: string, body?: unknown): Promise<Response> =>
  fetch(`${node.webUrl}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })

async function act(path: string, body?: unknown): Promise<string> {
  const answer = await post(path, body)
  const told = await answer.json()
  expect(answer.status, JSON.stringify(told)).toBe(200)
  return contract.DONE.parse(told).done
}

const study = (uid: string) => get(contract.STUDY, `/api/studies/${uid}`)

describe('now', () => {
  it('tells who sends, what is held, what failed and why, and nothing of what is confidential', async () => {
    await eventually('a delivery has failed', async () => (await get(contract.NOW, '/api/now')).deliveries.items.length === 2)
    const now = await get(contract.NOW, '/api/now')
    expect(now.node).toMatchObject({ aeTitle: 'ARIANE', dicomPort: node.port })
    expect(now.receiving).toEqual({ open: true })
    expect(now.totals).toMatchObject({ studies: 4, series: 6 })
    expect(now.conflicts).toBe(1)
    expect(now.peers.find((one) => one.aeTitle === 'CT<b>1')).toMatchObject({
      address: '127.0.0.1',
      instancesToday: 7,
      outcome: 'accepted',
    })
    expect(now.manifests).toMatchObject({ today: 3, inForce: 3, withheld: 0 })
    expect(now.deliveries).toMatchObject({ waiting: 2, failed: 0 })
    expect(now.deliveries.items[0]).toMatchObject({ target: 'stuck', reason: expect.stringMatching(/ENOTDIR|EEXIST/) })
    expect(now.disk.daysLeft).toBeNull()
    expect(now.audit).toEqual({ state: 'has not begun yet', problems: 0 })
    expect(JSON.stringify(now)).not.toMatch(/Dupont|P-1/)
    expect(JSON.stringify(now)).not.toContain(secret.studyInstanceUid)
  })

  it('is told live: the state at once, and again when a study has come', async () => {
    const stop = new AbortController()
    const answer = await fetch(`${node.webUrl}/api/events`, { signal: stop.signal })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const more = await studyFiles({ series: [2] })
    let text = ''
    let isSent = false
    const nows = () => [...text.matchAll(/^event: now\ndata: (.*)$/gm)].map(([, data]) => contract.NOW.parse(JSON.parse(data!)))
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (!isSent && nows().length > 0) {
        isSent = true
        await storescu(node, more.files, { calling: 'LIVE' })
      }
      if (nows().some((now) => now.peers.some((one) => one.aeTitle === 'LIVE' && one.instancesToday === 2))) break
    }
    stop.abort()
    expect(
      nows()
        .at(-1)!
        .rate.history.reduce((sum, { instances }) => sum + instances, 0),
    ).toBeGreaterThan(0)
    await more.remove()
  }, 30_000)
})

describe('studies', () => {
  const found = async (query: string) => (await get(contract.STUDIES, `/api/studies?${query}`)).items.map((one) => one.studyInstanceUid)

  it.each([
    ['patientId=P-1', () => [plain.studyInstanceUid]],
    ['patientName=dupont', () => [plain.studyInstanceUid]],
    ['patientName=*anne*', () => [plain.studyInstanceUid]],
    ['patientId=P-1&modality=ct&from=2026-03-01&to=20260301', () => [plain.studyInstanceUid]],
    ['patientId=P-1&from=20260302', () => []],
    ['patientId=P-1&modality=MR', () => []],
    ['state=conflict', () => [conflicting.studyInstanceUid]],
    ['state=none', () => []],
    ['patientId=P-1&state=in+force', () => [plain.studyInstanceUid]],
    ['patientId=P-1&state=withheld', () => []],
  ])('are found by %s', async (query, expected) => {
    expect(await found(query)).toEqual(expected())
  })

  it('come in pages, each once, none of another level', async () => {
    const all: string[] = []
    let after: string | undefined
    do {
      const page = await get(contract.STUDIES, `/api/studies?limit=2${after === undefined ? '' : `&after=${after}`}`)
      expect(page.items.length).toBeLessThanOrEqual(2)
      all.push(...page.items.map((one) => one.studyInstanceUid))
      after = page.next
    } while (after !== undefined)
    expect(new Set(all).size).toBe(all.length)
    expect(all).toEqual(expect.arrayContaining([plain, hostile, conflicting].map((one) => one.studyInstanceUid)))
    expect(all).not.toContain(secret.studyInstanceUid)
    expect((await fetch(`${node.webUrl}/api/studies/${secret.studyInstanceUid}`)).status).toBe(404)
  })

  it('one tells its series with the first instance of each, its manifest and how it came to be', async () => {
    const told = await study(plain.studyInstanceUid)
    expect(told).toMatchObject({
      patientName: 'Dupont^Anne',
      modalities: ['CT'],
      series: 2,
      instances: 5,
      state: 'in force',
      manifestVersion: 1,
    })
    expect(told.seriesList.map(({ instances, firstInstance }) => [instances, firstInstance])).toEqual([
      [3, { sopInstanceUid: plain.sopInstanceUids[0], sopClassUid: '1.2.840.10008.5.1.4.1.1.2', frames: 1, isImage: true }],
      [2, { sopInstanceUid: plain.sopInstanceUids[3], sopClassUid: '1.2.840.10008.5.1.4.1.1.2', frames: 1, isImage: true }],
    ])
    expect(told.history.map(({ state }) => state)).toEqual(['collecting', 'due', 'in force'])
    expect(told.identities).toHaveLength(1)
  })

  it('what a sender wrote stays data: as it was sent, and as JSON that no browser takes for a page', async () => {
    const answer = await fetch(`${node.webUrl}/api/studies/${hostile.studyInstanceUid}`)
    const told = contract.STUDY.parse(await answer.json())
    expect([told.patientName, told.patientId]).toEqual([HOSTILE, '"><img src=x>'])
    expect(answer.headers.get('content-type')).toContain('application/json')
    const { seen } = await get(contract.PEERS, '/api/peers')
    expect(seen.map((one) => one.callingAeTitle)).toContain('CT<b>1')
  })
})

describe('a manifest', () => {
  const uidOf = async () => (await study(plain.studyInstanceUid)).manifests.at(-1)!.sopInstanceUid

  it('is read as a tree and as elements, downloaded, validated, and followed back', async () => {
    const uid = await uidOf()
    const told = await get(contract.MANIFEST, `/api/manifests/${uid}`)
    expect(told.tree).toContain('5 instances in 2 series')
    expect(told.raw).toContain('(0010,0010) PN PatientName  Dupont^Anne')
    expect(told.raw).toContain(plain.sopInstanceUids[4])
    const file = Buffer.from(await (await fetch(`${node.webUrl}/api/manifests/${uid}/file`)).arrayBuffer())
    expect(file.includes(plain.sopInstanceUids[4]!)).toBe(true)
    expect(contract.VALIDATED.parse(await (await post(`/api/manifests/${uid}/validate`)).json())).toEqual({ findings: [] })
    expect(contract.VERIFIED.parse(await (await post(`/api/manifests/${uid}/verify`)).json())).toEqual({
      instances: 5,
      found: 5,
      missing: [],
    })
  })

  it('of anybody is opened from its file: what it refers to, and what of that is here', async () => {
    const uid = await uidOf()
    const file = Buffer.from(await (await fetch(`${node.webUrl}/api/manifests/${uid}/file`)).arrayBuffer())
    const open = (body: Buffer, type = 'application/dicom') =>
      fetch(`${node.webUrl}/api/open`, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) })
    const opened = contract.OPENED.parse(await (await open(file)).json())
    expect(opened).toMatchObject({ patientName: 'Dupont^Anne', title: 'Manifest' })
    const instances = opened.studies.flatMap(({ series }) => series.flatMap((one) => one.instances))
    expect(instances.map((one) => one.here)).toEqual([true, true, true, true, true])
    // One reference leads nowhere: another UID of the same length.
    const other = `${plain.sopInstanceUids[0]!.slice(0, -4)}0000`
    const altered = Buffer.from(file.toString('latin1').replaceAll(plain.sopInstanceUids[0]!, other), 'latin1')
    const lost = contract.OPENED.parse(await (await open(altered)).json())
    expect(lost.studies[0]!.series[0]!.instances.filter((one) => !one.here)).toMatchObject([{ sopInstanceUid: other }])
    const image = await open(readFileSync(plain.files[0]!))
    expect([image.status, contract.PROBLEM.parse(await image.json()).detail]).toEqual([
      400,
      'body: found a DICOM object of another class, expected a manifest (Key Object Selection Document)',
    ])
    expect((await open(Buffer.from('no DICOM at all'))).status).toBe(400)
    expect((await open(Buffer.alloc(0))).status).toBe(400)
  })
})

describe('actions', () => {
  it('publish again: the target has it once more, and the history says who asked', async () => {
    const { studyInstanceUid } = plain
    const [manifest] = (await study(studyInstanceUid)).manifests
    const outbox = join(node.storagePath, 'outbox')
    const delivered = await manifestVersion(node, studyInstanceUid, 1)
    rmSync(delivered)
    expect(await act(`/api/studies/${studyInstanceUid}/publish`)).toBe('version 1 (N, xds-i) goes to drop, stuck once more')
    await eventually('it is there again', () => existsSync(delivered))
    expect(existsSync(outbox)).toBe(true)
    const last = (await study(studyInstanceUid)).history.at(-1)
    expect(last).toMatchObject({ state: 'published again', actor: 'local', manifestUid: manifest!.sopInstanceUid })
  })

  it('build says that there is nothing new; withdraw, build: the manifest goes and comes back', async () => {
    const path = `/api/studies/${plain.studyInstanceUid}`
    expect(await act(`${path}/build`)).toMatch(/^version 1 says the same already: /)
    expect(await act(`${path}/withdraw`, { reason: 'wrong patient' })).toMatch(
      /^withdrawn: version 1 \(N, xds-i\): [\d.]+\nno manifest is made/,
    )
    expect(await study(plain.studyInstanceUid)).toMatchObject({ state: 'withheld', withheldWhy: 'wrong patient' })
    await eventually('it is counted', async () => (await get(contract.NOW, '/api/now')).manifests.withheld === 1)
    const publish = await post(`${path}/publish`)
    expect([publish.status, contract.PROBLEM.parse(await publish.json()).detail]).toEqual([
      409,
      'no manifest of this study is in force: there is nothing to publish',
    ])
    expect(await act(`${path}/build`)).toMatch(/^made version 2 with 5 instances: /)
    const told = await study(plain.studyInstanceUid)
    expect(told).toMatchObject({ state: 'in force', manifestVersion: 2 })
    const states = told.history.map(({ state, actor }) => `${state} ${actor}`)
    expect(states).toEqual(expect.arrayContaining(['withdrawn local', 'allowed local', 'in force local']))
  })

  it('withdraw, allow: the manifest follows by itself', async () => {
    const path = `/api/studies/${hostile.studyInstanceUid}`
    await act(`${path}/withdraw`, { reason: 'for a while' })
    expect(await act(`${path}/allow`)).toBe('a manifest may be made of it again; it follows within a minute')
    expect(await act(`${path}/allow`)).toMatch(/^no operator had withheld/)
    await eventually('a manifest is in force', async () => (await study(hostile.studyInstanceUid)).state === 'in force', 20_000)
  }, 30_000)

  it('a conflict is resolved, and its manifest is of the patient chosen', async () => {
    const before = await study(conflicting.studyInstanceUid)
    expect(before).toMatchObject({ state: 'conflict', manifests: [] })
    expect(before.identities.map(({ number, patientId, instances }) => [number, patientId, instances])).toEqual([
      [1, 'C-1', 1],
      [2, 'C-2', 1],
    ])
    expect(await act(`/api/studies/${conflicting.studyInstanceUid}/resolve`, { identity: 2 })).toMatch(/^identity 2 is in force/)
    const journal = readFileSync(join(node.storagePath, 'decisions.jsonl'), 'utf8')
    expect(journal).toMatch(/"actor":"local".*"kind":"identity chosen"|"kind":"identity chosen".*"actor":"local"/)
    await eventually('it is in force', async () => (await study(conflicting.studyInstanceUid)).state === 'in force', 20_000)
    expect(await study(conflicting.studyInstanceUid)).toMatchObject({ patientId: 'C-2', patientName: 'Second^Two' })
  }, 30_000)

  it('a level is decided, and left to the rules again', async () => {
    const path = `/api/studies/${hostile.studyInstanceUid}/confidentiality`
    expect(await act(path, { level: 'N' })).toMatch(/^its level is N\n/)
    expect(await act(path, { level: 'rules' })).toMatch(/^the rules say its level again/)
  })

  it('a delivery that failed is tried now; one that is done or not wanted any more is not', async () => {
    const waiting = await get(contract.DELIVERIES, '/api/deliveries?state=waiting')
    const stuck = waiting.items.find((one) => one.target === 'stuck' && one.studyInstanceUid === conflicting.studyInstanceUid)!
    await eventually('it was tried', async () => {
      const { items } = await get(contract.DELIVERIES, '/api/deliveries?state=waiting')
      return (items.find(({ id }) => id === stuck.id)?.attempts ?? 0) > 0
    })
    const attemptsOf = async () => (await get(contract.DELIVERIES, '/api/deliveries')).items.find(({ id }) => id === stuck.id)!.attempts
    const before = await attemptsOf()
    expect(await act(`/api/deliveries/${stuck.id}/retry`)).toBe('tried now: the manifest to stuck')
    await eventually('it was tried once more', async () => (await attemptsOf()) > before)
    expect(node.log()).toMatch(/delivery is tried again, as asked.*actor=local/)
    const [done] = (await get(contract.DELIVERIES, '/api/deliveries?state=done')).items
    expect((await post(`/api/deliveries/${done!.id}/retry`)).status).toBe(409)
    const [failed] = (await get(contract.DELIVERIES, '/api/deliveries?state=failed')).items
    const refused = await post(`/api/deliveries/${failed!.id}/retry`)
    expect([refused.status, contract.PROBLEM.parse(await refused.json()).detail]).toEqual([
      409,
      expect.stringMatching(/^its manifest is (superseded|withdrawn): it is not delivered any more$/),
    ])
  }, 30_000)
})

describe('peers', () => {
  it('one is called: whether it answers, and if not, why', async () => {
    const echo = async (title: string) => contract.ECHO.parse(await (await post(`/api/peers/${title}/echo`)).json())
    expect(await echo('VIEWER')).toMatchObject({ ok: true, milliseconds: expect.any(Number) })
    expect(await echo('GONE')).toMatchObject({ ok: false, why: expect.stringContaining('ECONNREFUSED') })
    expect(await echo('MOVER')).toMatchObject({ ok: false, why: expect.stringContaining('no host and port') })
    expect((await post('/api/peers/STRANGER/echo')).status).toBe(404)
  })

  it('the doctor says what is wrong, each with a remedy', async () => {
    await findscu(node, ['0008,0052=STUDY', '0020,000D'], { calling: 'ELSEWHERE' })
    const doctor = async (title: string) => contract.DOCTOR.parse(await (await post(`/api/peers/${title}/doctor`)).json()).findings
    const well = await doctor('VIEWER')
    expect(well.map(({ severity }) => severity)).not.toContain('error')
    expect(well.map(({ message }) => message).join('\n')).toMatch(/answers C-ECHO.*it takes by C-STORE.*CT Image.*JPEG 2000/s)
    expect(await doctor('GONE')).toContainEqual({
      severity: 'error',
      message: expect.stringMatching(/^it does not answer at 127.0.0.1:1: .*ECONNREFUSED/),
      remedy: expect.stringContaining('firewalls'),
    })
    expect(await doctor('MOVER')).toContainEqual({
      severity: 'warning',
      message: expect.stringContaining('nobody said where it listens'),
      remedy: expect.stringContaining('ariane peer add MOVER HOST PORT'),
    })
    await eventually(
      'the refused call is noted',
      async () =>
        (await doctor('MOVER')).length > 0 &&
        (await get(contract.PEERS, '/api/peers')).seen.some((one) => one.callingAeTitle === 'ELSEWHERE'),
    )
    const elsewhere = (await doctor('ELSEWHERE')).filter(({ severity }) => severity === 'error')
    expect(elsewhere[0]).toMatchObject({
      message: expect.stringMatching(/from 127.0.0.1 .* was refused: known, but calls from another host.*192\.0\.2\.7/),
      remedy: expect.stringContaining('correct its host to 127.0.0.1'),
    })
    for (const { severity, remedy } of [...well, ...elsewhere]) expect(remedy === '').toBe(severity === 'ok')
  }, 30_000)

  it('one is added to the file and may call at once; one that is not right is refused by its field', async () => {
    const refused = async (peer: unknown) => {
      const answer = await post('/api/peers', peer)
      return [answer.status, contract.PROBLEM.parse(await answer.json()).detail]
    }
    expect(await refused({ aeTitle: 'NEW', port: 70_000, host: 'h' })).toEqual([
      400,
      'port: found 70000, expected a whole number from 1 to 65535',
    ])
    expect(await refused({ aeTitle: 'MUCH_TOO_LONG_A_TITLE' })).toEqual([400, expect.stringMatching(/^aeTitle: /)])
    expect(await refused({ aeTitle: 'VIEWER' })).toEqual([400, expect.stringMatching(/^VIEWER is already a peer/)])
    expect(await refused({ aeTitle: 'NEW', allow: ['fly'] })).toEqual([400, expect.stringMatching(/^allow/)])
    const before = readFileSync(node.configFile, 'utf8')
    expect(before).not.toContain('"NEW"')
    expect(await act('/api/peers', { aeTitle: 'NEW', host: '127.0.0.1', port: viewer.port, allow: ['echo', 'find'] })).toBe(
      'NEW is a peer now',
    )
    const { known } = await get(contract.PEERS, '/api/peers')
    expect(known.find((one) => one.aeTitle === 'NEW')).toMatchObject({ port: viewer.port, allow: ['echo', 'find'], levels: ['N'] })
    expect(readFileSync(node.configFile, 'utf8')).toContain('NEW')
    expect(node.log()).toMatch(/peer added.*peer=NEW actor=local/)
    const { items } = await get(contract.SETTINGS_IN_FORCE, '/api/settings')
    expect(items.find(({ key }) => key === 'peers')!.value).toContain('"NEW"')
    // What the command writes is in force after a signal, as before.
    node.process.kill('SIGHUP')
    await eventually('it is reloaded', () => node.log().split('configuration reloaded').length > 2)
  })
})

describe('settings, session, health', () => {
  it('settings name their source, and who calls is told what it may do', async () => {
    const { items, file } = await get(contract.SETTINGS_IN_FORCE, '/api/settings')
    expect(file).toBe(node.configFile)
    expect(items.find(({ key }) => key === 'web.port')).toMatchObject({
      value: '0',
      source: expect.stringMatching(/^ariane.yaml:\d+$/),
      live: false,
    })
    expect(items.find(({ key }) => key === 'dicom.maxAssociations')).toMatchObject({ value: '64', source: 'default' })
    expect(await get(contract.SESSION, '/api/session')).toMatchObject({ caller: 'local', levels: ['N'], tokenNeeded: false })
  })

  it('is well; whoever has not said who it is learns that and no more', async () => {
    expect(await get(contract.HEALTH, '/health/ready')).toEqual({ live: true, ready: true, reasons: [] })
    const proxied = await fetch(`${node.webUrl}/health`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect([proxied.status, contract.HEALTH.parse(await proxied.json())]).toEqual([200, { live: true, ready: true }])
    expect((await fetch(`${node.webUrl}/metrics`, { headers: { 'x-forwarded-for': '192.0.2.1' } })).status).toBe(401)
  })
})
