/** What makes a storage folder one node's: its Retrieve Location UID and its lock. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isStrictUid } from '../../src/dicom/uid.ts'
import { leaveCleanStop, lockStorage, retrieveLocationUid, takeCleanStop } from '../../src/storage/node-identity.ts'
import { filesBelow, temporaryFolder } from './temporary-storage.ts'

const FILE = 'retrieve-location-uid.txt'

it('draws the Retrieve Location UID once, and reads it ever after', async () => {
  const path = temporaryFolder()
  const uid = await retrieveLocationUid(path)
  expect(uid).toMatch(/^2\.25\.\d+$/)
  expect(isStrictUid(uid)).toBe(true)
  expect(await retrieveLocationUid(path)).toBe(uid)
  expect(readFileSync(join(path, FILE), 'utf8')).toBe(`${uid}\n`)
  expect(statSync(join(path, FILE)).mode & 0o077).toBe(0)
  expect(filesBelow(path)).toEqual([FILE])
  expect(await retrieveLocationUid(temporaryFolder())).not.toBe(uid)
})

it.each(['', 'not a uid\n', '2.25.\n'])('a file that holds %j is no reason for a new one: the start is refused in words', async (text) => {
  const path = temporaryFolder()
  writeFileSync(join(path, FILE), text)
  await expect(retrieveLocationUid(path)).rejects.toThrow(/does not hold a UID; put the former one back/)
  expect(readFileSync(join(path, FILE), 'utf8')).toBe(text)
})

it('a storage belongs to one node at a time', async () => {
  const path = temporaryFolder()
  const first = await lockStorage(path)
  await expect(lockStorage(path)).rejects.toThrow(`another node is running on the storage ${path}`)
  const elsewhere = await lockStorage(temporaryFolder())
  first.release()
  const second = await lockStorage(path)
  second.release()
  elsewhere.release()
})

it('a clean stop is told once', async () => {
  const path = temporaryFolder()
  expect(await takeCleanStop(path)).toBe(false)
  await leaveCleanStop(path)
  expect(await takeCleanStop(path)).toBe(true)
  expect(await takeCleanStop(path)).toBe(false)
})
