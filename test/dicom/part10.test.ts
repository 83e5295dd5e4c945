import { describe, expect, it } from 'vitest'
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../src/dicom/implementation.ts'
import { part10Header, readPart10Header } from '../../src/dicom/part10.ts'
import { explicit, explicitInstance, implicit } from './raw-elements.ts'

const facts = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: '1.2.34',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  sourceAeTitle: 'CT1',
}
const dataSet = explicitInstance()

describe('file meta information', () => {
  it('comes back as written, and points to the data set', () => {
    const header = part10Header(facts)
    expect(readPart10Header(Buffer.concat([header, dataSet]))).toEqual({
      ...facts,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      dataSetOffset: header.length,
    })
  })

  it('has preamble, prefix, version and a right group length', () => {
    const header = part10Header(facts)
    expect(header.subarray(0, 128).every((byte) => byte === 0)).toBe(true)
    expect(header.toString('latin1', 128, 132)).toBe('DICM')
    expect(header.readUInt32LE(140)).toBe(header.length - 144)
    expect(header.subarray(144, 158).toString('hex')).toBe('020001004f42000002000000' + '0001')
    expect(header.length % 2).toBe(0)
  })

  it('leaves the source out where it is not known', () => {
    const header = part10Header({ ...facts, sourceAeTitle: undefined })
    expect(readPart10Header(header)?.sourceAeTitle).toBeUndefined()
  })

  it.each([0, 1, 0xffff, 0x7fffffff])('does not trust a group length of %i (F4)', (length) => {
    const header = part10Header(facts)
    header.writeUInt32LE(length, 140)
    expect(readPart10Header(Buffer.concat([header, dataSet]))?.dataSetOffset).toBe(header.length)
  })

  it('reads a header without group length, without preamble, with a foreign preamble (F2, F3, F4)', () => {
    const header = part10Header(facts)
    const bare = Buffer.concat([header.subarray(144), dataSet])
    expect(readPart10Header(bare)).toMatchObject({ sopInstanceUid: '1.2.34', dataSetOffset: header.length - 144 })
    const tiff = Buffer.concat([Buffer.from('II*\0'), header.subarray(4), dataSet])
    expect(readPart10Header(tiff)?.dataSetOffset).toBe(header.length)
  })

  it('gives no transfer syntax where the file names none (F5)', () => {
    const meta = readPart10Header(Buffer.concat([explicit(0x00020002, 'UI', '1.2\0'), dataSet]))
    expect(meta).toMatchObject({ sopClassUid: '1.2', dataSetOffset: 12 })
    expect(meta?.transferSyntaxUid).toBeUndefined()
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['131 bytes', part10Header(facts).subarray(0, 131)],
    ['a prefix and no more', part10Header(facts).subarray(0, 132)],
    ['a prefix at the beginning', Buffer.from('DICM'.padEnd(200, '\0'))],
    ['a data set alone', dataSet],
    ['group 0002 in implicit VR', implicit(0x00020010, '1.2.840.10008.1.2\0')],
    ['a value that passes the end', explicit(0x00020010, 'UI', '1.2', { length: 500 })],
    ['a long value that passes the end', explicit(0x00020001, 'OB', '', { length: 0xffffffff })],
    ['a long header that passes the end', explicit(0x00020001, 'OB').subarray(0, 10)],
    ['a JPEG file', Buffer.from('ffd8ffe000104a46494600', 'hex')],
  ])('refuses %s (F1, F3, F7, F11)', (_, bytes) => {
    expect(readPart10Header(bytes)).toBeUndefined()
  })

  it('never reads past the end, wherever the header is cut', () => {
    const header = part10Header(facts)
    for (let length = 0; length < header.length; length++) {
      const meta = readPart10Header(header.subarray(0, length))
      expect(meta === undefined || meta.dataSetOffset <= length).toBe(true)
    }
  })
})
