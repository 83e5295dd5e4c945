import { describe, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { explicit, implicit, item } from './raw-elements.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'

describe('element writer', () => {
  it('pads UIDs with NUL and text with space', () => {
    const bytes = new ElementWriter({ explicit: true }).element(0x00080018, 'UI', '1.2').element(0x00100020, 'LO', 'abc').finish()
    expect(bytes).toEqual(Buffer.concat([explicit(0x00080018, 'UI', '1.2\0'), explicit(0x00100020, 'LO', 'abc ')]))
  })

  it('writes implicit VR with 32-bit lengths', () => {
    expect(new ElementWriter({ explicit: false }).element(0x00100020, 'LO', 'abcd').finish()).toEqual(implicit(0x00100020, 'abcd'))
  })

  it('writes long form VRs in long form (PS3.5 7.1.2)', () => {
    const url = 'https://a.example/'
    expect(new ElementWriter({ explicit: true }).element(0x00081190, 'UR', url).finish()).toEqual(explicit(0x00081190, 'UR', url))
    expect(new ElementWriter({ explicit: true }).element(0x0040a160, 'UT', 'text').finish()).toEqual(explicit(0x0040a160, 'UT', 'text'))
  })

  it('orders elements by tag and lets the last value of a tag count', () => {
    const writer = new ElementWriter({ explicit: true })
    writer
      .element(0xfffcfffc, 'OB', undefined)
      .element(0x00200010, 'SH', 'old')
      .element(0x00080020, 'DA', '20260101')
      .element(0x00200010, 'SH', 'new ')
    expect(writer.finish()).toEqual(
      Buffer.concat([explicit(0x00080020, 'DA', '20260101'), explicit(0x00200010, 'SH', 'new '), explicit(0xfffcfffc, 'OB')]),
    )
  })

  it.each([undefined, ''])('writes %j as zero length', (value) => {
    const writer = new ElementWriter({ explicit: true })
    for (const vr of ['LO', 'US', 'OB', 'SQ', 'UN']) writer.element(0x00100000 + vr.charCodeAt(0), vr, value)
    const elements = [...readDataSet(writer.finish(), EXPLICIT).elements.values()]
    expect(elements.map(({ value: bytes }) => bytes.length)).toEqual([0, 0, 0, 0, 0].slice(0, elements.length))
    expect(elements.length).toBe(4)
  })

  it('encodes text by the given encoder, and only text that a character set concerns', () => {
    const seen: string[] = []
    const encode = (text: string, vr: string) => {
      seen.push(vr)
      return Buffer.from(text, 'latin1')
    }
    const writer = new ElementWriter({ explicit: true, encode })
    writer.element(0x00080005, 'CS', 'ISO_IR 100').element(0x00080018, 'UI', '1.2').element(0x00100010, 'PN', 'Müller')
    writer.sequence(0x00400275, [(request) => request.element(0x00400007, 'LO', 'Schädel')])
    const dataSet = readDataSet(writer.finish(), EXPLICIT)
    expect(seen).toEqual(['PN', 'LO'])
    expect(dataSet.text(0x00100010)).toBe('Müller')
    expect(dataSet.items(0x00400275)[0]?.text(0x00400007)).toBe('Schädel')
  })

  it.each([
    ['US', '512\\0\\65535', 6],
    ['SS', '-32768\\7', 4],
    ['UL', '4294967295', 4],
    ['SL', '-1\\2', 8],
    ['FL', '0.5\\-2', 8],
    ['FD', '0.1\\1e+300\\NaN', 24],
    ['UV', '18446744073709551615', 8],
    ['SV', '-9223372036854775808', 8],
    ['AT', '00080018\\7FE00010', 8],
  ])('writes numbers of %s from decimal text and reads them back', (vr, text, length) => {
    const dataSet = readDataSet(new ElementWriter({ explicit: true }).element(0x00191000, vr, text).finish(), EXPLICIT)
    expect(dataSet.text(0x00191000)).toBe(text)
    expect(dataSet.elements.get(0x00191000)?.value.length).toBe(length)
  })

  it.each([
    ['US', 'many'],
    ['US', '65536'],
    ['UL', '-1'],
    ['US', '1\\\\2'],
    ['OB', 'bytes'],
    ['SQ', 'items'],
  ])('does not write %s from %j', (vr, text) => {
    expect(() => new ElementWriter({ explicit: true }).element(0x00191000, vr, text)).toThrow()
  })

  it('writes a sequence without items as zero length, and an empty item as zero length', () => {
    expect(new ElementWriter({ explicit: true }).sequence(0x00081110, []).finish()).toEqual(explicit(0x00081110, 'SQ'))
    expect(new ElementWriter({ explicit: true }).sequence(0x00081110, [() => undefined]).finish()).toEqual(
      explicit(0x00081110, 'SQ', item()),
    )
  })

  it.each([EXPLICIT, IMPLICIT])('nests sequences of more than 64 KiB (%s)', (syntax) => {
    const writer = new ElementWriter({ explicit: syntax === EXPLICIT })
    const instance = (index: number) => (into: ElementWriter) => into.element(0x00081155, 'UI', `1.2.${index}`)
    writer.sequence(0x0040a375, [
      (study) =>
        study.sequence(0x00081115, [
          (series) =>
            series.sequence(
              0x00081199,
              Array.from({ length: 5000 }, (_, i) => instance(i)),
            ),
        ]),
    ])
    const instances = readDataSet(writer.finish(), syntax).items(0x0040a375)[0]?.items(0x00081115)[0]?.items(0x00081199)
    expect(instances?.length).toBe(5000)
    expect(instances?.[4999]?.text(0x00081155)).toBe('1.2.4999')
  })

  it.each([EXPLICIT, IMPLICIT])('writes a value longer than 16 bits can say (%s)', (syntax) => {
    const uids = Array.from({ length: 10_000 }, (_, index) => `1.2.840.${index}`).join('\\')
    const dataSet = readDataSet(new ElementWriter({ explicit: syntax === EXPLICIT }).element(0x00080058, 'UI', uids).finish(), syntax)
    expect(dataSet.values(0x00080058).length).toBe(10_000)
  })
})
