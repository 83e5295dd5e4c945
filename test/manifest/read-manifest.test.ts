/** Manifests read back and shown: ours, and what other makers write differently. */
import { expect, it } from 'vitest'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { encodeManifest } from '../../src/manifest/dialects.ts'
import { manifestContent } from '../../src/manifest/evidence.ts'
import { manifestTree } from '../../src/manifest/manifest-tree.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { CT, identity, PDF, series, source, study } from './sample-study.ts'

const KOS = '1.2.840.10008.5.1.4.1.1.88.59'

async function ours(instances = 2): Promise<Buffer> {
  const content = manifestContent(study(), [series(1, Array(instances).fill(CT)), series(2, [PDF])], source)
  const { header, dataSet } = await encodeManifest('xds-i', content, identity)
  return Buffer.concat([header, dataSet])
}

/** A bare data set, as another maker might write it. */
function foreign(explicit: boolean, also: (to: ElementWriter) => void = () => undefined): Buffer {
  const to = new ElementWriter({ explicit })
    .element(0x00080016, 'UI', KOS)
    .element(0x00080018, 'UI', '1.2.3')
    .element(0x0020000d, 'UI', '1.2')
    .element(0x0020000e, 'UI', '1.2.9')
    .sequence(0x0040a375, [
      (item) =>
        item.element(0x0020000d, 'UI', '1.2').sequence(0x00081115, [
          (one) =>
            one
              .element(0x0020000e, 'UI', '1.2.1')
              .element(0x00080054, 'AE', 'FIRST\\SECOND')
              .element(0x00081190, 'UR', 'https://example.org/studies/1.2/series/1.2.1')
              .element(0x00200011, 'IS', '7')
              .sequence(0x00081199, [(sop) => sop.element(0x00081150, 'UI', CT).element(0x00081155, 'UI', '1.2.1.1')]),
        ]),
    ])
  also(to)
  return to.finish()
}

it('reads what we write', async () => {
  const manifest = readManifest(await ours())
  expect(manifest).toMatchObject({
    sopInstanceUid: '2.25.1',
    studyInstanceUid: '1.2.3.4',
    seriesInstanceUid: '2.25.2',
    version: '1',
    timezoneOffset: '+0100',
    templateId: '2010',
    institution: 'Hôpital de la Croix-Rousse',
  })
  expect(manifest.series.map((one) => one.instances.length)).toEqual([2, 1])
  expect(manifest.content.map((one) => one.valueType)).toEqual(['IMAGE', 'IMAGE', 'COMPOSITE'])
})

it('takes over nothing of the patient', async () => {
  expect(JSON.stringify(readManifest(await ours()))).not.toMatch(/LLER|Zo|P-0815|OTHER-1|19700102/)
})

for (const explicit of [true, false]) {
  it(`reads a bare data set in ${explicit ? 'Explicit' : 'Implicit'} VR, without title or content, with hints that are not standard`, () => {
    const manifest = readManifest(foreign(explicit))
    expect(manifest.title.value).toBe('')
    expect(manifest.content).toEqual([])
    expect(manifest.series).toEqual([
      {
        studyInstanceUid: '1.2',
        seriesInstanceUid: '1.2.1',
        retrieveAeTitles: ['FIRST', 'SECOND'],
        retrieveLocationUid: undefined,
        retrieveUrl: 'https://example.org/studies/1.2/series/1.2.1',
        seriesNumber: '7',
        instances: [{ sopClassUid: CT, sopInstanceUid: '1.2.1.1' }],
      },
    ])
  })
}

it('finds references in nested content', () => {
  const nested = foreign(true, (to) =>
    to.sequence(0x0040a730, [
      (library) =>
        library
          .element(0x0040a040, 'CS', 'CONTAINER')
          .sequence(0x0040a730, [
            (image) =>
              image
                .element(0x0040a040, 'CS', 'IMAGE')
                .sequence(0x00081199, [(sop) => sop.element(0x00081150, 'UI', CT).element(0x00081155, 'UI', '1.2.1.1')]),
          ]),
    ]),
  )
  expect(readManifest(nested).content).toEqual([{ sopClassUid: CT, sopInstanceUid: '1.2.1.1', valueType: 'IMAGE', hasConceptName: false }])
})

it('refuses what is no Key Object Selection, and what is no DICOM', () => {
  expect(() => readManifest(new ElementWriter({ explicit: true }).element(0x00080016, 'UI', CT).finish())).toThrow(/cannot be read/)
  expect(() => readManifest(Buffer.from('hello, this is no DICOM at all'))).toThrow(/cannot be read/)
})

it('is shown as a tree, long lists folded', async () => {
  const manifest = readManifest(await ours(125))
  const describe = (uid: string) => (uid === '1.2.3.4.1' ? { modality: 'CT', number: '1', description: 'Thorax' } : undefined)
  const tree = manifestTree(manifest, { describe, state: 'in force' }).split('\n')
  expect(tree[0]).toBe('Manifest, version 1  2.25.1')
  expect(tree).toContain('├─ state     in force')
  expect(tree).toContain('├─ refers to 126 instances in 2 series')
  expect(tree).toContain('├─ series  CT #1 Thorax  1.2.3.4.1')
  expect(tree).toContain('│  └─ … 121 more')
  expect(tree.at(-1)).toBe('   └─ Encapsulated PDF Storage  1.2.3.4.2.1')
  expect(manifestTree(manifest, { all: true, state: 'in force' }).split('\n').length).toBe(tree.length + 120)
})
