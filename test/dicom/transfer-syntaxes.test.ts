import { describe, expect, it } from 'vitest'
import { encodingOf, TRANSFER_SYNTAXES, transferSyntax } from '../../src/dicom/transfer-syntaxes.ts'
import { isStrictUid } from '../../src/dicom/uid.ts'

describe('transfer syntaxes', () => {
  it('has each UID once, and each is a UID', () => {
    expect(new Set(TRANSFER_SYNTAXES.map(({ uid }) => uid)).size).toBe(TRANSFER_SYNTAXES.length)
    expect(TRANSFER_SYNTAXES.filter(({ uid }) => !isStrictUid(uid))).toEqual([])
  })

  it('has one implicit, one big endian and three deflated ones among the current and retired ones', () => {
    const uids = (entries: typeof TRANSFER_SYNTAXES) => entries.map(({ uid }) => uid)
    expect(uids(TRANSFER_SYNTAXES.filter(({ explicit }) => !explicit))).toEqual(['1.2.840.10008.1.2', '1.2.840.10008.1.20'])
    expect(uids(TRANSFER_SYNTAXES.filter(({ littleEndian }) => !littleEndian))).toEqual(['1.2.840.10008.1.2.2'])
    expect(uids(TRANSFER_SYNTAXES.filter(({ deflated }) => deflated))).toEqual([
      '1.2.840.10008.1.2.1.99',
      '1.2.840.10008.1.2.4.95',
      '1.2.840.10008.1.2.4.205',
    ])
  })

  it.each([
    ['1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression'],
    ['1.2.840.10008.1.2.4.110', 'JPEG XL Lossless'],
    ['1.2.840.10008.1.2.4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2'],
    ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)'],
    ['1.2.840.10008.1.2.7.3', 'SMPTE ST 2110-30 PCM Digital Audio'],
    ['1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)'],
  ])('knows %s as encapsulated', (uid, name) => {
    expect(transferSyntax(uid)).toMatchObject({ uid, name, explicit: true, encapsulated: true, deflated: false })
  })

  it('reads an unknown one as explicit little endian', () => {
    expect(transferSyntax('1.2.3')).toBeUndefined()
    expect(encodingOf('1.2.3')).toMatchObject({ uid: '1.2.3', explicit: true, littleEndian: true, deflated: false })
  })
})
