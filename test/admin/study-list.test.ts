/** `ariane study list`, `manifest withheld`, `study resolve`, and what the commands say as JSON. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { newUid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { decide } from '../../src/storage/decisions.ts'
import { holdNothing, receive } from '../manifest/held-studies.ts'
import { rebuilt } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { runAriane } from './run-ariane.ts'

beforeAll(silenceLog)
afterEach(closeAll)

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** One study of each kind. */
async function holdThree() {
  const path = temporaryFolder()
  const held = await holdNothing({ path, settings: { targets: [{ name: 'region', dialect: 'drimbox', levels: ['N'] }] } })
  const [twofold, invalid, taken, waiting] = [newUid(), newUid(), newUid(), newUid()]
  await receive(held, { study: twofold, patientId: 'P1' })
  await receive(held, { study: twofold, patientId: 'P2', patientName: 'Other^Name' })
  await receive(held, { study: invalid })
  await receive(held, { study: taken })
  await receive(held, { study: waiting })
  await buildManifest(held.parts, invalid, 'quiet')
  await decide(held, { kind: 'manifest withheld', studyInstanceUid: taken, reason: 'asked by the clinic' }, 'somebody')
  await buildManifest(held.parts, taken, 'quiet')
  const run = (...args: string[]) => runAriane(temporaryFolder(), args, { ARIANE_STORAGE_PATH: path })
  return { held, path, run, twofold, invalid, taken, waiting }
}

it('lists what is in conflict, withheld with its findings, and waiting', async () => {
  const { run, twofold, invalid, taken, waiting } = await holdThree()
  const all = lines((await run('study', 'list', '--json')).stdout)
  const of = (list: string) => all.filter((one) => one.list === list).map((one) => one.studyInstanceUid)
  expect(of('conflict')).toEqual([twofold])
  expect(of('withheld').sort()).toEqual([invalid, taken].sort())
  expect(of('waiting')).toEqual([waiting])
  expect(all.find((one) => one.list === 'conflict').identities).toMatchObject([{ patientId: 'P1' }, { patientId: 'P2' }])
  const withheld = lines((await run('manifest', 'withheld', '--json')).stdout)
  expect(withheld.find((one) => one.studyInstanceUid === taken).withheld).toMatchObject([
    { reason: 'asked by the clinic', actor: 'somebody' },
  ])
  const [finding] = withheld.find((one) => one.studyInstanceUid === invalid).withheld
  expect(finding).toMatchObject({ confidentiality: 'N', dialect: 'drimbox' })
  expect(finding.reason).toMatch(/\(.+\)/)
  const text = (await run('manifest', 'withheld')).stdout
  for (const part of [invalid, taken, 'drimbox', 'asked by the clinic']) expect(text).toContain(part)
  const only = (await run('study', 'list', '--withheld')).stdout
  expect(only).toContain(taken)
  expect(only).not.toContain(twofold)
  expect((await run('study', 'list', '--conflicts')).stdout).toContain('Other^Name')
  expect((await run('study', 'list', '--waiting')).stdout).toContain(waiting)
  expect((await run('study', 'list', '--help')).stdout).not.toContain('no other list')
})

it('does not list what is allowed again, valid again, or gone', async () => {
  const { held, run, invalid, taken } = await holdThree()
  await decide(held, { kind: 'manifest allowed', studyInstanceUid: taken }, 'somebody')
  await buildManifest({ ...held.parts, settings: () => ({ ...held.parts.settings(), targets: [] }) }, taken, 'quiet')
  expect(lines((await run('manifest', 'withheld', '--json')).stdout).map((one) => one.studyInstanceUid)).toEqual([invalid])
  await run('study', 'delete', invalid, '--withdraw', '--yes')
  expect((await run('manifest', 'withheld')).stdout).toBe('nothing is withheld\n')
})

it('says which patient is right so that it outlives catalog and manifest, and decides nothing about who comes later', async () => {
  const { held, path, run, twofold } = await holdThree()
  expect((await run('study', 'resolve', twofold, '--identity', '2')).stdout).toContain('identity 2 is in force')
  expect(readFileSync(join(path, 'decisions.jsonl'), 'utf8')).toContain('identity chosen')
  let again = await rebuilt(held)
  expect(await again.catalog.findStudy(twofold)).toMatchObject({ inConflict: false, keys: { PatientID: 'P2' } })
  expect((await again.catalog.identitiesOf(twofold)).filter(({ inForce }) => inForce)).toMatchObject([{ patientId: 'P2', instances: 1 }])
  await receive(again, { study: twofold, patientId: 'P3' })
  expect(await again.catalog.findStudy(twofold)).toMatchObject({ inConflict: true })
  again = await rebuilt(again)
  expect(await again.catalog.findStudy(twofold)).toMatchObject({ inConflict: true, keys: { PatientID: 'P2' } })
  await run('study', 'resolve', twofold, '--identity', '3')
  again = await rebuilt(again)
  expect(await again.catalog.findStudy(twofold)).toMatchObject({ inConflict: false, keys: { PatientID: 'P3' } })
})

it('says the counts of a check, and the rules of retention, as JSON', async () => {
  const { run } = await holdThree()
  const check = JSON.parse((await run('check', '--json')).stdout)
  expect(check).toMatchObject({ files: 6, rows: 6, broken: 0, findings: [], audit: {} })
  expect(JSON.parse((await run('retention', 'list', '--json')).stdout)).toMatchObject({ rules: [] })
  expect(lines((await run('retention', 'run', '--dry-run', '--json')).stdout)).toEqual([{ dryRun: true, studies: 0 }])
})
