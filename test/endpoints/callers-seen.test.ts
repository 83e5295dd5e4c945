import { expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { callersSeen } from '../../src/endpoints/callers-seen.ts'
import { temporaryCatalog } from '../catalog/catalog-material.ts'

const call = (calling: string) => ({
  callingAeTitle: aeTitle(calling),
  calledAeTitle: aeTitle('ARIANE'),
  address: '10.1.2.3',
  outcome: 'rejected' as const,
  reason: 'not known',
  at: 1000,
})

it('notes the first caller at once, those that follow together, and what is left when the node stops', async () => {
  const catalog = temporaryCatalog()
  let writes = 0
  const notePeer: typeof catalog.notePeer = (...noted) => {
    writes++
    return catalog.notePeer(...noted)
  }
  const seen = callersSeen({ ...catalog, notePeer })
  seen.note(call('FIRST'))
  await expect.poll(async () => (await catalog.peersSeen()).map((one) => one.callingAeTitle), { timeout: 1000 }).toEqual(['FIRST'])
  for (let again = 0; again < 50; again++) seen.note(call('STORM'))
  expect(writes).toBe(1)
  await seen.flush()
  const counts = (await catalog.peersSeen()).map(({ callingAeTitle, count }) => `${callingAeTitle} ${count}`)
  expect(counts.sort()).toEqual(['FIRST 1', 'STORM 50'])
  expect(writes).toBe(2)
})
