import { describe, expect, it } from 'vitest'
import { itemsToJson, jsonElementText, parseJsonItems, writeJsonElements } from '../../src/dicom/dicom-json.ts'
import { tagText } from '../../src/dicom/dictionary.ts'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { explicit, item } from './raw-elements.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const REQUESTS = 0x00400275

function requestItems(...elements: readonly Buffer[]) {
  return readDataSet(
    Buffer.concat([explicit(0x00080005, 'CS', 'ISO_IR 100'), explicit(REQUESTS, 'SQ', item(Buffer.concat(elements)))]),
    EXPLICIT,
  ).items(REQUESTS)
}

describe('DICOM JSON', () => {
  it('writes items as PS3.18 F.2 says', () => {
    const json = itemsToJson(
      requestItems(
        explicit(0x00080005, 'CS', 'ISO_IR 100'),
        explicit(0x00080050, 'SH', Buffer.from('É1\\B2', 'latin1')),
        explicit(0x00081110, 'SQ', item(explicit(0x00081155, 'UI', '1.2\0'))),
        explicit(0x00100010, 'PN', 'Doe^J==x'),
        explicit(0x00181030, 'LO', ''),
        explicit(0x00200013, 'IS', '12\\+3'),
        explicit(0x00200037, 'DS', '1.5\\1.50\\\\1e9999'),
        explicit(0x00280010, 'US', Buffer.from([0, 2])),
        explicit(0x00280009, 'AT', Buffer.from([0x18, 0, 0x63, 0x10])),
        explicit(0x00290010, 'LO', 'VENDOR'),
        explicit(0x00291001, 'OB', 'bulk'),
        explicit(0x0040a168, 'SQ'),
      ),
    )
    expect(JSON.parse(json ?? '')).toEqual([
      {
        '00080050': { vr: 'SH', Value: ['É1', 'B2'] },
        '00081110': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2'] } }] },
        '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^J', Phonetic: 'x' }] },
        '00181030': { vr: 'LO' },
        '00200013': { vr: 'IS', Value: [12, '+3'] },
        '00200037': { vr: 'DS', Value: [1.5, '1.50', null, '1e9999'] },
        '00280009': { vr: 'AT', Value: ['00181063'] },
        '00280010': { vr: 'US', Value: [512] },
        '00290010': { vr: 'LO', Value: ['VENDOR'] },
        '0040A168': { vr: 'SQ' },
      },
    ])
  })

  it('keeps no sequence without items', () => {
    expect(itemsToJson([])).toBeUndefined()
  })

  it.each([true, false])('comes back into elements unchanged (explicit: %s)', (isExplicit) => {
    const json = itemsToJson(
      requestItems(
        explicit(0x00080050, 'SH', 'A1'),
        explicit(0x00081110, 'SQ', Buffer.concat([item(explicit(0x00081155, 'UI', '1.2\0')), item()])),
        explicit(0x00100010, 'PN', Buffer.from('Müller^A=b=c', 'latin1')),
        explicit(0x00200037, 'DS', '1.50\\2\\'),
        explicit(0x0040a30a, 'DS', '0.1'),
      ),
    )
    const bytes = new ElementWriter({ explicit: isExplicit }).element(0x00080005, 'CS', 'ISO_IR 192')
    writeJsonElements(bytes, { [tagText(REQUESTS)]: { vr: 'SQ', Value: [...parseJsonItems(json!)] } })
    const read = readDataSet(bytes.finish(), isExplicit ? EXPLICIT : '1.2.840.10008.1.2')
    expect(itemsToJson(read.items(REQUESTS))).toBe(json)
    expect(read.items(REQUESTS)[0]?.text(0x00200037)).toBe('1.50\\2\\')
  })

  it.each([undefined, []])('writes a sequence of value %j without items', (Value) => {
    const writer = new ElementWriter({ explicit: true })
    writeJsonElements(writer, { [tagText(REQUESTS)]: { vr: 'SQ', Value } })
    expect(writer.finish()).toEqual(explicit(REQUESTS, 'SQ'))
  })

  it.each(['{}', 'null', '[', '"x"'])('does not take %j for items', (json) => {
    expect(() => parseJsonItems(json)).toThrow()
  })

  it('gives the text of an element of an item', () => {
    const [first] = parseJsonItems(itemsToJson(requestItems(explicit(0x00100010, 'PN', 'A^B=C'), explicit(0x00200013, 'IS', '1\\2'))) ?? '')
    expect(jsonElementText(first ?? {}, 0x00100010)).toBe('A^B=C')
    expect(jsonElementText(first ?? {}, 0x00200013)).toBe('1\\2')
    expect(jsonElementText(first ?? {}, 0x00080050)).toBeUndefined()
  })
})
