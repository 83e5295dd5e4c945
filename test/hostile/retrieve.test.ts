/** C-MOVE and C-GET with destinations and requestors that misbehave (PS3.4 C.4.2, C.4.3): each case one attack, then everything that must
 *  still hold. */
import { afterAll, describe, expect } from 'vitest'
import { ct, dataSet, decode, encode, IMPLICIT_LE, TAG, testUid, textOf } from '../support/data-sets.ts'
import { hostileFile, STORE_CONTEXTS, type World } from '../support/hostile-case.ts'
import { expectOthersServed } from '../support/invariants.ts'
import { eventually, pause } from '../support/node-process.ts'
import { cancelRequest, getRequest, moveRequest } from '../support/raw-command.ts'
import { type Behaviour, type RawDestination, startRawDestination } from '../support/raw-destination.ts'
import { abort, CT, IMPLICIT, type RequestFields, roleSelection, STUDY_GET, STUDY_MOVE } from '../support/raw-pdu.ts'
import { echoBytes, type RawPeer, type ReceivedMessage } from '../support/raw-peer.ts'
import { freePort } from '../support/run-command.ts'

const INSTANCES = 12
/** For D20: so many that a C-CANCEL is long before the end. */
const MANY = 1_000
const RESPONSE_SECONDS = 3
const MOVE = 7
const GET = 9
const QR_CONTEXTS = [
  ...STORE_CONTEXTS,
  { id: MOVE, abstractSyntax: STUDY_MOVE, transferSyntaxes: [IMPLICIT] },
  { id: GET, abstractSyntax: STUDY_GET, transferSyntaxes: [IMPLICIT] },
] as const
const WITH_ROLE: RequestFields = { contexts: QR_CONTEXTS, userItems: [roleSelection(CT, 1, 1)] }

let destination: RawDestination
const { hostile } = hostileFile(async () => {
  destination = await startRawDestination()
  const port = await freePort()
  return {
    settings: {
      dicom: {
        port,
        timeouts: { associateSeconds: 2, idleSeconds: 10, writeSeconds: 4, connectSeconds: 2, responseSeconds: RESPONSE_SECONDS },
      },
      peers: [
        { aeTitle: 'DEST', host: '127.0.0.1', port: destination.port },
        { aeTitle: 'ARIANE', host: '127.0.0.1', port },
        { aeTitle: 'CLOSED', host: '127.0.0.1', port: await freePort() },
        { aeTitle: 'NOPORT' },
      ],
    },
  }
})
afterAll(() => destination.close())

const study = testUid()
const uids: string[] = []

const identifier = (studyUid = study) =>
  encode(dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'], [TAG.StudyInstanceUID]: ['UI', studyUid] }), IMPLICIT_LE)

/** The destination as it should behave now, with nothing stored yet. */
function behaving(behaviour: Behaviour, delayMs = 0, status = 0): RawDestination {
  Object.assign(destination, { behaviour, delayMs, status })
  destination.stored.length = 0
  return destination
}

async function move(peer: RawPeer, title: string, withinMs = 30_000) {
  return await peer.query(MOVE, moveRequest(3, STUDY_MOVE, title), identifier(), { withinMs })
}

/** Success, some failed, none arrived: with a count of failures that says which. */
function expectAllFailed({ command }: ReceivedMessage): void {
  expect([0xa702, 0xb000]).toContain(command.status)
  expect(command.suboperations.failed).toBe(INSTANCES)
}

/** A study of {@link MANY} instances. @returns its UID */
async function storeMany(world: World): Promise<string> {
  const uids = { [TAG.StudyInstanceUID]: ['UI', testUid()], [TAG.SeriesInstanceUID]: ['UI', testUid()] } as const
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    const peer = await world.associate()
    for (let number = lane; number < MANY; number += 8) {
      const elements = ct({ ...uids, [TAG.InstanceNumber]: ['IS', String(number + 1)] })
      expect((await world.store(peer, elements)).status).toBe(0)
    }
  })
  await Promise.all(lanes)
  return uids[TAG.StudyInstanceUID][1]
}

async function expectUsable(peer: RawPeer): Promise<void> {
  expect(await peer.echo(1, 99)).toBe(0)
}

hostile('D18', 'the study that is asked for below', async (world: World) => {
  const peer = await world.associate()
  for (let number = 1; number <= INSTANCES; number++) {
    const elements = ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [TAG.SeriesInstanceUID]: ['UI', `${study}.1`.slice(0, 64)],
      [TAG.InstanceNumber]: ['IS', String(number)],
    })
    expect((await world.store(peer, elements)).status).toBe(0)
    uids.push(textOf(elements, TAG.SOPInstanceUID))
  }
})

describe('C-MOVE', () => {
  for (const title of ['NOBODY', '', 'A'.repeat(17), 'DEST\\EVIL', '../../x', 'dest', 'NOPORT', 'DEST\0\0']) {
    hostile('D18', `destination ${JSON.stringify(title)}: A801, nothing is sent`, async (world) => {
      behaving('stores')
      const peer = await world.associate({ contexts: QR_CONTEXTS })
      const { last, pending } = await move(peer, title)
      if (title === 'DEST\0\0') expect([0xa801, 0]).toContain(last.command.status)
      else {
        expect(last.command.status).toBe(0xa801)
        expect(pending).toEqual([])
        expect(destination.stored).toEqual([])
      }
      await expectUsable(peer)
    })
  }

  hostile('D19', 'to itself: ends, nothing is stored twice', async (world) => {
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    const { last } = await move(peer, 'ARIANE')
    expect([0, 0xa801, 0xa702, 0xb000]).toContain(last.command.status)
    await expectUsable(peer)
  })

  for (const behaviour of ['silent', 'resets', 'refuses contexts', 'rejects', 'aborts', 'mute'] as const) {
    hostile(
      'D19',
      `to a destination that is or does "${behaviour}": a final failure in time with every count`,
      async (world) => {
        behaving(behaviour)
        const peer = await world.associate({ contexts: QR_CONTEXTS })
        const since = Date.now()
        const { last } = await move(peer, 'DEST')
        expectAllFailed(last)
        expect((Date.now() - since) / 1000).toBeLessThan(RESPONSE_SECONDS * 3 + 4)
        await eventually('no connection to the destination is left', () => destination.connections() === 0, 4000)
        await expectUsable(peer)
      },
      45_000,
    )
  }

  hostile('D19', 'to a destination where nobody listens: a final failure with every count', async (world) => {
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    expectAllFailed((await move(peer, 'CLOSED')).last)
  })

  hostile(
    'D19',
    'pending responses come at least every two seconds while a destination is slow',
    async (world) => {
      behaving('stores', 1000)
      const peer = await world.associate({ contexts: QR_CONTEXTS })
      let lastAt = Date.now()
      let longest = 0
      const { last, pending } = await peer.query(MOVE, moveRequest(3, STUDY_MOVE, 'DEST'), identifier(), {
        onMessage: () => {
          longest = Math.max(longest, Date.now() - lastAt)
          lastAt = Date.now()
          return false
        },
      })
      expect(last.command.status).toBe(0)
      expect(longest).toBeLessThan(2500)
      for (const { command } of pending) {
        const { remaining = 0, completed = 0, failed = 0, warning = 0 } = command.suboperations
        expect(remaining + completed + failed + warning).toBe(INSTANCES)
      }
    },
    45_000,
  )

  hostile('D19', 'to a destination that refuses every instance: A702 or B000, every UID in the list of failures', async (world) => {
    behaving('stores', 0, 0xa700)
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    const { last } = await move(peer, 'DEST')
    expectAllFailed(last)
    const failed = decode(last.dataSet, IMPLICIT_LE).get(0x00080058)?.toString('latin1').replace(/\0$/, '').split('\\') ?? []
    expect(failed.sort()).toEqual([...uids].sort())
  })

  hostile(
    'D20',
    `C-CANCEL after 3 of ${MANY} instances: FE00 with what remains, the other association closed, nothing is sent any more`,
    async (world) => {
      const manyStudy = await storeMany(world)
      behaving('stores', 20)
      const peer = await world.associate({ contexts: QR_CONTEXTS })
      let cancelled = false
      const { last } = await peer.query(MOVE, moveRequest(3, STUDY_MOVE, 'DEST'), identifier(manyStudy), {
        onMessage: ({ command }) => {
          if (!cancelled && (command.suboperations.completed ?? 0) >= 3) {
            cancelled = true
            peer.sendMessage(MOVE, cancelRequest(3))
          }
          return false
        },
      })
      expect(last.command.status).toBe(0xfe00)
      // The instance on its way ends, and is counted.
      expect(last.command.suboperations).toMatchObject({ failed: 0, warning: 0, completed: destination.stored.length })
      expect(last.command.suboperations.remaining).toBe(MANY - destination.stored.length)
      expect(last.command.suboperations.remaining).toBeGreaterThan(MANY / 2)
      await eventually('the other association is closed', () => destination.connections() === 0, 4000)
      const sofar = destination.stored.length
      await pause(300)
      expect(destination.stored.length).toBe(sofar)
      await expectUsable(peer)
    },
    90_000,
  )

  hostile('P21', 'A-ABORT while it runs: sub-operations stop', async (world) => {
    behaving('stores', 300)
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    peer.sendMessage(MOVE, moveRequest(3, STUDY_MOVE, 'DEST'), identifier())
    await eventually('sub-operations run', () => destination.stored.length >= 1)
    peer.send(abort())
    await eventually('the other association is closed', () => destination.connections() === 0, 4000)
    const sofar = destination.stored.length
    expect(sofar).toBeLessThan(INSTANCES)
    await pause(800)
    expect(destination.stored.length).toBe(sofar)
  })

  hostile('D23', 'C-CANCEL of another message, and after the end: ignored, the association goes on', async (world) => {
    behaving('stores', 50)
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    peer.sendMessage(MOVE, cancelRequest(77))
    const moving = move(peer, 'DEST')
    peer.sendMessage(MOVE, cancelRequest(78))
    expect((await moving).last.command.status).toBe(0)
    peer.sendMessage(MOVE, cancelRequest(3))
    await expectUsable(peer)
  })
})

describe('C-GET', () => {
  const get = (peer: RawPeer, onMessage?: (message: ReceivedMessage) => boolean) =>
    peer.query(GET, getRequest(5, STUDY_GET), identifier(), { withinMs: 25_000, onMessage })

  const storeResponse = (peer: RawPeer, { contextId, command }: ReceivedMessage, more: Record<number, number> = {}) =>
    peer.sendMessage(contextId, {
      2: command.text(0x0002),
      256: 0x8001,
      288: command.number(0x0110),
      2048: 0x0101,
      2304: 0,
      4096: command.text(0x1000),
      ...more,
    })

  hostile('D21', 'without the SCP role for any storage class: every instance failed and listed', async (world) => {
    const peer = await world.associate({ contexts: QR_CONTEXTS })
    const { last } = await get(peer)
    expectAllFailed(last)
    const failed = decode(last.dataSet, IMPLICIT_LE).get(0x00080058)?.toString('latin1').replace(/\0$/, '').split('\\') ?? []
    expect(failed.sort()).toEqual([...uids].sort())
    await expectUsable(peer)
  })

  hostile('D21', 'with the SCP role (what the cases below misuse): every instance comes', async (world) => {
    const peer = await world.associate(WITH_ROLE)
    const got: string[] = []
    const { last } = await get(peer, (message) => {
      if (message.command.field !== 0x0001) return false
      got.push(message.command.text(0x1000) ?? '')
      storeResponse(peer, message)
      return true
    })
    expect(last.command.status).toBe(0)
    expect(got.sort()).toEqual([...uids].sort())
  })

  hostile('D22', 'each instance answered with A700: counted as failed', async (world) => {
    const peer = await world.associate(WITH_ROLE)
    const { last } = await get(peer, (message) => {
      if (message.command.field !== 0x0001) return false
      storeResponse(peer, message, { 2304: 0xa700 })
      return true
    })
    expectAllFailed(last)
  })

  for (const [what, more] of [
    ['answered under a wrong message ID', { 288: 60_000 }],
    ['not answered at all', undefined],
  ] as const) {
    hostile('D22', `the first instance ${what}: ends in time, no deadlock`, async (world) => {
      const peer = await world.associate(WITH_ROLE)
      const since = Date.now()
      await get(peer, (message) => {
        if (message.command.field !== 0x0001) return false
        if (more !== undefined) storeResponse(peer, message, more)
        return true
      }).then(
        ({ last }) => expectAllFailed(last),
        (error: Error) => expect(error.message).toMatch(/there came (abort|the end)/),
      )
      expect((Date.now() - since) / 1000).toBeLessThan(RESPONSE_SECONDS + 5)
      await expectOthersServed(world.node)
    })
  }

  hostile('D20', 'C-CANCEL of a C-GET: FE00 with what remains', async (world) => {
    const peer = await world.associate(WITH_ROLE)
    let cancelled = false
    const { last } = await get(peer, (message) => {
      if (message.command.field !== 0x0001) return false
      if (!cancelled) peer.sendMessage(GET, cancelRequest(5))
      cancelled = true
      setTimeout(() => storeResponse(peer, message), 100)
      return true
    })
    expect(last.command.status).toBe(0xfe00)
    expect(last.command.suboperations.remaining).toBeGreaterThan(0)
    peer.send(echoBytes(1, 50))
    expect((await peer.readMessage()).command.status).toBe(0)
  })
})
