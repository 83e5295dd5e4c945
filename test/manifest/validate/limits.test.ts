/** The validator at its limits: long manifests, hostile bytes, more findings than anybody reads; and what a caller expects. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { keywordOf } from '../../../src/dicom/dictionary.ts'
import { encodeManifest } from '../../../src/manifest/dialects.ts'
import { manifestContent } from '../../../src/manifest/evidence.ts'
import { kosModules, namesIn } from '../../../src/manifest/validate/attribute-rules.ts'
import { MOST_FINDINGS } from '../../../src/manifest/validate/finding.ts'
import { findingsOf, validateManifest } from '../../../src/manifest/validate/validate-manifest.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { CT, identity, patient, requestItem, series, source, study } from '../sample-study.ts'
import { goodManifest } from './good-manifests.ts'

async function ofSize(instances: number): Promise<Buffer> {
  const keys = { RequestAttributesSequence: JSON.stringify([requestItem('ACC-1', 'ORDER-1')]) }
  const perSeries = 500
  const all = Array.from({ length: instances / perSeries }, (_, index) => series(index + 1, Array(perSeries).fill(CT), keys))
  const { header, dataSet } = await encodeManifest('xds-i', manifestContent(study(patient), all, source), identity)
  return Buffer.concat([header, dataSet])
}

it('20,000 instances take less than a second of work, and the event loop turns meanwhile', async () => {
  const bytes = await ofSize(20_000)
  const before = process.cpuUsage()
  let turns = 0
  let longest = 0
  let done = false
  const watch = (async () => {
    for (let last = performance.now(); !done; turns++) {
      await setImmediate()
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
  })()
  const findings = await findingsOf(bytes, { dialect: 'xds-i' })
  done = true
  await watch
  const { user, system } = process.cpuUsage(before)
  console.info(`20,000 instances: ${Math.round((user + system) / 1000)} ms of work, ${turns} turns, longest ${Math.round(longest)} ms`)
  expect(findings).toEqual([])
  expect(turns).toBeGreaterThan(5)
  expect((user + system) / 1000).toBeLessThan(2000) // a loaded machine: some 400 ms alone
})

it('keeps the first findings, the worst first, and counts the others', async () => {
  const file = await goodManifest('xds-i')
  const one = file.root.at(0x0040a730, 0)
  file.root.node(0x0040a730).items!.push(...Array.from({ length: 1000 }, () => one.copy().set(0x0040a010, 'INFERRED FROM')))
  file.root.set(0x0040a491, 'COMPLETE')
  const { findings, counts } = await validateManifest(file.write())
  expect(findings).toHaveLength(MOST_FINDINGS + 1)
  expect(findings.at(-1)).toMatchObject({ rule: 'further-findings', severity: 'error' })
  expect(findings.at(-1)!.text).toBe('1801 further findings: 1800 of severity error, 1 of severity warning')
  expect(counts).toEqual({ error: 2000, warning: 1, note: 0 })
})

it('says what differs from what the caller expects', async () => {
  const bytes = (await goodManifest('xds-i')).write()
  const rules = async (expectations: Parameters<typeof findingsOf>[1]) => [
    ...new Set((await findingsOf(bytes, expectations)).map(({ rule }) => rule)),
  ]
  expect(await rules({ studyInstanceUid: '1.2.3.5' })).toEqual(['expected-study'])
  expect(await rules({ aeTitle: 'OTHER' })).toEqual(['expected-ae-title'])
  expect(await rules({ retrieveLocationUid: '1.2' })).toEqual(['expected-location'])
  expect(await rules({ studyInstanceUid: '1.2.3.4', aeTitle: 'ARIANE', retrieveLocationUid: source.retrieveLocationUid })).toEqual([])
  expect(await rules({ dialect: 'mado' })).toContain('mado-title')
})

it('has tables that agree with the data dictionary', () => {
  const names = kosModules().flatMap((module) => [...namesIn(module)])
  expect(names.length).toBeGreaterThan(200)
  expect(names.filter((name) => name !== `${name.slice(0, 8)} ${keywordOf(Number.parseInt(name, 16))}`)).toEqual([])
})

describe('hostile bytes', () => {
  it('cut short anywhere, a manifest gives findings', async () => {
    const bytes = (await goodManifest('xds-i')).write()
    for (let length = 0; length < bytes.length; length += 7) {
      const { counts } = await validateManifest(bytes.subarray(0, length))
      expect(counts.error + counts.warning, `${length} bytes`).toBeGreaterThan(0)
    }
  })

  it('of any bytes changed, nothing is thrown', async () => {
    const bytes = (await goodManifest('mado')).write()
    const random = seededRandom(59)
    for (let round = 0; round < 400; round++) {
      const spoilt = Buffer.from(bytes)
      for (let times = 0; times < 8; times++) spoilt[Math.floor(random() * spoilt.length)] = Math.floor(random() * 256)
      await validateManifest(spoilt)
    }
  })

  it('nested 100,000 deep, it ends', async () => {
    const file = await goodManifest('xds-i')
    const open = Buffer.from('400030a7fffffffffeff00e0ffffffff', 'hex')
    const nested = Buffer.concat(Array.from({ length: 100_000 }, () => open))
    file.meta.set(0x00020010, '1.2.840.10008.1.2')
    file.explicit = false
    file.root.list = file.root.list.filter(({ tag }) => tag < 0x0040a730)
    const { findings } = await validateManifest(Buffer.concat([file.write(), nested]))
    expect(findings.map(({ rule }) => rule)).toContain('structure')
    expect(findings[0]!.text).toContain('nested deeper')
  })

  it('a length of 4 GB is told, not believed', async () => {
    const file = await goodManifest('xds-i')
    const bytes = Buffer.concat([file.write(), Buffer.from('40003aa75554000000fffff0', 'hex')])
    const { findings } = await validateManifest(bytes)
    expect(findings.map(({ rule }) => rule)).toContain('structure')
  })

  it('a million empty items end at the limit', async () => {
    const file = await goodManifest('xds-i')
    const items = Buffer.alloc(8 * 1_100_000, Buffer.from('feff00e000000000', 'hex'))
    const header = Buffer.from('4000 30a8 5351 0000 0000 0000'.replaceAll(' ', ''), 'hex')
    header.writeUInt32LE(items.length, 8)
    const { findings } = await validateManifest(Buffer.concat([file.write(), header, items]))
    expect(findings.map(({ text }) => text).join()).toContain('more than 1000000 elements and items')
  })
})
