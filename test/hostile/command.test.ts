/** What a peer can do wrong with DIMSE commands (PS3.7 6.3, 9.1, E.1): each case one attack, then everything that must still hold. */
import { existsSync, readdirSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { CT_IMAGE, ct, dataSet, encode, IMPLICIT_LE, TAG, testUid, textOf } from '../support/data-sets.ts'
import { expectProviderAbort, hostileFile, STORE_CONTEXTS, type World } from '../support/hostile-case.ts'
import { expectOthersServed } from '../support/invariants.ts'
import { pause } from '../support/node-process.ts'
import { commandElement, commandSet, echoRequest, findRequest, groupLengthElement, storeRequest } from '../support/raw-command.ts'
import { CT, EXPLICIT, IMPLICIT, PDU_TYPE, pData, pDataFragments, pdv, STUDY_FIND } from '../support/raw-pdu.ts'
import { echoBytes, type RawPeer } from '../support/raw-peer.ts'

const IDLE_SECONDS = 4
const FIND = 7
const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10'
const contexts = [...STORE_CONTEXTS, { id: FIND, abstractSyntax: STUDY_FIND, transferSyntaxes: [IMPLICIT] }]
const file = hostileFile({
  settings: { dicom: { maxAssociationsPerAddress: 64, timeouts: { associateSeconds: 2, idleSeconds: IDLE_SECONDS, writeSeconds: 4 } } },
})
const { hostile } = file

/** Sends one command set as it is, on a context. */
function sendCommand(peer: RawPeer, bytes: Buffer, contextId = 1): void {
  peer.send(pDataFragments(contextId, true, bytes))
}

/** Nothing has been answered to what came before: the next answer is that of this C-ECHO. */
async function expectNextAnswerIsEcho(peer: RawPeer): Promise<void> {
  peer.send(echoBytes(1, 4711))
  const { command } = await peer.readMessage()
  expect([command.field, command.respondedTo, command.status]).toEqual([0x8030, 4711, 0])
}

const echoWithoutGroupLength = commandSet(echoRequest(1), null)

describe('command sets', () => {
  for (const [what, bytes] of [
    ['without a group length', echoWithoutGroupLength],
    ['with a group length that is too small', commandSet(echoRequest(1), 4)],
    ['with a group length that is too large', commandSet(echoRequest(1), 0x7fffffff)],
  ] as const) {
    hostile('D1', `a command ${what}: answered`, async (world) => {
      const peer = await world.associate()
      sendCommand(peer, bytes)
      expect((await peer.readMessage()).command.status).toBe(0)
    })
  }

  hostile('D2', 'a command without Command Field: A-ABORT', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, commandSet(echoRequest(1, { 256: undefined })))
    await expectProviderAbort(peer, 6)
  })

  hostile('D3', 'an unknown command: unrecognised operation', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, commandSet(echoRequest(1, { 256: 0x7777 })))
    expect((await peer.readMessage()).command.status).toBe(0x0211)
  })
  hostile('D3', 'C-CANCEL with nothing running: ignored, nothing is answered', async (world) => {
    const peer = await world.associate({ contexts })
    sendCommand(peer, commandSet({ 256: 0x0fff, 288: 9, 2048: 0x0101 }), FIND)
    await expectNextAnswerIsEcho(peer)
  })
  hostile('D3', 'a response that nobody waits for: ignored', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, commandSet({ 2: CT, 256: 0x8001, 288: 1, 2048: 0x0101, 2304: 0, 4096: '1.2.3' }), 3)
    await expectNextAnswerIsEcho(peer)
  })

  for (const [name, field] of [
    ['N-SET', 0x0120],
    ['N-ACTION', 0x0130],
    ['N-CREATE', 0x0140],
    ['N-DELETE', 0x0150],
  ] as const) {
    hostile('D4', `${name} on a storage context: refused`, async (world) => {
      const peer = await world.associate()
      const command = { 3: CT, 256: field, 272: 1, 2048: 0x0101, 4097: '1.2.3' }
      sendCommand(peer, commandSet(command), 3)
      expect((await peer.readMessage()).command.status).toBe(0x0211)
    })
  }

  hostile('D5', 'C-FIND on a verification context: SOP class not supported', async (world) => {
    const peer = await world.associate()
    peer.sendMessage(1, findRequest(1, STUDY_FIND), encode(dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'] }), IMPLICIT_LE))
    expect((await peer.readMessage()).command.status).toBe(0x0122)
  })
  hostile('D5', 'C-STORE on a C-FIND context: SOP class not supported', async (world) => {
    const peer = await world.associate({ contexts })
    peer.sendMessage(FIND, storeRequest(1, CT, testUid()), encode(ct(), IMPLICIT_LE))
    expect((await peer.readMessage()).command.status).toBe(0x0122)
  })

  for (const [what, bytes] of [
    ['0', Buffer.alloc(0)],
    ['1', Buffer.from([0x30])],
    ['4', Buffer.from([0x30, 0, 0, 0])],
  ] as const) {
    hostile('D13', `a Command Field of length ${what}: A-ABORT`, async (world) => {
      const peer = await world.associate()
      sendCommand(peer, commandSet(echoRequest(1, { 256: bytes })))
      await expectProviderAbort(peer, 6)
    })
  }
  hostile('D13', 'an element of length FFFFFFFF: A-ABORT', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, Buffer.concat([groupLengthElement(10), commandElement(0x0100, 0x0030, { length: 0xffffffff })]))
    await expectProviderAbort(peer, 6)
  })

  hostile('D14', 'a command in explicit VR: A-ABORT', async (world) => {
    const explicit = (element: number, vr: string, value: Buffer) => {
      const header = Buffer.alloc(8)
      header.writeUInt16LE(element, 2)
      header.write(vr, 4, 'latin1')
      header.writeUInt16LE(value.length, 6)
      return Buffer.concat([header, value])
    }
    const peer = await world.associate()
    sendCommand(
      peer,
      Buffer.concat([
        explicit(0x0000, 'UL', Buffer.from([56, 0, 0, 0])),
        explicit(0x0002, 'UI', Buffer.from('1.2.840.10008.1.1\0')),
        explicit(0x0100, 'US', Buffer.from([0x30, 0])),
        explicit(0x0110, 'US', Buffer.from([1, 0])),
        explicit(0x0800, 'US', Buffer.from([1, 1])),
      ]),
    )
    await expectProviderAbort(peer, 6)
  })

  const body = [
    commandElement(0x0800, 0x0101),
    commandElement(0x0110, 1),
    commandElement(0x0100, 0x0030),
    commandElement(0x0002, '1.2.840.10008.1.1'),
  ]
  for (const [what, elements, isAnswered] of [
    ['with elements out of order', body, true],
    ['with two Command Fields, of which the first counts', [...body, commandElement(0x0100, 0x0001)], true],
    ['with an element of another group', [...body, commandElement(0x0010, 'Evil^Name ', { group: 0x0010 })], false],
    ['with half an element', [...body, Buffer.from([0, 0, 0x10])], false],
  ] as const) {
    hostile('D15', `a command ${what}: ${isAnswered ? 'answered' : 'A-ABORT'}`, async (world) => {
      const peer = await world.associate()
      sendCommand(peer, Buffer.concat([groupLengthElement(Buffer.concat([...elements]).length), ...elements]))
      if (!isAnswered) return await expectProviderAbort(peer, 6)
      const { command } = await peer.readMessage()
      expect([command.field, command.status]).toEqual([0x8030, 0])
    })
  }

  for (const priority of [0x0003, 0xffff]) {
    hostile('D25', `priority ${priority.toString(16)}: ignored`, async (world) => {
      const peer = await world.associate()
      const elements = ct()
      const uid = textOf(elements, TAG.SOPInstanceUID)
      const response = await peer.store(3, CT_IMAGE, uid, encode(elements), { 1792: priority })
      expect(response.status).toBe(0)
      world.acknowledged(uid, encode(elements))
    })
  }

  hostile('D26', 'a move originator with control characters: ignored', async (world) => {
    const peer = await world.associate()
    const elements = ct()
    const uid = textOf(elements, TAG.SOPInstanceUID)
    const response = await peer.store(3, CT_IMAGE, uid, encode(elements), { 4144: '\x1b[31mEVIL\r\nX ', 4145: 7 })
    expect(response.status).toBe(0)
    world.acknowledged(uid, encode(elements))
  })
})

describe('message IDs and data set types', () => {
  hostile('D9', 'a data set although none was announced: A-ABORT, nothing is kept', async (world) => {
    const peer = await world.associate()
    peer.sendMessage(3, storeRequest(1, CT, testUid(), { 2048: 0x0101 }), encode(ct()))
    expect((await peer.readToEnd(3000))?.type).toBe(PDU_TYPE.abort)
  })

  for (const type of [0x0000, 0x0001]) {
    hostile('D10', `a data set announced (type ${type}) that never comes: ended by the idle time-out, others served`, async (world) => {
      const peer = await world.associate()
      sendCommand(peer, commandSet(storeRequest(1, CT, testUid(), { 2048: type })), 3)
      await expectOthersServed(world.node)
      await expectProviderAbort(peer, 0, (IDLE_SECONDS + 4) * 1000)
    })
  }

  hostile('D11', 'a C-ECHO with a data set: dropped, and answered once', async (world) => {
    const peer = await world.associate()
    peer.sendMessage(1, echoRequest(1, { 2048: 1 }), Buffer.alloc(100))
    expect((await peer.readMessage()).command.status).toBe(0)
    await expectNextAnswerIsEcho(peer)
  })

  for (const messageId of [0, 65535]) {
    hostile('D12', `message ID ${messageId}: legal`, async (world) => {
      const peer = await world.associate()
      peer.send(echoBytes(1, messageId))
      const { command } = await peer.readMessage()
      expect([command.respondedTo, command.status]).toEqual([messageId, 0])
    })
  }
  hostile('D12', 'no message ID: A-ABORT', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, commandSet(echoRequest(1, { 272: undefined })))
    await expectProviderAbort(peer, 6)
  })
  hostile('D12', 'the same message ID twice at once: both answered', async (world) => {
    const peer = await world.associate()
    peer.send(echoBytes(1, 5), echoBytes(1, 5))
    for (const { command } of [await peer.readMessage(), await peer.readMessage()]) {
      expect([command.respondedTo, command.status]).toEqual([5, 0])
    }
  })

  hostile('D16', 'the next command before the data set has ended: A-ABORT, nothing is kept', async (world) => {
    const peer = await world.associate()
    sendCommand(peer, commandSet(storeRequest(1, CT, testUid())), 3)
    peer.send(pData(pdv(3, 0, encode(ct()).subarray(0, 300))))
    sendCommand(peer, commandSet(storeRequest(2, CT, testUid())), 3)
    expect((await peer.readToEnd(3000))?.type).toBe(PDU_TYPE.abort)
  })
})

describe('UIDs of a C-STORE', () => {
  hostile('D6', 'a SOP class that is not that of the context: refused', async (world) => {
    const peer = await world.associate()
    const mr = '1.2.840.10008.5.1.4.1.1.4'
    const elements = ct({ [TAG.SOPClassUID]: ['UI', mr] })
    const response = await world.store(peer, elements)
    expect(response.status).toBe(0xa900)
  })
  hostile('D6', 'a SOP class that differs between command and data set: refused', async (world) => {
    const peer = await world.associate()
    const elements = ct({ [TAG.SOPClassUID]: ['UI', '1.2.840.10008.5.1.4.1.1.4'] })
    const response = await world.storeBytes(peer, textOf(elements, TAG.SOPInstanceUID), encode(elements))
    expect(response.status).toBe(0xa900)
  })
  hostile('F9', 'Media Storage Directory proposed for storage: result 3, the association goes on', async (world) => {
    const peer = await world.associate({
      contexts: [...STORE_CONTEXTS, { id: FIND, abstractSyntax: MEDIA_STORAGE_DIRECTORY, transferSyntaxes: [EXPLICIT, IMPLICIT] }],
    })
    expect(peer.acceptance?.contexts.get(FIND)?.result).toBe(3)
    expect(await peer.echo()).toBe(0)
  })
  hostile('F9', 'a DICOMDIR sent as an instance on the context of another class: refused, nothing is kept', async (world) => {
    const peer = await world.associate()
    const directory = ct({ [TAG.SOPClassUID]: ['UI', MEDIA_STORAGE_DIRECTORY] })
    expect((await world.store(peer, directory)).status).toBe(0xa900)
    const uid = textOf(directory, TAG.SOPInstanceUID)
    const disguised = await world.storeBytes(peer, uid, encode(directory), { sopClass: CT_IMAGE })
    expect(disguised.status, 'under the class of the context in the command').toBe(0xa900)
  })
  hostile('D7', 'a SOP Instance UID that differs between command and data set: refused', async (world) => {
    const peer = await world.associate()
    const response = await world.storeBytes(peer, testUid(), encode(ct()))
    expect(response.status).toBe(0xa900)
  })

  for (const uid of [
    '',
    undefined,
    `1.2.${'3'.repeat(70)}`,
    '../../../tmp/ariane-hostile',
    '1.2.3/../4',
    '1.2\0.3',
    '..',
    '/etc/ariane-hostile',
    'C:\\x',
    '1.2.3;rm -rf',
  ]) {
    hostile('D8', `SOP Instance UID ${JSON.stringify(uid)}: refused, nothing outside of the storage`, async (world) => {
      const top = readdirSync(world.node.folder).sort()
      const peer = await world.associate()
      const elements = ct({ [TAG.SOPInstanceUID]: uid === undefined ? undefined : ['UI', uid] })
      peer.sendMessage(3, { ...storeRequest(1, CT, 'x'), 4096: uid }, encode(elements))
      const { status } = (await peer.readMessage()).command
      expect(status.toString(16)).toBe('c001')
      expect(readdirSync(world.node.folder).sort()).toEqual(top)
      expect(existsSync('/tmp/ariane-hostile') || existsSync('/etc/ariane-hostile')).toBe(false)
    })
  }

  hostile('D17', 'the same instance at once on two associations: both acknowledged, one file, one row', async (world) => {
    const elements = ct({}, 64)
    const peers = [await world.associate(), await world.associate()]
    const responses = await Promise.all(peers.map((peer) => world.store(peer, elements)))
    expect(responses.map(({ status }) => status)).toEqual([0, 0])
  })
  hostile('D17', 'two different instances of one UID at once: both answered, one file, one row, one of them told so', async (world) => {
    const uid = testUid()
    const one = ct({ [TAG.SOPInstanceUID]: ['UI', uid] }, 64)
    const other = new Map([...one, [TAG.InstanceNumber, ['IS', '2']] as const])
    const peers = [await world.associate(), await world.associate()]
    const responses = await Promise.all([world.store(peers[0]!, one), world.store(peers[1]!, other)])
    expect(responses.map(({ status }) => status).sort()).toEqual([0, 0xb000])
  })
})

describe('answers that nobody reads', () => {
  /** What 50 queues of requests take while they wait stays mapped when they have gone: 70 MB after the first attack, 140 MB from the third
   *  on, with the same 37 MB of live heap all the time. */
  const QUEUED_ALLOWANCE = 150 * 1024 * 1024

  hostile(
    'D24',
    '10,000 C-FIND for everything of 50 peers that never read: memory bounded, others served',
    async (world) => {
      await storeStudies(world, 50)
      const before = world.node.rssBytes()
      const peers = await Promise.all(Array.from({ length: 50 }, () => world.associate({ contexts })))
      const identifier = encode(
        dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'], [TAG.PatientName]: ['PN', '*'], [TAG.StudyInstanceUID]: ['UI', ''] }),
        IMPLICIT_LE,
      )
      for (const peer of peers) {
        peer.socket.pause()
        for (let messageId = 1; messageId <= 200; messageId++) peer.sendMessage(FIND, findRequest(messageId, STUDY_FIND), identifier)
      }
      await pause(2000)
      await expectOthersServed(world.node)
      expect(world.node.rssBytes() - before).toBeLessThan(QUEUED_ALLOWANCE)
    },
    60_000,
    QUEUED_ALLOWANCE,
  )
})

async function storeStudies(world: World, count: number): Promise<void> {
  const peer = await world.associate()
  for (let number = 0; number < count; number++) expect((await world.store(peer, ct())).status).toBe(0)
}
