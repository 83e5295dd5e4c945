import { describe, expect, it } from 'vitest'
import { decodeCommandSet, encodeCommandSet } from '../../src/dimse/command-set.ts'
import { COMMAND, type CommandSet } from '../../src/dimse/contract.ts'

const element = (tag: number, hex: string): string => {
  const header = Buffer.alloc(8)
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
  header.writeUInt32LE(hex.length / 2, 4)
  return header.toString('hex') + hex
}
const decode = (hex: string): CommandSet => decodeCommandSet(Buffer.from(hex, 'hex'))

describe('command sets', () => {
  it('come back as they were written, every field', () => {
    const command: CommandSet = {
      commandField: COMMAND.C_MOVE_RSP,
      messageId: 65_535,
      messageIdBeingRespondedTo: 0,
      affectedSopClassUid: '1.2.840.10008.5.1.4.1.2.2.2',
      affectedSopInstanceUid: '1.2.3',
      requestedSopClassUid: '1.2',
      requestedSopInstanceUid: '1.2.4',
      moveDestination: 'WEASIS',
      priority: 2,
      hasDataSet: true,
      status: 0xff00,
      offendingElement: 0x00080018,
      errorComment: 'Out of resources',
      moveOriginatorAeTitle: 'ARIANE',
      moveOriginatorMessageId: 7,
      numberOfRemainingSuboperations: 3,
      numberOfCompletedSuboperations: 2,
      numberOfFailedSuboperations: 1,
      numberOfWarningSuboperations: 0,
    }
    const { offendingElement, ...readable } = command
    expect(decodeCommandSet(encodeCommandSet(command))).toEqual(readable)
    expect(encodeCommandSet({ commandField: 1, hasDataSet: false, offendingElement }).toString('hex')).toContain(
      element(0x00000901, '08001800'),
    )
  })

  it('are written in ascending order behind a right group length', () => {
    const bytes = encodeCommandSet({
      commandField: COMMAND.C_ECHO_RSP,
      messageIdBeingRespondedTo: 1,
      affectedSopClassUid: '1.2.840.10008.1.1',
      hasDataSet: false,
      status: 0,
    })
    expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12)
    const tags: number[] = []
    for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4)) tags.push(bytes.readUInt16LE(at + 2))
    expect(tags).toEqual([...tags].sort((a, b) => a - b))
  })

  it('cut an Error Comment at 64 characters (VR LO)', () => {
    const bytes = encodeCommandSet({ commandField: COMMAND.C_STORE_RSP, hasDataSet: false, status: 0xc000, errorComment: 'x'.repeat(100) })
    expect(decodeCommandSet(bytes).errorComment).toHaveLength(64)
  })

  it('D1 D15: are read without a group length, out of order, first value first', () => {
    const command = decode(
      element(0x00000110, '0500') + element(0x00000100, '3000') + element(0x00000100, '0100') + element(0x00000800, '0101'),
    )
    expect(command).toMatchObject({ commandField: COMMAND.C_ECHO_RQ, messageId: 5, hasDataSet: false })
  })

  it.each([
    ['D2: no Command Field', element(0x00000110, '0100')],
    ['D13: a US of 0 bytes', element(0x00000100, '')],
    ['D13: a US of 1 byte', element(0x00000100, '30')],
    ['D13: a US of 4 bytes', element(0x00000100, '30000000')],
    ['D13: a length of FFFFFFFF', '00000001ffffffff3000'],
    ['D14: Explicit VR', '000000005553020000000000'],
    ['D15: another group', element(0x00080018, '3100')],
    ['a cut element header', '00000001'],
  ])('refuse %s', (_name, hex) => {
    expect(() => decode(hex)).toThrow(/command set/)
  })
})
