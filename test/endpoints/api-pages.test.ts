/** Lists of /api that come in pages: each row once, in one order, whatever happens between two pages. */
import { beforeAll, expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { DELIVERIES, PROBLEM } from '../../src/endpoints/api/api-contract.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { decide } from '../../src/storage/decisions.ts'
import { receive, target } from '../manifest/held-studies.ts'
import { silenceLog } from '../receive/sample-instances.ts'
import { type Api, AS, openApiFor } from './api-material.ts'

silenceLog()

let api: Api
const TARGETS = ['registry', 'archive', 'portal']

beforeAll(async () => {
  api = await openApiFor({ targets: TARGETS.map((name) => ({ ...target(name), levels: ['N', 'R'] })) })
  for (let study = 0; study < 3; study++) await published()
})

async function published(level?: 'R'): Promise<void> {
  const study = newUid()
  await receive(api.held, { study })
  if (level !== undefined) await decide(api.parts, { kind: 'confidentiality decided', studyInstanceUid: study, level })
  await buildManifest(api.parts, study, 'quiet')
}

const ask = (query: string, levels = 'N') => fetch(`${api.url}/api/deliveries?${query}`, { headers: AS('status', levels) })
const page = async (query: string, levels?: string) => DELIVERIES.parse(await (await ask(query, levels)).json())

async function everything(query: string, between: () => Promise<unknown> = async () => undefined, levels?: string): Promise<number[]> {
  const ids: number[] = []
  for (let next: string | undefined = ''; next !== undefined; ) {
    const one = await page(`${query}&limit=4${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`, levels)
    expect(one.items.length).toBeLessThanOrEqual(4)
    ids.push(...one.items.map(({ id }) => id))
    next = one.next
    await between()
  }
  return ids
}

it('deliveries: page by page as in one, newest first', async () => {
  const whole = (await page('limit=200')).items.map(({ id }) => id)
  expect(whole).toHaveLength(9)
  expect(whole).toEqual(whole.toSorted((a, b) => b - a))
  expect(await everything('')).toEqual(whole)
  expect(await everything('state=waiting')).toEqual(whole)
  expect(await everything('state=done')).toEqual([])
})

it('deliveries: none twice and none left out while further ones are made and others change', async () => {
  const before = (await page('limit=200')).items.map(({ id }) => id)
  const seen = await everything('', async () => {
    await published()
    await api.parts.catalog.settleDelivery(before[2]!, { state: 'done', attempts: 1, nextAttemptAt: Date.now() })
  })
  expect(seen).toEqual(before)
})

it('deliveries: those of a level that the caller may not see take no place in a page', async () => {
  await published('R')
  const [some, all] = [await everything(''), await everything('', undefined, 'N R')]
  expect(all.length - some.length).toBe(TARGETS.length)
  const first = await page('limit=4')
  expect(first.items).toHaveLength(4)
})

it('a position that nobody gave is refused', async () => {
  const answer = await ask('after=nonsense')
  expect([answer.status, PROBLEM.parse(await answer.json()).detail]).toEqual([400, 'after: expected what `next` said'])
  expect((await ask('limit=201')).status).toBe(400)
})
