/** One hostile case against a running node: the test does its worst through {@link World}, then everything that must hold is checked,
 *  first while the bad peers are still connected, then after they have gone.
 *
 *  One node for a file: a case that breaks it fails itself and what comes pause, which is what a hospital would see. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CT_IMAGE, EXPLICIT_LE, encode, TAG, type TestDataSet, textOf } from './data-sets.ts'
import {
  expectAlive,
  expectCleanLog,
  expectExactlyKept,
  expectMemoryNear,
  expectNoConnections,
  expectOthersServed,
  expectPeersNamed,
  expectWholeFiles,
  holdings,
} from './invariants.ts'
import { type NodeOptions, type NodeProcess, startNode } from './node-process.ts'
import type { ReceivedCommand } from './raw-command.ts'
import { CT, EXPLICIT, IMPLICIT, type RequestFields, VERIFICATION_CONTEXT } from './raw-pdu.ts'
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
  /** For what a case has stored in its own way. @param sent the data set, where it is what must be kept */
  acknowledged(sopInstanceUid: string, sent?: Buffer): void
}

export interface HostileFile {
  readonly node: NodeProcess
  /** @param allowance resident memory that the case may leave behind, in bytes, where {@link CASE_ALLOWANCE} is too little */
  readonly hostile: (number: string, what: string, attack: (world: World) => Promise<void>, timeoutMs?: number, allowance?: number) => void
}

/** How much more resident memory a case may leave behind, in bytes. V8 collects when it has to, so that what a burst took (a young generation
 *  of up to 3 × 16 MB) stays mapped; most cases leave less than 1 MB, the largest 20 MB. */
export const CASE_ALLOWANCE = 40 * 1024 * 1024
/** And all cases of a file together, of which the first also warm up the code: up to 45 MB were seen. */
const FILE_ALLOWANCE = 80 * 1024 * 1024

/** Starts one node for the tests of a file and gives the function that registers its cases. */
export function hostileFile(options: NodeOptions | (() => Promise<NodeOptions>) = {}): HostileFile {
  let node: NodeProcess
  let baseBytes = 0
  let allowedInAll = FILE_ALLOWANCE
  beforeAll(async () => {
    node = await startNode(typeof options === 'function' ? await options() : options)
    await expectOthersServed(node)
    baseBytes = node.rssBytes()
  })
  afterAll(async () => {
    try {
      expectWholeFiles(node, holdings(node).rows.values())
      await expectMemoryNear(node, baseBytes, allowedInAll)
    } finally {
      await node?.stop()
    }
  })

  const hostile: HostileFile['hostile'] = (number, what, attack, timeoutMs = 30_000, allowance = CASE_ALLOWANCE) => {
    allowedInAll = Math.max(allowedInAll, FILE_ALLOWANCE + allowance - CASE_ALLOWANCE)
    it(`${number} ${what}`, { timeout: timeoutMs }, async () => {
      expectAlive(node)
      const before = holdings(node)
      const logBefore = node.log().length
      const rssBefore = node.rssBytes()
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
      await expectPeersNamed(node, logBefore, world.counts())
      await expectMemoryNear(node, rssBefore, allowance)
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

interface OwnWorld extends World {
  closeAll(): void
  /** What has been acknowledged → SHA-256 of the data set, where it is known what must be kept. */
  readonly kept: Map<string, string | undefined>
  /** How many of the connections got an association, and how many did not. */
  counts(): { refused: number; accepted: number }
}

function newWorld(node: NodeProcess): OwnWorld {
  const peers: RawPeer[] = []
  const kept = new Map<string, string | undefined>()
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
      // After a warning another data set may be the one that is kept (B000).
      if (response.status === 0) world.acknowledged(sopInstance, bytes)
      else if (isAcknowledged(response.status) && !kept.has(sopInstance)) world.acknowledged(sopInstance)
      return response
    },
    acknowledged: (uid, sent) => {
      kept.set(uid, sent === undefined ? undefined : createHash('sha256').update(sent).digest('hex'))
    },
  }
  return {
    ...world,
    kept,
    closeAll: () => {
      for (const peer of peers) peer.destroy()
    },
    counts: () => {
      const accepted = peers.filter((peer) => peer.acceptance !== undefined).length
      return { accepted, refused: peers.length - accepted }
    },
  }
}

/** Success or warning (PS3.4 B.2.3): the sender may forget the instance. */
export const isAcknowledged = (status: number) => status === 0 || (status & 0xf000) === 0xb000

/** A-ABORT of the service user (source 0), then the end: action AA-1 of PS3.8 Table 9-7, before an association. */
export async function expectUserAbort(peer: RawPeer, withinMs = 5000): Promise<void> {
  const last = await peer.readToEnd(withinMs)
  expect(describePdu(last)).toMatch(/^abort ....00/)
}

/** A-ABORT of the service provider (source 2), with a reason of PS3.8 Table 9-26, then the end: action AA-8. */
export async function expectProviderAbort(peer: RawPeer, reason: number, withinMs = 5000): Promise<void> {
  const last = await peer.readToEnd(withinMs)
  expect(describePdu(last)).toBe(`abort ${Buffer.from([0, 0, 2, reason]).toString('hex')}`)
}

/** A-ASSOCIATE-RJ with result, source and reason of PS3.8 Table 9-21, then the end of the connection. */
export function expectRejected(answer: ReceivedPdu | 'closed', result: number, source: number, reason: number): void {
  expect(describePdu(answer)).toBe(`reject ${Buffer.from([0, result, source, reason]).toString('hex')}`)
}
