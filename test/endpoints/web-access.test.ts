/** Who may in on the web of a real node: this machine, tokens of `ariane token`, sessions. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAriane } from '../admin/run-ariane.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, TAG, textOf } from '../support/data-sets.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { head, rawHttp } from '../support/raw-http.ts'
import { sendFiles } from '../support/sender.ts'

let node: NodeProcess
const FOREIGN = { 'X-Forwarded-For': '10.9.8.7' }
const ALL = ['find', 'get', 'store', 'status', 'operate']

beforeAll(async () => {
  node = await startNode({ settings: { web: { hosts: ['pacs.example'] } } })
})
afterAll(() => node?.stop())

const ariane = (...args: string[]) => runAriane(node.folder, ['--config', node.configFile, 'token', ...args])
const create = async (...args: string[]): Promise<string> => {
  const run = await ariane('create', ...args)
  expect(run.exitCode, run.stderr).toBe(0)
  return run.stdout.trim()
}
const session = async (headers: Record<string, string> = {}, method = 'GET') => {
  const answer = await fetch(`${node.webUrl}/api/session`, { method, headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, told: text === '' ? undefined : JSON.parse(text) }
}
const bearer = (token: string) => ({ Authorization: `Bearer ${token}`, ...FOREIGN })

describe('this machine', () => {
  it('may do everything, and sees level N', async () => {
    expect((await session()).told).toEqual({ caller: 'local', rights: ALL, levels: ['N'], tokenNeeded: false })
  })

  it.each([
    'Forwarded: for=10.0.0.1',
    'X-Forwarded-For: 127.0.0.1',
    'X-FORWARDED-FOR: ::1',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-Proto: https',
    'X-Real-IP: 127.0.0.1',
    'Via: 1.1 proxy',
    'X-Forwarded-For:',
    'Host: pacs.example',
  ])('is not what a proxy passed on: %s', async (line) => {
    const host = line.startsWith('Host') ? [] : [`Host: localhost:${node.webPort}`]
    const { text } = await rawHttp(node.webPort, head('GET /api/session HTTP/1.1', ...host, line, 'Connection: close'))
    expect(text).toContain('"tokenNeeded":true')
  })

  it('is not who speaks HTTP/1.0, as nginx does unless told otherwise', async () => {
    const { text } = await rawHttp(node.webPort, head('GET /api/session HTTP/1.0', 'Host: localhost'))
    expect(text).toContain('"tokenNeeded":true')
  })

  it('is not who hides a header of a proxy behind thousands of others', async () => {
    const many = Array.from({ length: 2_500 }, () => 'a:')
    const { text } = await rawHttp(
      node.webPort,
      head('GET /api/session HTTP/1.1', 'Host: localhost', ...many, 'X-Forwarded-For: 10.0.0.1', 'Connection: close'),
    )
    expect(text).toContain('"tokenNeeded":true')
  })

  it('has not what it shows a wrong token for', async () => {
    expect((await session({ Authorization: 'Bearer ariane_wrong' })).status).toBe(401)
  })
})

describe('a token', () => {
  it('is shown once, and kept as a hash that only the node may read', async () => {
    const token = await create('WEASIS', '--rights', 'find,get', '--levels', 'N', 'R', '--expires', '30')
    expect(token).toMatch(/^ariane_[\w-]{43}$/)
    const file = join(node.storagePath, 'tokens.json')
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain(token)
    expect(text).toContain(createHash('sha256').update(token).digest('hex'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await session(bearer(token))).told).toEqual({
      caller: 'token:WEASIS',
      rights: ['find', 'get'],
      levels: ['N', 'R'],
      tokenNeeded: false,
    })
    // From this machine too it is what counts.
    expect((await session({ Authorization: `bearer ${token}` })).told.rights).toEqual(['find', 'get'])
  })

  it('holds until it is revoked, and not a request longer', async () => {
    const token = await create('SHORT', '--rights', 'status')
    for (let round = 0; round < 3; round++) expect((await session(bearer(token))).status).toBe(200)
    expect((await ariane('revoke', 'SHORT')).exitCode).toBe(0)
    const refused = await session(bearer(token))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer realm="ariane", error="invalid_token"/)
    expect(node.log()).toMatch(/caller refused on the web.*address=/)
    expect(node.log()).not.toContain(token.slice(7, 20))
  })

  it('holds no answer open that is under way when it is revoked', async () => {
    const size = 64 * 1024 * 1024
    const image = ct({ [TAG.PixelData]: ['OW', Buffer.alloc(size)] })
    const [study, uid] = [TAG.StudyInstanceUID, TAG.SOPInstanceUID].map((tag) => textOf(image, tag))
    const names = { name: 'large', sopClassUid: CT_IMAGE, sopInstanceUid: uid!, transferSyntaxUid: EXPLICIT_LE }
    await sendFiles(node, [{ ...names, dataSet: encode(image) }])
    const [token, other] = [await create('LONG', '--rights', 'status', 'get'), await create('STAYS', '--rights', 'status')]
    const events = await fetch(`${node.webUrl}/api/events`, { headers: bearer(token) })
    const goesOn = await fetch(`${node.webUrl}/api/events`, { headers: bearer(other) })
    const study1 = await fetch(`${node.webUrl}/dicom-web/studies/${study}`, { headers: bearer(token) })
    expect([events.status, goesOn.status, study1.status]).toEqual([200, 200, 200])
    await ariane('revoke', 'LONG')
    await expect(events.text()).rejects.toThrow()
    await eventually('both are ended', () => node.log().match(/an answer is ended.*token:LONG/g)?.length === 2)
    await expect(study1.arrayBuffer()).rejects.toThrow()
    expect(node.log()).not.toMatch(/an answer is ended.*token:STAYS/)
    const reader = goesOn.body!.getReader()
    expect((await reader.read()).done).toBe(false)
    await reader.cancel()
  })

  it('is over when its days are', async () => {
    const token = await create('OLD', '--rights', 'get', '--expires', '1')
    expect((await session(bearer(token))).status).toBe(200)
    const file = join(node.storagePath, 'tokens.json')
    const list = JSON.parse(readFileSync(file, 'utf8')) as { tokens: { name: string; expiresAt?: number }[] }
    for (const one of list.tokens) if (one.name === 'OLD') one.expiresAt = Date.now() - 1
    writeFileSync(file, JSON.stringify(list))
    expect((await session(bearer(token))).status).toBe(401)
  })

  it.each(['', 'ariane_', 'x', 'a.b.c', `ariane_${'a'.repeat(43)}`, 'a'.repeat(9000), 'ariane_ é', '"', '../../etc/passwd'])(
    'is none: %j',
    async (token) => {
      const { text } = await rawHttp(
        node.webPort,
        head('GET /api/session HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`, 'Connection: close'),
      )
      expect(text).toMatch(/^HTTP\/1.1 (401|429) /)
    },
  )

  it('is not another scheme', async () => {
    expect((await session({ Authorization: 'Basic YTpi' })).status).toBeOneOf([401, 429])
  })

  it('two that are made at once are both kept', async () => {
    const tokens = await Promise.all(['A', 'B', 'C'].map((name) => create(name, '--rights', 'get')))
    for (const token of tokens) expect((await session(bearer(token))).status).toBe(200)
  })

  it('is listed with its last use, without its hash', async () => {
    const run = await ariane('list', '--json')
    const listed = JSON.parse(run.stdout) as { name: string }[]
    expect(listed.map((one) => one.name)).toEqual(expect.arrayContaining(['WEASIS', 'A', 'B', 'C']))
    expect(run.stdout).not.toMatch(/sha256|[0-9a-f]{64}/)
  })

  it.each([
    [['create', 'WEASIS', '--rights', 'get'], 1, /there is a token WEASIS/],
    [['create', 'X', '--rights', 'fly'], 2, /--rights: found "fly", expected some of find, get/],
    [['create', 'X', '--rights', 'get', '--levels', 'Z'], 2, /--levels: found "Z"/],
    [['create', 'X', '--rights', 'get', '--expires', '0'], 2, /--expires/],
    [['create', 'a b', '--rights', 'get'], 2, /name/],
    [['create', 'X'], 2, /required option/],
    [['revoke', 'NOBODY'], 1, /no token "NOBODY"/],
  ])('%j is refused in words', async (args, exitCode, words) => {
    const run = await ariane(...args)
    expect([run.exitCode, run.stdout]).toEqual([exitCode, ''])
    expect(run.stderr).toMatch(words)
  })
})

describe('a session', () => {
  const cookieOf = (headers: Headers): string => headers.get('set-cookie')!.split(';')[0]!

  it('is opened with a token, and carries its rights in a cookie that no script reads', async () => {
    const token = await create('PAGE', '--rights', 'status')
    const opened = await session(bearer(token), 'POST')
    expect(opened.status).toBe(200)
    const set = opened.headers.get('set-cookie')!
    expect(set).toMatch(/^ariane_session=[\w-]{43}; Path=\/; Max-Age=28(?:800|799); HttpOnly; SameSite=Strict$/)
    expect(set).not.toContain(token)
    const Cookie = `theme=dark; ${cookieOf(opened.headers)}; x=y`
    expect((await session({ Cookie, ...FOREIGN })).told).toMatchObject({ caller: 'token:PAGE', rights: ['status'] })
    // Revoked: the session is over with it.
    await ariane('revoke', 'PAGE')
    expect((await session({ Cookie, ...FOREIGN })).told).toMatchObject({ caller: 'anybody', tokenNeeded: true })
  })

  it('ends when it is asked to', async () => {
    const opened = await session(bearer(await create('LEAVES', '--rights', 'status')), 'POST')
    const Cookie = cookieOf(opened.headers)
    const ended = await session({ Cookie, ...FOREIGN }, 'DELETE')
    expect([ended.status, ended.headers.get('set-cookie')]).toEqual([204, 'ariane_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict'])
    expect((await session({ Cookie, ...FOREIGN })).told.tokenNeeded).toBe(true)
  })

  it('holds no events open when it is ended', async () => {
    const Cookie = cookieOf((await session(bearer(await create('WATCHES', '--rights', 'status')), 'POST')).headers)
    const events = await fetch(`${node.webUrl}/api/events`, { headers: { Cookie, ...FOREIGN } })
    expect(events.status).toBe(200)
    await session({ Cookie, ...FOREIGN }, 'DELETE')
    await expect(events.text()).rejects.toThrow()
  })

  it('needs a token, even from this machine', async () => {
    expect((await session({}, 'POST')).status).toBe(400)
    expect((await session({ Authorization: 'Bearer ariane_x' }, 'POST')).status).toBeOneOf([401, 429])
  })
})

it('says nobody who it is, and takes no list that cannot be read', async () => {
  const token = await create('LAST', '--rights', 'get')
  const file = join(node.storagePath, 'tokens.json')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.slice(0, -20))
  expect((await session(bearer(token))).status).toBe(503)
  expect((await session()).status).toBe(200)
  expect(node.log()).toContain('the list of tokens cannot be read')
  writeFileSync(file, text)
  expect((await session(bearer(token))).status).toBe(200)
})

it('slows down who guesses, and lets in who knows', async () => {
  const token = await create('KNOWS', '--rights', 'get')
  const statuses: number[] = []
  for (let round = 0; round < 30; round++) statuses.push((await session({ Authorization: `Bearer ariane_${round}` })).status)
  expect(statuses.at(-1)).toBe(429)
  expect((await session(bearer(token))).status).toBe(200)
  expect(node.log().match(/caller refused on the web/g)!.length).toBeLessThan(5)
})

it('is told of who was refused, where one looks for it', async () => {
  const seen = async () => (await runAriane(node.folder, ['--config', node.configFile, 'peer', 'seen'])).stdout
  await eventually('the refused caller', async () =>
    /web: not known +127\.0\.0\.1 .*rejected: the token is not accepted/.test(await seen()),
  )
  expect(await seen()).toContain('ariane token create NAME --rights find get')
})

it('notes the last use when it stops, and takes what SIGHUP brings', async () => {
  const config = JSON.parse(readFileSync(node.configFile, 'utf8'))
  writeFileSync(node.configFile, JSON.stringify({ ...config, web: { ...config.web, auth: { local: 'read', localLevels: ['N', 'V'] } } }))
  node.process.kill('SIGHUP')
  await eventually('the settings to hold', async () => (await session()).told.rights.length === 3)
  expect((await session()).told).toMatchObject({ rights: ['find', 'get', 'status'], levels: ['N', 'V'] })
  writeFileSync(node.configFile, JSON.stringify({ ...config, web: { ...config.web, auth: { local: 'refuse' } } }))
  node.process.kill('SIGHUP')
  await eventually('the settings to hold', async () => (await session()).told.tokenNeeded === true)
  node.process.kill('SIGTERM')
  await node.exited
  const listed = JSON.parse((await ariane('list', '--json')).stdout) as { name: string; lastUsedAt?: number }[]
  expect(listed.find((one) => one.name === 'KNOWS')!.lastUsedAt).toBeGreaterThan(Date.now() - 120_000)
})
