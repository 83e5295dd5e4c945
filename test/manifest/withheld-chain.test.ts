/** A version that would break its dialect: told once; the one in force before it stays only where what it says is still so. */
import { afterEach, beforeAll, expect, it } from 'vitest'
import type { Uid } from '../../src/dicom/uid.ts'
import { uid } from '../../src/dicom/uid.ts'
import { buildManifest, type ManifestSettings } from '../../src/manifest/build-manifest.ts'
import { decide } from '../../src/storage/decisions.ts'
import { note, type Study, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { TAG } from '../support/data-sets.ts'
import { type Held, holdNothing } from './held-studies.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const DRIMBOX = { name: 'region', dialect: 'drimbox', levels: ['N'] } as const
const INS = '248039263001064'

/** In force in both dialects; no version of drimbox can be made any more. */
async function heldAndBroken(): Promise<{ held: Held; of: Study; settings: Partial<ManifestSettings> }> {
  const settings: { -readonly [key in keyof ManifestSettings]?: ManifestSettings[key] } = {
    targets: [{ ...DRIMBOX, name: 'all', dialect: 'xds-i' }, DRIMBOX],
    retrieveUrl: 'https://pacs.example.org/wado',
    accessionIssuerOid: uid('1.2.250.1.1'),
    drimbox: { ins: 'nir', description: true, hints: true, accession: 'request' },
  }
  const held = await holdNothing({ settings })
  const of = someStudy(() => ({ [TAG.PatientID]: ['LO', INS], [TAG.AccessionNumber]: ['SH', 'ACC1'] }))
  for (const image of of.images) await send(held, image)
  await buildManifest(held.parts, of.study, 'quiet')
  expect(await chains(held, of.study)).toEqual(['drimbox v1 in force', 'xds-i v1 in force'])
  settings.retrieveUrl = undefined
  return { held, of, settings }
}

const chains = async ({ catalog }: Held, study: Uid) =>
  (await catalog.manifestsOf(study)).map((one) => `${one.dialect} v${one.version} ${one.state}`).sort()

const timesTold = async ({ catalog }: Held, study: Uid) =>
  (await catalog.historyOf(study)).filter(({ state }) => state === 'withheld').length

it('stays in force while what it says is still so, and is told once', async () => {
  const { held, of } = await heldAndBroken()
  const outcome = await buildManifest(held.parts, of.study, 'asked by operator')
  expect(outcome).toMatchObject({ withdrawn: [], invalid: [{ confidentiality: 'N', dialect: 'drimbox' }] })
  await buildManifest(held.parts, of.study, 'asked by operator')
  expect(await timesTold(held, of.study)).toBe(1)
  expect(await chains(held, of.study)).toContain('drimbox v1 in force')
})

it('is withdrawn where it names a rejected instance, and comes back when the next version is valid', async () => {
  const { held, of, settings } = await heldAndBroken()
  await send(held, note('113037', of, [of.images[0]!]))
  const outcome = await buildManifest(held.parts, of.study, 'at once')
  expect(outcome).toMatchObject({ withdrawn: [{ dialect: 'drimbox' }], invalid: [{ dialect: 'drimbox' }] })
  expect(await chains(held, of.study)).not.toContain('drimbox v1 in force')
  Object.assign(settings, { retrieveUrl: 'https://pacs.example.org/wado' })
  await buildManifest(held.parts, of.study, 'asked by operator')
  expect(await chains(held, of.study)).toContain('drimbox v2 in force')
})

it('has the classic manifest in its place where it is the only one wanted, delivered to nobody, until that is no longer true either', async () => {
  const { held, of, settings } = await heldAndBroken()
  const study = someStudy(() => ({ [TAG.PatientID]: ['LO', INS], [TAG.AccessionNumber]: ['SH', 'ACC1'] }))
  Object.assign(settings, { targets: [DRIMBOX] })
  for (const image of study.images) await send(held, image)
  const outcome = await buildManifest(held.parts, study.study, 'quiet')
  expect(outcome).toMatchObject({ kind: 'made', made: [{ dialect: 'xds-i', instanceCount: 3 }], invalid: [{ dialect: 'drimbox' }] })
  const [proof] = await held.catalog.manifestsOf(study.study)
  expect(
    (await held.catalog.deliveriesDue(Number.MAX_SAFE_INTEGER, 100)).filter(({ manifestUid }) => manifestUid === proof!.sopInstanceUid),
  ).toEqual([])
  expect(await buildManifest(held.parts, study.study, 'quiet')).toMatchObject({ made: [], unchanged: [{ dialect: 'xds-i' }] })
  await send(held, note('113037', study, [study.images[0]!]))
  await buildManifest(held.parts, study.study, 'at once')
  expect(await chains(held, study.study)).toEqual(['xds-i v1 superseded', 'xds-i v2 in force'])
  Object.assign(settings, { retrieveUrl: 'https://pacs.example.org/wado' })
  await buildManifest(held.parts, study.study, 'asked by operator')
  expect(await chains(held, study.study)).toContain('drimbox v1 in force')
  await buildManifest(held.parts, of.study, 'asked by operator')
})

it('is withdrawn where an operator has raised the level of what it names', async () => {
  const { held, of } = await heldAndBroken()
  await decide(held, { kind: 'confidentiality decided', studyInstanceUid: of.study, level: 'R' }, 'operator')
  await buildManifest(held.parts, of.study, 'asked by operator')
  expect(await chains(held, of.study)).not.toContain('drimbox v1 in force')
})
