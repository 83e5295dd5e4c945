/** /health of a node that is not well: which status, which words, and who is told them. */
import { expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { HEALTH } from '../../src/endpoints/api/api-contract.ts'
import type { StatusParts } from '../../src/endpoints/status/status-parts.ts'
import { ERRORS } from '../../src/errors.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { receive, target } from '../manifest/held-studies.ts'
import { silenceLog, withMethods } from '../receive/sample-instances.ts'
import { type Api, AS, openApiFor } from './api-material.ts'

silenceLog()
const HOUR_MS = 3_600_000

async function told(api: Api, path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.url}${path}`, { headers })
  const { ready, reasons } = HEALTH.parse(await answer.json())
  return { status: answer.status, ready, reasons }
}

const closed = { port: 11112, isOpen: () => false, open: () => 0 }

it.each<[string, Partial<StatusParts>, RegExp]>([
  ['the DICOM port is closed', { dicom: closed }, /^the DICOM port is not open$/],
  ['the storage is gone', { isThere: async () => false }, /^the storage is not there: is its disk mounted\?$/],
  ['the storage is not there to be written to', { path: '/nowhere' }, /^the storage cannot be written to \(ENOENT\)$/],
  [
    'a worker hangs',
    { workers: () => ({ 'manifest worker': Date.now() - HOUR_MS }) },
    /^the manifest worker has given no sign of life for 10 minutes$/,
  ],
])('where %s: 503 at both addresses, with the reason', async (_what, over, reason) => {
  const api = await openApiFor({}, over)
  for (const path of ['/health', '/health/ready']) {
    const { status, ready, reasons } = await told(api, path, AS('status'))
    expect([status, ready, reasons]).toEqual([503, false, [expect.stringMatching(reason)]])
    expect(await told(api, path)).toEqual({ status: 503, ready: false, reasons: undefined })
  }
  expect((await fetch(`${api.url}/health/live`)).status).toBe(200)
})

it('where there is no room: how much there is, and how much is kept in reserve', async () => {
  const api = await openApiFor({})
  const storage = withMethods(api.held.storage, { freeBytes: async () => 5 })
  const config = { ...api.parts.config(), storage: { ...api.parts.config().storage, reserveBytes: 10 } }
  const full = await openApiFor({}, { storage, config: () => config })
  expect((await told(full, '/health', AS('status'))).reasons).toEqual([
    'no room: 5 bytes are free, 10 are kept in reserve (storage.reserveBytes)',
  ])
})

it('where instances are refused for want of room, until one is kept again', async () => {
  const api = await openApiFor({})
  const { meters } = api.parts
  for (let count = 0; count < 3; count++) meters.instance('CT1', 0xa700, 5)
  const troubled = { status: 503, ready: true, reasons: ['3 instances in a row were refused for want of room (A700); the log says why'] }
  expect(await told(api, '/health', AS('status'))).toEqual(troubled)
  expect((await told(api, '/health/ready', AS('status'))).status).toBe(200)
  meters.instance('CT1', 0, 5)
  const again = await openApiFor({}, { meters })
  expect(await told(again, '/health', AS('status'))).toEqual({ status: 200, ready: true, reasons: [] })
})

it('one that is too large is not for want of room, whoever sends it', async () => {
  const api = await openApiFor({})
  for (const { status, tell } of [ERRORS.INSTANCE_TOO_LARGE, ERRORS.INFLATED_TOO_LARGE]) {
    const answer = { status, errorComment: tell }
    await api.parts.meters.counting('CT1', { write: () => undefined, end: () => Promise.resolve(answer), abandon: () => undefined }).end()
  }
  expect(await told(api, '/health', AS('status'))).toEqual({ status: 200, ready: true, reasons: [] })
})

it('where the catalog does not answer', async () => {
  const api = await openApiFor({})
  const catalog = withMethods(api.held.catalog, { ping: () => Promise.reject(new Error('locked')) })
  const broken = await openApiFor({}, { catalog })
  expect(await told(broken, '/health', AS('status'))).toEqual({ status: 503, ready: false, reasons: ['the catalog does not answer'] })
})

it('where deliveries are stuck or given up: somebody is needed, but instances are taken in', async () => {
  const api = await openApiFor({ targets: [target('drop')] }, { now: () => Date.now() + 2 * HOUR_MS, workers: () => ({}) })
  const study = newUid()
  await receive(api.held, { study })
  await buildManifest({ ...api.parts, now: Date.now }, study, 'quiet')
  expect(await told(api, '/health', AS('status'))).toEqual({
    status: 503,
    ready: true,
    reasons: ['1 deliveries to drop wait, one for more than an hour'],
  })
  expect((await told(api, '/health/ready', AS('status'))).status).toBe(200)
  const [delivery] = await api.parts.catalog.deliveriesDue(Date.now(), 1)
  await api.parts.catalog.settleDelivery(delivery!.id, { state: 'failed', attempts: 1, nextAttemptAt: 0, lastError: 'no' })
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  expect((await told(api, '/health', AS('status'))).reasons).toEqual(['1 deliveries to drop were given up'])
})
