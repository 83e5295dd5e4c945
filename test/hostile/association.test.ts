/** What a peer can do wrong when it associates (PS3.8 9.3.2, PS3.7 D.3.3): each case one attack, then everything that must still hold. */
import { describe, expect } from 'vitest'
import { ct } from '../support/data-sets.ts'
import {
  CASE_ALLOWANCE,
  expectProviderAbort,
  expectRejected,
  expectUserAbort,
  hostileFile,
  STORE_CONTEXTS,
  type World,
} from '../support/hostile-case.ts'
import { expectOthersServed, heldConnections } from '../support/invariants.ts'
import { eventually, pause } from '../support/node-process.ts'
import {
  APPLICATION_CONTEXT,
  associateRequest,
  CT,
  EXPLICIT,
  IMPLICIT,
  item,
  JPEG_BASELINE,
  PDU_TYPE,
  pdu,
  type RequestFields,
  releaseRequest,
  roleSelection,
  STUDY_FIND,
  VERIFICATION,
  VERIFICATION_CONTEXT,
} from '../support/raw-pdu.ts'
import { describePdu, echoBytes, type RawPeer, type ReceivedPdu } from '../support/raw-peer.ts'

const WRITE_SECONDS = 4
const IDLE_SECONDS = 6
const ARTIM_SECONDS = 2
const ADDRESS_LIMIT = 20
const { hostile } = hostileFile({
  settings: {
    unknownCallers: 'refuse',
    peers: [{ aeTitle: 'RAWPEER' }, { aeTitle: 'SECOND' }, { aeTitle: 'VIEWER', allow: ['echo', 'find', 'get'] }],
    dicom: {
      maxAssociationsPerAddress: ADDRESS_LIMIT,
      timeouts: { associateSeconds: ARTIM_SECONDS, idleSeconds: IDLE_SECONDS, writeSeconds: WRITE_SECONDS },
    },
  },
})

async function answerTo(world: World, fields: RequestFields): Promise<ReceivedPdu | 'closed'> {
  const peer = await world.connect()
  return await peer.request(fields)
}

async function expectAccepted(world: World, fields: RequestFields): Promise<RawPeer> {
  const peer = await world.connect()
  const answer = await peer.request(fields)
  expect(describePdu(answer)).toMatch(/^accept /)
  return peer
}

/** A malformed request: action AA-1. */
async function expectAborted(world: World, fields: RequestFields): Promise<void> {
  const peer = await world.connect()
  peer.send(associateRequest(fields))
  await expectUserAbort(peer)
}

/** Text of a peer as a line of the log shows it: quoted where it is not plain, no control character as it is. */
const asInLog = (text: string) =>
  (/^[^\s"'=\\\x00-\x1f\x7f-\x9f]+$/.test(text) ? text : JSON.stringify(text)).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
const ae16 = (bytes: string) => Buffer.from(bytes, 'latin1')

describe('who calls whom', () => {
  for (const protocolVersion of [0x0000, 0x0002]) {
    hostile('A1', `protocol version ${protocolVersion}: rejected, not supported`, async (world) => {
      expectRejected(await answerTo(world, { protocolVersion }), 1, 2, 2)
    })
  }
  for (const protocolVersion of [0x0003, 0xffff]) {
    hostile('A2', `protocol version ${protocolVersion.toString(16)}: accepted, only bit 0 is tested`, async (world) => {
      await expectAccepted(world, { protocolVersion })
    })
  }

  for (const [what, called] of [
    ['unknown', 'NOBODY'],
    ['in the wrong case', 'ariane'],
    ['padded with NUL', ae16(`ARIANE${'\0'.repeat(10)}`)],
    ['of spaces only', ''],
  ] as const) {
    hostile('A3', `called AE title ${what}: rejected, called AE title not recognised`, async (world) => {
      expectRejected(await answerTo(world, { called }), 1, 1, 7)
    })
  }

  for (const [what, calling] of [
    ['unknown', 'STRANGER'],
    ['of spaces only', ''],
    ['of NUL', ae16('\0'.repeat(16))],
    ['of bytes FF', ae16('\xff'.repeat(16))],
    ['with an escape sequence', ae16('\x1b[2J\x1b[31mHELLO   ')],
    ['with line breaks', ae16('A\r\nfatal error\n\n')],
    ['with control characters above 7F', ae16('\x9b2J\x85\x9d0;EVIL\x9c    ')],
    ['like a path', '../../etc/x'],
    ['like SQL', "'; DROP TABLE"],
    ['with a backslash', 'RAW\\PEER'],
  ] as const) {
    hostile('A4', `calling AE title ${what}: rejected, calling AE title not recognised, the log says by whom and why`, async (world) => {
      const logBefore = world.node.log().length
      expectRejected(await answerTo(world, { calling }), 1, 1, 3)
      await eventually('the line in the log', () => world.node.log().slice(logBefore).includes('association rejected'))
      const [line] = /association rejected .*/.exec(world.node.log().slice(logBefore)) ?? []
      const title = typeof calling === 'string' ? calling : calling.toString('latin1').trim()
      expect(line).toContain(` calling=${asInLog(title)} called=ARIANE address=127.0.0.1 why="calling AE title `)
    })
  }

  hostile('A5', 'spaces before an AE title: not significant', async (world) => {
    await expectAccepted(world, { called: '  ARIANE', calling: '    RAWPEER' })
  })

  for (const [what, applicationContexts] of [
    ['unknown', ['1.2.3']],
    ['empty', ['']],
    ['twice', [APPLICATION_CONTEXT, APPLICATION_CONTEXT]],
    ['missing', []],
  ] as const) {
    hostile('A6', `application context ${what}: rejected, not supported`, async (world) => {
      expectRejected(await answerTo(world, { applicationContexts }), 1, 1, 2)
    })
  }
})

describe('presentation contexts', () => {
  const many = Array.from({ length: 128 }, (_, index) => ({ ...VERIFICATION_CONTEXT, id: index * 2 + 1 }))

  hostile('A7', '128 contexts: all answered, once each', async (world) => {
    const peer = await expectAccepted(world, { contexts: many })
    expect(peer.acceptance?.answered).toEqual(many.map(({ id }) => id))
    expect(await peer.echo(255)).toBe(0)
  })
  hostile('A7', '129 contexts, one ID of them twice: aborted', async (world) => {
    await expectAborted(world, { contexts: [...many, VERIFICATION_CONTEXT] })
  })
  hostile('A7', 'two contexts of one ID: aborted', async (world) => {
    await expectAborted(world, { contexts: [VERIFICATION_CONTEXT, VERIFICATION_CONTEXT] })
  })
  for (const id of [0, 2, 4]) {
    hostile('A8', `context ID ${id}: aborted`, async (world) => {
      await expectAborted(world, { contexts: [{ ...VERIFICATION_CONTEXT, id }] })
    })
  }

  hostile('A9', 'a context with no transfer syntax: result 4, the association stands', async (world) => {
    const peer = await expectAccepted(world, { contexts: [{ ...VERIFICATION_CONTEXT, transferSyntaxes: [] }] })
    expect(peer.acceptance?.contexts.get(1)?.result).toBe(4)
  })
  for (const [what, abstractSyntax] of [
    ['no abstract syntax', []],
    ['two abstract syntaxes', [VERIFICATION, CT]],
  ] as const) {
    hostile('A9', `a context with ${what}: aborted`, async (world) => {
      await expectAborted(world, { contexts: [{ ...VERIFICATION_CONTEXT, abstractSyntax }] })
    })
  }

  hostile('A10', 'a context with 900 transfer syntaxes: answered at once', async (world) => {
    const transferSyntaxes = Array.from({ length: 900 }, (_, index) => `1.2.3.${String(index).padStart(58, '9')}`)
    const since = performance.now()
    const peer = await expectAccepted(world, { contexts: [{ ...VERIFICATION_CONTEXT, transferSyntaxes }] })
    // It takes a few milliseconds. The bound is for a loaded machine, where a process can wait 100 ms for its turn; one that is passed for
    // another reason would be the square of 900.
    expect(performance.now() - since, 'from connect to A-ASSOCIATE-AC, in ms').toBeLessThan(500)
    expect(peer.acceptance?.contexts.get(1)?.result).toBe(4)
  })

  for (const abstractSyntax of ['1.2.840.10008.1.1.9999', '1.2.826.0.1.3680043.9.9999.1']) {
    hostile('A11', `abstract syntax ${abstractSyntax}: result 3, the association goes on`, async (world) => {
      const peer = await expectAccepted(world, {
        contexts: [VERIFICATION_CONTEXT, { id: 3, abstractSyntax, transferSyntaxes: [IMPLICIT] }],
      })
      expect(peer.acceptance?.contexts.get(3)?.result).toBe(3)
      expect(await peer.echo()).toBe(0)
    })
  }

  hostile('A12', 'only transfer syntaxes that the service cannot use: result 4, still with a transfer syntax', async (world) => {
    const peer = await expectAccepted(world, { contexts: [{ ...VERIFICATION_CONTEXT, transferSyntaxes: [JPEG_BASELINE] }] })
    expect(peer.acceptance?.contexts.get(1)?.result).toBe(4)
    expect(peer.acceptance?.contexts.get(1)?.transferSyntax).not.toBe('')
  })

  hostile('A13', 'all contexts refused: accepted association, then A-ABORT for data on one of them', async (world) => {
    const peer = await expectAccepted(world, { contexts: [{ id: 1, abstractSyntax: '1.2.3', transferSyntaxes: [IMPLICIT] }] })
    peer.send(echoBytes())
    expect((await peer.readToEnd(3000))?.type).toBe(PDU_TYPE.abort)
  })

  for (const [what, abstractSyntax] of [
    ['longer than 64', `${VERIFICATION}.${'1'.repeat(60)}`],
    ['with an empty component', '1.2..840.10008.1.1'],
    ['of letters', 'abc'],
    ['with a line break', `${VERIFICATION}\n`],
    ['that only begins like one', `${VERIFICATION}.0`],
  ] as const) {
    hostile('A14', `an abstract syntax ${what}: not accepted as another one`, async (world) => {
      const peer = await expectAccepted(world, { contexts: [{ id: 1, abstractSyntax, transferSyntaxes: [IMPLICIT] }] })
      expect(peer.acceptance?.contexts.get(1)?.result).toBe(3)
    })
  }
  for (const [what, padding] of [
    ['NUL', '\0'],
    ['a space', ' '],
  ] as const) {
    hostile('A14', `UIDs that end in ${what}: tolerated, as many peers do it`, async (world) => {
      const peer = await expectAccepted(world, {
        contexts: [{ id: 1, abstractSyntax: VERIFICATION + padding, transferSyntaxes: [IMPLICIT + padding] }],
      })
      expect(await peer.echo()).toBe(0)
    })
  }

  const wrongItems: readonly [string, Buffer][] = [
    ['an item longer than the request', item(0x20, Buffer.from([1, 0, 0, 0]), 0xffff)],
    ['an item that ends after the request', item(0x20, Buffer.from([1, 0, 0, 0]), 600)],
    ['a sub-item longer than its item', item(0x20, Buffer.concat([Buffer.from([1, 0, 0, 0]), item(0x30, VERIFICATION, 200)]))],
    ['a user sub-item longer than its item', item(0x50, item(0x51, Buffer.alloc(4), 400))],
    ['half an item header', Buffer.from([0x20, 0, 0])],
  ]
  for (const [what, bytes] of wrongItems) {
    hostile('A15', `${what}: aborted`, async (world) => {
      const peer = await world.connect()
      peer.send(associateRequest({ moreItems: [bytes], userInformation: false }))
      await expectUserAbort(peer)
    })
  }
  hostile('A15', 'an item of nothing but a wrong length right after the fixed part: aborted', async (world) => {
    const peer = await world.connect()
    peer.send(pdu(PDU_TYPE.request, Buffer.concat([associateRequest().subarray(6, 74), Buffer.from('2000ffff', 'hex')])))
    await expectUserAbort(peer)
  })
})

describe('user information', () => {
  hostile('A16', 'unknown items and sub-items: ignored', async (world) => {
    const peer = await expectAccepted(world, { moreItems: [item(0x60, Buffer.alloc(40, 1))], userItems: [item(0x5f, Buffer.alloc(9, 2))] })
    expect(await peer.echo()).toBe(0)
  })

  for (const [what, fields] of [
    ['no user information', { userInformation: false }],
    ['no maximum length', { maxLength: null }],
    ['no implementation class UID', { implementationClassUid: null }],
    ['maximum length 0: unlimited', { maxLength: 0 }],
    ['maximum length FFFFFFFF', { maxLength: 0xffffffff }],
  ] as const) {
    const number = what.includes('length 0') ? 'A18' : what.includes('FFFF') ? 'A20' : 'A17'
    hostile(number, `${what}: served, in PDUs of sane length`, async (world) => {
      const peer = await expectAccepted(world, fields)
      peer.send(echoBytes())
      const answer = await peer.readPdu()
      if (answer === 'closed') throw new Error('the node closed the association')
      expect(answer.type).toBe(PDU_TYPE.data)
      expect(answer.body.length).toBeLessThan(1024 * 1024)
    })
  }

  for (const maxLength of [1, 2, 3, 4, 5, 6, 7, 12]) {
    hostile('A19', `maximum length ${maxLength}, too small for a value: rejected, no reason given`, async (world) => {
      expectRejected(await answerTo(world, { maxLength }), 1, 2, 1)
    })
  }

  hostile(
    'A21',
    'an unlimited window and 1000 C-ECHO without reading: window 1 is answered, others are served, all C-ECHO are answered, in order',
    async (world) => {
      const peer = await expectAccepted(world, { userItems: [item(0x53, Buffer.alloc(4))] })
      const window = peer.acceptance?.userItems.get(0x53)?.[0]
      expect(window?.toString('hex')).toBe('00010001')
      const before = world.node.rssBytes()
      const readBefore = peer.socket.bytesRead
      peer.stopReading()
      peer.send(...Array.from({ length: 1000 }, (_, index) => echoBytes(1, index + 1)))
      await expectOthersServed(world.node)
      await pause(500)
      expect(peer.socket.bytesRead, 'bytes read meanwhile').toBe(readBefore)
      expect(world.node.rssBytes() - before).toBeLessThan(CASE_ALLOWANCE)
      peer.startReading()
      for (let messageId = 1; messageId <= 1000; messageId++) {
        const { command } = await peer.readMessage()
        expect([command.respondedTo, command.status]).toEqual([messageId, 0])
      }
      peer.send(echoBytes(1, 2000))
      expect((await peer.readMessage()).command.respondedTo, 'the next answer after 1000').toBe(2000)
    },
  )

  const contextsForGet = [VERIFICATION_CONTEXT, { id: 3, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] }]
  hostile('A22', 'role selection: answered for what was proposed, the SCP role of storage with 1', async (world) => {
    const roles = [roleSelection(CT, 1, 1), roleSelection('1.2.3', 1, 1), roleSelection(VERIFICATION, 0, 0)]
    const peer = await expectAccepted(world, { contexts: contextsForGet, userItems: roles })
    const answered = (peer.acceptance?.userItems.get(0x54) ?? []).map((bytes) => ({
      uid: bytes.toString('latin1', 2, 2 + bytes.readUInt16BE(0)),
      scu: bytes.at(-2),
      scp: bytes.at(-1),
    }))
    expect(answered).toContainEqual({ uid: CT, scu: 1, scp: 1 })
    expect(answered.map(({ uid }) => uid)).not.toContain('1.2.3')
    for (const { uid, scp } of answered) if (uid === VERIFICATION) expect(scp).toBe(0)
  })
  hostile('A22', 'role selection with a UID length that lies: ignored or aborted', async (world) => {
    for (const claimed of [0, 5, 200, 0xffff]) {
      const peer = await world.connect()
      const answer = await peer.request({ contexts: contextsForGet, userItems: [roleSelection(CT, 0, 1, claimed)] })
      expect(describePdu(answer)).toMatch(/^(accept|abort 000000)/)
    }
  })

  for (const [number, what, items] of [
    ['A23', 'extended negotiation without information', [item(0x56, Buffer.concat([uidPart(STUDY_FIND)]))]],
    ['A23', 'extended negotiation with 65,000 bytes', [item(0x56, Buffer.concat([uidPart(STUDY_FIND), Buffer.alloc(65_000, 1)]))]],
    ['A23', 'extended negotiation with a UID length that lies', [item(0x56, Buffer.from('ffff312e32', 'hex'))]],
    [
      'A24',
      'common extended negotiation with lengths that lie',
      [item(0x57, Buffer.concat([uidPart(CT), uidPart('1.2.3'), Buffer.from('ffff0000', 'hex')]))],
    ],
  ] as const) {
    hostile(number, `${what}: ignored, answered, or aborted`, async (world) => {
      const contexts = [VERIFICATION_CONTEXT, { id: 3, abstractSyntax: STUDY_FIND, transferSyntaxes: [IMPLICIT] }]
      const peer = await world.connect()
      const answer = await peer.request({ contexts, userItems: items })
      expect(describePdu(answer)).toMatch(/^(accept|abort 000000)/)
      if (peer.acceptance !== undefined) expect(await peer.echo()).toBe(0)
    })
  }

  for (const [what, type, secret] of [
    ['a user name', 1, "' OR 1=1"],
    ['a user name and passcode', 2, 'secret-of-the-user'],
    ['a Kerberos ticket', 3, 'x'.repeat(60_000)],
    ['a SAML assertion', 4, '<saml/>'],
    ['a JSON web token without signature', 5, 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.'],
    ['an unknown type', 9, 'x'],
  ] as const) {
    hostile('A25', `user identity, ${what}, from a caller that is not known: grants nothing, is not logged`, async (world) => {
      const logBefore = world.node.log().length
      expectRejected(await answerTo(world, { calling: 'STRANGER', userItems: [userIdentity(type, secret)] }), 1, 1, 3)
      const peer = await expectAccepted(world, { userItems: [userIdentity(type, secret)] })
      expect(peer.acceptance?.userItems.get(0x59)).toBeUndefined()
      if (secret.length > 3) expect(world.node.log().slice(logBefore)).not.toContain(secret)
    })
  }
  hostile('A25', 'user identity with a field length that lies: ignored or aborted', async (world) => {
    const answer = await answerTo(world, { userItems: [item(0x58, Buffer.from('0101ffff41', 'hex'))] })
    expect(describePdu(answer)).toMatch(/^(accept|abort 000000)/)
  })
})

describe('associations that stay', () => {
  hostile(
    'A26',
    '500 associations from one address: rejected above the limit, the idle ones closed in time',
    async (world) => {
      const answers: (ReceivedPdu | 'closed')[] = []
      const accepted: RawPeer[] = []
      for (let number = 0; number < 500; number++) {
        const peer = await world.connect()
        const answer = await peer.request()
        if (peer.acceptance !== undefined) accepted.push(peer)
        else answers.push(answer)
      }
      expect(accepted.length).toBe(ADDRESS_LIMIT)
      for (const answer of answers) expectRejected(answer, 2, 3, 2)
      await eventually('idle associations are closed', () => accepted.every((peer) => peer.closed), (IDLE_SECONDS + 5) * 1000)
    },
    60_000,
  )

  hostile(
    'A27',
    'a peer that never reads: does not hold up anybody, is given up in time',
    async (world) => {
      const before = world.node.rssBytes()
      const peer = await expectAccepted(world, {})
      peer.socket.pause()
      const flood = Buffer.concat(Array.from({ length: 5000 }, (_, index) => echoBytes(1, (index % 65535) + 1)))
      let sent = 0
      const deadline = Date.now() + 10_000
      while (Date.now() < deadline && (await peer.sendAll(flood, 1500))) sent += flood.length
      expect(world.node.rssBytes() - before, `memory after ${sent} bytes of C-ECHO`).toBeLessThan(100 * 1024 * 1024)
      await eventually(
        'the node gives the peer up',
        () => heldConnections(world.node.port) === 0,
        (WRITE_SECONDS + IDLE_SECONDS + 6) * 1000,
      )
    },
    60_000,
  )

  hostile('A28', 'a peer that never closes after a release or an abort: closed by ARTIM', async (world) => {
    const released = await expectAccepted(world, {})
    released.send(releaseRequest())
    const reply = await released.readPdu()
    expect(describePdu(reply)).toMatch(/^releaseReply/)
    const aborted = await expectAccepted(world, {})
    aborted.send(pdu(0x0a, Buffer.alloc(0)))
    await expectProviderAbort(aborted, 1)
    // What is waited for below can be seen at all: the node has ended both and still has their sockets.
    expect(heldConnections(world.node.port)).toBe(2)
    await eventually('the node holds no connection', () => heldConnections(world.node.port) === 0, (ARTIM_SECONDS + 3) * 1000)
  })
})

describe('rights', () => {
  hostile('A29', 'a peer that may retrieve by C-GET but not store cannot store', async (world) => {
    const peer = await expectAccepted(world, { calling: 'VIEWER', contexts: STORE_CONTEXTS })
    // Its storage contexts are accepted for C-GET; what it sends on them is not.
    expect(peer.acceptance?.contexts.get(3)?.result).toBe(0)
    expect((await world.store(peer, ct())).status).toBe(0x0124)
  })
})

function uidPart(uid: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(uid.length)
  return Buffer.concat([length, Buffer.from(uid, 'latin1')])
}

/** PS3.7 D.3.3.7.1, positive response requested. */
function userIdentity(type: number, primary: string): Buffer {
  return item(0x58, Buffer.concat([Buffer.from([type, 1]), uidPart(primary), uidPart('')]))
}
