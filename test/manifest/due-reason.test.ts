/** The words for why a study is due, and for what it waits. */
import { expect, it } from 'vitest'
import type { DueStudy, StepsProgress } from '../../src/catalog/contract-due.ts'
import { whenDue } from '../../src/catalog/when-due.ts'
import { uid } from '../../src/dicom/uid.ts'
import { dueReason, waitsFor } from '../../src/manifest/due-reason.ts'

const RULES = { quietSeconds: 60, associationEndSeconds: 15, maxWaitSeconds: 14_400, mppsMaxWaitSeconds: 7_200 }

function study(over: Partial<DueStudy> = {}): DueStudy {
  const made = {
    studyInstanceUid: uid('1.1'),
    revision: 2,
    manifestRevision: 1,
    lastReceivedAt: 100_000,
    pendingSince: 0,
    steps: 'nothing',
    stepsHeardAt: 0,
    isComplete: false,
    ...over,
  } as const
  return { ...made, due: whenDue(made, RULES) }
}

const progress = (state: 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED', instancesHere = 212): StepsProgress => ({
  states: [{ sopInstanceUid: uid('1.9'), state, isAwaited: state !== 'IN PROGRESS', source: 'CT1', beganAt: Date.UTC(2026, 0, 31) }],
  series: 3,
  seriesHere: instancesHere === 212 ? 3 : 2,
  instances: 212,
  instancesHere,
  missing: [],
})

it.each([
  ['quiet for 60 s', study(), undefined],
  ['association ended, nothing for 15 s', study({ associationEndedAt: 101_000 }), undefined],
  ['MPPS completed: 3 of 3 series, 212 of 212 instances', study({ steps: 'ended', isComplete: true }), progress('COMPLETED')],
  ['MPPS discontinued: 3 of 3 series, 212 of 212 instances', study({ steps: 'ended', isComplete: true }), progress('DISCONTINUED')],
  ['quiet for 60 s; MPPS in progress, no more heard of it within 7200 s', study({ steps: 'in progress' }), progress('IN PROGRESS')],
  [
    'quiet for 60 s; MPPS completed: 2 of 3 series, 207 of 212 instances, the rest did not come within 7200 s',
    study({ steps: 'ended' }),
    progress('COMPLETED', 207),
  ],
  [
    '14400 s after its first change, at the latest; MPPS in progress',
    study({ steps: 'in progress', stepsHeardAt: 14_000_000 }),
    progress('IN PROGRESS'),
  ],
])('is due: %s', (words, due, steps) => expect(dueReason(due, RULES, steps)).toBe(words))

it.each([
  ['quiet time: 59 s more', study(), undefined],
  ['quiet after the end of its association: 15 s more', study({ associationEndedAt: 101_000 }), undefined],
  [
    'MPPS in progress (CT1 since 2026-01-31 00:00:00 UTC); its end is waited for, 1 h 58 min more at the most',
    study({ steps: 'in progress' }),
    progress('IN PROGRESS'),
  ],
  [
    'MPPS completed: 2 of 3 series, 207 of 212 instances; the rest is waited for, 1 h 58 min more at the most',
    study({ steps: 'ended' }),
    progress('COMPLETED', 207),
  ],
  [
    'the longest time after its first change: 3 h 58 min more; MPPS in progress (CT1 since 2026-01-31 00:00:00 UTC)',
    study({ steps: 'in progress', stepsHeardAt: 14_000_000 }),
    progress('IN PROGRESS'),
  ],
  ['due since 1 s: its manifest is made next, or the log says why not', study({ lastReceivedAt: 40_000 }), undefined],
])('waits for %s', (words, waiting, steps) => expect(waitsFor(waiting, 101_000, steps)).toBe(words))
