/** How images are asked for on the web: what is taken, and what is refused by name. */
import { describe, expect, it } from 'vitest'
import { acceptedBy } from '../../src/dicomweb/accept.ts'
import { renderedOffers } from '../../src/dicomweb/rendered-types.ts'
import { renderingParameters, thumbnailParameters } from '../../src/dicomweb/rendering-parameters.ts'
import { wadoUriParameters } from '../../src/dicomweb/wado-uri-parameters.ts'
import { WebRefusal } from '../../src/dicomweb/web-service.ts'

const refusalOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof WebRefusal) return `${error.status} ${error.message}`
    throw error
  }
  return 'taken'
}
const rendering = (query: string) => renderingParameters(new URLSearchParams(query))

describe('parameters of rendered resources', () => {
  it('takes a viewport with and without a region, whose parts may be empty', () => {
    expect(rendering('viewport=200,100')).toMatchObject({ viewport: { width: 200, height: 100 } })
    expect(rendering('viewport=200,100,10,20,,-50')).toMatchObject({ region: { left: 10, top: 20, width: undefined, height: -50 } })
  })

  it('takes the three window functions, as the web and as attributes write them', () => {
    expect(rendering('window=40,400,linear').window).toEqual({ center: 40, width: 400, function: 'linear' })
    expect(rendering('window=-600.5,1.5e3,LINEAR_EXACT').window).toEqual({ center: -600.5, width: 1500, function: 'linear-exact' })
    expect(rendering('window=40,0.5,SIGMOID').window?.function).toBe('sigmoid')
  })

  it('has defaults', () => {
    expect(rendering('')).toMatchObject({ quality: 90, profile: false, ignored: [], window: undefined })
    expect(thumbnailParameters(new URLSearchParams(''))).toMatchObject({ viewport: { width: 128, height: 128 } })
  })

  it.each([
    'viewport=0,100',
    'viewport=1',
    'viewport=1,2,3',
    'viewport=99999,1',
    'viewport=100,100,-1,0,10,10',
    'viewport=100,100,0,0,0,10',
    'viewport=a,b',
    'window=40',
    'window=40,0,linear',
    'window=40,400,cubic',
    'window=NaN,400,linear',
    'window=1,Infinity,sigmoid',
    'quality=0',
    'quality=101',
    'quality=1.5',
    'annotation=everything',
    'iccprofile=adobergb',
    'quality=1&quality=2',
  ])('refuses %s, and names it', (query) => {
    const refusal = refusalOf(() => rendering(query))
    expect(refusal).toMatch(new RegExp(`^400 ${query.split('=')[0]}: `))
  })

  it('says which annotation it leaves out', () => expect(rendering('annotation=patient,technique').ignored).toEqual(['annotation']))
  it('what it does not know changes nothing and is told, as a header can carry it (PS3.18 8.3)', () => {
    expect(rendering('sharpness=3&_=1&a%0d%0aX:%20y=1')).toMatchObject({ quality: 90, ignored: ['sharpness', '_', 'a__X__y'] })
    expect(thumbnailParameters(new URLSearchParams('window=1,2,linear')).ignored).toEqual(['window'])
  })
})

describe('media types of rendered resources', () => {
  const offers = (accept?: string, parameter?: string | null) =>
    renderedOffers(acceptedBy({ headers: { accept }, query: new URLSearchParams(parameter ? { accept: parameter } : {}) }))

  it.each([
    [undefined, null, 'image/jpeg any'],
    ['*/*', null, 'image/jpeg any'],
    ['image/png', null, 'image/png single'],
    ['image/*', null, 'image/jpeg single'],
    ['image/jpeg;q=0.5, image/png', null, 'image/png single'],
    ['image/jpeg;q=0, */*', null, 'image/png any'],
    ['multipart/related; type="image/png"', null, 'image/png multipart'],
    ['image/jpeg', 'image/png', 'image/png single'],
    ['image/webp, application/pdf', null, 'application/pdf single'],
  ])('Accept %s and accept=%s give %s', (header, parameter, expected) => {
    const [first] = offers(header, parameter)
    expect(`${first?.type} ${first?.packaging}`).toBe(expected)
  })

  it('says what is possible', () => expect(refusalOf(() => offers('image/gif'))).toMatch(/^406 possible are image\/jpeg/))
})

describe('WADO-URI', () => {
  const names = 'requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4'
  const uri = (more: string) => wadoUriParameters(new URLSearchParams(`${names}&${more}`))

  it('takes what a reader of manifests sends', () => {
    const { image, contentTypes, ...rest } = uri(
      'contentType=image%2Fjpeg&rows=256&columns=300&windowCenter=40&windowWidth=400&imageQuality=80',
    )
    expect(rest).toMatchObject({ study: '1.2', series: '1.3', instance: '1.4', window: { center: 40, width: 400 } })
    expect(image).toMatchObject({ viewport: { width: 300, height: 256 }, quality: 80 })
    expect(contentTypes).toEqual(['image/jpeg'])
  })

  it('takes names in any case', () => expect(uri('FRAMENUMBER=3').frame).toBe(3))

  it.each([
    'rows=0',
    'columns=abc',
    'region=0,0,1.5,1',
    'region=0.5,0,0.5,1',
    'region=0,0,1',
    'windowWidth=3',
    'frameNumber=0',
    'imageQuality=200',
    'contentType=jpeg',
    'anonymize=yes',
    'presentationUID=1.2.3',
    'transferSyntax=big',
    'annotation=all',
    'studyUID=1.2',
  ])('refuses %s, and names it', (query) => expect(refusalOf(() => uri(query))).toMatch(new RegExp(`^400 .*${query.split('=')[0]}`)))

  it('what it does not know changes nothing and is told', () => expect(uri('nonsense=1&rows=5').ignored).toEqual(['nonsense']))

  it.each(['requestType', 'studyUID', 'seriesUID', 'objectUID'])('needs %s', (name) => {
    const query = new URLSearchParams(names)
    query.delete(name)
    expect(refusalOf(() => wadoUriParameters(query))).toMatch(new RegExp(`^400 ${name}: `))
  })
})
