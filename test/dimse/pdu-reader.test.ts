import { describe, expect, it } from 'vitest'
import { PduReader, type PduSink } from '../../src/dimse/pdu-reader.ts'
import { ProtocolError } from '../../src/dimse/protocol-error.ts'

/** Writes down what it is told; fragments of one value are joined, so that the record does not depend on how TCP cut the stream. */
function recorder(onEvent: (text: string) => void = () => undefined): PduSink & { events: string[] } {
  const events: string[] = []
  let value = ''
  const note = (text: string): void => {
    events.push(text)
    onEvent(text)
  }
  return {
    events,
    pduBegins: (type, length) => note(`pdu ${type} ${length}`),
    control: (type, pdu) => note(`control ${type} ${pdu.toString('hex')}`),
    pdvBegins: (contextId, isCommand, isLast) => {
      value = ''
      note(`pdv ${contextId} ${isCommand ? 'command' : 'data'}${isLast ? ' last' : ''}`)
    },
    pdvData: (fragment) => {
      value += fragment.toString('hex')
    },
    pdvEnds: () => note(`value ${value}`),
  }
}

const pdv = (contextId: number, control: number, hex: string): string =>
  (hex.length / 2 + 2).toString(16).padStart(8, '0') + contextId.toString(16).padStart(2, '0') + control.toString(16).padStart(2, '0') + hex
const pData = (...pdvs: string[]): string => `0400${(pdvs.join('').length / 2).toString(16).padStart(8, '0')}${pdvs.join('')}`

const STREAM = Buffer.from(
  pData(pdv(1, 3, '00112233')) +
    pData(pdv(1, 0, 'aabb'), pdv(1, 2, '')) +
    '05000000000400000000' +
    pData(pdv(3, 0xff, '77')) +
    '07000000000400000206',
  'hex',
)

describe('PduReader', () => {
  it('tells the same story however the stream is cut', () => {
    const whole = recorder()
    new PduReader(whole).push(STREAM)
    expect(whole.events).toEqual([
      'pdu 4 10',
      'pdv 1 command last',
      'value 00112233',
      'pdu 4 14',
      'pdv 1 data',
      'value aabb',
      'pdv 1 data last',
      'value ',
      'pdu 5 4',
      'control 5 05000000000400000000',
      'pdu 4 7',
      'pdv 3 command last',
      'value 77',
      'pdu 7 4',
      'control 7 07000000000400000206',
    ])
    for (let size = 1; size < STREAM.length; size++) {
      const cut = recorder()
      const reader = new PduReader(cut)
      for (let at = 0; at < STREAM.length; at += size) reader.push(STREAM.subarray(at, at + size))
      expect(cut.events, `cut every ${size} bytes`).toEqual(whole.events)
    }
  })

  it('stops in the middle of a chunk while held, and goes on where it stopped', () => {
    const whole = recorder()
    new PduReader(whole).push(STREAM)
    const seen = recorder((text) => {
      if (text.startsWith('value')) reader.hold()
    })
    const reader = new PduReader(seen)
    reader.push(STREAM.subarray(0, 40))
    expect(seen.events.at(-1)).toBe('value 00112233')
    reader.push(STREAM.subarray(40))
    let releases = 0
    while (reader.isHeld && releases < 20) {
      releases++
      reader.release()
    }
    expect(releases).toBe(4)
    expect(seen.events).toEqual(whole.events)
  })

  it.each([
    ['a PDU type that does not exist, on its first byte', '47', 1],
    ['type 00', '00', 1],
    ['type 08', '08', 1],
    ['a P-DATA-TF without a value', '040000000000', 6],
    ['a PDV of length 0', pData('00000000'), 6],
    ['a PDV of length 1', pData('0000000101aa'), 6],
    ['a PDV longer than its PDU', '040000000008000040000103', 6],
    ['a PDV of length FFFFFFFF', '04000000000affffffff0103', 6],
    ['stray bytes behind a PDV', `04000000000900000002010200${'0000'}`, 6],
  ])('refuses %s', (_name, hex, reason) => {
    const run = (): void => new PduReader(recorder()).push(Buffer.from(hex, 'hex'))
    expect(run).toThrow(ProtocolError)
    try {
      run()
    } catch (error) {
      expect((error as ProtocolError).reason).toBe(reason)
    }
  })

  it('takes a million one-byte values in linear time and without keeping them', () => {
    const one = Buffer.from(pData(pdv(1, 0, 'aa')).repeat(5000), 'hex')
    let count = 0
    const sink: PduSink = { pduBegins() {}, control() {}, pdvBegins() {}, pdvData: () => void count++, pdvEnds() {} }
    const reader = new PduReader(sink)
    for (let at = 0; at < 200; at++) reader.push(one)
    expect(count).toBe(1_000_000)
  })
})
