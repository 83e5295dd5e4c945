import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { openPeerBook } from '../../src/endpoints/access.ts'

const peer = (title: string, more: object = {}) => ({
  aeTitle: title,
  allow: ['echo', 'store', 'find', 'move', 'get', 'mpps'],
  transferSyntaxes: [],
  characterSet: 'ISO_IR 192',
  levels: ['N'],
  parallelAssociations: 1,
  ...more,
})
const book = (peers: object[], unknownCallers: 'local' | 'refuse' | 'accept' = 'local') =>
  openPeerBook({ aeTitle: 'ARIANE', peers, unknownCallers } as unknown as Parameters<typeof openPeerBook>[0])
const call = (calling: string, address: string, called = 'ARIANE') => ({
  callingAeTitle: aeTitle(calling),
  calledAeTitle: aeTitle(called),
  address,
})

describe('who may call', () => {
  it.each([
    ['a known peer from its host', 'CT1', '10.0.0.5', undefined],
    ['a known peer from another host', 'CT1', '10.0.0.6', 3],
    ['a peer without a host, from anywhere', 'US1', '10.9.9.9', undefined],
    ['an unknown caller from elsewhere', 'WHO', '10.0.0.5', 3],
    ['an unknown caller from this machine', 'WHO', '127.0.0.1', undefined],
    ['an unknown caller from this machine by IPv6', 'WHO', '::1', undefined],
  ])('%s', async (_name, calling, address, reason) => {
    const rejection = (await book([peer('CT1', { host: '10.0.0.5' }), peer('US1')])).admit(call(calling, address))
    expect(rejection?.reason).toBe(reason)
    if (reason !== undefined) expect(rejection).toMatchObject({ result: 1, source: 1 })
  })

  it.each([
    ['2001:DB8::5', '2001:db8::5'],
    ['2001:db8:0:0:0:0:0:5', '2001:db8::5'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['10.1.2.3', '::ffff:10.1.2.3'],
  ])('host %s is the caller %s', async (host, address) => {
    expect((await book([peer('CT1', { host })], 'refuse')).admit(call('CT1', address))).toBeUndefined()
  })

  it('A3: a called AE title that is not ours, or in other case, is rejected with reason 7', async () => {
    for (const called of ['OTHER', 'ariane']) expect((await book([])).admit(call('CT1', '127.0.0.1', called))?.reason).toBe(7)
  })

  it('the title of a peer from another host than its own is somebody else’s, however tolerant the node is', async () => {
    for (const tolerance of ['local', 'accept'] as const) {
      const peers = await book([peer('CT1', { host: '10.0.0.5', allow: ['echo', 'store'] })], tolerance)
      for (const address of ['127.0.0.1', '10.7.7.7']) {
        expect(peers.admit(call('CT1', address))).toMatchObject({ reason: 3, why: 'known, but calls from another host than configured' })
        expect(peers.mayUse(call('CT1', address), 'find')).toBe(false)
      }
    }
  })

  it('this machine is each of its addresses', async () => {
    const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces?.map(({ address }) => address) ?? [])
    expect(own.length).toBeGreaterThan(0)
    for (const address of own) {
      expect((await book([])).admit(call('WHO', address)), address).toBeUndefined()
      expect((await book([peer('TOOL', { host: '127.0.0.1' })], 'refuse')).admit(call('TOOL', address)), address).toBeUndefined()
    }
    expect((await book([])).admit(call('WHO', '192.0.2.254'))?.reason).toBe(3)
  })

  it('unknownCallers refuse: not even from this machine; accept: from everywhere', async () => {
    expect((await book([], 'refuse')).admit(call('WHO', '127.0.0.1'))?.reason).toBe(3)
    expect((await book([], 'accept')).admit(call('WHO', '10.1.1.1'))).toBeUndefined()
  })

  it('a peer may do what it is allowed to, and no more', async () => {
    const peers = await book([peer('CT1', { allow: ['echo', 'store'] })])
    expect(peers.mayUse(call('CT1', '10.0.0.1'), 'store')).toBe(true)
    expect(peers.mayUse(call('CT1', '10.0.0.1'), 'find')).toBe(false)
    // Known by its title, also from this machine: its rights stay what they are.
    expect(peers.mayUse(call('CT1', '127.0.0.1'), 'find')).toBe(false)
    expect(peers.mayUse(call('WHO', '10.0.0.1'), 'echo')).toBe(false)
  })

  it('a host name that cannot be resolved lets nobody in', async () => {
    expect((await book([peer('CT1', { host: 'no-such-host.invalid' })])).admit(call('CT1', '10.0.0.1'))?.reason).toBe(3)
  })
})
