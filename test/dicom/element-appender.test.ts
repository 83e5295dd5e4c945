import { describe, expect, it } from 'vitest'
import { encoderFor } from '../../src/dicom/character-set.ts'
import { ElementAppender } from '../../src/dicom/element-appender.ts'
import { ElementWriter } from '../../src/dicom/element-writer.ts'

type Given = readonly [tag: number, vr: string, value: string | undefined]

const TEXTS = ['', 'a', 'ab', 'Müller^Zoé', '山田^太郎=やまだ', '\ud83d\ude00', 'lone \ud800', 'x'.repeat(5000), 'é'.repeat(40_000)]
const VRS = ['AE', 'CS', 'DA', 'DS', 'IS', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UI', 'UR', 'UT']
const ELEMENTS: readonly Given[] = [
  ...VRS.flatMap((vr, at) => TEXTS.map((text, which): Given => [0x00100000 + at * 0x100 + which, vr, text])),
  ...['AT', 'OB', 'SQ', 'UN', 'US', 'FD'].map((vr, at): Given => [0x00200000 + at, vr, undefined]),
  [0x00280010, 'US', '512\\7'],
  [0xfffcfffc, 'LO', 'last'],
]

describe('element appender', () => {
  it.each([
    ['explicit VR, UTF-8', true, 'ISO_IR 192'],
    ['implicit VR, UTF-8', false, 'ISO_IR 192'],
    ['explicit VR, Latin-1', true, 'ISO_IR 100'],
    ['explicit VR, GB18030', true, 'GB18030'],
  ])('writes what the writer writes: %s', (_name, explicit, characterSet) => {
    const options = { explicit, encode: encoderFor(characterSet), isUtf8: characterSet === 'ISO_IR 192' }
    const appender = new ElementAppender(options)
    for (const elements of [ELEMENTS, ELEMENTS.slice(5, 30), ELEMENTS.slice(-9)]) {
      const writer = new ElementWriter(options)
      for (const [tag, vr, value] of elements) {
        appender.element(tag, vr, value)
        writer.element(tag, vr, value)
      }
      expect(appender.finish().equals(writer.finish())).toBe(true)
    }
  })

  it('leaves finished data sets as they are, however many follow', () => {
    const appender = new ElementAppender({ explicit: true, isUtf8: true })
    const made = Array.from({ length: 2000 }, (_, at) => {
      appender.element(0x00100020, 'LO', `patient ${at}`)
      appender.written((writer) => writer.sequence(0x00400275, [(item) => item.element(0x00400007, 'LO', String(at))]))
      return appender.finish()
    })
    for (const [at, bytes] of made.entries()) {
      const writer = new ElementWriter({ explicit: true }).element(0x00100020, 'LO', `patient ${at}`)
      writer.sequence(0x00400275, [(item) => item.element(0x00400007, 'LO', String(at))])
      expect(bytes.equals(writer.finish())).toBe(true)
    }
  })

  it('has nothing of an element that cannot be written', () => {
    const appender = new ElementAppender({ explicit: true, isUtf8: true })
    expect(() => appender.element(0x00280010, 'US', 'many')).toThrow(TypeError)
    expect(appender.finish()).toHaveLength(0)
  })
})
