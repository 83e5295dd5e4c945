/** The tree of a manifest in French: every label of it, and nothing of what the manifest says. */
import { expect, it } from 'vitest'
import { manifestTree } from '../../src/manifest/manifest-tree.ts'
import type { ReadManifest, ReadSeries } from '../../src/manifest/read-manifest.ts'
import { treeIn } from '../../src/page/words/tree.ts'

const CT = '1.2.840.10008.5.1.4.1.1.2'
const series = (uid: string, instances: number, more: Partial<ReadSeries> = {}): ReadSeries => ({
  studyInstanceUid: '1.2.1',
  seriesInstanceUid: uid,
  retrieveAeTitles: ['ARIANE'],
  retrieveLocationUid: '1.2.9',
  instances: Array.from({ length: instances }, (_, at) => ({ sopClassUid: CT, sopInstanceUid: `${uid}.${at}` })),
  ...more,
})
const manifest = {
  sopInstanceUid: '1.2.3',
  studyInstanceUid: '1.2.1',
  title: { value: '113030', scheme: 'DCM', meaning: 'Manifest' },
  version: '2',
  contentDate: '20260301',
  contentTime: '101500',
  timezoneOffset: '+0100',
  studyDate: '20260228',
  studyDescription: 'state of the study',
  manufacturer: 'made here',
  requests: [{ accessionNumber: 'A1' }],
  series: [
    series('1.2.4', 2),
    series('1.2.5', 1400, { studyInstanceUid: '1.2.8', seriesNumber: '7' }),
    series('1.2.6', 1, { retrieveAeTitles: [], retrieveLocationUid: undefined }),
  ],
} as unknown as ReadManifest
const describe = () => ({ modality: 'CT', description: 'series of study 5' })

it('tells every label, and leaves what is said', () => {
  const tree = manifestTree(manifest, { state: 'in force', describe })
  expect(treeIn(tree, 'en')).toBe(tree)
  const french = treeIn(tree, 'fr').split('\n')
  expect(french.slice(0, 9)).toEqual([
    'Manifest, version 2  1.2.3',
    '├─ état      en vigueur',
    '├─ examen    1.2.1  20260228  state of the study',
    '├─ produit   2026-03-01 10:15:00 +0100  made here',
    '├─ demandes  A1',
    '├─ référence 1\u202f403 instances en 3 séries',
    '├─ série  CT series of study 5  1.2.4',
    '│  ├─ à récupérer de ARIANE  lieu 1.2.9',
    '│  ├─ CT Image Storage  1.2.4.0',
  ])
  expect(french).toContain('├─ série  CT #7 series of study 5  examen 1.2.8  1.2.5')
  expect(french).toContain('│  └─ … et 1\u202f396 de plus')
  expect(french).toContain('   ├─ ne dit pas d’où récupérer')
})

it('has no English label left, of whatever state and title', () => {
  for (const state of ['in force', 'superseded', 'withdrawn', undefined])
    for (const meaning of ['Manifest', '']) {
      const bare = { ...manifest, title: { ...manifest.title, meaning, value: '' }, studyDescription: '', manufacturer: '' }
      const words = treeIn(manifestTree(bare, { state }), 'fr')
      expect(words).not.toMatch(
        /\b(state|study|made|requests|refers|series|instance of|retrieve|location|more|where|without|in force|superseded|withdrawn)\b/,
      )
    }
})
