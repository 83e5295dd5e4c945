/** What a peer can do wrong with PDUs (PS3.8 9.2, 9.3): each case one attack, then everything that must still hold. */
import { describe, expect } from 'vitest'
import { ct, encode, TAG, testUid, textOf } from '../support/data-sets.ts'
import { expectProviderAbort, expectRejected, expectUserAbort, hostileFile, isAcknowledged } from '../support/hostile-case.ts'
import { expectOthersServed, heldConnections, holdings } from '../support/invariants.ts'
import { eventually, pause } from '../support/node-process.ts'
import { commandSet, echoRequest, storeRequest } from '../support/raw-command.ts'
import {
  abort,
  associateRequest,
  CT,
  EXPLICIT,
  IMPLICIT,
  PDU_TYPE,
  pData,
  pDataFragments,
  pdu,
  pdv,
  releaseReply,
  releaseRequest,
  VERIFICATION,
} from '../support/raw-pdu.ts'
import { describePdu, echoBytes, RawPeer } from '../support/raw-peer.ts'

const ARTIM_SECONDS = 2
const MAX_PDU = 16384
const { hostile } = hostileFile({
  settings: {
    dicom: {
      maxPduLength: MAX_PDU,
      maxAssociationsPerAddress: 64,
      timeouts: { associateSeconds: ARTIM_SECONDS, idleSeconds: 20, writeSeconds: 5 },
    },
  },
})

/** Time until the node ends the connection. */
async function secondsToEnd(peer: RawPeer, since: number, withinSeconds: number): Promise<number> {
  await eventually('the node closes the connection', () => peer.closed, withinSeconds * 1000)
  return (Date.now() - since) / 1000
}

/** C-STORE-RQ and the start of its data set, without the end. */
function halfAStore(): Buffer[] {
  const command = commandSet(storeRequest(1, CT, testUid()))
  return [pDataFragments(3, true, command), pData(pdv(3, 0, encode(ct()).subarray(0, 200)))]
}

describe('before an association', () => {
  hostile('P1', 'connects and says nothing: closed when ARTIM expires', async (world) => {
    const since = Date.now()
    const peer = await world.connect()
    const seconds = await secondsToEnd(peer, since, ARTIM_SECONDS + 3)
    expect(seconds).toBeGreaterThan(ARTIM_SECONDS - 0.5)
  })

  hostile('P2', 'sends one byte, later another: ARTIM is not restarted by them', async (world) => {
    const since = Date.now()
    const peer = await world.connect()
    peer.send(Buffer.from([1]))
    await pause(ARTIM_SECONDS * 600)
    peer.send(Buffer.from([0]))
    expect(await secondsToEnd(peer, since, ARTIM_SECONDS + 3)).toBeLessThan(ARTIM_SECONDS + 1)
  })

  for (const [count, what] of [
    [200, 'under the bound'],
    [300, 'above the bound of 256, where the oldest make room'],
  ] as const) {
    hostile(
      'P3',
      `${count} connections of one address (${what}) send their request a byte a second: each closed at ARTIM, others served meanwhile, from there too`,
      async (world) => {
        const since = Date.now()
        const peers = await Promise.all(Array.from({ length: count }, () => world.connect()))
        const request = associateRequest()
        for (let at = 0; at < ARTIM_SECONDS; at++) {
          for (const peer of peers) peer.send(request.subarray(at, at + 1))
          await expectOthersServed(world.node)
          const neighbour = await world.associate()
          expect(await neighbour.echo()).toBe(0)
          await pause(800)
        }
        await eventually('all are closed', () => peers.every((peer) => peer.closed), 4000)
        expect((Date.now() - since) / 1000).toBeLessThan(ARTIM_SECONDS + 3)
      },
    )
  }

  const nonsense: readonly [string, string, Buffer][] = [
    ['P4', 'an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: node\r\n\r\n')],
    ['P5', 'a TLS ClientHello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['P6', 'PDU type 00', pdu(0x00, Buffer.alloc(0))],
    ['P6', 'PDU type 08', pdu(0x08, Buffer.alloc(0))],
    ['P6', 'PDU type FF', pdu(0xff, Buffer.alloc(0))],
    ['P17', 'an A-ASSOCIATE-AC', pdu(PDU_TYPE.accept, associateRequest().subarray(6))],
    ['P17', 'an A-ASSOCIATE-RJ', pdu(PDU_TYPE.reject, Buffer.from([0, 1, 1, 1]))],
    ['P18', 'an A-RELEASE-RP', releaseReply()],
    ['P11', 'an A-ASSOCIATE-RQ of no length', pdu(PDU_TYPE.request, Buffer.alloc(0))],
    ['P12', 'an A-ASSOCIATE-RQ one byte short of its fixed part', pdu(PDU_TYPE.request, associateRequest().subarray(6, 6 + 67))],
    [
      'P12',
      'an A-ASSOCIATE-RQ with one stray byte',
      pdu(PDU_TYPE.request, Buffer.concat([associateRequest().subarray(6, 6 + 68), Buffer.from([0x10])])),
    ],
  ]
  for (const [number, what, bytes] of nonsense) {
    hostile(number, `${what} before an association: aborted and closed at once`, async (world) => {
      const since = Date.now()
      const peer = await world.connect()
      peer.send(bytes)
      await expectUserAbort(peer, 1500)
      expect(Date.now() - since).toBeLessThan(1500)
    })
  }

  hostile('P8', 'claims a request of 4 GiB: closed at once, nothing is allocated', async (world) => {
    const before = world.node.rssBytes()
    const peer = await world.connect()
    peer.send(Buffer.from('0100ffffffff00010000', 'hex'))
    await expectUserAbort(peer, 1500)
    expect(world.node.rssBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })

  hostile('P12', 'a request without any item: rejected for its application context', async (world) => {
    const peer = await world.connect()
    peer.send(pdu(PDU_TYPE.request, associateRequest().subarray(6, 6 + 68)))
    expectRejected(await peer.readPdu(), 1, 1, 2)
  })

  hostile('P13', 'claims less than it sends: not accepted, the rest is not acted on', async (world) => {
    const body = associateRequest().subarray(6)
    const peer = await world.connect()
    peer.send(pdu(PDU_TYPE.request, body, body.length - 10), echoBytes())
    await expectUserAbort(peer)
  })

  hostile('P14', 'claims more than it sends, then ends: closed, nothing left', async (world) => {
    const body = associateRequest().subarray(6)
    const peer = await world.connect()
    peer.send(pdu(PDU_TYPE.request, body, body.length + 500))
    peer.halfClose()
    await peer.readToEnd(ARTIM_SECONDS * 1000 + 2000)
    await eventually('the node holds no connection', () => heldConnections(world.node.port) === 0, 3000)
  })

  hostile('P15', 'request and C-ECHO in one segment: answered after the acceptance', async (world) => {
    const peer = await world.connect()
    peer.send(Buffer.concat([associateRequest(), echoBytes()]))
    const answer = await peer.readPdu()
    expect(describePdu(answer)).toMatch(/^accept /)
    expect((await peer.readMessage()).command.status).toBe(0)
  })

  hostile('P21', 'an A-ABORT before an association: closed', async (world) => {
    const peer = await world.connect()
    peer.send(abort())
    expect(await peer.readToEnd(2000)).toBeUndefined()
  })

  hostile('P22', 'an A-ABORT with a reserved source and reason: closed', async (world) => {
    const early = await world.connect()
    early.send(abort(5, 0xff))
    expect(await early.readToEnd(2000)).toBeUndefined()
    const late = await world.associate()
    late.send(abort(5, 0xff))
    expect(await late.readToEnd(2000)).toBeUndefined()
  })
})

describe('on an association', () => {
  for (const type of [0x00, 0x08, 0xff]) {
    hostile('P7', `PDU type ${type.toString(16)}: A-ABORT, unrecognised PDU`, async (world) => {
      const peer = await world.associate()
      peer.send(pdu(type, Buffer.alloc(0)))
      await expectProviderAbort(peer, 1)
    })
  }

  hostile('P9', 'claims a P-DATA-TF of 2 GiB: A-ABORT on the header', async (world) => {
    const before = world.node.rssBytes()
    const peer = await world.associate()
    peer.send(Buffer.from('04007fffffff', 'hex'))
    await expectProviderAbort(peer, 6)
    expect(world.node.rssBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })

  hostile('P10', 'a PDU of exactly the maximum length is taken', async (world) => {
    const peer = await world.associate()
    expect(peer.acceptance?.maxLength).toBe(MAX_PDU)
    const elements = ct({}, 200)
    const uid = textOf(elements, TAG.SOPInstanceUID)
    peer.send(pDataFragments(3, true, commandSet(storeRequest(1, CT, uid))), pDataFragments(3, false, encode(elements), MAX_PDU - 6))
    expect((await peer.readMessage()).command.status).toBe(0)
    world.acknowledged(uid, encode(elements))
  })

  hostile('P10', 'a PDU one byte longer than the maximum length is refused by A-ABORT', async (world) => {
    const peer = await world.associate()
    const elements = ct({}, 200)
    peer.send(
      pDataFragments(3, true, commandSet(storeRequest(1, CT, textOf(elements, TAG.SOPInstanceUID)))),
      pDataFragments(3, false, encode(elements), MAX_PDU - 5),
    )
    await expectProviderAbort(peer, 6)
  })

  const unexpected: readonly [string, string, Buffer][] = [
    ['P16', 'a second A-ASSOCIATE-RQ', associateRequest()],
    ['P17', 'an A-ASSOCIATE-AC', pdu(PDU_TYPE.accept, associateRequest().subarray(6))],
    ['P17', 'an A-ASSOCIATE-RJ', pdu(PDU_TYPE.reject, Buffer.from([0, 1, 1, 1]))],
    ['P18', 'an A-RELEASE-RP', releaseReply()],
  ]
  for (const [number, what, bytes] of unexpected) {
    hostile(number, `${what}: A-ABORT, unexpected PDU`, async (world) => {
      const peer = await world.associate()
      peer.send(bytes)
      await expectProviderAbort(peer, 2)
    })
  }

  for (const length of [0, 5000]) {
    hostile('P20', `an A-RELEASE-RQ of ${length} bytes: A-ABORT`, async (world) => {
      const peer = await world.associate()
      peer.send(pdu(PDU_TYPE.releaseRequest, Buffer.alloc(length)))
      await expectProviderAbort(peer, 6)
    })
  }

  hostile('P19', 'A-RELEASE-RQ in the middle of a data set: released or aborted, nothing is kept', async (world) => {
    const peer = await world.associate()
    peer.send(...halfAStore(), releaseRequest())
    const last = await peer.readToEnd(3000)
    expect([PDU_TYPE.releaseReply, PDU_TYPE.abort]).toContain(last?.type)
  })

  hostile('P21', 'A-ABORT in the middle of a data set: closed, nothing is kept', async (world) => {
    const peer = await world.associate()
    peer.send(...halfAStore(), abort())
    expect(await peer.readToEnd(2000)).toBeUndefined()
  })

  hostile(
    'P23',
    'a connection reset at every byte of a C-STORE: nothing is kept, nothing breaks',
    async (world) => {
      const elements = ct({}, 2)
      const uid = textOf(elements, TAG.SOPInstanceUID)
      const whole = Buffer.concat([
        associateRequest({ contexts: [{ id: 3, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] }] }),
        pDataFragments(3, true, commandSet(storeRequest(1, CT, uid))),
        pDataFragments(3, false, encode(elements), 100),
      ])
      const deadline = Date.now() + 25_000
      let next = 0
      const one = async () => {
        while (next < whole.length && Date.now() < deadline) {
          const cut = next++
          const peer = await RawPeer.connect(world.node.port)
          await peer.sendAll(whole.subarray(0, cut))
          await pause(2)
          peer.reset()
        }
      }
      await Promise.all(Array.from({ length: 16 }, one))
      expect(next).toBe(whole.length)
    },
    60_000,
  )

  hostile('P24', 'FIN after a whole C-STORE request: all or nothing', async (world) => {
    const peer = await world.associate()
    const elements = ct()
    const uid = textOf(elements, TAG.SOPInstanceUID)
    peer.sendMessage(3, storeRequest(1, CT, uid), encode(elements))
    peer.halfClose()
    const answer = await peer.readMessage(5000).catch(() => undefined)
    await eventually('the node holds no connection', () => heldConnections(world.node.port) === 0, 5000)
    await pause(300)
    const isKept = holdings(world.node).rows.has(uid)
    if (isKept || (answer !== undefined && isAcknowledged(answer.command.status))) world.acknowledged(uid, encode(elements))
  })

  hostile('P25', 'a million P-DATA-TF without a value: aborted or ignored, others served', async (world) => {
    const peer = await world.associate()
    const sending = peer.sendAll(Buffer.concat(Array.from({ length: 1_000_000 }, () => pdu(PDU_TYPE.data, Buffer.alloc(0)))))
    await expectOthersServed(world.node)
    await sending
  })

  for (const length of [0, 1]) {
    hostile('P26', `a value of length ${length}: A-ABORT`, async (world) => {
      const peer = await world.associate()
      peer.send(pData(pdv(1, 3, Buffer.alloc(4), length)))
      await expectProviderAbort(peer, 6)
    })
  }
  hostile('P26', 'a P-DATA-TF with nothing but a length of 1: A-ABORT', async (world) => {
    const peer = await world.associate()
    peer.send(pdu(PDU_TYPE.data, Buffer.from('0000000101', 'hex')))
    await expectProviderAbort(peer, 6)
  })

  for (const [number, length] of [
    ['P27', 0x4000],
    ['P28', 0xffffffff],
    ['P28', 0x80000000],
  ] as const) {
    hostile(number, `a value of length ${length.toString(16)} in a P-DATA-TF of 100 bytes: A-ABORT`, async (world) => {
      const peer = await world.associate()
      peer.send(pData(pdv(1, 3, Buffer.alloc(94), length)))
      await expectProviderAbort(peer, 6)
    })
  }

  const contexts = [
    { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
    { id: 5, abstractSyntax: '1.2.3.4.5', transferSyntaxes: [IMPLICIT] },
    { id: 7, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
  ]
  for (const id of [0, 2, 3, 5]) {
    hostile('P29', `a value in context ${id}, which is not accepted: A-ABORT`, async (world) => {
      const peer = await world.associate({ contexts })
      expect(peer.acceptance?.contexts.get(5)?.result).toBe(3)
      peer.send(echoBytes(id))
      await expectProviderAbort(peer, 6)
    })
  }

  hostile('P30', 'one PDU with whole messages of two contexts: both answered, in order', async (world) => {
    const peer = await world.associate({ contexts })
    const value = (context: number, messageId: number) => pdv(context, 3, commandSet(echoRequest(messageId)))
    peer.send(pData(value(1, 11), value(7, 12)))
    const answers = [await peer.readMessage(), await peer.readMessage()]
    expect(answers.map(({ contextId, command }) => [contextId, command.respondedTo, command.status])).toEqual([
      [1, 11, 0],
      [7, 12, 0],
    ])
  })

  hostile('P30', 'a message that changes its context half-way: A-ABORT', async (world) => {
    const peer = await world.associate({ contexts })
    const command = commandSet(echoRequest(1))
    peer.send(pData(pdv(1, 1, command.subarray(0, 20)), pdv(7, 3, command.subarray(20))))
    await expectProviderAbort(peer, 5)
  })

  for (const control of [0xff, 0x83]) {
    hostile('P31', `reserved bits in the message control header (${control.toString(16)}): read as 03`, async (world) => {
      const peer = await world.associate()
      peer.send(pData(pdv(1, control, commandSet(echoRequest(5)))))
      expect((await peer.readMessage()).command.status).toBe(0)
    })
  }

  hostile('P32', 'a data set fragment before any command: A-ABORT', async (world) => {
    const peer = await world.associate()
    peer.send(pData(pdv(3, 0, encode(ct()))))
    await expectProviderAbort(peer, 5)
  })

  hostile('P32', 'command fragments that never end: A-ABORT long before a gigabyte', async (world) => {
    const before = world.node.rssBytes()
    const peer = await world.associate()
    const fragment = pData(pdv(1, 1, Buffer.alloc(16000)))
    let sent = 0
    while (!peer.closed && sent < 1e9 && (await peer.sendAll(fragment))) sent += fragment.length
    await expectProviderAbort(peer, 0)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    expect(world.node.rssBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })

  hostile('P33', 'a data set of no bytes: failure, cannot understand', async (world) => {
    const peer = await world.associate()
    const response = await world.storeBytes(peer, testUid(), Buffer.alloc(0))
    expect(response.status & 0xf000).toBe(0xc000)
  })

  hostile('P34', 'a data set in values of one byte each: taken, in linear time', async (world) => {
    const peer = await world.associate()
    const elements = ct({}, 142)
    const uid = textOf(elements, TAG.SOPInstanceUID)
    const bytes = encode(elements)
    expect(bytes.length).toBeGreaterThan(40_000)
    const since = Date.now()
    peer.send(pDataFragments(3, true, commandSet(storeRequest(1, CT, uid))), pDataFragments(3, false, bytes, 1))
    expect((await peer.readMessage(15_000)).command.status).toBe(0)
    world.acknowledged(uid, bytes)
    expect(Date.now() - since).toBeLessThan(8000)
  })

  hostile('P34', 'two values in each PDU: taken', async (world) => {
    const peer = await world.associate()
    const elements = ct({}, 20)
    const uid = textOf(elements, TAG.SOPInstanceUID)
    const bytes = encode(elements)
    const values: Buffer[] = []
    for (let at = 0; at < bytes.length; at += 64) values.push(pdv(3, at + 64 >= bytes.length ? 2 : 0, bytes.subarray(at, at + 64)))
    peer.send(pDataFragments(3, true, commandSet(storeRequest(1, CT, uid))))
    for (let at = 0; at < values.length; at += 2) peer.send(pData(...values.slice(at, at + 2)))
    expect((await peer.readMessage()).command.status).toBe(0)
    world.acknowledged(uid, bytes)
  })

  hostile('P35', 'reserved bytes that are not zero, everywhere: accepted, they are not tested', async (world) => {
    const peer = await world.connect()
    const answer = await peer.request({ reserved: 0xee })
    expect(answer !== 'closed' && answer.type).toBe(PDU_TYPE.accept)
    peer.send(pdu(PDU_TYPE.data, pdv(1, 3, commandSet(echoRequest(1))), undefined, 0xee))
    expect((await peer.readMessage()).command.status).toBe(0)
    peer.send(releaseRequest(0xee))
    const released = await peer.readPdu()
    expect(released !== 'closed' && released.type).toBe(PDU_TYPE.releaseReply)
  })
})
