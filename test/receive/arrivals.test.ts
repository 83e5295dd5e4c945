/** Whose end is told: the last association that brought something of a study, and no other. */
import { expect, it } from 'vitest'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import { Arrivals } from '../../src/receive/arrivals.ts'

function association() {
  const controller = new AbortController()
  return { ended: controller.signal, end: () => controller.abort() }
}

function watched() {
  const told: Uid[][] = []
  return { told, arrivals: new Arrivals((studies) => told.push([...studies])) }
}

const [A, B] = [uid('1.1'), uid('1.2')]

it('tells of a study when the last association that brought something of it ends', () => {
  const { told, arrivals } = watched()
  const [first, second] = [association(), association()]
  for (let time = 0; time < 3; time++) arrivals.brought(first, A)
  arrivals.brought(first, B)
  arrivals.brought(second, A)
  first.end()
  expect(told).toEqual([[B]])
  second.end()
  expect(told).toEqual([[B], [A]])
  const third = association()
  arrivals.brought(third, A)
  third.end()
  expect(told).toEqual([[B], [A], [A]])
})

it('says nothing of an association that brought nothing, or had ended before its instance was kept', () => {
  const { told, arrivals } = watched()
  association().end()
  const late = association()
  late.end()
  arrivals.brought(late, A)
  const other = association()
  arrivals.brought(other, A)
  other.end()
  expect(told).toEqual([[A]])
})

it('is bounded: of an association with many studies the first ones are told of', () => {
  const { told, arrivals } = watched()
  const one = association()
  const studies = Array.from({ length: 100 }, () => newUid())
  for (const study of studies) arrivals.brought(one, study)
  one.end()
  expect(told).toEqual([studies.slice(0, 64)])
})
