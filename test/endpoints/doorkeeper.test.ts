/** What stands before each route, with routes of the test's own: rights, what a refused caller is told, what is told of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadFrom } from '../../src/config/load-config.ts'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import { WEB_RIGHTS } from '../../src/dicom/web-rights.ts'
import { jsonAnswer } from '../../src/dicomweb/web-service.ts'
import type { RefusedCall } from '../../src/endpoints/web/failed-attempts.ts'
import { openWebGate } from '../../src/endpoints/web/web-access.ts'
import { listenOnWeb, type WebListener } from '../../src/endpoints/web/web-listener.ts'
import { changeTokens, hashOfToken, newToken } from '../../src/storage/web-tokens.ts'

const folder = mkdtempSync(join(tmpdir(), 'ariane-door-'))
const config = loadFrom(join(folder, 'ariane.yaml'), JSON.stringify({ storage: { path: folder }, web: { port: 0 } }), {
  env: {},
  cwd: folder,
}).config
const refused: RefusedCall[] = []
let served = 0
let web: WebListener

beforeAll(async () => {
  web = await listenOnWeb({
    config: () => config,
    gate: openWebGate(() => config),
    refused: (call) => refused.push(call),
    routes: WEB_RIGHTS.flatMap((right) =>
      (['GET', 'POST', 'PUT', 'DELETE'] as const).map((method) => ({
        method,
        path: `/${right}/:uid`,
        right,
        summary: right,
        serve: async ({ caller }) => {
          served++
          return jsonAnswer({ caller: caller.name, levels: caller.levels })
        },
      })),
    ),
  })
})
afterAll(async () => {
  await web?.close(0)
  rmSync(folder, { recursive: true, force: true })
})

const ask = (path: string, method: string, token?: string) =>
  fetch(`http://127.0.0.1:${web.port}${path}`, {
    method,
    headers: { 'X-Forwarded-For': '10.0.0.1', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
  })

it.each(WEB_RIGHTS)('lets %s in with that right only', async (right) => {
  const token = newToken()
  await changeTokens(folder, (tokens) => [
    ...tokens,
    { name: right, sha256: hashOfToken(token), rights: [right], levels: ['R', 'V'], createdAt: Date.now() },
  ])
  for (const wanted of WEB_RIGHTS)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
      const before = served
      const answer = await ask(`/${wanted}/1.2`, method, token)
      expect([wanted, method, answer.status, served - before]).toEqual([
        wanted,
        method,
        wanted === right ? 200 : 403,
        wanted === right ? 1 : 0,
      ])
      if (wanted !== right) {
        expect(answer.headers.get('www-authenticate')).toBe(`Bearer realm="ariane", error="insufficient_scope", scope="${wanted}"`)
        if (method !== 'HEAD') expect(await answer.json()).toEqual({ status: 403, detail: `not allowed: this needs the right "${wanted}"` })
      } else if (method === 'GET') expect(await answer.json()).toEqual({ caller: `token:${right}`, levels: levelSet(['R', 'V']) })
    }
})

it('lets nobody in who shows nothing, and asks for a token', async () => {
  const before = served
  for (const right of WEB_RIGHTS)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
      const answer = await ask(`/${right}/1.2`, method)
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="ariane"'])
    }
  expect(served).toBe(before)
})

it('tells once of each who was refused, with the path and without the query', async () => {
  await ask('/get/1.2?PatientName=DUPONT', 'GET')
  expect(refused.filter((call) => call.caller === undefined)).toHaveLength(1)
  expect(refused.filter((call) => call.caller === 'token:find')).toEqual([
    { address: '127.0.0.1', method: 'GET', path: '/get/1.2', caller: 'token:find', why: 'not allowed: this needs the right "get"' },
  ])
  expect(JSON.stringify(refused)).not.toContain('DUPONT')
})
