/** A procedure step (MPPS) that was discontinued, and a rejection note from outside about what it had brought (IHE IOCM): whichever comes first, and whatever
 *  discontinued steps are taken for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUid, type Uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { note, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { type Held, holdNothing } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const RULES = { quietSeconds: 60, associationEndSeconds: 15, maxWaitSeconds: 14_400, mppsMaxWaitSeconds: 7_200 }

async function begin(isAwaited: boolean) {
  const [held, of, step] = [await holdNothing(), someStudy(), newUid()]
  const common = { sopInstanceUid: step, source: 'CT1', studyInstanceUids: [of.study], isAwaited }
  await held.catalog.addStep({ ...common, at: Date.now(), hasEndDate: false, hasEndTime: false })
  const end = (series: readonly Uid[]) =>
    held.catalog.changeStep(step, {
      state: 'DISCONTINUED',
      at: Date.now(),
      hasEndDate: true,
      hasEndTime: true,
      isAwaited,
      series: [{ seriesInstanceUid: newUid(), sopInstanceUids: series }],
    })
  return { held, of, end }
}

const dueOf = async ({ catalog }: Held, study: Uid) =>
  (await catalog.studiesPending(RULES, Date.now(), 10)).find((one) => one.studyInstanceUid === study)?.due.signal
const inForce = async ({ catalog }: Held, study: Uid) =>
  (await catalog.manifestsOf(study)).filter(({ state }) => state === 'in force').map(({ instanceCount }) => instanceCount)

describe.each([true, false])('where a discontinued step is awaited: %s', (isAwaited) => {
  it('all of it rejected before there is a manifest: none is made, and none is waited for', async () => {
    const { held, of, end } = await begin(isAwaited)
    for (const image of of.images) await send(held, image)
    await end(of.uids)
    await send(held, note('113037', of, of.images))
    expect(await dueOf(held, of.study)).toBe(isAwaited ? 'steps complete' : 'quiet')
    expect(await buildManifest(held.parts, of.study, 'steps')).toMatchObject({ kind: 'empty', made: [] })
    expect(await dueOf(held, of.study)).toBeUndefined()
    expect(await held.catalog.manifestsOf(of.study)).toEqual([])
  })

  it('rejected after its manifest: withdrawn at once, not after quiet time', async () => {
    const { held, of, end } = await begin(isAwaited)
    for (const image of of.images) await send(held, image)
    await end(of.uids)
    await buildManifest(held.parts, of.study, 'steps')
    expect(await inForce(held, of.study)).toEqual([3])
    await send(held, note('113001', of, of.images))
    expect(await dueOf(held, of.study)).toBe('urgent')
    expect(await buildManifest(held.parts, of.study, 'at once')).toMatchObject({ kind: 'empty', withdrawn: [{ version: 1 }] })
    expect(await inForce(held, of.study)).toEqual([])
  })

  it('the note first, then the step, then the instances: those that are not rejected have a manifest', async () => {
    const { held, of, end } = await begin(isAwaited)
    await send(held, note('113037', of, [of.images[0]!]))
    await end(of.uids)
    for (const image of of.images) await send(held, image)
    expect(await dueOf(held, of.study)).toBe(isAwaited ? 'steps complete' : 'quiet')
    await buildManifest(held.parts, of.study, 'steps')
    expect(await inForce(held, of.study)).toEqual([2])
  })

  it('rejected and never sent: it is not waited for longer than for anything that is missing', async () => {
    const { held, of, end } = await begin(isAwaited)
    await send(held, of.images[1]!)
    await send(held, note('113037', of, [of.images[0]!]))
    await end([of.uids[0]!, of.uids[1]!])
    const [study] = await held.catalog.studiesPending(RULES, Date.now(), 10)
    expect(study!.due.at - Date.now()).toBeLessThanOrEqual((isAwaited ? RULES.mppsMaxWaitSeconds : RULES.quietSeconds) * 1000 + 5)
    await buildManifest(held.parts, of.study, 'at last')
    expect(await inForce(held, of.study)).toEqual([1])
  })
})
