/** The web port of a real node: where it listens, what it refuses, and in which words. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type NodeProcess, startNode } from '../support/node-process.ts'

let node: NodeProcess

beforeAll(async () => {
  node = await startNode()
})
afterAll(() => node?.stop())

it('lives', async () => {
  const answer = await fetch(`${node.webUrl}/health/live`)
  expect([answer.status, await answer.json()]).toEqual([200, { live: true }])
})

it('says what is not there', async () => {
  const answer = await fetch(`${node.webUrl}/nothing`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8'])
  expect(await answer.json()).toEqual({ status: 404, detail: 'no such address here' })
})

it('a port that somebody else has is told with the setting that names it', async () => {
  const second = startNode({ settings: { web: { port: node.webPort } } })
  await expect(second).rejects.toThrow(
    `cannot listen at 127.0.0.1:${node.webPort}: another program (another node?) has this port; choose one with web.port`,
  )
})
