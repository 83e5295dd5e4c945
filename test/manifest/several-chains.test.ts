/** One study, several targets in several dialects: what every chain of manifests says, and what every target is told, when things happen to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { buildManifest, type ManifestSettings } from '../../src/manifest/build-manifest.ts'
import { deleteInstances } from '../../src/manifest/delete-instances.ts'
import { decide } from '../../src/storage/decisions.ts'
import { rebuilt } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { type Held, holdNothing, receive, target, type Wanted } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const STUDY = uid('1.2.840.1')
const SERIES = (number: number) => uid(`${STUDY}.${number}`)
const OF = (series: number, instance: number) => uid(`${SERIES(series)}.${instance}`)

/** What a MADO manifest needs beside the headers below. */
const COMPLETE: Partial<ManifestSettings> = {
  patientIdIssuerOid: uid('1.2.250.1.213.1.4.10'),
  accessionIssuerOid: uid('1.2.3.4'),
  placerIssuerOid: uid('1.2.3.5'),
  targets: [target('one'), { name: 'tree', dialect: 'mado', levels: ['N'] }],
}

interface Case extends Held {
  /** As the configuration is now. */
  set: (more: Partial<ManifestSettings>) => void
}

async function hold(more: Partial<ManifestSettings> = {}): Promise<Case> {
  const held = await holdNothing()
  let settings = { ...held.parts.settings(), ...COMPLETE, ...more }
  const set = (next: Partial<ManifestSettings>) => {
    settings = { ...settings, ...next }
  }
  return { ...held, parts: { ...held.parts, settings: () => settings }, set }
}

const also: Wanted['also'] = (to) => {
  to.element(0x00180015, 'CS', 'CHEST')
  to.sequence(0x00400275, [(item) => void item.element(0x00402016, 'LO', 'P1')])
}

async function send(held: Held, series: number, instance: number): Promise<string> {
  const of = { study: STUDY, series: SERIES(series), seriesNumber: series, instanceNumber: instance, sopInstanceUid: OF(series, instance) }
  return receive(held, { ...of, accessionNumber: 'A1', also })
}

const build = async (held: Held, reason = 'quiet') => {
  const outcome = await buildManifest(held.parts, STUDY, reason)
  await sleep(3)
  return outcome
}

/** `xds-i N v2 superseded (3)` */
const chains = async ({ catalog }: Held) =>
  (await catalog.manifestsOf(STUDY))
    .map((one) => `${one.dialect} ${one.confidentiality} v${one.version} ${one.state} (${one.instanceCount})`)
    .sort()

/** `one: publish xds-i N v1`, of those that wait. */
async function waiting({ catalog }: Held): Promise<string[]> {
  const due = await catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 100)
  const named = due.map(async ({ target, action, manifestUid }) => {
    const { dialect, confidentiality, version } = (await catalog.findManifest(manifestUid))!
    return `${target}: ${action} ${dialect} ${confidentiality} v${version}`
  })
  return (await Promise.all(named)).sort()
}

async function delivered({ catalog }: Held, ...targets: string[]): Promise<void> {
  for (const { id, target } of await catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 100))
    if (targets.length === 0 || targets.includes(target)) await catalog.settleDelivery(id, { state: 'done', attempts: 1, nextAttemptAt: 0 })
}

const raise = (held: Held, series: number) =>
  decide(held, { kind: 'confidentiality decided', studyInstanceUid: STUDY, seriesInstanceUid: SERIES(series), level: 'R' }, 'ann')

describe('a chain that cannot be revised, for what it would say is not valid', () => {
  it('stays where the former version is still right', async () => {
    const held = await hold()
    await send(held, 1, 1)
    await build(held)
    held.set({ institution: undefined })
    await send(held, 1, 2)
    await build(held)
    expect(await chains(held)).toEqual(['mado N v1 in force (1)', 'xds-i N v1 superseded (1)', 'xds-i N v2 in force (2)'])
  })

  it('is withdrawn where the former version refers to what it may not refer to', async () => {
    const held = await hold()
    await send(held, 1, 1)
    await send(held, 2, 1)
    await build(held)
    await delivered(held)
    held.set({ institution: undefined })
    await raise(held, 2)
    expect(await build(held)).toMatchObject({ kind: 'made', withdrawn: [{ dialect: 'mado' }] })
    const inForce = (await chains(held)).filter((one) => one.includes('in force'))
    expect(inForce).toEqual(['xds-i N v2 in force (1)', 'xds-i R v1 in force (1)'])
    expect(await waiting(held)).toEqual(['one: publish xds-i N v2', 'tree: withdraw mado N v1'])
    const told = (await held.catalog.historyOf(STUDY)).filter(({ dialect }) => dialect === 'mado').map(({ state }) => state)
    expect(told).toEqual(['in force', 'withdrawn', 'withheld'])
  })

  it('does not let anything be deleted that it refers to', async () => {
    const held = await hold()
    await send(held, 1, 1)
    await send(held, 2, 1)
    await build(held)
    held.set({ institution: undefined })
    const what = { studyInstanceUid: STUDY, seriesInstanceUid: SERIES(2), reason: 'deleted', actor: 'ann', withdraw: true }
    expect((await deleteInstances({ ...held.parts, path: held.path }, what)).kind).toBe('deleted')
    const inForce = async (of: Held) => (await chains(of)).filter((one) => one.includes('in force'))
    expect(await inForce(held)).toEqual(['xds-i N v2 in force (1)'])
    const again = await rebuilt(held)
    await build(again)
    expect(await inForce(again)).toEqual(['xds-i N v2 in force (1)'])
  })
})

it('a study whose patient is decided does not wait: its manifest may name the other one', async () => {
  const held = await hold()
  await send(held, 1, 1)
  await build(held)
  await receive(held, { study: STUDY, patientId: 'P2', patientName: 'Roe^Richard' })
  await held.catalog.resolveStudy(STUDY, 2)
  expect(await held.catalog.findStudy(STUDY)).toMatchObject({ inConflict: false, isUrgent: true })
  held.set({ institution: undefined })
  await build(held)
  expect((await chains(held)).filter((one) => !one.includes('superseded'))).toEqual([
    'mado N v1 withdrawn (1)',
    'xds-i N v1 withdrawn (1)',
    'xds-i N v2 in force (2)',
  ])
})

describe('what has not been delivered yet', () => {
  it('is not delivered any more once another version has taken its place', async () => {
    const held = await hold({ targets: [target('one')] })
    await send(held, 1, 1)
    await send(held, 2, 1)
    await build(held)
    await raise(held, 2)
    await build(held)
    expect(await waiting(held)).toEqual(['one: publish xds-i N v2'])
  })

  it('a withdrawal reaches whoever has a former version only', async () => {
    const held = await hold({ targets: [target('one'), target('two')] })
    await send(held, 1, 1)
    await build(held)
    await delivered(held)
    await send(held, 1, 2)
    await build(held)
    await delivered(held, 'two')
    const what = { studyInstanceUid: STUDY, reason: 'deleted', actor: 'ann', withdraw: true }
    expect((await deleteInstances({ ...held.parts, path: held.path }, what)).kind).toBe('deleted')
    expect(await waiting(held)).toEqual(['one: withdraw xds-i N v1', 'one: withdraw xds-i N v2', 'two: withdraw xds-i N v2'])
  })
})

describe('a target that is not given a chain any more', () => {
  it('is told that its version holds no longer, once there is another one', async () => {
    const held = await hold({ targets: [target('one'), target('two')] })
    await send(held, 1, 1)
    await build(held)
    await delivered(held)
    held.set({ targets: [target('one'), { ...target('two'), levels: ['R'] }] })
    await send(held, 1, 2)
    await build(held)
    expect(await waiting(held)).toEqual(['one: publish xds-i N v2', 'two: withdraw xds-i N v1'])
  })
})
