/** What is inflated into memory counts until it is closed, and only until then. */
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Retrievable } from '../../src/catalog/contract.ts'
import { inflatedRoom, LARGEST_INFLATED, openPlainBytes } from '../../src/serve/plain-bytes.ts'
import { ct, EXPLICIT_LE, encode, TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { type Home, openHome } from './support.ts'

const DEFLATED = '1.2.840.10008.1.2.1.99'
let home: Home

beforeAll(async () => {
  home = await openHome()
})
afterAll(() => home.close())

async function kept(elements: TestDataSet): Promise<{ instance: Retrievable; size: number }> {
  const plain = encode(elements, EXPLICIT_LE)
  const uid = textOf(elements, TAG.SOPInstanceUID)
  expect(await home.keepBytes(deflateRawSync(plain), textOf(elements, TAG.SOPClassUID), uid, DEFLATED)).toBe(0)
  const view = { levels: EVERY_LEVEL, includeManifests: false }
  const { items } = await home.catalog.retrievables({ studyInstanceUids: [textOf(elements, TAG.StudyInstanceUID)] } as never, view, 1)
  return { instance: items[0]!, size: plain.length }
}

it('is given back with the bytes, once, and where they cannot be inflated', async () => {
  const { instance, size } = await kept(ct({}, 64))
  const bytes = await openPlainBytes(home.storage, instance)
  expect([bytes.sizeBytes, inflatedRoom.usedBytes]).toEqual([size, size])
  bytes.close()
  bytes.close()
  expect(inflatedRoom.usedBytes).toBe(0)
  const wrong = { ...instance, dataSetOffset: instance.dataSetOffset + 7 }
  await expect(openPlainBytes(home.storage, wrong)).rejects.toThrow()
  expect(inflatedRoom.usedBytes).toBe(0)
})

it('waits while there is no room', async () => {
  const { instance } = await kept(ct({ [TAG.PixelData]: ['OW', randomBytes(8192)] }, 64))
  const shares = await Promise.all([1, 2].map(() => inflatedRoom.take(LARGEST_INFLATED, new AbortController().signal)))
  let isOpen = false
  const opening = openPlainBytes(home.storage, instance).then((bytes) => {
    isOpen = true
    bytes.close()
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(isOpen).toBe(false)
  for (const share of shares) share.release()
  await opening
  expect(inflatedRoom.usedBytes).toBe(0)
})
