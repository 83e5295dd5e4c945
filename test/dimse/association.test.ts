/** The upper layer on real sockets: our listener, our requestor, DCMTK's echoscu and storescp, the library's Client. */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import dimse from 'dcmjs-dimse'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { encodeAssociateAc, encodeAssociateRq } from '../../src/dimse/associate-pdu.ts'
import { encodeCommandSet } from '../../src/dimse/command-set.ts'
import { connect, type WantedContext } from '../../src/dimse/connect.ts'
import type { CommandSet, Request, Services, StoreSink } from '../../src/dimse/contract.ts'
import { type Listener, listen } from '../../src/dimse/listener.ts'
import { NodeError } from '../../src/errors.ts'
import { configureLog } from '../../src/log.ts'

const run = promisify(execFile)
const VERIFICATION = '1.2.840.10008.1.1'
const CT = '1.2.840.10008.5.1.4.1.1.2'
const FIND = '1.2.840.10008.5.1.4.1.2.2.1'
const GET = '1.2.840.10008.5.1.4.1.2.2.3'
const EXPLICIT = '1.2.840.10008.1.2.1'
const TIMEOUTS = { associateSeconds: 1, idleSeconds: 2, writeSeconds: 2, connectSeconds: 2, responseSeconds: 5 }

configureLog({ level: 'error' })

let listeners: Listener[] = []
afterEach(async () => {
  await Promise.all(listeners.map((one) => one.close(0)))
  listeners = []
})

const unused = async (): Promise<void> => {
  throw new Error('not used here')
}

async function serve(services: Partial<Services>, change: Partial<Parameters<typeof listen>[0]> = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    maxAssociations: 8,
    maxAssociationsPerAddress: 8,
    maxPduLength: 16_384,
    timeouts: TIMEOUTS,
    policy: {
      kindOf: (uid) =>
        uid === VERIFICATION ? 'verification' : uid === CT ? 'storage' : uid === FIND ? 'find' : uid === GET ? 'get' : 'none',
      isStorableSyntax: () => true,
      isDecodableSyntax: () => true,
      preferredSyntaxes: () => [],
      mayUse: () => true,
    },
    services: {
      admit: () => undefined,
      mayUse: () => true,
      store: () => gathering([]),
      find: unused,
      move: unused,
      get: unused,
      createStep: unused,
      setStep: unused,
      ...services,
    },
    seen: () => undefined,
    ...change,
  })
  listeners.push(listener)
  return listener
}

function gathering(into: Buffer[], pause?: () => Promise<void>): StoreSink {
  const parts: Buffer[] = []
  return {
    write: (fragment) => {
      parts.push(Buffer.from(fragment))
      return pause?.()
    },
    end: async () => {
      into.push(Buffer.concat(parts))
      return { status: 0 }
    },
    abandon: () => {
      into.push(Buffer.from('abandoned'))
    },
  }
}

const context = (abstractSyntax: string, more: Partial<WantedContext> = {}): WantedContext => ({
  abstractSyntax,
  transferSyntaxes: [EXPLICIT],
  ...more,
})
const open = (port: number, contexts: WantedContext[]) =>
  connect({
    host: '127.0.0.1',
    port,
    callingAeTitle: aeTitle('US'),
    calledAeTitle: aeTitle('THEM'),
    contexts,
    timeouts: TIMEOUTS,
    maxPduLength: 16_384,
  })

describe('association', () => {
  it('echoes: our requestor, DCMTK, and the library’s Client', async () => {
    const { port } = await serve({})
    const ours = await open(port, [context(VERIFICATION)])
    expect(await ours.echo()).toBe(0)
    await ours.release()
    await run('echoscu', ['127.0.0.1', String(port)])
    const status = await new Promise((resolve, reject) => {
      const client = new dimse.Client()
      const request = new dimse.requests.CEchoRequest()
      request.on('response', (response) => resolve(response.getStatus()))
      client.addRequest(request)
      client.on('networkError', reject)
      client.send('127.0.0.1', port, 'LIB', 'THEM')
    })
    expect(status).toBe(0)
  })

  it('streams a data set in both directions, byte for byte, with a slow receiver', async () => {
    const received: Buffer[] = []
    let pauses = 0
    const { port } = await serve({
      store: () =>
        gathering(received, async () => {
          if (++pauses % 20 === 0) await sleep(1)
        }),
    })
    const dataSet = Buffer.alloc(3_000_001, 'abcdefg')
    const association = await open(port, [context(CT)])
    const open$ = (): Readable => Readable.from([dataSet.subarray(0, 1_000_000), dataSet.subarray(1_000_000)])
    const result = await association.store({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT, open: open$ })
    await association.release()
    expect(result.status).toBe(0)
    expect(received).toHaveLength(1)
    expect(received[0]!.equals(dataSet)).toBe(true)
  })

  it('sends to DCMTK’s storescp what it keeps byte for byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ariane-dimse-'))
    const port = 20_000 + Math.floor(Math.random() * 20_000)
    const scp = spawn('storescp', ['+B', '-od', folder, String(port)], { env: { ...process.env, TCP_NODELAY: '1' } })
    try {
      await sleep(400)
      const association = await open(port, [context(CT)])
      const dataSet = Buffer.from('0800160055491a00312e322e3834302e31303030382e352e312e342e312e312e32000800180055490600312e322e3300', 'hex')
      const result = await association.store({
        sopClassUid: CT,
        sopInstanceUid: '1.2.3',
        transferSyntaxUid: EXPLICIT,
        open: () => Readable.from([dataSet]),
      })
      await association.release()
      expect(result.status).toBe(0)
    } finally {
      scp.kill()
      await rm(folder, { recursive: true })
    }
  })

  it('C-GET: sub-operations come on the same association', async () => {
    const { port } = await serve({
      get: async (request: Request) => {
        const { status } = await request.association.store({
          sopClassUid: CT,
          sopInstanceUid: '1.2.3',
          transferSyntaxUid: EXPLICIT,
          open: () => Readable.from([Buffer.from('data set')]),
        })
        await request.respond({ status: 0xff00, numberOfRemainingSuboperations: 0, numberOfCompletedSuboperations: 1 })
        await request.respond({ status, numberOfCompletedSuboperations: 1 })
      },
    })
    const received: Buffer[] = []
    const association = await open(port, [context(GET), context(CT, { asScp: true })])
    const progress: number[] = []
    const final = await association.get(
      GET,
      Buffer.from('identifier'),
      () => gathering(received),
      (answer) => progress.push(answer.status!),
    )
    await association.release()
    expect(final).toMatchObject({ status: 0, numberOfCompletedSuboperations: 1 })
    expect(progress).toEqual([0xff00])
    expect(received.map(String)).toEqual(['data set'])
  })

  it('C-FIND: answers stream with back-pressure; C-CANCEL is seen while they do', async () => {
    let sent = 0
    let stopped = false
    const { port } = await serve({
      find: async (request) => {
        request.stopped.addEventListener('abort', () => {
          stopped = true
        })
        while (sent < 200_000 && !request.stopped.aborted) {
          sent++
          await request.respond({ status: 0xff00 }, Buffer.alloc(4096, 'x'))
          if (sent === 1000) break
        }
        await request.respond({ status: 0 })
      },
    })
    const association = await open(port, [context(FIND)])
    let count = 0
    for await (const identifier of association.find(FIND, Buffer.from('key'))) {
      expect(identifier).toHaveLength(4096)
      count++
    }
    expect(count).toBe(1000)
    expect(stopped).toBe(false)
    await association.release()
  })

  it('C-FIND: many answers in one write arrive as they are, each in its turn, whatever their lengths', async () => {
    const identifiers = Array.from({ length: 300 }, (_, at) => Buffer.alloc(at === 7 ? 300_000 : (at * 37) % 900, at % 256))
    const { port } = await serve({
      find: async (request) => {
        const answers = identifiers.map((identifier, at) => ({ fields: { status: at % 2 === 0 ? 0xff00 : 0xff01 }, identifier }))
        await request.respondAll(answers.slice(0, 100))
        await request.respond({ status: 0xff00 }, Buffer.from('between'))
        await request.respondAll([...answers.slice(100), { fields: { status: 0 } }])
      },
    })
    const association = await open(port, [context(FIND)])
    const arrived: Buffer[] = []
    for await (const identifier of association.find(FIND, Buffer.from('key'))) arrived.push(identifier)
    const sent = [...identifiers.slice(0, 100), Buffer.from('between'), ...identifiers.slice(100)]
    expect(arrived).toHaveLength(sent.length)
    expect(arrived.every((identifier, at) => identifier.equals(sent[at]!))).toBe(true)
    await association.release()
  })

  it('abandons the data set and stops the service when the peer goes away', async () => {
    const received: Buffer[] = []
    const { port } = await serve({ store: () => gathering(received) })
    const association = await open(port, [context(CT)])
    async function* dying(): AsyncGenerator<Buffer> {
      for (let chunk = 0; chunk < 3; chunk++) {
        yield Buffer.alloc(100_000)
        await sleep(10)
      }
      throw new Error('disk gone')
    }
    const failed = association
      .store({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT, open: () => Readable.from(dying()) })
      .catch((error: Error) => error)
    expect(await failed).toBeInstanceOf(Error)
    await expect.poll(() => received.map(String)).toEqual(['abandoned'])
  })

  it('P1 P2: closes a connection that does not associate, measured from connect', async () => {
    const { port } = await serve({})
    const began = performance.now()
    const socket = connectTcp(port, '127.0.0.1')
    const drip = setInterval(() => socket.write('\x01'), 300)
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(drip)
    expect(performance.now() - began).toBeLessThan(1800)
  })

  it('sends each message that fits in one write, without waiting for more (Nagle)', async () => {
    const { port, associations } = await serve({
      find: async (request) => {
        await request.respond({ status: 0xff00 }, Buffer.alloc(500, 1))
        await request.respond({ status: 0 })
      },
    })
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
    const association = await open(port, [context(FIND)])
    expect(noDelay.mock.calls).toEqual([[true], [true]])
    noDelay.mockRestore()
    const [accepted] = associations
    const writes = vi.spyOn(accepted!.socket, 'write')
    const answers: Buffer[] = []
    for await (const answer of association.find(FIND, Buffer.from('key'))) answers.push(answer)
    expect(answers).toHaveLength(1)
    expect(writes).toHaveBeenCalledTimes(2)
    await association.release()
  })

  it('ends an idle association, but not one that is being served', async () => {
    const { port, associations } = await serve({
      find: async (request) => {
        await sleep(3000)
        await request.respond({ status: 0 })
      },
    })
    const idle = await open(port, [context(VERIFICATION)])
    const busy = await open(port, [context(FIND)])
    const answers: Buffer[] = []
    for await (const answer of busy.find(FIND, Buffer.from('key'))) answers.push(answer)
    expect(idle.ended.aborted).toBe(true)
    expect(busy.ended.aborted).toBe(false)
    await busy.release()
    await expect.poll(() => associations.size).toBe(0)
  })

  it('A26: rejects beyond its bounds as transient, and takes the next one when there is room', async () => {
    const { port } = await serve({}, { maxAssociationsPerAddress: 2 })
    const first = await open(port, [context(VERIFICATION)])
    const second = await open(port, [context(VERIFICATION)])
    await expect(open(port, [context(VERIFICATION)])).rejects.toMatchObject({
      code: 'PEER_REJECTED',
      details: { result: 2, source: 3, reason: 2 },
    })
    await first.release()
    const third = await open(port, [context(VERIFICATION)])
    expect(await third.echo()).toBe(0)
    await third.release()
    await second.release()
  })

  it('tells an unreachable peer from one that rejects and one that is silent', async () => {
    await expect(open(1, [context(VERIFICATION)])).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    const { port } = await serve({ admit: () => ({ result: 1, source: 1, reason: 7, why: 'x' }) })
    await expect(open(port, [context(VERIFICATION)])).rejects.toMatchObject({ code: 'PEER_REJECTED' })
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address() as { port: number }
    await expect(open(address.port, [context(VERIFICATION)])).rejects.toMatchObject({ code: 'PEER_TIMEOUT' })
    silent.close()
  })
})

describe('a source of bytes', () => {
  // biome-ignore lint/correctness/useYield: it fails before it gives anything
  async function* failing(): AsyncGenerator<Buffer> {
    throw new NodeError('STORAGE_FAILED')
  }

  const sourceOf = (dataSet: Buffer, endsAt = dataSet.length) => {
    const source = {
      sizeBytes: dataSet.length,
      closed: 0,
      read: async (into: readonly Buffer[], position: number) => {
        let at = position
        for (const place of into) at += dataSet.copy(place, 0, at, Math.min(at + place.length, endsAt))
        return at - position
      },
      close: () => {
        source.closed++
      },
    }
    return source
  }

  it.each([0, 1, 2, 1000, 4081, 16_371, 262_144, 270_001, 600_007])(
    'of %i bytes arrives byte for byte, in PDUs of any length',
    async (size) => {
      const dataSet = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 0xff))
      for (const maxPduLength of [4096, 4097, 16_384, 131_072]) {
        const received: Buffer[] = []
        const { port } = await serve({ store: () => gathering(received) }, { maxPduLength })
        const association = await open(port, [context(CT)])
        const source = sourceOf(dataSet)
        const result = await association.store({
          sopClassUid: CT,
          sopInstanceUid: '1.2.3',
          transferSyntaxUid: EXPLICIT,
          open: () => source,
        })
        expect(
          await association.store({ sopClassUid: CT, sopInstanceUid: '1.2.4', transferSyntaxUid: EXPLICIT, open: () => sourceOf(dataSet) }),
        ).toEqual(result)
        await association.release()
        expect(received.map((one) => one.equals(dataSet))).toEqual([true, true])
        expect(source.closed).toBe(1)
      }
    },
  )

  it('may be read ahead, also another than the one that is sent then: each arrives byte for byte', async () => {
    const dataSets = [600_007, 9_000, 0, 270_001, 1_200_000, 3, 300_000].map((size, number) =>
      Buffer.from(Array.from({ length: size }, (_, at) => (at * 5 + number + (at >> 8)) & 0xff)),
    )
    for (const hint of ['of the next', 'of the one after the next', 'of the present', 'of a closed one']) {
      const received: Buffer[] = []
      const { port } = await serve({ store: () => gathering(received) })
      const association = await open(port, [context(CT)])
      const sources = dataSets.map((one) => sourceOf(one))
      const ahead = (source: ReturnType<typeof sourceOf> | undefined) => source && association.readAhead(CT, EXPLICIT, source)
      const closed = sourceOf(dataSets[0]!, 0)
      for (const [at, source] of sources.entries()) {
        const stored = association.store({ sopClassUid: CT, sopInstanceUid: `1.2.${at}`, transferSyntaxUid: EXPLICIT, open: () => source })
        if (hint === 'of the next') ahead(sources[at + 1])
        if (hint === 'of the present') ahead(source)
        await new Promise(setImmediate)
        if (hint === 'of the one after the next') ahead(sources[at + 2])
        if (hint === 'of a closed one') ahead(closed)
        expect(await stored).toEqual({ status: 0 })
      }
      await association.release()
      expect(received.map((one, at) => one.equals(dataSets[at]!))).toEqual(dataSets.map(() => true))
      expect(sources.map((one) => one.closed)).toEqual(dataSets.map(() => 1))
    }
  })

  it('that is read ahead is held in two windows, however large it is and however long the peer takes', async () => {
    let answer = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { port } = await serve({ store: () => ({ ...gathering([]), end: () => slow.then(() => ({ status: 0 })) }) })
    const association = await open(port, [context(CT)])
    const source = sourceOf(Buffer.alloc(5_000_000))
    let read = 0
    const counting = {
      ...source,
      read: async (into: readonly Buffer[], position: number) => {
        const count = await source.read(into, position)
        read += count
        return count
      },
    }
    const first = sourceOf(Buffer.alloc(700_000))
    const instance = { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT }
    const stored = association.store({ ...instance, open: () => first })
    association.readAhead(CT, EXPLICIT, counting)
    await expect.poll(() => read).toBeGreaterThan(300_000)
    await sleep(100)
    expect(read).toBeLessThan(600_000)
    answer()
    expect(await stored).toEqual({ status: 0 })
    expect(await association.store({ ...instance, open: () => counting })).toEqual({ status: 0 })
    expect(read).toBe(5_000_000)
    await association.release()
  })

  it.each([
    ['cannot be opened', () => undefined],
    ['cannot be read', () => sourceOf(Buffer.alloc(500_000), 0)],
    ['is a stream that fails', () => Readable.from(failing())],
  ])('that %s before anything is out costs its own instance only', async (_name, source) => {
    const received: Buffer[] = []
    const { port } = await serve({ store: () => gathering(received) })
    const association = await open(port, [context(CT), context(VERIFICATION)])
    const instance = { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT }
    const broken = () => {
      const opened = source()
      if (opened === undefined) throw new NodeError('STORAGE_FAILED')
      return opened
    }
    await expect(association.store({ ...instance, open: broken })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await association.echo()).toBe(0)
    const dataSet = Buffer.alloc(300_000, 7)
    expect(await association.store({ ...instance, open: () => sourceOf(dataSet) })).toMatchObject({ status: 0 })
    await association.release()
    expect(received.map((one) => one.equals(dataSet))).toEqual([true])
  })

  it('that ends too early costs the association, and the receiver keeps nothing', async () => {
    const received: Buffer[] = []
    const { port } = await serve({ store: () => gathering(received) })
    const association = await open(port, [context(CT)])
    const source = sourceOf(Buffer.alloc(500_000), 400_000)
    await expect(
      association.store({ sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT, open: () => source }),
    ).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    await expect.poll(() => received.map(String)).toEqual(['abandoned'])
    expect(source.closed).toBe(1)
  })
})

const pdv = (control: number, value: Buffer): Buffer => {
  const header = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, control])
  header.writeUInt32BE(value.length + 6, 2)
  header.writeUInt32BE(value.length + 2, 6)
  return Buffer.concat([header, value])
}

describe('an acceptor that answers wrongly', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  /** Accepts context 1, then sends `answer` to whatever comes. */
  async function acceptor(answer: Partial<CommandSet>, maxPduLength = 16_384): Promise<number> {
    const answers = [{ id: 1, result: 0, transferSyntax: EXPLICIT }]
    const accept = encodeAssociateAc({
      calledAeTitle: 'THEM',
      callingAeTitle: 'US',
      contexts: answers,
      user: { maxPduLength, roles: [], extended: [] },
    })
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(accept)
        socket.on('data', (chunk) => {
          if (chunk[0] !== 4) return
          const command = { commandField: 0x8001, messageIdBeingRespondedTo: 1, hasDataSet: false, status: 0, ...answer }
          socket.write(pdv(3, encodeCommandSet(command)))
        })
      })
    })
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
    return (server.address() as { port: number }).port
  }
  const instance = {
    sopClassUid: CT,
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: EXPLICIT,
    open: () => Readable.from([Buffer.from('data')]),
  }

  it('is believed where it answers a C-STORE with a C-STORE response', async () => {
    const association = await open(await acceptor({}), [context(CT)])
    expect(await association.store(instance)).toMatchObject({ status: 0 })
  })

  it('is sent the whole data set also where it answers before it has it, and not asked for anything else meanwhile', async () => {
    const association = await open(await acceptor({}), [context(CT)])
    let closed = false
    let read = 0
    const source = {
      sizeBytes: 20_000_000,
      read: async (into: readonly Buffer[], position: number) => {
        if (closed) throw new Error('the file is closed')
        const count = into.reduce((sum, place) => sum + place.fill(0).length, 0)
        read = position + count
        return count
      },
      close: () => {
        closed = true
      },
    }
    const result = await association.store({ ...instance, open: () => source })
    source.close() // as the one does who opened it
    expect(result).toMatchObject({ status: 0 })
    expect(read).toBe(source.sizeBytes)
    await sleep(50)
    expect(association.ended.aborted).toBe(false)
    association.abort()
  })

  it.each([
    ['a C-ECHO response', { commandField: 0x8030 }],
    ['status pending', { status: 0xff00 }],
  ])('%s to a C-STORE is no success: the association ends', async (_name, answer) => {
    const association = await open(await acceptor(answer), [context(CT)])
    await expect(association.store(instance)).rejects.toMatchObject({ code: 'PEER_ABORTED' })
    expect(association.ended.aborted).toBe(true)
  })

  it('a maximum length in which nothing can be sent ends the association with a clear error', async () => {
    for (const length of [1, 7, 63]) {
      await expect(open(await acceptor({}, length), [context(CT)])).rejects.toMatchObject({
        code: 'PEER_ABORTED',
        details: { why: `maximum length ${length} is too small to send anything in` },
      })
      server?.close()
    }
  })
})

it('a C-GET behind which more requests pile up than were agreed ends at once: its answers could not be read', async () => {
  let began = 0
  const { port, associations } = await serve({
    get: async (request) => {
      began++
      await new Promise((resolve) => request.stopped.addEventListener('abort', resolve))
    },
  })
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const contexts = [{ id: 1, abstractSyntaxes: [GET], transferSyntaxes: [EXPLICIT] }]
  const user = { maxPduLength: 0, roles: [], extended: [] }
  socket.write(encodeAssociateRq({ calledAeTitle: 'THEM', callingAeTitle: 'RAW', contexts, user }))
  await new Promise((resolve) => socket.once('data', resolve))
  const get = (messageId: number): Buffer[] => [
    pdv(3, encodeCommandSet({ commandField: 0x10, messageId, affectedSopClassUid: GET, hasDataSet: true })),
    pdv(2, Buffer.from('key')),
  ]
  socket.write(Buffer.concat(Array.from({ length: 20 }, (_, at) => get(at + 1)).flat()))
  await expect.poll(() => associations.size).toBe(0)
  expect(began).toBeLessThanOrEqual(1)
  socket.destroy()
})

describe('what a peer can make us hold', () => {
  /** An association of raw bytes on context 1. */
  async function rawAssociation(port: number, abstractSyntax: string) {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const contexts = [{ id: 1, abstractSyntaxes: [abstractSyntax], transferSyntaxes: [EXPLICIT] }]
    socket.write(
      encodeAssociateRq({ calledAeTitle: 'THEM', callingAeTitle: 'RAW', contexts, user: { maxPduLength: 0, roles: [], extended: [] } }),
    )
    await new Promise((resolve) => socket.once('data', resolve))
    return socket
  }
  const storeRq = (messageId: number): Buffer =>
    pdv(
      3,
      encodeCommandSet({
        commandField: 1,
        messageId,
        affectedSopClassUid: CT,
        affectedSopInstanceUid: `1.2.${messageId}`,
        hasDataSet: true,
      }),
    )

  it('an identifier in fragments of one byte, among empty ones, costs what it weighs', async () => {
    let identifier: Buffer | undefined
    const { port } = await serve({
      find: async (request) => {
        identifier = request.identifier
        await request.respond({ status: 0 })
      },
    })
    const socket = await rawAssociation(port, FIND)
    const before = process.memoryUsage().rss
    socket.write(pdv(3, encodeCommandSet({ commandField: 0x20, messageId: 1, affectedSopClassUid: FIND, hasDataSet: true })))
    const many = Buffer.concat(Array.from({ length: 5000 }, (_, at) => pdv(0, at % 5 === 0 ? Buffer.from('x') : Buffer.alloc(0))))
    for (let part = 0; part < 400; part++) if (!socket.write(many)) await new Promise((resolve) => socket.once('drain', resolve))
    socket.write(pdv(2, Buffer.from('y')))
    await expect.poll(() => identifier?.length, { timeout: 20_000 }).toBe(400_001)
    // 24 MB of traffic: nothing of it but the identifier is held (each slice would keep its chunk of 64 KiB).
    expect(process.memoryUsage().rss - before).toBeLessThan(120_000_000)
    socket.destroy()
  })

  it('between two requests that wait the event loop turns: others are served, and a C-CANCEL is read', async () => {
    let served = 0
    let servedInOneTurn: number | undefined
    const { port } = await serve({
      find: async (request) => {
        if (++served === 1)
          setImmediate(() => {
            servedInOneTurn = served
          })
        await request.respond({ status: 0 })
      },
    })
    const socket = await rawAssociation(port, FIND)
    const find = (messageId: number): Buffer[] => [
      pdv(3, encodeCommandSet({ commandField: 0x20, messageId, affectedSopClassUid: FIND, hasDataSet: true })),
      pdv(2, Buffer.from('key')),
    ]
    socket.resume()
    socket.write(Buffer.concat(Array.from({ length: 500 }, (_, at) => find(at + 1)).flat()))
    await expect.poll(() => served).toBe(500)
    expect(servedInOneTurn).toBeLessThanOrEqual(2)
    socket.destroy()
  })

  it('data sets that are whole but not yet served when the association ends are given up, each once', async () => {
    const received: Buffer[] = []
    const { port, associations } = await serve({ store: () => gathering(received) })
    const socket = await rawAssociation(port, CT)
    const abort = Buffer.from('07000000000400000000', 'hex')
    socket.write(Buffer.concat([1, 2, 3].flatMap((id) => [storeRq(id), pdv(2, Buffer.from('data set'))]).concat(abort)))
    await expect.poll(() => associations.size).toBe(0)
    await expect.poll(() => received.map(String).filter((one) => one === 'abandoned').length).toBeGreaterThanOrEqual(2)
    await sleep(50)
    expect(received).toHaveLength(3)
  })

  it('silent connections of one address make room for the next, the oldest first', async () => {
    const { port } = await serve({}, { timeouts: { ...TIMEOUTS, associateSeconds: 30 } })
    const mute = Array.from({ length: 300 }, () => connectTcp(port, '127.0.0.1').on('error', () => undefined))
    await expect.poll(() => mute.filter((socket) => socket.destroyed).length, { timeout: 5000 }).toBeGreaterThanOrEqual(44)
    const association = await open(port, [context(VERIFICATION)])
    expect(await association.echo()).toBe(0)
    await association.release()
    for (const socket of mute) socket.destroy()
  })
})
