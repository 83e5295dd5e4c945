/** One hostile case against a running node: the test does its worst through {@link World}, then everything that must hold is checked,
 *  first while the bad peers are still connected, then after they have gone.
 *
 *  One node for a file: a case that breaks it fails itself and what comes pause, which is what a hospital would see. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CT_IMAGE, EXPLICIT_LE, encode, TAG, type TestDataSet, textOf } from './data-sets.ts'
import {
  expectAlive,
  expectCleanLog,
  expectExactlyKept,
  expectMemoryNear,
  expectNoConnections,
  expectOthersServed,
  holdings,
} from './invariants.ts'
import { type NodeOptions, type NodeProcess, startNode } from './node-process.ts'
import type { ReceivedCommand } from './raw-command.ts'
import { CT, EXPLICIT, IMPLICIT, PDU_TYPE, type RequestFields, VERIFICATION_CONTEXT } from './raw-pdu.ts'
import { describePdu, RawPeer, type ReceivedPdu } from './raw-peer.ts'

/** Contexts of {@link World.associate}: 1 verification, 3 CT explicit, 5 CT implicit. */
export const STORE_CONTEXTS = [
  VERIFICATION_CONTEXT,
  { id: 3, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] },
  { id: 5, abstractSyntax: CT, transferSyntaxes: [IMPLICIT] },
] as const

export interface World {
  readonly node: NodeProcess
  /** A connection without an association; closed after the case. */
  connect(): Promise<RawPeer>
  /** An association with {@link STORE_CONTEXTS}, or as asked. */
  associate(fields?: RequestFields): Promise<RawPeer>
  /** C-STORE of a data set in explicit VR little endian on context 3; remembers what was acknowledged. */
  store(peer: RawPeer, elements: TestDataSet): Promise<ReceivedCommand>
  /** C-STORE of raw bytes; remembers what was acknowledged (0000H, Bxxx). */
  storeBytes(
    peer: RawPeer,
    sopInstance: string,
    bytes: Buffer,
    options?: { contextId?: number; sopClass?: string },
  ): Promise<ReceivedCommand>
  /** For what a case has stored in its own way. */
  acknowledged(sopInstanceUid: string): void
}

export interface HostileFile {
  readonly node: NodeProcess
  readonly hostile: (number: string, what: string, attack: (world: World) => Promise<void>, timeoutMs?: number) => void
}

/** Starts one node for the tests of a file and gives the function that registers its cases. */
export function hostileFile(options: NodeOptions | (() => Promise<NodeOptions>) = {}): HostileFile {
  let node: NodeProcess
  let baseBytes = 0
  beforeAll(async () => {
    node = await startNode(typeof options === 'function' ? await options() : options)
    await expectOthersServed(node)
    baseBytes = node.rssBytes()
  })
  afterAll(async () => {
    try {
      await expectMemoryNear(node, baseBytes)
    } finally {
      await node?.stop()
    }
  })

  const hostile: HostileFile['hostile'] = (number, what, attack, timeoutMs = 30_000) => {
    it(`${number} ${what}`, { timeout: timeoutMs }, async () => {
      expectAlive(node)
      const before = holdings(node)
      const logBefore = node.log().length
      const world = newWorld(node)
      try {
        await attack(world)
        expectAlive(node)
        await expectOthersServed(node)
      } finally {
        world.closeAll()
      }
      await expectNoConnections(node)
      await expectExactlyKept(node, before, world.kept)
      expectCleanLog(node, logBefore)
      expectAlive(node)
    })
  }
  return {
    get node() {
      return node
    },
    hostile,
  }
}

function newWorld(node: NodeProcess): World & { closeAll(): void; kept: string[] } {
  const peers: RawPeer[] = []
  const kept: string[] = []
  const remembered = (peer: RawPeer) => {
    peers.push(peer)
    return peer
  }
  const world: World = {
    node,
    connect: async () => remembered(await RawPeer.connect(node.port)),
    associate: async (fields = {}) =>
      remembered(await RawPeer.associate(node.port, { called: node.aeTitle, contexts: STORE_CONTEXTS, ...fields })),
    store: (peer, elements) =>
      world.storeBytes(peer, textOf(elements, TAG.SOPInstanceUID), encode(elements, EXPLICIT_LE), {
        sopClass: textOf(elements, TAG.SOPClassUID),
      }),
    storeBytes: async (peer, sopInstance, bytes, { contextId = 3, sopClass = CT_IMAGE } = {}) => {
      const response = await peer.store(contextId, sopClass, sopInstance, bytes)
      if (isAcknowledged(response.status)) kept.push(sopInstance)
      return response
    },
    acknowledged: (uid) => {
      kept.push(uid)
    },
  }
  return {
    ...world,
    kept,
    closeAll: () => {
      for (const peer of peers) peer.destroy()
    },
  }
}

/** Success or warning (PS3.4 B.2.3): the sender may forget the instance. */
export const isAcknowledged = (status: number) => status === 0 || (status & 0xf000) === 0xb000

/** The node's last word: an A-ABORT, or an A-ASSOCIATE-RJ, or just the end. */
export async function expectAbort(peer: RawPeer, withinMs = 5000): Promise<ReceivedPdu | undefined> {
  const last = await peer.readToEnd(withinMs)
  expect([undefined, PDU_TYPE.abort], `the last PDU was ${describePdu(last)}`).toContain(last?.type)
  return last
}

/** A-ABORT of the service provider, with a reason of PS3.8 Table 9-26. */
export async function expectProviderAbort(peer: RawPeer, ...reasons: number[]): Promise<void> {
  const last = await peer.readToEnd(5000)
  expect(last?.type, `the last PDU was ${describePdu(last)}`).toBe(PDU_TYPE.abort)
  expect(last?.body[2], 'source of the abort').toBe(2)
  if (reasons.length > 0) expect(reasons, `reason of the abort is ${last?.body[3]}`).toContain(last?.body[3])
}

/** A-ASSOCIATE-RJ with result, source and reason of PS3.8 Table 9-21, then the end of the connection. */
export function expectRejected(answer: ReceivedPdu | 'closed', result: number, source: number, reason: number): void {
  expect(describePdu(answer)).toBe(`reject ${Buffer.from([0, result, source, reason]).toString('hex')}`)
}
