import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/catalog/database.ts'
import { catalogOn } from '../../src/catalog/sqlite-catalog.ts'
import { parseUid } from '../../src/dicom/uid.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { temporaryFile } from './catalog-material.ts'

const KEEPER = fileURLToPath(new URL('./keeper-process.ts', import.meta.url))

/** Lets a process keep instances, kills it after a while. @returns the UIDs that it was told are kept */
async function killedKeeper(file: string, round: number, afterMilliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [KEEPER, file, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (told === '') setTimeout(() => child.kill('SIGKILL'), afterMilliseconds)
    told += text
  })
  await once(child, 'close')
  expect(child.signalCode).toBe('SIGKILL')
  return told.split('\n').slice(0, -1)
}

it('has every instance that was told kept after a kill, in one piece, whenever it comes', async () => {
  const file = temporaryFile()
  const told: string[] = []
  for (let round = 1; round <= 5; round++) told.push(...(await killedKeeper(file, round, 20 + Math.random() * 300)))
  expect(told.length).toBeGreaterThan(100)
  const db = openDatabase(file, { verify: true })
  const catalog = catalogOn(db)
  for (const sopInstanceUid of told)
    expect(await catalog.findInstance(parseUid(sopInstanceUid)!)).toMatchObject({ sopInstanceUid, role: 'content' })
  expect(db.pragma('foreign_key_check')).toEqual([])
  const { instances, studies, series } = await catalog.totals()
  expect(studies).toBe(5)
  expect(series).toBe(40)
  // What was kept when the kill came may not have been told any more: at most what was under way, eight at a time.
  expect(instances - told.length).toBeLessThanOrEqual(5 * 8)
  for (const { revision, studyInstanceUid } of (await catalog.studiesWaiting(10)).items) {
    expect(
      await catalog.countRetrievables({ studyInstanceUids: [studyInstanceUid] }, { levels: EVERY_LEVEL, includeManifests: false }),
    ).toBe(revision)
  }
  await catalog.close()
})
