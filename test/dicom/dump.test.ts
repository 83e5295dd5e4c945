import { expect, it } from 'vitest'
import { dumpOf } from '../../src/dicom/dump.ts'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { dataSet, EXPLICIT_LE, encode, type Overrides, TAG } from '../support/data-sets.ts'

const dumped = (elements: Overrides, most?: number): string[] =>
  dumpOf(readDataSet(encode(dataSet(elements)), EXPLICIT_LE), most).split('\n')

it('one element a line, items indented, binary values by their size', () => {
  const item = dataSet({ 524544: ['SH', '113000'] } as Overrides)
  expect(
    dumped({ [TAG.PatientName]: ['PN', 'Doe^Jane'], 4235331: ['SQ', [item, item]], 2145386512: ['OW', Buffer.alloc(8)] } as Overrides),
  ).toEqual([
    '(0010,0010) PN PatientName  Doe^Jane',
    '(0040,A043) SQ ConceptNameCodeSequence  2 items',
    '  item 1',
    '    (0008,0100) SH CodeValue  113000',
    '  item 2',
    '    (0008,0100) SH CodeValue  113000',
    '(7FE0,0010) OW PixelData  8 bytes',
  ])
})

it('a value stays on its line and moves no cursor, whatever its sender wrote; long ones are cut', () => {
  const [, name, text] = dumped({
    [TAG.SpecificCharacterSet]: ['CS', 'ISO_IR 192'],
    [TAG.PatientName]: ['PN', 'A\x07\nB'],
    2113536: ['LT', 'x'.repeat(500)],
  } as Overrides)
  expect(name).toBe('(0010,0010) PN PatientName  A\ufffd\ufffdB')
  expect(text).toBe(`(0020,4000) LT ImageComments  ${'x'.repeat(200)}…`)
})

it('no more lines than are wanted, and the last one says so', () => {
  const items = Array.from({ length: 50 }, () => dataSet({ 524544: ['SH', 'x'] } as Overrides))
  const lines = dumped({ 4235331: ['SQ', items] } as Overrides, 10)
  expect([lines.length, lines.at(-1)]).toEqual([11, '…'])
})
