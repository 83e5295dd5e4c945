/** The web port of a real node: where it listens, what it refuses, and in which words. */
import { get, type IncomingMessage } from 'node:http'
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

it.each([
  ['a percent sign alone', '/api/studies/<script>%', 400, 'the address cannot be read: after % come two hexadecimal digits, of UTF-8'],
  ['no UTF-8', '/api/studies/%ff', 400, 'the address cannot be read: after % come two hexadecimal digits, of UTF-8'],
  ['a long part', `/dicom-web/studies/${'9'.repeat(9000)}`, 414, 'a part of the address is longer than 8192 characters'],
])(
  'refuses an address that cannot be read as it refuses everything, and does not say it again: %s',
  async (_what, path, status, detail) => {
    const told = async (host?: string) => {
      const answer = await getRaw(path, host)
      return {
        status: answer.statusCode,
        type: answer.headers['content-type'],
        sniff: answer.headers['x-content-type-options'],
        body: answer.body,
      }
    }
    const asUsual = { type: 'application/problem+json; charset=utf-8', sniff: 'nosniff' }
    expect(await told()).toEqual({ ...asUsual, status, body: JSON.stringify({ status, detail }) })
    expect(await told('elsewhere.example.org')).toMatchObject({ ...asUsual, status: 421 })
  },
)

/** `fetch` would mend the address. */
function getRaw(path: string, host?: string): Promise<IncomingMessage & { body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(node.webUrl)
    get({ hostname, port, path, headers: host === undefined ? {} : { host } }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () => resolve(Object.assign(answer, { body })))
    }).on('error', reject)
  })
}
