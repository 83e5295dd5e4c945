/** C-MOVE and C-GET on a real catalog and storage. D18 to D22: destinations and requestors that misbehave. */
import { readdirSync, readlinkSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { connect } from '../../src/dimse/connect.ts'
import { NodeError } from '../../src/errors.ts'
import { cGet } from '../../src/serve/c-get.ts'
import { cMove } from '../../src/serve/c-move.ts'
import { contextBatches } from '../../src/serve/move-lane.ts'
import type { Serving } from '../../src/serve/serving.ts'
import {
  CT_IMAGE,
  ct,
  dataSetOffset,
  EXPLICIT_LE,
  encode,
  IMPLICIT_LE,
  type Overrides,
  TAG,
  type TestDataSet,
  testUid,
  textOf,
} from '../support/data-sets.ts'
import { ask, destination, FakeAssociation, type FakeAssociationOptions, type FakeRequest, type Home, openHome, peer } from './support.ts'

const COUNT = 6
const FAILED_LIST = 0x00080058
let home: Home
let study: string
let instances: TestDataSet[]

beforeAll(async () => {
  home = await openHome()
  study = testUid()
  const series = testUid()
  instances = Array.from({ length: COUNT }, (_, at) =>
    ct({
      [TAG.StudyInstanceUID]: ['UI', study],
      [TAG.SeriesInstanceUID]: ['UI', series],
      [TAG.InstanceNumber]: ['IS', String(at + 1)],
    }),
  )
  for (const instance of instances) expect(await home.keep(instance)).toBe(0)
})
afterAll(() => home.close())
afterEach(() => expect(openFiles()).toEqual([]))

/** Files of the storage that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`)
      return path.startsWith(home.folder) && path.endsWith('.dcm') ? [path] : []
    } catch {
      return [] // closed meanwhile
    }
  })
}

function keys(uid = study): Overrides {
  return { [TAG.StudyInstanceUID]: ['UI', uid] }
}

async function move(options: Partial<Serving>, extra: Parameters<typeof ask>[3] & { to?: string } = {}): Promise<FakeRequest> {
  const { to = 'VIEWER', ...rest } = extra
  const asked = ask('move', 'STUDY', keys(), { command: { moveDestination: to }, ...rest })
  const serving = home.serving({ peer: (title) => (title === 'VIEWER' ? peer('VIEWER') : undefined), ...options })
  await cMove(serving, asked)
  return asked
}

const BOTH = [
  [CT_IMAGE, EXPLICIT_LE],
  [CT_IMAGE, IMPLICIT_LE],
] as const

async function get(
  options: FakeAssociationOptions,
  extra: Parameters<typeof ask>[3] = {},
): Promise<{ asked: FakeRequest; association: FakeAssociation }> {
  const association = new FakeAssociation({ contexts: BOTH, ...options })
  const asked = ask('get', 'STUDY', keys(), { association, ...extra })
  await cGet(home.serving(), asked)
  return { asked, association }
}

function uidsOf(sets: readonly TestDataSet[]): string[] {
  return sets.map((one) => textOf(one, TAG.SOPInstanceUID)).sort()
}

function counts({ fields }: { fields: Record<string, unknown> }): unknown[] {
  const {
    status,
    numberOfCompletedSuboperations: c,
    numberOfFailedSuboperations: f,
    numberOfWarningSuboperations: w,
    numberOfRemainingSuboperations: r,
  } = fields
  return [status, c, f, w, r]
}

/** Success for every C-STORE; something else happens with one of them. */
function succeed(at: number, event: () => void): NonNullable<FakeAssociationOptions['answer']> {
  return (_, number) => {
    if (number === at) event()
    return { status: 0 }
  }
}

/** No answer in time: whoever asked has then aborted. */
const timeOut: NonNullable<FakeAssociationOptions['answer']> = (_, __, association) => {
  association.abort()
  throw new NodeError('PEER_TIMEOUT')
}

function failedUids(asked: FakeRequest): string[] {
  return asked.final().identifier?.values(FAILED_LIST).sort() ?? []
}

describe('C-MOVE', () => {
  it('sends every instance as stored, names its originator, and counts', async () => {
    const to = destination()
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0, COUNT, 0, 0, undefined])
    expect(asked.final().identifier).toBeUndefined()
    expect(to.delivered().map(({ bytes }) => bytes)).toEqual(instances.map((one) => encode(one)))
    expect(to.delivered()[0]!.instance.moveOriginator).toEqual({ aeTitle: 'VIEWER', messageId: 7 })
    expect(to.opened.map(({ released }) => released)).toEqual([true])
    expect(to.proposals[0]).toEqual([
      { abstractSyntax: CT_IMAGE, transferSyntaxes: [EXPLICIT_LE] },
      { abstractSyntax: CT_IMAGE, transferSyntaxes: [IMPLICIT_LE] },
    ])
  })

  it.each(['', 'A2345678901234567', 'NODE\\EVIL', 'NOBODY', 'viewer'])('D18: destination %j is A801 and nothing is sent', async (to) => {
    const asked = await move({ connectTo: () => Promise.reject(new Error('must not be opened')) }, { to })
    expect(asked.answers.map(({ fields }) => fields.status)).toEqual([0xa801])
  })

  it('D18: a peer without host or port is no destination', async () => {
    const asked = await move({ peer: () => peer('VIEWER', { host: undefined }) })
    expect(asked.final().fields.status).toBe(0xa801)
  })

  it('zero matches: 0000 with zero counts, and no association', async () => {
    const asked = ask('move', 'STUDY', keys(testUid()), { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER') }), asked)
    expect(counts(asked.final() as never)).toEqual([0, 0, 0, 0, undefined])
  })

  it('A900 without a unique key', async () => {
    const asked = ask('move', 'STUDY', {}, { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER') }), asked)
    expect(asked.final().fields.status).toBe(0xa900)
  })

  it('some failed: B000 with their list; warnings of the destination count as warnings', async () => {
    const to = destination({ answer: (_, number) => ({ status: [0, 0xb000, 0xa700, 0, 0xc000, 0][number - 1]! }) })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xb000, 3, 2, 1, undefined])
    expect(failedUids(asked)).toEqual(uidsOf([instances[2]!, instances[4]!]))
    expect(asked.final().fields.errorComment).toBe('Destination answered A700H')
  })

  it('none arrived: A702', async () => {
    const asked = await move({ connectTo: destination({ answer: () => ({ status: 0xa700 }) }).connectTo })
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(failedUids(asked)).toEqual(uidsOf(instances))
  })

  it('a list of failed UIDs beyond 64 KiB can be read', async () => {
    const many = testUid()
    for (let at = 0; at < 1_600; at++) await home.keep(ct({ [TAG.StudyInstanceUID]: ['UI', many] }))
    const asked = ask('move', 'STUDY', keys(many), { command: { moveDestination: 'VIEWER' } })
    const before = performance.now()
    await cMove(home.serving({ peer: () => peer('VIEWER') }), asked)
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, 1_600, 0, undefined])
    expect(asked.final().bytes!.length).toBeGreaterThan(64 * 1024)
    expect(asked.final().identifier!.elements.get(FAILED_LIST)!.value.toString('latin1').split('\\')).toHaveLength(1_600)
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it('D19: a destination that refuses every context fails fast with A702 and the whole list', async () => {
    const to = destination({ accepts: () => false })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(asked.final().fields.errorComment).toBe('Destination accepts no suitable presentation context')
    expect(to.opened).toHaveLength(1)
  })

  it('D19: a destination that drops every association is given up after three', async () => {
    const to = destination({
      answer: (_, __, association) => {
        association.abort()
        throw new NodeError('PEER_ABORTED')
      },
    })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(to.opened).toHaveLength(3)
  })

  it('D19: a destination that never answers is given up after two timeouts, not one for each instance', async () => {
    const to = destination({ answer: timeOut })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(to.opened).toHaveLength(2)
  })

  it('a first instance that is never answered costs itself alone', async () => {
    let first = true
    const to = destination({
      answer: (delivered, number, association) => {
        if (!first) return { status: 0 }
        first = false
        return timeOut(delivered, number, association)
      },
    })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xb000, COUNT - 1, 1, 0, undefined])
    expect(failedUids(asked)).toEqual([textOf(instances[0]!, TAG.SOPInstanceUID)])
    expect(to.opened).toHaveLength(2)
  })

  it('an association that is lost after answers is opened again for the rest', async () => {
    let dropped = 0
    const to = destination({
      answer: (_, number, association) => {
        if (number < 3 || dropped > 0) return { status: 0 }
        dropped += 1
        association.abort()
        throw new NodeError('PEER_ABORTED')
      },
    })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0xb000, COUNT - 1, 1, 0, undefined])
    expect(to.opened).toHaveLength(2)
  })

  it('D20: a cancel ends it with FE00 and the remaining count; the association is given back', async () => {
    const to = destination({ answer: succeed(3, () => asked.cancel()) })
    const asked = ask('move', 'STUDY', keys(), { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
    expect(counts(asked.final() as never)).toEqual([0xfe00, 3, 0, 0, COUNT - 3])
    expect(to.opened.map(({ released }) => released)).toEqual([true])
  })

  it('D20: a cancel while an instance hangs aborts the association soon after', async () => {
    const to = destination({ answer: () => new Promise(() => setTimeout(() => asked.cancel(), 50)) })
    const asked = ask('move', 'STUDY', keys(), { command: { moveDestination: 'VIEWER' } })
    const before = performance.now()
    await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
    expect(performance.now() - before).toBeLessThan(3_000)
    expect(counts(asked.final() as never)).toEqual([0xfe00, 0, 0, 0, COUNT])
  })

  it('stops when the requestor has gone, and says nothing', async () => {
    const requestor = new FakeAssociation()
    const to = destination({ answer: succeed(2, () => requestor.abort()) })
    const asked = await move({ connectTo: to.connectTo }, { association: requestor })
    expect(to.delivered()).toHaveLength(2)
    expect(asked.answers.filter(({ fields }) => fields.status < 0xff00)).toHaveLength(0)
  })

  it('reports at least every two seconds while one instance is in flight', async () => {
    const to = destination({
      answer: (_, number) => new Promise((resolve) => setTimeout(() => resolve({ status: 0 }), number === 2 ? 3_500 : 0)),
    })
    const began = Date.now()
    const asked = await move({ connectTo: to.connectTo })
    const times = [began, ...asked.pending().map(({ at }) => at), Date.now()]
    const gaps = times.slice(1).map((time, at) => time - times[at]!)
    expect(Math.max(...gaps)).toBeLessThan(2_000)
    expect(asked.pending().length).toBeGreaterThanOrEqual(3)
    for (const one of asked.pending()) {
      const { numberOfCompletedSuboperations: done, numberOfRemainingSuboperations: left } = one.fields
      expect(done! + left!).toBe(COUNT)
    }
  })

  it('uses several associations where the peer is configured so; one that cannot be had is done without', async () => {
    let opened = 0
    const to = destination()
    const connectTo: Serving['connectTo'] = (one, contexts) =>
      ++opened === 2 ? Promise.reject(new NodeError('PEER_REJECTED')) : to.connectTo(one, contexts)
    const asked = await move({ connectTo, peer: () => peer('VIEWER', { parallelAssociations: 3 }) })
    expect(counts(asked.final() as never)).toEqual([0, COUNT, 0, 0, undefined])
    expect(to.opened).toHaveLength(2)
    expect(
      to
        .delivered()
        .map(({ instance }) => instance.sopInstanceUid)
        .sort(),
    ).toEqual(uidsOf(instances))
  })

  it('re-encodes for a destination that takes Implicit VR alone', async () => {
    const to = destination({ accepts: (syntax) => syntax === IMPLICIT_LE })
    const asked = await move({ connectTo: to.connectTo })
    expect(counts(asked.final() as never)).toEqual([0, COUNT, 0, 0, undefined])
    expect(to.delivered().map(({ bytes }) => bytes)).toEqual(instances.map((one) => encode(one, IMPLICIT_LE)))
  })

  it('proposes at most 128 contexts for one association', () => {
    const classes = new Map(
      Array.from({ length: 60 }, (_, at) => [`1.2.${at}`, new Set(['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.5'])] as const),
    )
    const batches = contextBatches(classes)
    expect(batches.length).toBe(2)
    expect(batches.every(({ contexts }) => contexts.length <= 126)).toBe(true)
    expect(batches.flatMap((one) => [...one.classes])).toEqual([...classes.keys()])
  })
})

describe('C-MOVE to real sockets that misbehave', () => {
  let server: Server | undefined
  const sockets: Socket[] = []
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    server?.close()
  })

  async function moveTo(behave: (socket: Socket) => void): Promise<FakeRequest> {
    server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      behave(socket)
    })
    const port = await new Promise<number>((resolve) =>
      server!.listen(0, '127.0.0.1', () => resolve((server!.address() as { port: number }).port)),
    )
    const timeouts = { associateSeconds: 1, idleSeconds: 5, writeSeconds: 2, connectSeconds: 1, responseSeconds: 1 }
    const titles = { callingAeTitle: aeTitle('ARIANE'), calledAeTitle: aeTitle('VIEWER') }
    return move({ connectTo: (_, contexts) => connect({ host: '127.0.0.1', port, ...titles, contexts, timeouts }) })
  }

  it.each([
    ['accepts TCP and never answers', () => undefined],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes at once', (socket: Socket) => socket.end()],
    ['answers with rubbish', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('D19: one that %s', async (_, behave) => {
    const before = performance.now()
    const asked = await moveTo(behave)
    expect(performance.now() - before).toBeLessThan(5_000)
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(failedUids(asked)).toEqual(uidsOf(instances))
  })
})

describe('C-GET', () => {
  it('sends every instance on the association of the request', async () => {
    const { asked, association } = await get({})
    expect(counts(asked.final() as never)).toEqual([0, COUNT, 0, 0, undefined])
    expect(association.delivered.map(({ bytes }) => bytes)).toEqual(instances.map((one) => encode(one)))
    expect(association.delivered[0]!.instance.moveOriginator).toBeUndefined()
    expect(association.released).toBe(false)
  })

  it('D21: no storage context: A702 with every instance failed and listed', async () => {
    const { asked, association } = await get({ contexts: [] })
    expect(counts(asked.final() as never)).toEqual([0xa702, 0, COUNT, 0, undefined])
    expect(failedUids(asked)).toEqual(uidsOf(instances))
    expect(association.delivered).toHaveLength(0)
  })

  it('D22: answers of failure are counted; one that is never answered ends with the association', async () => {
    const refused = await get({ answer: (_, number) => ({ status: number === 1 ? 0xa700 : 0 }) })
    expect(counts(refused.asked.final() as never)).toEqual([0xb000, COUNT - 1, 1, 0, undefined])
    const silent = await get({
      answer: (_, __, association) => {
        association.abort()
        throw new NodeError('PEER_TIMEOUT')
      },
    })
    expect(silent.association.delivered).toHaveLength(1)
    expect(silent.asked.answers).toHaveLength(0)
  })

  it('a cancel ends it with FE00 and the remaining count', async () => {
    const association = new FakeAssociation({
      contexts: BOTH,
      answer: succeed(2, () => asked.cancel()),
    })
    const asked = ask('get', 'STUDY', keys(), { association })
    await cGet(home.serving(), asked)
    expect(counts(asked.final() as never)).toEqual([0xfe00, 2, 0, 0, COUNT - 2])
  })
})

describe('reading ahead', () => {
  const SIZE = 200_000
  let uid: string
  beforeAll(async () => {
    uid = testUid()
    for (let number = 1; number <= 8; number++) {
      const pixels = Buffer.alloc(SIZE, number)
      await home.keep(
        ct({ [TAG.StudyInstanceUID]: ['UI', uid], [TAG.InstanceNumber]: ['IS', String(number)], [0x7fe00010]: ['OW', pixels] }),
      )
    }
  })

  it('opens the next few files and no more, and leaves none open when it is cancelled', async () => {
    let open: string[] = []
    const to = destination({
      answer: async (_, number) => {
        await sleep(50)
        if (number < 3) return { status: 0 }
        open = openFiles()
        asked.cancel()
        return { status: 0 }
      },
    })
    const asked = ask('move', 'STUDY', keys(uid), { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
    expect(counts(asked.final() as never)).toEqual([0xfe00, 3, 0, 0, 5])
    expect(open.length).toBeGreaterThan(1)
    expect(open.length).toBeLessThanOrEqual(5)
  })

  it('tells the association what comes next, where there is one', async () => {
    const to = destination({ answer: () => sleep(20).then(() => ({ status: 0 })) })
    const asked = ask('move', 'STUDY', keys(uid), { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
    const [association] = to.opened
    expect(association!.delivered).toHaveLength(8)
    expect(association!.expected).toBe(7)
  })
})

describe('a data set of odd length', () => {
  const JPEG = '1.2.840.10008.1.2.4.50'
  const FRAGMENTS = 'e07f10004f420000fffffffffeff00e000000000feff00e0010000000afeff00e0020000000a0afeff00e0020000000a0afeffdde000000000'

  /** Gets three instances of one study, the second of which is odd. */
  async function getOdd(second: (one: TestDataSet) => Buffer, syntax = EXPLICIT_LE) {
    const uid = testUid()
    const sets = [1, 2, 3].map((number) =>
      ct({
        [TAG.StudyInstanceUID]: ['UI', uid],
        [TAG.SeriesInstanceUID]: ['UI', '1.2.3'],
        [TAG.SOPInstanceUID]: ['UI', `${uid.slice(0, 40)}.${number}`],
      }),
    )
    for (const [at, one] of sets.entries()) {
      const bytes = at === 1 ? second(one) : encode(one)
      expect(bytes.length % 2).toBe(at % 2)
      expect(await home.keepBytes(bytes, CT_IMAGE, textOf(one, TAG.SOPInstanceUID), at === 1 ? syntax : EXPLICIT_LE)).toBe(0)
    }
    const association = new FakeAssociation({ contexts: [...BOTH, [CT_IMAGE, JPEG]] })
    const asked = ask('get', 'STUDY', keys(uid), { association })
    await cGet(home.serving(), asked)
    return { sets, association, asked, oddUid: textOf(sets[1]!, TAG.SOPInstanceUID) }
  }
  const named = (one: TestDataSet, name: string | Buffer): Buffer => encode(new Map([...one, [TAG.PatientName, ['PN', name]]]))

  it('is sent with even lengths, in the stored syntax; the file stays', async () => {
    const { sets, association, asked, oddUid } = await getOdd((one) => named(one, Buffer.from('Doe^Joe')))
    expect(counts(asked.final() as never)).toEqual([0, 3, 0, 0, undefined])
    expect(association.delivered.map(({ bytes }) => bytes)).toEqual([encode(sets[0]!), named(sets[1]!, 'Doe^Joe'), encode(sets[2]!)])
    const facts = (await home.catalog.findInstance(oddUid as Uid))!
    expect((facts.fileSizeBytes - facts.dataSetOffset) % 2).toBe(1)
    expect(await home.storage.digest(facts.storageKey, facts.dataSetOffset)).toBe(facts.sha256)
  })

  it('that cannot be mended fails alone and says why, and C-GET goes on', async () => {
    const unknownFrames = (one: TestDataSet) => {
      const header = encode(ct({ ...Object.fromEntries(one), [TAG.NumberOfFrames]: ['IS', '2'], [TAG.PixelData]: undefined }))
      return Buffer.concat([header, Buffer.from(FRAGMENTS, 'hex')])
    }
    const { association, asked, oddUid } = await getOdd(unknownFrames, JPEG)
    expect(counts(asked.final() as never)).toEqual([0xb000, 2, 1, 0, undefined])
    expect(asked.final().fields.errorComment).toBe('Stored values have odd lengths that cannot be mended')
    expect(failedUids(asked)).toEqual([oddUid])
    expect(association.delivered).toHaveLength(2)
  })
})

describe('a stored file that is lost, cut, or unreadable', () => {
  async function damaged(
    harm: (path: string) => Promise<void>,
  ): Promise<{ asked: FakeRequest; to: ReturnType<typeof destination>; harmed: string }> {
    const uid = testUid()
    const sets = [1, 2, 3].map((number) => ct({ [TAG.StudyInstanceUID]: ['UI', uid], [TAG.InstanceNumber]: ['IS', String(number)] }))
    for (const one of sets) await home.keep(one)
    const harmed = textOf(sets[1]!, TAG.SOPInstanceUID)
    const { storageKey } = (await home.catalog.findInstance(harmed as Uid))!
    await harm(join(home.folder, storageKey))
    const to = destination()
    const asked = ask('move', 'STUDY', keys(uid), { command: { moveDestination: 'VIEWER' } })
    await cMove(home.serving({ peer: () => peer('VIEWER'), connectTo: to.connectTo }), asked)
    return { asked, to, harmed }
  }

  it.each([
    ['lost', (path: string) => rm(path)],
    ['cut', (path: string) => truncate(path, 200)],
  ])('%s: it alone fails, on the same association', async (_, harm) => {
    const { asked, to, harmed } = await damaged(harm)
    expect(counts(asked.final() as never)).toEqual([0xb000, 2, 1, 0, undefined])
    expect(asked.final().fields.errorComment).toBe('Stored file cannot be read')
    expect(failedUids(asked)).toEqual([harmed])
    expect(to.opened).toHaveLength(1)
  })

  it('is sent whole otherwise: what lies behind the Part 10 header', async () => {
    const [first] = instances
    const facts = (await home.catalog.findInstance(textOf(first!, TAG.SOPInstanceUID) as Uid))!
    const file = await home.storage.readStart(facts.storageKey, facts.fileSizeBytes)
    expect(dataSetOffset(file)).toBe(facts.dataSetOffset)
  })
})
