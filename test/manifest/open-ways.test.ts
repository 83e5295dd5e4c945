/** Which ways lead to a series, in which order, and why others do not. */
import { expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { storageContexts } from '../../src/manifest/open/get-session.ts'
import { baseUri, nameOf, type WaySettings, waysTo } from '../../src/manifest/open/ways.ts'
import type { ReadSeries } from '../../src/manifest/read-manifest.ts'

const SERIES: ReadSeries = { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', retrieveAeTitles: [], instances: [] }
const SETTINGS: WaySettings = {
  locations: [
    { locationUid: '2.25.1', url: 'https://pacs.example/dicom-web', aeTitle: aeTitle('PACS') },
    { locationUid: '2.25.2', aeTitle: aeTitle('NOWHERE') },
  ],
  isKnown: (title) => title === 'PACS' || title === 'SECOND',
}
const waysOf = (series: Partial<ReadSeries>, settings: Partial<WaySettings> = {}) => {
  const { ways, none } = waysTo({ ...SERIES, ...series }, { ...SETTINGS, ...settings })
  return { ways: ways.map(nameOf), none: none.map((one) => `${one.way}: ${one.why}`) }
}

it.each([
  ['https://a.example/dicom-web', 'https://a.example/dicom-web'],
  ['https://a.example/dicom-web/', 'https://a.example/dicom-web/'],
  ['https://a.example/dicom-web/studies', 'https://a.example/dicom-web'],
  ['https://a.example/rs/studies/1.2/series/1.2.3', 'https://a.example/rs'],
  ['https://a.example/rs/studies/1.2/', 'https://a.example/rs'],
  ['http://a.example:8042/studies/1.2/series/1.2.3/instances/4?site=1#x', 'http://a.example:8042/?site=1'],
  ['https://a.example/studies/of/rs/studies/1.2', 'https://a.example/studies/of/rs'],
])('cuts %s', (url, base) => expect(baseUri(url)?.href).toBe(base))

it.each(['ftp://a.example/', 'file:///etc/passwd', 'nonsense', 'https://user:secret@a.example/', 'https://a b.example/'])(
  'refuses %s',
  (url) => expect(baseUri(url)).toBeUndefined(),
)

it('URL, then AE titles, then the location, each once', () => {
  const { ways, none } = waysOf({
    retrieveUrl: 'https://other.example/rs',
    retrieveAeTitles: ['SECOND', 'PACS'],
    retrieveLocationUid: '2.25.1',
  })
  expect(ways).toEqual(['WADO-RS at other.example/rs', 'C-GET from SECOND', 'C-GET from PACS', 'WADO-RS at pacs.example/dicom-web'])
  expect(none).toEqual([])
})

it('says why a way is none', () => {
  const { ways, none } = waysOf({
    retrieveUrl: 'gopher://x',
    retrieveAeTitles: ['ELSEWHERE', 'A TITLE THAT IS MUCH TOO LONG'],
    retrieveLocationUid: '2.25.9',
  })
  expect(ways).toEqual([])
  expect(none).toEqual([
    'Retrieve URL: no URL that can be followed: "gopher://x"',
    'C-GET from ELSEWHERE: no peer of that AE title has an address (ariane peer add)',
    'Retrieve AE Title: no AE title: "A TITLE THAT IS MUCH TOO LONG"',
    'Retrieve Location UID 2.25.9: not in retrieve.locations',
  ])
  expect(waysOf({}).none[0]).toContain('names no Retrieve URL')
  expect(waysOf({ retrieveLocationUid: '2.25.2' }).none[0]).toContain('C-GET from NOWHERE')
})

it('keeps to the way that was asked for', () => {
  const series = { retrieveUrl: 'https://other.example/rs', retrieveAeTitles: ['PACS'] }
  expect(waysOf(series, { via: 'wado' }).ways).toEqual(['WADO-RS at other.example/rs'])
  expect(waysOf(series, { via: 'c-get' }).ways).toEqual(['C-GET from PACS'])
  expect(waysOf(series, { via: 'c-move' }).ways).toEqual(['C-MOVE from PACS to this node'])
  expect(waysOf(series, { via: 'c-move' }).none).toEqual(['WADO-RS at other.example: only c-move was asked for'])
})

it('proposes at most 127 storage contexts, every class with every transfer syntax', () => {
  for (const count of [1, 2, 3, 31, 127]) {
    const classes = Array.from({ length: count }, (_, at) => `1.2.840.10008.5.1.4.1.1.2.${at}`)
    const contexts = storageContexts(classes)
    expect(contexts.length).toBeLessThanOrEqual(127)
    for (const uid of classes) {
      const own = contexts.filter((one) => one.abstractSyntax === uid)
      expect(new Set(own.flatMap((one) => one.transferSyntaxes)).size).toBeGreaterThan(55)
      expect(own.every((one) => one.asScp && one.transferSyntaxes.length > 0)).toBe(true)
    }
  }
})
