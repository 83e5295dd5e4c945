/** Who may see and do what through /api: rights, confidentiality levels, bad input, other sites. */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { ElementWriter } from '../../src/dicom/element-writer.ts'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { HEALTH, MANIFEST, NOW, PROBLEM, SESSION, STUDIES, STUDY } from '../../src/endpoints/api/api-contract.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { deleteInstances } from '../../src/manifest/delete-instances.ts'
import { decide } from '../../src/storage/decisions.ts'
import { receive, target } from '../manifest/held-studies.ts'
import { silenceLog } from '../receive/sample-instances.ts'
import { eventually } from '../support/node-process.ts'
import { type Api, AS, openApiFor } from './api-material.ts'

silenceLog()
const EVERYTHING = 'find get store status operate'

let api: Api
let normal: Uid
let restricted: Uid
let mixed: Uid

beforeAll(async () => {
  api = await openApiFor({ targets: [target('drop')] })
  const { held, parts } = api
  ;[normal, restricted, mixed] = [newUid(), newUid(), newUid()]
  for (const study of [normal, restricted, mixed]) await receive(held, { study })
  await receive(held, { study: mixed, series: newUid(), seriesNumber: 2 })
  await decide(parts, { kind: 'confidentiality decided', studyInstanceUid: restricted, level: 'R' })
  const [first] = await parts.catalog.evidence(mixed)
  await decide(parts, { kind: 'confidentiality decided', studyInstanceUid: mixed, seriesInstanceUid: first!.seriesInstanceUid, level: 'R' })
  for (const study of [normal, restricted, mixed]) await buildManifest(parts, study, 'quiet')
})

const call = (method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> =>
  fetch(`${api.url}${path}`, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

/** All that is told of a manifest. */
const OF_MANIFEST = [
  ['GET', ''],
  ['GET', '/file'],
  ['POST', '/validate'],
  ['POST', '/verify'],
] as const

/** Every route of the API as a call, and what it needs. */
const calls = () => {
  const ids: Record<string, string> = { study: normal, uid: '1.2.3', id: '1', aeTitle: 'NOBODY' }
  return api.routes.map((route) => ({
    ...route,
    url: route.path.replace(/:(\w+)/g, (_all, name: string) => ids[name]!),
  }))
}

describe('rights', () => {
  it('each route demands what its line in the table says, and no other right opens it', async () => {
    for (const { method, url, right, also } of calls().filter((one) => one.right !== 'anybody')) {
      for (const needed of [right, also].filter((one) => one !== undefined)) {
        const others = EVERYTHING.split(' ').filter((one) => one !== needed)
        const answer = await call(method, url, AS(others.join(' ')), method === 'POST' ? {} : undefined)
        expect([method, url, answer.status, await answer.json()]).toEqual([
          method,
          url,
          403,
          { status: 403, detail: `not allowed: this needs the right "${needed}"` },
        ])
      }
    }
  })

  it('every action needs the right to operate', () => {
    const open = api.routes.filter(({ method, right }) => method !== 'GET' && right !== 'operate').map(({ path }) => path)
    expect(open).toEqual(['/api/session', '/api/session', '/api/manifests/:uid/validate', '/api/open'])
  })

  it('who sends a manifest to be opened slowly holds up nobody else', async () => {
    const { readable, writable } = new TransformStream()
    const open = (name: string, body: BodyInit | ReadableStream) =>
      fetch(`${api.url}/api/open`, {
        method: 'POST',
        headers: { ...AS('find'), 'x-name': name, 'content-type': 'application/dicom' },
        body,
        duplex: 'half',
      } as RequestInit)
    const slow = open('slow', readable)
    const writer = writable.getWriter()
    await writer.write(new Uint8Array(100))
    await eventually('a second one of the same caller is refused', async () => (await open('slow', 'x')).status === 503)
    expect((await open('other', 'no manifest')).status).toBe(400)
    await writer.close()
    expect((await slow).status).toBe(400)
    expect((await open('slow', 'no manifest')).status).toBe(400)
  })

  it('somebody who has not said who it is learns that the node lives, and what it may do: nothing', async () => {
    expect(HEALTH.parse(await (await fetch(`${api.url}/health`)).json())).toEqual({ live: true, ready: true })
    expect(SESSION.parse(await (await fetch(`${api.url}/api/session`)).json())).toEqual({
      caller: 'anybody',
      rights: [],
      levels: [],
      tokenNeeded: true,
    })
    expect((await fetch(`${api.url}/metrics`)).status).toBe(403)
  })
})

describe('confidentiality levels', () => {
  it('a study of another level is not listed, not there, and cannot be acted on', async () => {
    const listed = STUDIES.parse(await (await call('GET', '/api/studies', AS(EVERYTHING))).json())
    expect(listed.items.map((one) => one.studyInstanceUid).sort()).toEqual([normal, mixed].sort())
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/build'],
      ['POST', '/publish'],
    ] as const) {
      const hidden = await call(method, `/api/studies/${restricted}${path}`, AS(EVERYTHING))
      const absent = await call(method, `/api/studies/${newUid()}${path}`, AS(EVERYTHING))
      expect([hidden.status, await hidden.json()]).toEqual([404, await absent.json()])
    }
    const seen = STUDIES.parse(await (await call('GET', '/api/studies', AS(EVERYTHING, 'N R'))).json())
    expect(seen.items).toHaveLength(3)
  })

  it('of a study in part of another level, that part, its manifest and its history are not told', async () => {
    const of = async (levels: string) => STUDY.parse(await (await call('GET', `/api/studies/${mixed}`, AS(EVERYTHING, levels))).json())
    const [part, whole] = [await of('N'), await of('N R')]
    expect([part.instances, part.seriesList.length, part.manifests.map((one) => one.confidentiality)]).toEqual([1, 1, ['N']])
    expect(part.history.some((one) => one.confidentiality === 'R')).toBe(false)
    expect([whole.instances, whole.seriesList.length, whole.manifests.map((one) => one.confidentiality).sort()]).toEqual([2, 2, ['N', 'R']])
    expect(whole.history.some((one) => one.confidentiality === 'R')).toBe(true)
  })

  it('whose study arrives is told to those who may search, as far as their levels reach', async () => {
    const arriving = await openApiFor()
    const [open, hidden] = [newUid(), newUid()]
    for (const study of [open, hidden]) await receive(arriving.held, { study, patientId: `P-${study.slice(-4)}` })
    await decide(arriving.parts, { kind: 'confidentiality decided', studyInstanceUid: hidden, level: 'R' })
    const of = async (rights: string, levels: string) =>
      NOW.parse(await (await fetch(`${arriving.url}/api/now`, { headers: AS(rights, levels) })).json()).collecting
    const found = STUDIES.parse(await (await fetch(`${arriving.url}/api/studies`, { headers: AS(EVERYTHING) })).json()).items
    const [mine, ...others] = await of('status find', 'N')
    expect(others).toEqual([])
    const { patientName, patientId, accessionNumber, studyDescription, modalities } = found[0]!
    expect(patientId).toBe(`P-${open.slice(-4)}`)
    expect(mine).toMatchObject({
      studyInstanceUid: open,
      instances: 1,
      patientName,
      patientId,
      accessionNumber,
      studyDescription,
      modalities,
    })
    expect((await of('status find', 'N R')).map((one) => one.studyInstanceUid).sort()).toEqual([open, hidden].sort())
    const [nameless] = await of('status', 'N')
    expect(nameless).toMatchObject({ studyInstanceUid: open, instances: 1, modalities })
    expect(Object.keys(nameless!).sort()).toEqual(['instances', 'modalities', 'since', 'studyInstanceUid', 'waitsFor'])
    expect(await of('status find', '')).toEqual([])
  })

  it('nor what has happened because of that part, also when it is gone: arrivals, decisions, and reasons that tell of them', async () => {
    const of = async (levels: string) => STUDY.parse(await (await call('GET', `/api/studies/${study}`, AS(EVERYTHING, levels))).json())
    const [study, series] = [newUid(), newUid()]
    await receive(api.held, { study })
    await buildManifest(api.parts, study, 'quiet')
    const before = await of('N')
    expect(before.history.map(({ reason }) => reason).filter((reason) => reason === '')).toEqual([])
    await receive(api.held, { study, series })
    await decide(api.parts, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: series, level: 'R' })
    await buildManifest(api.parts, study, 'asked by operator')
    expect(JSON.stringify(await of('N R'))).toContain('confidentiality of 1 instances is R')
    const isNothingTold = async () => {
      const { history, manifests } = await of('N')
      expect(history.every(({ confidentiality }) => confidentiality === 'N')).toBe(true)
      expect([...history, ...manifests].map(({ reason }) => reason).filter((reason) => reason !== '')).toEqual([])
    }
    await isNothingTold()
    await deleteInstances(api.parts, {
      studyInstanceUid: study,
      seriesInstanceUid: series,
      reason: 'deleted',
      actor: 'operator',
      withdraw: true,
    })
    await isNothingTold()
  })

  it('a patient identity that only instances of another level have brought is not told', async () => {
    const [study, series] = [newUid(), newUid()]
    await receive(api.held, { study, patientId: 'OPEN' })
    await receive(api.held, { study, series, patientId: 'SECRET' })
    await decide(api.parts, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: series, level: 'R' })
    const ids = async (levels: string) => {
      const told = await (await call('GET', `/api/studies/${study}`, AS(EVERYTHING, levels))).text()
      return [STUDY.parse(JSON.parse(told)).identities.map((one) => one.patientId), told.includes('SECRET')]
    }
    expect(await ids('N')).toEqual([['OPEN'], false])
    expect(await ids('N R')).toEqual([['OPEN', 'SECRET'], true])
  })

  it('nor is the one in force, where it came with what is hidden', async () => {
    const [study, series] = [newUid(), newUid()]
    await receive(api.held, { study, series, patientId: 'SECRET' })
    await decide(api.parts, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: series, level: 'R' })
    await receive(api.held, { study, series: newUid(), patientId: 'OPEN' })
    const told = async (levels: string) => (await call('GET', `/api/studies/${study}`, AS(EVERYTHING, levels))).text()
    expect(await told('N R')).toContain('SECRET')
    expect(await told('N')).not.toContain('SECRET')
  })

  it('nobody makes a peer that sees more than they do', async () => {
    const answer = await call('POST', '/api/peers', AS(EVERYTHING), { aeTitle: 'MINE', levels: ['N', 'R'] })
    expect([answer.status, PROBLEM.parse(await answer.json()).detail]).toEqual([403, 'levels: R is one that you may not see yourself'])
    const within = await call('POST', '/api/peers', AS(EVERYTHING, 'N R'), { aeTitle: 'MINE', levels: ['N', 'R'] })
    expect(within.status).not.toBe(403)
  })

  it('nor one that may read what they may not, nor by leaving out what it may', async () => {
    const asked = async (rights: string, levels: string, peer: object) => {
      const answer = await call('POST', '/api/peers', AS(rights, levels), { aeTitle: 'MINE', ...peer })
      return answer.status === 403 ? PROBLEM.parse(await answer.json()).detail : 'let in'
    }
    const needs = (service: string, right: string) => `allow: ${service} needs the right "${right}", which you do not have yourself`
    expect(await asked('operate status get', 'N', { allow: ['echo', 'find'] })).toBe(needs('find', 'find'))
    expect(await asked('operate find', 'N', { allow: ['move'] })).toBe(needs('move', 'get'))
    expect(await asked('operate find', 'N', { allow: ['get'] })).toBe(needs('get', 'get'))
    expect(await asked('operate', 'N', {})).toBe(needs('find', 'find'))
    expect(await asked('operate', 'N', { allow: ['echo', 'store', 'mpps'] })).toBe('let in')
    expect(await asked(EVERYTHING, 'R', {})).toBe('levels: N is one that you may not see yourself')
  })

  it('whoever does not see all of a study decides nothing about it', async () => {
    const level = { level: 'N' }
    const blind = await call('POST', `/api/studies/${mixed}/confidentiality`, AS(EVERYTHING), level)
    expect([blind.status, PROBLEM.parse(await blind.json()).detail]).toEqual([
      403,
      'not allowed: this study is of a confidentiality level, in part, that you may not see',
    ])
    const above = await call('POST', `/api/studies/${normal}/confidentiality`, AS(EVERYTHING), { level: 'V' })
    expect([above.status, PROBLEM.parse(await above.json()).detail]).toEqual([
      403,
      'level: V is one that you may not see: you could not take it back',
    ])
  })

  it('a manifest of another level, its file and its delivery are not there', async () => {
    const [record] = await api.parts.catalog.manifestsOf(restricted)
    const { sopInstanceUid } = record!
    for (const [method, path] of OF_MANIFEST)
      expect((await call(method, `/api/manifests/${sopInstanceUid}${path}`, AS(EVERYTHING))).status).toBe(404)
    const file = await call('GET', `/api/manifests/${sopInstanceUid}/file`, AS('get status', 'R'))
    expect([file.status, file.headers.get('content-type'), file.headers.get('content-disposition')]).toEqual([
      200,
      'application/dicom',
      `attachment; filename="${sopInstanceUid}.dcm"`,
    ])
    expect(Buffer.from(await file.arrayBuffer()).toString('latin1', 128, 132)).toBe('DICM')
  })

  it('a former version that names what was raised to another level since is neither listed nor there', async () => {
    const [study, series, other] = [newUid(), newUid(), newUid()]
    const words = (text: string) => (to: ElementWriter) => to.element(0x0008103e, 'LO', text)
    await receive(api.held, { study, series, also: words('SECRET') })
    await receive(api.held, { study, series: other, seriesNumber: 2, also: words('OPEN') })
    await buildManifest(api.parts, study, 'quiet')
    const listed = async (levels: string) => {
      const { manifests } = STUDY.parse(await (await call('GET', `/api/studies/${study}`, AS(EVERYTHING, levels))).json())
      return Object.fromEntries(manifests.map((one) => [`${one.confidentiality} ${one.version}`, one.sopInstanceUid]))
    }
    const tree = async (manifest: string, levels = 'N') =>
      MANIFEST.parse(await (await call('GET', `/api/manifests/${manifest}`, AS(EVERYTHING, levels))).json()).tree
    const { 'N 1': first = '' } = await listed('N')
    expect(await tree(first)).toMatch(/SECRET(.|\n)*OPEN/)

    await decide(api.parts, { kind: 'confidentiality decided', studyInstanceUid: study, seriesInstanceUid: series, level: 'R' })
    await buildManifest(api.parts, study, 'quiet')
    const { 'N 2': second = '', ...others } = await listed('N')
    expect([others, Object.keys(await listed('N R')).sort()]).toEqual([{}, ['N 1', 'N 2', 'R 1']])
    expect(await tree(second)).toMatch(/OPEN/)
    expect(await tree(second)).not.toMatch(/SECRET/)
    const told = MANIFEST.parse(await (await call('GET', `/api/manifests/${second}`, AS(EVERYTHING))).json())
    expect(told.reason).toBe('')
    for (const [method, path] of OF_MANIFEST)
      expect((await call(method, `/api/manifests/${first}${path}`, AS(EVERYTHING))).status).toBe(404)
    expect(await tree(first, 'N R')).toMatch(/SECRET(.|\n)*OPEN/)
  })
})

describe('bad input', () => {
  it.each([
    ['/api/studies?limit=many', 'limit: expected a whole number from 1 to 200'],
    ['/api/studies?limit=0', /^limit: /],
    ['/api/studies?from=2026-13-01', 'from: expected a date, YYYYMMDD or YYYY-MM-DD'],
    ['/api/studies?to=tomorrow', 'to: expected a date, YYYYMMDD or YYYY-MM-DD'],
    ['/api/studies?state=odd', /^state: /],
    ['/api/studies?after=elsewhere', 'after: expected what `next` said'],
    ['/api/studies?patient=x', 'Unrecognized key: "patient"'],
    ['/api/studies/not-a-uid', 'study: expected a UID'],
    ['/api/manifests/1..2', 'uid: expected a UID'],
    ['/api/deliveries?state=lost', /^state: /],
    ['/api/deliveries?after=e30', 'after: expected what `next` said'],
  ])('GET %s', async (path, detail) => {
    const answer = await call('GET', path, AS(EVERYTHING))
    const told = PROBLEM.parse(await answer.json())
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    if (typeof detail === 'string') expect(told.detail).toBe(detail)
    else expect(told.detail).toMatch(detail)
  })

  it.each([
    ['withdraw', {}, /^reason: /],
    ['withdraw', { reason: '  ' }, /^reason: /],
    ['withdraw', { reason: 'x', more: 1 }, /Unrecognized key: "more"/],
    ['resolve', { identity: 'two' }, /^identity: /],
    ['resolve', { identity: 7 }, 'identity: found 7, expected one of its identities: 1'],
    ['confidentiality', { level: 'X' }, /^level: /],
  ])('POST %s %j', async (action, body, detail) => {
    const answer = await call('POST', `/api/studies/${normal}/${action}`, AS(EVERYTHING), body)
    const told = PROBLEM.parse(await answer.json())
    expect(answer.status).toBe(400)
    if (typeof detail === 'string') expect(told.detail).toBe(detail)
    else expect(told.detail).toMatch(detail)
  })

  it('a body that is no JSON, none, or too long', async () => {
    const send = (body: string) =>
      fetch(`${api.url}/api/studies/${normal}/withdraw`, {
        method: 'POST',
        headers: { ...AS(EVERYTHING), 'content-type': 'application/json' },
        body,
      })
    expect((await send('{')).status).toBe(400)
    expect((await send('')).status).toBe(400)
    expect((await send(JSON.stringify({ reason: 'x'.repeat(2_000_000) }))).status).toBe(413)
  })

  it('an identifier of a delivery that is none, or is not there', async () => {
    expect((await call('POST', '/api/deliveries/first/retry', AS(EVERYTHING))).status).toBe(400)
    expect((await call('POST', '/api/deliveries/99999/retry', AS(EVERYTHING))).status).toBe(404)
  })
})

it('a page of another site cannot act through the browser of whoever is allowed to', async () => {
  const from = (headers: Record<string, string>) => call('POST', `/api/studies/${normal}/build`, { ...AS(EVERYTHING), ...headers })
  const others: Record<string, string>[] = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]
  for (const headers of others) {
    const answer = await from(headers)
    expect([headers, answer.status]).toEqual([headers, 403])
  }
  expect((await from({ origin: api.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
})

it('what a study shows costs as many questions to the catalog however many series it has', async () => {
  const study = newUid()
  const find = vi.spyOn(api.parts.catalog, 'find')
  const questions: number[] = []
  for (const seriesNumber of [1, 2, 3]) {
    await receive(api.held, { study, series: newUid(), seriesNumber })
    find.mockClear()
    const told = STUDY.parse(await (await call('GET', `/api/studies/${study}`, AS('status find'))).json())
    expect(told.seriesList.filter(({ firstInstance }) => firstInstance !== undefined)).toHaveLength(seriesNumber)
    questions.push(find.mock.calls.length)
  }
  find.mockRestore()
  expect(questions).toEqual([2, 2, 2])
})
