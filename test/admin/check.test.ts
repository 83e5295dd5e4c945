import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { uid } from '../../src/dicom/uid.ts'
import { closeAll, openDoor, sample, silenceLog, store } from '../receive/sample-instances.ts'
import { filesBelow, temporaryFolder } from '../storage/temporary-storage.ts'
import { runAriane } from './run-ariane.ts'

beforeAll(silenceLog)
afterEach(closeAll)

it('finds what is lost, damaged or without a row, and settles it when asked to', async () => {
  const path = temporaryFolder()
  const check = async (...args: string[]): Promise<{ exitCode: number | null; stdout: string }> =>
    runAriane(temporaryFolder(), ['check', ...args], { ARIANE_STORAGE_PATH: path })
  const { door, catalog } = await openDoor({ path })
  for (const number of [1, 2, 3, 4]) await store(door, sample({ sopInstanceUid: `1.2.${number}` }))
  expect(await check('--deep')).toMatchObject({ exitCode: 0, stdout: '4 files and 4 rows compared: all is well\n' })

  const fileOf = async (text: string): Promise<string> => join(path, (await catalog.findInstance(uid(text)))!.storageKey)
  rmSync(await fileOf('1.2.1'))
  const damaged = await fileOf('1.2.2')
  const bytes = readFileSync(damaged)
  bytes[bytes.length - 5]! ^= 1
  writeFileSync(damaged, bytes)
  const unnamed = await fileOf('1.2.3')
  await catalog.forget(uid('1.2.3'))
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(unnamed, hourAgo, hourAgo)

  expect((await check()).stdout).toContain('1 files without a row, 1 rows without a whole file, 0 of 2 settled')
  const found = await check('--deep')
  expect(found.exitCode).toBe(1)
  for (const finding of ['lost: instances/', 'wrong digest: instances/', 'no row: instances/']) expect(found.stdout).toContain(finding)
  expect((await check('--deep', '--repair')).stdout).toContain('1 files without a row, 2 rows without a whole file, 3 of 3 settled')
  expect(await check('--deep')).toMatchObject({ exitCode: 0, stdout: '2 files and 2 rows compared: all is well\n' })
  expect(filesBelow(join(path, 'quarantine'))).toHaveLength(2)
})

it('leaves alone what was received just now: a node may be about to write its row', async () => {
  const path = temporaryFolder()
  const { door, catalog } = await openDoor({ path })
  await store(door, sample({ sopInstanceUid: '1.2.3' }))
  await catalog.forget(uid('1.2.3'))
  const { stdout } = await runAriane(temporaryFolder(), ['check', '--repair'], { ARIANE_STORAGE_PATH: path })
  expect(stdout).toBe('1 files and 0 rows compared, 1 files are too new to be judged: check again in a minute: all is well\n')
})

it('does not make a storage where there is none', async () => {
  const { exitCode, stderr } = await runAriane(temporaryFolder(), ['check'])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('no catalog at')
})
