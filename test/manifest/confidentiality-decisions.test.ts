/** Levels that somebody decides: raised, lowered, of a series, before the study is here, cleared; after the loss of the catalog they hold as before. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Confidentiality, DecisionBody } from '../../src/catalog/contract.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { decide } from '../../src/storage/decisions.ts'
import { note, rebuilt, seen, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { TAG, textOf } from '../support/data-sets.ts'
import { type Held, holdNothing } from './held-studies.ts'

beforeAll(silenceLog)
afterEach(closeAll)

async function hold(settings: Parameters<typeof holdNothing>[0] = {}, vip = 'VIP'): Promise<Held> {
  const fresh = await holdNothing(settings)
  const confidentialityOf = (source: string): Confidentiality => (source === vip ? 'R' : 'N')
  return { ...fresh, confidentialityOf, door: { ...fresh.door, confidentialityOf } }
}

const level = (held: Held, study: Uid, to: Confidentiality | undefined, series?: string) => {
  const body: DecisionBody = {
    kind: 'confidentiality decided',
    studyInstanceUid: study,
    ...(series && { seriesInstanceUid: uid(series) }),
    level: to,
  }
  return decide(held, body, 'operator')
}

/** `N v2 superseded (3)` */
const chains = async ({ catalog }: Held, study: Uid) =>
  (await catalog.manifestsOf(study)).map((one) => `${one.confidentiality} v${one.version} ${one.state} (${one.instanceCount})`).sort()

async function levelsOf({ catalog }: Held, uids: readonly Uid[]): Promise<string> {
  return (await Promise.all(uids.map(async (one) => (await catalog.findInstance(one))!.confidentiality))).join(' ')
}

describe('a decided level', () => {
  it('raised and lowered: manifests follow, and the history says why', async () => {
    const held = await hold()
    const { study, images, uids } = someStudy()
    for (const image of images) await send(held, image)
    await buildManifest(held.parts, study, 'quiet')
    await level(held, study, 'R')
    await buildManifest(held.parts, study, 'quiet')
    expect(await chains(held, study)).toEqual(['N v1 withdrawn (3)', 'R v1 in force (3)'])
    expect((await seen(held, study, levelSet(['N']))).study).toBeUndefined()
    await level(held, study, 'N')
    expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({ made: [{ version: 2 }], withdrawn: [{ confidentiality: 'R' }] })
    expect(await chains(held, study)).toEqual(['N v1 withdrawn (3)', 'N v2 in force (3)', 'R v1 withdrawn (3)'])
    const told = (await held.catalog.historyOf(study))
      .filter(({ state }) => state === 'changed')
      .map(({ reason, actor }) => `${reason} by ${actor}`)
    expect(told).toEqual(['confidentiality of 3 instances is R by operator', 'confidentiality of 3 instances is N by operator'])
    const again = await rebuilt(held)
    expect(await levelsOf(again, uids)).toBe('N N N')
    expect(await buildManifest(again.parts, study, 'quiet')).toMatchObject({ made: [], unchanged: [{ version: 2 }] })
  })

  it('of one series, also for what is still to come, and before the study is here', async () => {
    const held = await hold()
    const { study, images, uids } = someStudy()
    const series = textOf(images[0]!, TAG.SeriesInstanceUID)
    await level(held, study, 'R', series)
    for (const image of images) await send(held, image)
    expect(await levelsOf(held, uids)).toBe('R R N')
    await buildManifest(held.parts, study, 'quiet')
    expect(await chains(held, study)).toEqual(['N v1 in force (1)', 'R v1 in force (2)'])
    const again = await rebuilt(held)
    expect(await levelsOf(again, uids)).toBe('R R N')
    expect((await buildManifest(again.parts, study, 'quiet')).kind).toBe('unchanged')
    await level(again, study, 'V')
    await buildManifest(again.parts, study, 'quiet')
    expect(await chains(again, study)).toEqual(['N v1 withdrawn (1)', 'R v1 withdrawn (2)', 'V v1 in force (3)'])
    const last = await rebuilt(again)
    expect(await levelsOf(last, uids)).toBe('V V V')
    await buildManifest(last.parts, study, 'quiet')
    expect(await chains(last, study)).toEqual(['N v1 withdrawn (1)', 'R v1 withdrawn (2)', 'V v1 in force (3)'])
  })

  it('cleared: what comes afterwards is judged by the rules, before and after the loss of the catalog', async () => {
    const held = await hold()
    const { study, images, uids } = someStudy()
    await send(held, images[0]!, 'VIP')
    await level(held, study, 'N')
    await send(held, images[1]!, 'VIP')
    expect(await levelsOf(held, uids.slice(0, 2))).toBe('N N')
    // Times are those of the system's clock, which may be set back a little meanwhile.
    await sleep(100)
    await level(held, study, undefined)
    await sleep(100)
    await send(held, images[2]!, 'VIP')
    expect(await levelsOf(held, uids)).toBe('N N R')
    const again = await rebuilt(held)
    expect(await levelsOf(again, uids)).toBe('N N R')
  })

  it('by another process reaches a node that has the study in mind', async () => {
    const held = await hold()
    const { study, images, uids } = someStudy()
    for (const image of images.slice(0, 2)) await send(held, image)
    const other = openCatalog(`${held.path}/catalog.sqlite`)
    await decide({ path: held.path, catalog: other }, { kind: 'confidentiality decided', studyInstanceUid: study, level: 'V' }, 'operator')
    await send({ ...held, door: { ...held.door, catalog: other } }, note('113037', { study, images }, [images[2]!]))
    await other.close()
    await send(held, images[2]!)
    expect(await levelsOf(held, uids)).toBe('V V V')
    expect((await held.catalog.findInstance(uids[2]!))?.hiddenBy).toBe('113037')
  })
})

describe('a study of several levels', () => {
  it('withhold: no manifest, told once, until they agree', async () => {
    const held = await hold({ settings: { mixedLevels: 'withhold' } })
    const { study, images } = someStudy()
    await send(held, images[0]!)
    await send(held, images[1]!, 'VIP')
    for (let time = 0; time < 2; time++) expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({ kind: 'withheld' })
    const told = (await held.catalog.historyOf(study)).map(({ state, reason }) => `${state}: ${reason}`)
    expect(told).toEqual(['withheld: its instances have several confidentiality levels: N, R'])
    await level(held, study, 'R')
    expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({
      kind: 'made',
      record: { confidentiality: 'R', instanceCount: 2 },
    })
    await send(held, note('113037', { study, images }, [images[0]!]))
    await level(held, study, 'N', textOf(images[2]!, TAG.SeriesInstanceUID))
    await send(held, images[2]!)
    expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({ kind: 'withheld', withdrawn: [{ confidentiality: 'R' }] })
  })

  it('a target is given the manifests of its levels alone, and told of the withdrawal of what it was given', async () => {
    const targets = [
      { name: 'normal', dialect: 'xds-i', levels: ['N'] },
      { name: 'both', dialect: 'xds-i', levels: ['N', 'R'] },
    ] as const
    const held = await hold({ settings: { targets } })
    const { study, images } = someStudy()
    await send(held, images[0]!)
    await send(held, images[1]!, 'VIP')
    await buildManifest(held.parts, study, 'quiet')
    const deliveries = async () => {
      const records = new Map((await held.catalog.manifestsOf(study)).map((one) => [one.sopInstanceUid, one.confidentiality]))
      return (await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 100))
        .map((one) => `${one.action} ${records.get(one.manifestUid)} ${one.target}`)
        .sort()
    }
    expect(await deliveries()).toEqual(['publish N both', 'publish N normal', 'publish R both'])
    await level(held, study, 'R')
    await buildManifest(held.parts, study, 'quiet')
    expect(await deliveries()).toEqual(['publish R both', 'withdraw N both', 'withdraw N normal'])
  })

  it('a rejection note has the level of what it names, whichever comes first or is raised later', async () => {
    const held = await hold()
    const of = someStudy()
    await send(held, of.images[0]!, 'VIP')
    const [first, second] = [note('113037', of, [of.images[0]!]), note('113001', of, [of.images[1]!])]
    for (const one of [first, second]) await send(held, one)
    const ids = [first, second].map((one) => uid(textOf(one, TAG.SOPInstanceUID)))
    expect(await levelsOf(held, ids)).toBe('R N')
    await send(held, of.images[1]!, 'VIP')
    expect(await levelsOf(held, ids)).toBe('R R')
    expect((await seen(held, of.study, levelSet(['N']))).study).toBeUndefined()
    await level(held, of.study, 'V', textOf(of.images[0]!, TAG.SeriesInstanceUID))
    expect(await levelsOf(held, ids)).toBe('V V')
    expect(await levelsOf(await rebuilt(held), ids)).toBe('V V')
  })
})

it('a decision about a study is told of one study only', async () => {
  const held = await hold()
  const [one, other] = [someStudy(), someStudy()]
  for (const image of [...one.images, ...other.images]) await send(held, image)
  await level(held, one.study, 'R')
  expect([await levelsOf(held, one.uids), await levelsOf(held, other.uids)]).toEqual(['R R R', 'N N N'])
  await level(held, newUid(), 'R')
  expect(await levelsOf(held, other.uids)).toBe('N N N')
})
