/** The FHIR document of a MADO manifest: the cardinalities of its profiles, references within the bundle, counts; also of the official sample. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NodeError } from '../../src/errors.ts'
import { madoBundle } from '../../src/manifest/mado-bundle.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { act, BASE, chest, fileIn, type Sample } from './dialect-samples.ts'
import { CT, patient, requestItem, series, source } from './sample-study.ts'

interface Resource {
  readonly resourceType: string
  readonly [name: string]: Loose
}
/** FHIR resources are looked at by path; a wrong path is a failed expectation. */
type Loose = ReturnType<typeof JSON.parse>

interface Bundle {
  readonly identifier: Loose
  readonly type: string
  readonly timestamp: string
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Resource }[]
}

async function bundleOf(sample: Sample = {}): Promise<Bundle> {
  return JSON.parse((await madoBundle(await fileIn('mado', sample))).toString())
}

function all(bundle: Bundle, resourceType: string): readonly Resource[] {
  return bundle.entry.map((one) => one.resource).filter((one) => one.resourceType === resourceType)
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (name === 'reference' ? [String(inner)] : referencesIn(inner)))
}

/** Profile MadoFhirBundle and those of its entries. */
function expectSound(bundle: Bundle): void {
  expect(bundle.type).toBe('document')
  expect(bundle.entry[0]!.resource.resourceType).toBe('Composition')
  const count = (type: string) => all(bundle, type).length
  expect([count('Composition'), count('ImagingStudy'), count('Device')]).toEqual([1, 1, 1])
  expect(count('Patient')).toBeLessThanOrEqual(1)
  expect(count('Organization')).toBeLessThanOrEqual(1)
  expect(count('Endpoint')).toBeGreaterThanOrEqual(1)
  const urls = bundle.entry.map((one) => one.fullUrl)
  expect(new Set(urls).size).toBe(urls.length)
  for (const url of urls) expect(url).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(referencesIn(bundle).filter((one) => !urls.includes(one))).toEqual([])
  expect(JSON.stringify(bundle)).not.toMatch(/:(null|\[\]|"")/)

  const [composition] = all(bundle, 'Composition')
  expect(composition!.identifier).toEqual(bundle.identifier)
  expect([composition!.status, composition!.text.status, composition!.date]).toEqual(['final', 'generated', bundle.timestamp])
  expect(composition!.text.div).toMatch(/^<div xmlns="http:\/\/www.w3.org\/1999\/xhtml">.*<\/div>$/)
  expect(composition!.event[0].detail).toHaveLength(1)

  const [study] = all(bundle, 'ImagingStudy')
  expect(study!.identifier).toHaveLength(1)
  expect(study!.identifier[0].type.coding[0].code).toBe('110180')
  expect(study!.numberOfSeries).toBe(study!.series.length)
  const instances = study!.series.flatMap((one: Loose) => one.instance)
  expect(study!.numberOfInstances).toBe(instances.length)
  expect(study!.procedureCode.every((one: Loose) => one.text !== undefined)).toBe(true)
  for (const one of study!.series) {
    expect([one.numberOfInstances, one.endpoint.length >= 1, typeof one.modality.code]).toEqual([one.instance.length, true, 'string'])
    expect(one.instance.every((each: Loose) => each.uid !== undefined && each.sopClass.code.startsWith('urn:oid:'))).toBe(true)
  }
  for (const endpoint of all(bundle, 'Endpoint')) {
    expect(endpoint.connectionType.code).toBe('dicom-wado-rs')
    expect(endpoint.extension).toHaveLength(1)
    expect(endpoint.payloadMimeType).toEqual(['application/dicom', 'application/octet-stream', 'application/dicom+xml', 'application/json'])
    expect(typeof endpoint.address).toBe('string')
  }
  for (const request of all(bundle, 'ServiceRequest')) {
    const accession = request.identifier.filter((one: Loose) => one.type.coding.some((code: Loose) => code.code === 'ACSN'))
    expect([accession.length, request.status, request.intent]).toEqual([1, 'completed', 'order'])
  }
}

it('is the same document: its identifier is the SOP Instance UID, its time that of the content; equal input, equal bytes', async () => {
  const file = await fileIn('mado', {}, { timezoneOffset: '+0100' })
  const bytes = await madoBundle(file)
  const bundle: Bundle = JSON.parse(bytes.toString())
  expect(bundle.identifier).toEqual({ system: 'urn:dicom:uid', value: '2.25.1' })
  expect(bundle.timestamp).toBe('2026-01-15T11:30:00.25+01:00')
  expect((await madoBundle(Buffer.from(file))).equals(bytes)).toBe(true)
})

describe('is sound', () => {
  const samples: Readonly<Record<string, Sample>> = {
    'with everything': { keys: { ...patient, ProcedureCodeSequence: act } },
    'with the final codes': { mado: { codes: 'final' } },
    'of several requests': {
      evidence: [series(1, [CT], { RequestAttributesSequence: JSON.stringify([requestItem('A1', 'P1'), requestItem('A2', 'P2')]) })],
    },
    'of a study that says nothing': { keys: {}, evidence: [series(1, [CT])], from: { institution: undefined } },
    'with a generated accession number': { keys: { ...patient, AccessionNumber: '' }, mado: { generateAccession: true } },
  }
  for (const [what, sample] of Object.entries(samples)) it(what, async () => expectSound(await bundleOf(sample)))
})

it('says of the study what the manifest says', async () => {
  const bundle = await bundleOf({ keys: { ...patient, ProcedureCodeSequence: act } })
  const [study] = all(bundle, 'ImagingStudy')
  expect(study).toMatchObject({
    started: '2026-01-15T10:15:00+01:00',
    description: 'Scanner thoracique',
    modality: [{ code: 'CT' }, { code: 'US' }],
    procedureCode: [{ coding: [{ code: 'ZBQK002' }], text: 'Radiographie du thorax' }],
    basedOn: [{ identifier: { value: 'ACC-1', system: 'urn:oid:1.2.3.101' } }],
    extension: [{ valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '67734004' }] } }],
  })
  const [first, second, third] = study!.series
  expect(first).toMatchObject({
    uid: '1.2.3.4.1',
    number: 1,
    started: '2026-01-15T10:16:00+01:00',
    bodySite: { code: '51185008', display: 'Chest' },
  })
  expect(second).toMatchObject({ bodySite: { display: 'SOMEWHERE' }, instance: [{ extension: [{ valueInteger: 120 }], number: 1 }] })
  expect(third.instance[0].extension[0]).toMatchObject({
    url: 'https://profiles.ihe.net/RAD/MADO/StructureDefinition/MadoKeyObjectDocumentTitle',
    valueCodeableConcept: { coding: [{ code: '113000' }] },
  })
})

it('says of patient, creator and requests what the manifest says', async () => {
  const xon = { institution: 'Centre Ambroise^^^^^&1.2.250.1.71.4.2.2&ISO^^^^101235555' }
  const request = series(1, [CT], { RequestAttributesSequence: JSON.stringify([requestItem('A1', 'P1')]) })
  const bundle = await bundleOf({ evidence: [request], from: { placerIssuerOid: source.retrieveLocationUid, ...xon } })
  expect(all(bundle, 'Patient')[0]).toMatchObject({
    identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: 'P-0815', assigner: { display: 'HOSPITAL' } }, { value: 'OTHER-1' }],
    name: [{ family: 'MÜLLER', given: ['Zoé Élise'] }],
    gender: 'female',
    birthDate: '1970-01-02',
  })
  expect(all(bundle, 'Organization')[0]).toMatchObject({
    name: 'Centre Ambroise',
    identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.2', value: '101235555' }],
  })
  expect(all(bundle, 'Device')[0]).toMatchObject({ manufacturer: 'Ariane', type: { coding: [{ code: 'mado-creator' }] } })
  expect(all(bundle, 'ServiceRequest')[0]!.identifier.map((one: Loose) => [one.type.coding[0].code, one.value])).toEqual([
    ['ACSN', 'A1'],
    ['PLAC', 'P1'],
  ])
})

it('one endpoint for one place; without a URL a placeholder that says so', async () => {
  const withUrl = all(await bundleOf(), 'Endpoint')
  expect(withUrl.map((one) => [one.address, one._address])).toEqual([[BASE, undefined]])
  const [without] = all(await bundleOf({ from: {} }), 'Endpoint')
  expect(without).toMatchObject({ address: 'http://notspecified', _address: { extension: [{ valueCode: 'not-applicable' }] } })
  expect(without!.extension[0].valueString).toBe(source.retrieveLocationUid)
})

it('what could be taken for markup is text', async () => {
  const bundle = await bundleOf({ keys: { ...patient, StudyDescription: '<script>&"x' } })
  expect(all(bundle, 'Composition')[0]!.text.div).toContain('&#60;script&#62;&#38;&#34;x')
})

it('is refused of what is no manifest of this dialect', async () => {
  await expect(madoBundle(await fileIn('xds-i'))).rejects.toThrow(NodeError)
  await expect(madoBundle(Buffer.from('no DICOM'))).rejects.toThrow(NodeError)
  const whole = await fileIn('mado')
  for (const length of [whole.length - 1, 1000, 2000]) await expect(madoBundle(whole.subarray(0, length))).rejects.toThrow(NodeError)
})

it('whatever is wrong in the bytes, the answer is a bundle or a NodeError', async () => {
  const whole = await fileIn('mado')
  const chance = seededRandom(20_261_124)
  let refused = 0
  for (let round = 0; round < 300; round++) {
    const broken = Buffer.from(whole)
    for (let at = 0; at < 3; at++) broken[Math.floor(chance() * broken.length)] = Math.floor(chance() * 256)
    await madoBundle(broken).catch((error: unknown) => {
      expect(error).toBeInstanceOf(NodeError)
      refused++
    })
  }
  expect(refused).toBeGreaterThan(10)
})

it('point 23: of 20,000 instances', async () => {
  const evidence = Array.from({ length: 40 }, (_, at) => series(at + 1, Array(500).fill(CT), chest.keys))
  const file = await fileIn('mado', { evidence })
  let last = process.threadCpuUsage()
  let heldMs = 0
  const timer = setInterval(() => {
    const now = process.threadCpuUsage()
    heldMs = Math.max(heldMs, (now.user + now.system - last.user - last.system) / 1000)
    last = now
  }, 1)
  const startedAt = performance.now()
  const bytes = await madoBundle(file)
  const tookMs = performance.now() - startedAt
  clearInterval(timer)
  console.log(`mado-fhir, 20,000 instances: ${Math.round(tookMs)} ms, event loop held for ${Math.round(heldMs)} ms, ${bytes.length} bytes`)
  expect(JSON.parse(bytes.toString()).entry[1].resource.numberOfInstances).toBe(20_000)
  expect(heldMs).toBeLessThan(250)
}, 60_000)

describeCorpus('of the official sample', () => {
  it('is sound, with its counts', async () => {
    const sample = corpusFiles().find((file) => file.name.endsWith('MADO_KOS_B.dcm'))!
    const bundle: Bundle = JSON.parse((await madoBundle(readFileSync(sample.path))).toString())
    expectSound(bundle)
    const [study] = all(bundle, 'ImagingStudy')
    expect(study).toMatchObject({
      numberOfSeries: 2,
      numberOfInstances: 21,
      modality: [{ code: 'CT' }],
      started: '2026-02-24T16:23:10+01:00',
    })
    expect(study!.series.map((one: Loose) => [one.description, one.number, one.started])).toEqual([
      ['Series B1', 1, '2023-10-18T16:47:58.337+01:00'],
      ['Series B2 (Significant images)', 2, '2023-10-18T16:49:58.337+01:00'],
    ])
    expect(all(bundle, 'Endpoint').map((one) => one.extension[0].valueString)).toEqual([
      '1.3.6.1.4.1.19376.1.1.202.1',
      '1.3.6.1.4.1.19376.1.1.202.2',
    ])
    expect(all(bundle, 'ServiceRequest')).toHaveLength(2)
  })
})
