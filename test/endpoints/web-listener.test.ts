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
