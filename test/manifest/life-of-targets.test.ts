/** Targets in several dialects through a life: first version, another one, one that cannot be made, withdrawal; what each folder holds in the end. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PublishTarget } from '../../src/config/settings.ts'
import { uid } from '../../src/dicom/uid.ts'
import { buildManifest, type ManifestSettings } from '../../src/manifest/build-manifest.ts'
import { targetsOf } from '../../src/manifest/chains.ts'
import { madoBundle } from '../../src/manifest/mado-bundle.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { startPublishWorker } from '../../src/publish/outbox.ts'
import { decide } from '../../src/storage/decisions.ts'
import { note, send, someStudy } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { dataSet, TAG } from '../support/data-sets.ts'
import { type Held, holdNothing } from './held-studies.ts'

beforeEach(silenceLog)
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await closeAll()
})

const COMPLETE: Partial<ManifestSettings> = {
  retrieveUrl: 'https://pacs.example.org/wado',
  patientIdIssuerOid: uid('1.2.250.1.213.1.4.10'),
  patientIdIssuer: 'HOSPITAL',
  accessionIssuerOid: uid('1.2.3.4'),
  placerIssuerOid: uid('1.2.3.5'),
  drimbox: { ins: 'nir', description: true, hints: true, accession: 'request' },
}

async function hold(): Promise<{
  held: Held
  of: ReturnType<typeof someStudy>
  contents: () => Record<string, string[]>
  file: (name: string) => Buffer
}> {
  const root = temporaryFolder()
  const publish = (['xds-i', 'mado-fhir', 'drimbox'] as const).map((dialect) => ({
    name: dialect,
    kind: 'folder' as const,
    levels: ['N'] as const,
    dialect,
    path: join(root, dialect),
  })) as unknown as readonly PublishTarget[]
  const held = await holdNothing({ settings: { ...COMPLETE, targets: targetsOf(publish as never) } })
  const of = someStudy(() => ({
    [TAG.PatientID]: ['LO', '248039263001064'],
    [TAG.AccessionNumber]: ['SH', 'A1'],
    [0x00180015]: ['CS', 'CHEST'],
    [0x00400275]: ['SQ', [dataSet({ [0x00402016]: ['LO', 'PLACED'] })]],
  }))
  for (const image of of.images) await send(held, image)
  const { catalog, storage } = held
  const worker = startPublishWorker({ catalog, storage, targets: () => publish, formats: { 'mado-fhir': madoBundle }, now: Date.now })
  stops.push(() => worker.stop())
  const names = (dialect: string): string[] => {
    try {
      return readdirSync(join(root, dialect, of.study)).sort()
    } catch {
      return []
    }
  }
  const short = (name: string) => name.replace(/-[0-9.]+\.(dcm|json)/, '.$1')
  const contents = () => Object.fromEntries(publish.map(({ name }) => [name, names(name).map(short)]))
  const file = (dialect: string) => {
    const found = names(dialect).filter((name) => !name.endsWith('.withdrawn'))
    return readFileSync(join(root, dialect, of.study, found.at(-1)!))
  }
  const settled = async () => {
    worker.nudge()
    for (let tries = 0; tries < 200; tries++) {
      await sleep(20)
      if ((await catalog.earliestDelivery()) === undefined) return
      worker.nudge()
    }
    throw new Error('deliveries wait')
  }
  return { held: { ...held, settled } as Held & { settled: () => Promise<void> }, of, contents, file }
}

const settle = (held: Held) => (held as Held & { settled: () => Promise<void> }).settled()

it('each target is given every version in its form, and told of the withdrawal', async () => {
  const { held, of, contents, file } = await hold()
  expect(await buildManifest(held.parts, of.study, 'quiet')).toMatchObject({ kind: 'made', invalid: [] })
  await settle(held)
  expect(contents()).toEqual({ 'xds-i': ['1.dcm'], 'mado-fhir': ['1.json'], drimbox: ['1.dcm'] })
  await send(held, note('113001', of, [of.images[0]!]))
  await buildManifest(held.parts, of.study, 'at once')
  await settle(held)
  expect(contents()).toEqual({ 'xds-i': ['1.dcm', '2.dcm'], 'mado-fhir': ['1.json', '2.json'], drimbox: ['1.dcm', '2.dcm'] })
  for (const dialect of ['xds-i', 'drimbox']) {
    const referred = readManifest(file(dialect)).series.flatMap(({ instances }) => instances.map((one) => one.sopInstanceUid))
    expect(referred.sort()).toEqual([of.uids[1], of.uids[2]].sort())
  }
  const bundle = file('mado-fhir').toString('utf8')
  expect(bundle).toContain(of.uids[1])
  expect(bundle).not.toContain(of.uids[0])
  await decide(held, { kind: 'manifest withheld', studyInstanceUid: of.study, reason: 'asked by the clinic' }, 'somebody')
  await buildManifest(held.parts, of.study, 'asked')
  await settle(held)
  const gone = (extension: string) => [`1.${extension}`, `2.${extension}.withdrawn`]
  expect(contents()).toEqual({ 'xds-i': gone('dcm'), 'mado-fhir': gone('json'), drimbox: gone('dcm') })
})

it('all rejected: withdrawn everywhere, and no empty manifest', async () => {
  const { held, of, contents } = await hold()
  await buildManifest(held.parts, of.study, 'quiet')
  await settle(held)
  await send(held, note('113037', of, of.images))
  expect(await buildManifest(held.parts, of.study, 'at once')).toMatchObject({ kind: 'empty', made: [] })
  await settle(held)
  expect(contents()).toEqual({ 'xds-i': ['1.dcm.withdrawn'], 'mado-fhir': ['1.json.withdrawn'], drimbox: ['1.dcm.withdrawn'] })
})
