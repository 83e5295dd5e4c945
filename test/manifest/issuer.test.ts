import { expect, it } from 'vitest'
import { issuerFrom } from '../../src/manifest/issuer.ts'

const designator = (universalId: string, type: string, namespace?: string) => ({
  '00400031': { vr: 'UT', Value: namespace === undefined ? [] : [namespace] },
  '00400032': { vr: 'UT', Value: [universalId] },
  '00400033': { vr: 'CS', Value: [type] },
})

it.each([
  ['1.2.250.1.213.1.4.10', 'ISO'],
  ['urn:uuid:5d0c1f7e', 'URI'],
  ['chu.example.org', 'DNS'],
])('PS3.3 10.17: keeps %s of type %s', (universalId, type) => {
  expect(issuerFrom(designator(universalId, type))).toMatchObject({ universalId, universalIdType: type })
})

it.each(['CHU^Lille', '1.2.', '1.02.3', `1.${'2'.repeat(63)}`, 'urn:oid:1.2.3'])(
  'PS3.5 9.1: leaves out %s of type ISO, which is no UID, with its type',
  (universalId) => {
    expect(issuerFrom(designator(universalId, 'ISO'))).toBeUndefined()
    expect(issuerFrom(designator(universalId, 'ISO', 'CHU'))).toEqual({ localNamespace: 'CHU' })
  },
)
