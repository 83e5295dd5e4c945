/** Looking into a data set without reading it (src/dicom/item-slices.ts): what is found, and that nothing is read past an end. */
import { describe, expect, it } from 'vitest'
import { insideOf, itemSlices, valueIn } from '../../src/dicom/item-slices.ts'
import { dataSet, encode, encodeItem } from '../support/data-sets.ts'

const ITEMS = [dataSet({ [0x00081155]: ['UI', '1.2'] }), dataSet({ [0x00081155]: ['UI', '1.34'] })]
const BYTES = encode(dataSet({ [0x00081199]: ['SQ', ITEMS], [0x00100010]: ['PN', 'A^B '], [0x0040a160]: ['UT', 'text'] }))

const unreadable = expect.objectContaining({ code: 'UNREADABLE' })

describe('a data set of Explicit VR Little Endian', () => {
  it('gives the value of an element, of short and long form', () => {
    expect(valueIn(BYTES, 0x00100010)?.toString()).toBe('A^B ')
    expect(valueIn(BYTES, 0x0040a160)?.toString()).toBe('text')
    expect(valueIn(BYTES, 0x00100020)).toBeUndefined()
  })

  it('gives the items of a sequence, each with its header', () => {
    const items = [...itemSlices(valueIn(BYTES, 0x00081199)!)]
    expect(items).toEqual(ITEMS.map((one) => encodeItem(encode(one))))
    expect(items.map((one) => valueIn(insideOf(one), 0x00081155)?.toString())).toEqual(['1.2\0', '1.34'])
  })

  it.each([
    ['ends inside a header', BYTES.subarray(0, BYTES.length - 6)],
    ['ends inside a value', BYTES.subarray(0, BYTES.length - 1)],
    ['has implicit VR', Buffer.from('1000100004000000415e4220', 'hex')],
    ['has a VR that is none', Buffer.from('100010003f3f0400415e4220', 'hex')],
    ['has a VR of a later edition', Buffer.from('100010005a5a0400415e4220', 'hex')],
    ['has an item where an element is due', Buffer.from('feff00e000000000', 'hex')],
    ['has an undefined length', Buffer.from('400060a155540000ffffffff', 'hex')],
  ])('is refused where it %s', (_, bytes) => {
    expect(() => valueIn(bytes, 0xffffffff)).toThrow(unreadable)
  })
})

describe('the value of a sequence is refused', () => {
  it.each([
    ['where an element stands instead of an item', '10001000504e0000'],
    ['where an item is longer than it', 'feff00e004000000ab'],
    ['where an item has an undefined length', 'feff00e0ffffffff'],
    ['where it ends inside the header of an item', 'feff00e000'],
  ])('%s', (_, hex) => {
    expect(() => [...itemSlices(Buffer.from(hex, 'hex'))]).toThrow(unreadable)
  })
})
