/** Pins what upper-layer.ts relies on inside the library, so that an upgrade that moves it fails here and not in a hospital. */
import { PassThrough } from 'node:stream'
import dimse from 'dcmjs-dimse'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

const network = Object.getPrototypeOf(dimse.Scp.prototype) as Record<string, unknown>

/** An Scp on no real socket, with the seams overridden as upper-layer.ts does. */
class Probe extends dimse.Scp {
  declare wrapped: number
  sent: Buffer[] = []
  heard: unknown[] = []

  _wrapSocket(): void {
    this.wrapped = (this.wrapped ?? 0) + 1
  }

  _sendPdu(pdu: { writePdu(): Buffer }): void {
    this.sent.push(pdu.writePdu())
  }

  override associationReleaseRequested(): void {
    this.heard.push('release')
  }

  override abort(source: number, reason: number): void {
    this.heard.push(['abort', source, reason])
  }

  receive(hex: string): void {
    ;(this as unknown as { _processPdu(pdu: Buffer): void })._processPdu(Buffer.from(hex, 'hex'))
  }
}

const probe = (): Probe => new Probe(new PassThrough() as never)

describe('the seams of dcmjs-dimse', () => {
  it('is pinned exactly, in one version', () => {
    expect(packageJson.dependencies['dcmjs-dimse']).toBe('0.3.3')
    expect(dimse.version).toBe('0.3.3')
  })

  it('seam 1: the constructor wires the socket through _wrapSocket, once, and nowhere else', () => {
    const socket = new PassThrough()
    const before = socket.eventNames().length
    const one = new Probe(socket as never)
    expect(one.wrapped).toBe(1)
    expect(socket.eventNames().length).toBe(before)
    expect((one as unknown as { timeoutIntervalId?: unknown }).timeoutIntervalId).toBeUndefined()
  })

  it('seam 2: _processPdu takes a whole PDU and raises release and abort at once', () => {
    expect(typeof network._processPdu).toBe('function')
    const one = probe()
    one.receive('05000000000400000000')
    one.receive('07000000000400000206')
    expect(one.heard).toEqual(['release', ['abort', 2, 6]])
  })

  it('seam 3: every control PDU goes out through _sendPdu', () => {
    const one = probe()
    one.sendAssociationReject(2, 3, 2)
    one.sendAssociationReleaseRequest()
    one.sendAssociationReleaseResponse()
    ;(one as unknown as { association: unknown }).association = new dimse.association.Association('', '')
    one.sendAbort(2, 6)
    one.sendAbort(0, 0)
    expect(one.sent.map((pdu) => pdu.toString('hex'))).toEqual([
      '03000000000400020302',
      '05000000000400000000',
      '06000000000400000000',
      '07000000000400000206',
      '07000000000400000000',
    ])
  })
})
