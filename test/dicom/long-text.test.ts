/** Text that a peer may send, of any length, is read in time in proportion to it: nothing here tries a run of padding again and again. */
import { expect, it } from 'vitest'
import { parseAeTitle } from '../../src/dicom/ae-title.ts'
import { parseRange } from '../../src/dicom/dates.ts'
import { parseUid } from '../../src/dicom/uid.ts'
import { decodeCommandSet } from '../../src/dimse/command-set.ts'

const SIZE = 400_000
/** Runs that end in something else than padding. */
const RUNS = [`${' '.repeat(SIZE)}1`, `${'\0'.repeat(SIZE)}1`, `1${' '.repeat(SIZE)}1`, '-'.repeat(SIZE), '1-'.repeat(SIZE / 2)]

function commandWith(text: string): Buffer {
  const value = Buffer.from(text, 'latin1')
  const header = Buffer.alloc(8)
  header.writeUInt16LE(0x0600, 2)
  header.writeUInt32LE(value.length, 4)
  const field = Buffer.from([0, 0, 0, 1, 2, 0, 0, 0, 0x21, 0])
  return Buffer.concat([field, header, value])
}

it.each([
  ['a UID', parseUid],
  ['an AE title', parseAeTitle],
  ['a range of dates', (text: string) => parseRange(text, 'DA')],
  ['a range of date-times', (text: string) => parseRange(text, 'DT')],
  ['a command set', (text: string) => decodeCommandSet(commandWith(text))],
] as const)('%s', (_name, read) => {
  const began = performance.now()
  for (const text of RUNS) read(text)
  // In quadratic time one of these takes minutes; the bound leaves room for any machine.
  expect(performance.now() - began).toBeLessThan(2000)
})
