/** The MPPS service from outside: each answer as PS3.4 F.7 and PS3.7 10.1 have it, and nothing kept of what was refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { EXPLICIT_LE, encode, IMPLICIT_LE, type TestDataSet, testUid } from '../support/data-sets.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { createRequest, MPPS, performedSeries, setRequest, stepBegins, stepEnds } from '../support/procedure-steps.ts'
import type { CommandElements } from '../support/raw-command.ts'
import { CT, EXPLICIT, IMPLICIT, VERIFICATION_CONTEXT } from '../support/raw-pdu.ts'
import { RawPeer, type ReceivedMessage } from '../support/raw-peer.ts'

let node: NodeProcess
let peer: RawPeer

const CONTEXT = { id: 3, abstractSyntax: MPPS, transferSyntaxes: [EXPLICIT] }
const STORAGE = { id: 5, abstractSyntax: CT, transferSyntaxes: [EXPLICIT] }

beforeAll(async () => {
  node = await startNode({
    settings: {
      unknownCallers: 'accept',
      peers: [{ aeTitle: 'SENDER', allow: ['echo', 'store'] }],
      manifest: { quietSeconds: 60 },
    },
  })
  peer = await RawPeer.associate(node.port, { called: 'ARIANE', calling: 'CT1', contexts: [VERIFICATION_CONTEXT, CONTEXT, STORAGE] })
})
afterAll(async () => {
  peer?.destroy()
  await node?.stop()
})

async function ask(request: CommandElements, body: TestDataSet, context = 3): Promise<ReceivedMessage> {
  peer.sendMessage(context, request, encode(body, EXPLICIT_LE))
  return await peer.readMessage()
}

/** A step that has begun. */
async function begun(step = testUid()): Promise<string> {
  const { command } = await ask(createRequest(step), stepBegins(testUid()))
  expect([command.status, command.field, command.text(2), command.text(0x1000)]).toEqual([0, 0x8140, MPPS, step])
  return step
}

const tags = ({ command }: ReceivedMessage): string => command.elements.get(0x1005)?.toString('hex') ?? ''
const series = () => ({ uid: testUid(), instances: [testUid(), testUid()] })

async function stateOf(step: string) {
  const catalog = openCatalog(`${node.storagePath}/catalog.sqlite`, { readonly: true })
  const found = await catalog.findStep(uid(step))
  await catalog.close()
  return found?.state
}

describe('N-CREATE', () => {
  it('gives a step without a UID one, and tells it', async () => {
    const { command } = await ask(createRequest(undefined), stepBegins(testUid()))
    expect(command.status).toBe(0)
    expect(await stateOf(command.text(0x1000)!)).toBe('IN PROGRESS')
  })

  it('refuses one that is here (0111), one that does not begin in progress (0106 with the attribute), an invalid UID (0117)', async () => {
    const step = await begun()
    expect((await ask(createRequest(step), stepBegins(testUid()))).command.status).toBe(0x0111)
    const other = testUid()
    const completed = await ask(createRequest(other), stepBegins(testUid(), { [0x00400252]: ['CS', 'COMPLETED'] }))
    expect([completed.command.status, completed.command.errorComment]).toEqual([
      0x0106,
      'Invalid attribute value: PerformedProcedureStepStatus',
    ])
    expect(completed.dataSet.toString('latin1')).toContain('COMPLETED')
    expect(await stateOf(other)).toBeUndefined()
    expect((await ask(createRequest('1.2.x'), stepBegins(testUid()))).command.status).toBe(0x0117)
  })

  it.each([
    ['Modality', 0x00080060, '08006000'],
    ['ScheduledStepAttributesSequence', 0x00400270, '40007002'],
  ])('refuses one without %s (0120, or 0121 where it is empty), and keeps nothing of it', async (name, tag, hex) => {
    const step = testUid()
    const absent = await ask(createRequest(step), stepBegins(testUid(), { [tag]: undefined }))
    expect([absent.command.status, absent.command.errorComment, tags(absent)]).toEqual([0x0120, `Missing attribute: ${name}`, hex])
    const empty = await ask(createRequest(step), stepBegins(testUid(), { [tag]: tag === 0x00400270 ? ['SQ', []] : ['CS', ''] }))
    expect([empty.command.status, empty.command.errorComment]).toEqual([0x0121, `Missing attribute value: ${name}`])
    expect(empty.dataSet.subarray(0, 4).toString('hex')).toBe(hex)
    expect(await stateOf(step)).toBeUndefined()
    await eventually('the log names it', () => new RegExp(`procedure step refused.*${name}`).test(node.log()))
  })

  it('answers at most 100 scheduled steps', async () => {
    const items = (count: number): TestDataSet[] => Array.from({ length: count }, () => new Map([[0x0020000d, ['UI', testUid()]]]))
    const { command } = await ask(createRequest(testUid()), stepBegins(testUid(), { [0x00400270]: ['SQ', items(101)] }))
    expect(command.status).toBe(0x0106)
    expect((await ask(createRequest(testUid()), stepBegins(testUid(), { [0x00400270]: ['SQ', items(100)] }))).command.status).toBe(0)
  })

  it('takes absent attributes of type 2 as empty', async () => {
    const { command } = await ask(createRequest(testUid()), stepBegins(testUid(), { [0x00100010]: undefined, [0x00400340]: undefined }))
    expect(command.status).toBe(0)
  })

  it('answers what cannot be read (0110), and goes on', async () => {
    peer.sendMessage(3, createRequest(testUid()), Buffer.from('08006000435300ff4354', 'hex'))
    const { command } = await peer.readMessage()
    expect([command.status, command.errorComment]).toEqual([0x0110, 'Data set cannot be read'])
    expect(await peer.echo()).toBe(0)
  })
})

describe('N-SET', () => {
  it('changes a step in progress, and ends it; then it may no longer be updated (0110, A710)', async () => {
    const step = await begun()
    const interim = stepEnds('IN PROGRESS', [series()], { [0x00400250]: undefined, [0x00400251]: undefined })
    expect((await ask(setRequest(step), interim)).command.status).toBe(0)
    const ended = await ask(setRequest(step), stepEnds('COMPLETED', [], { [0x00400340]: undefined }))
    expect([ended.command.status, ended.command.field, ended.command.text(0x1000)]).toEqual([0, 0x8120, step])
    expect(await stateOf(step)).toBe('COMPLETED')
    for (const state of ['IN PROGRESS', 'COMPLETED', 'DISCONTINUED']) {
      const { command } = await ask(setRequest(step), stepEnds(state, [series()]))
      expect([command.status, command.errorComment, command.number(0x0903)]).toEqual([
        0x0110,
        'Performed Procedure Step Object may no longer be updated',
        0xa710,
      ])
    }
  })

  it('refuses a step that is not here (0112)', async () => {
    expect((await ask(setRequest(testUid()), stepEnds('COMPLETED', [series()]))).command.status).toBe(0x0112)
  })

  it.each([
    ['an empty Performed Series Sequence', stepEnds('COMPLETED', []), 0x0121, 'PerformedSeriesSequence'],
    ['no end', stepEnds('COMPLETED', [series()], { [0x00400250]: undefined }), 0x0120, 'PerformedProcedureStepEndDate'],
    ['an empty end', stepEnds('DISCONTINUED', [], { [0x00400251]: ['TM', ''] }), 0x0121, 'PerformedProcedureStepEndTime'],
    ['a status that is none', stepEnds('ENDED', [series()]), 0x0106, 'PerformedProcedureStepStatus'],
    ['another study', stepEnds('COMPLETED', [series()], { [0x00400270]: ['SQ', []] }), 0x0105, 'ScheduledStepAttributesSequence'],
    ['an episode', stepEnds('COMPLETED', [series()], { [0x00380060]: ['LO', 'E1'] }), 0x0105, 'ServiceEpisodeID'],
    ['an issuer of the admission', stepEnds('COMPLETED', [series()], { [0x00380014]: ['SQ', []] }), 0x0105, 'IssuerOfAdmissionIDSequence'],
    [
      'a series without protocol',
      stepEnds('COMPLETED', [], { [0x00400340]: ['SQ', [without(0x00181030)]] }),
      0x0120,
      'PerformedSeriesSequence > ProtocolName',
    ],
    [
      'a series without UID',
      stepEnds('COMPLETED', [], { [0x00400340]: ['SQ', [without(0x0020000e)]] }),
      0x0120,
      'PerformedSeriesSequence > SeriesInstanceUID',
    ],
    [
      'a reference that is no UID',
      stepEnds('COMPLETED', [{ uid: testUid(), instances: ['1.2.x'] }]),
      0x0106,
      'PerformedSeriesSequence > ReferencedImageSequence',
    ],
  ] as const)('refuses an end with %s, and the step stays in progress', async (_name, body, status, path) => {
    const step = await begun()
    const { command } = await ask(setRequest(step), body)
    expect(command.status).toBe(status)
    expect(command.errorComment).toContain(path.slice(0, 30))
    expect(await stateOf(step)).toBe('IN PROGRESS')
    expect((await ask(setRequest(step), stepEnds('COMPLETED', [series()]))).command.status).toBe(0)
  })

  it('takes a step that was discontinued before there was a series', async () => {
    const step = await begun()
    expect((await ask(setRequest(step), stepEnds('DISCONTINUED', []))).command.status).toBe(0)
    expect(await stateOf(step)).toBe('DISCONTINUED')
  })
})

function without(tag: number): TestDataSet {
  return new Map([...performedSeries(series())].filter(([one]) => one !== tag))
}

it('refuses a data set of 100 MB (0213) without keeping it, and goes on', async () => {
  const step = await begun()
  const before = node.rssBytes()
  // An unknown element behind the rest: read to its end.
  const huge = stepEnds('COMPLETED', [series()], { [0x00411001]: ['OB', Buffer.alloc(100 * 1024 * 1024)] })
  const sent = ask(setRequest(step), huge)
  expect((await sent).command.status).toBe(0x0213)
  expect(node.rssBytes() - before).toBeLessThan(64 * 1024 * 1024)
  expect(await stateOf(step)).toBe('IN PROGRESS')
  // What it writes comes by a pipe, the answer by another way.
  await eventually('the log tells of it', () => /request refused.*data set larger than allowed/.test(node.log()))
  expect(await peer.echo()).toBe(0)
})

it('takes 10,000 references in Implicit VR', async () => {
  const implicit = await RawPeer.associate(node.port, {
    called: 'ARIANE',
    calling: 'CT1',
    contexts: [{ ...CONTEXT, transferSyntaxes: [IMPLICIT] }],
  })
  const step = await begun()
  const instances = Array.from({ length: 10_000 }, () => testUid())
  implicit.sendMessage(3, setRequest(step), encode(stepEnds('COMPLETED', [{ uid: testUid(), instances }]), IMPLICIT_LE))
  expect((await implicit.readMessage()).command.status).toBe(0)
  await eventually('the log tells of it', () => /state=COMPLETED series=1 instances=10000/.test(node.log()))
  await implicit.release()
})

it('answers another SOP class (0122), and what is no operation of a step (0211)', async () => {
  const step = await begun()
  expect((await ask(setRequest(step, { 3: CT }), stepEnds('COMPLETED', [series()]))).command.status).toBe(0x0122)
  expect((await ask(createRequest(testUid(), { 2: CT }), stepBegins(testUid()))).command.status).toBe(0x0122)
  expect((await ask(createRequest(testUid()), stepBegins(testUid()), 5)).command.status).toBe(0x0211)
  expect((await ask(createRequest(testUid(), { 256: 0x0110 }), stepBegins(testUid()))).command.status).toBe(0x0211)
})

it('is a right of its own', async () => {
  const sender = await RawPeer.associate(node.port, { called: 'ARIANE', calling: 'SENDER', contexts: [VERIFICATION_CONTEXT, CONTEXT] })
  expect(sender.acceptance?.contexts.get(3)?.result).toBe(1)
  await sender.release()
})

it('says nothing of a patient in its log', () => expect(node.log()).not.toMatch(/Hostile|TEST-PATIENT/))
