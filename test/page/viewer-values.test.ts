/** From bytes of the wire to greys on the screen (PS3.3 C.11.2.1.2.1, PS3.5 8.1.1, PS3.18 10.4). */
import { describe, expect, it } from 'vitest'
import { type ImageFacts, imageFacts } from '../../src/page/viewer/image-facts.ts'
import { firstPart, pixelsOf } from '../../src/page/viewer/raw-frame.ts'
import { greyOf, greyTable, wholeRange } from '../../src/page/viewer/window.ts'

const bytes = (text: string) => new Uint8Array([...text].map((letter) => letter.charCodeAt(0)))
const words = (...values: number[]) => new Uint8Array(new Uint16Array(values).buffer)
const facts = (over: Partial<ImageFacts> = {}): ImageFacts => ({
  ...imageFacts({}),
  rows: 1,
  columns: 2,
  bitsAllocated: 16,
  bitsStored: 12,
  ...over,
})

describe('a window', () => {
  // The examples of the standard: C.11.2.1.2.1.
  it.each([
    [2048, 4096, 0, 0],
    [2048, 4096, 4095, 255],
    [0, 100, -51, 0],
    [0, 100, 50, 255],
    [0, 1, -1, 0],
    [0, 1, 0, 255],
    [40, 400, 40, 128],
  ])('of centre %i and width %i makes of %i the grey %i', (center, width, value, grey) => expect(greyOf(value, center, width)).toBe(grey))

  it('goes over values below zero, rescaled, and the other way round for MONOCHROME1', () => {
    const signed = facts({ signed: true, slope: 2, intercept: 10 })
    const table = greyTable(signed, { center: 0, width: 100 }, false)
    const shade = (pattern: number) => table[pattern]! & 0xff
    expect([shade(0xff00), shade(0xfffb), shade(100)]).toEqual([0, greyOf(0, 0, 100), 255])
    expect(greyTable({ ...signed, inverted: true }, { center: 0, width: 100 }, false)[100]! & 0xff).toBe(0)
    expect(greyTable({ ...signed, inverted: true }, { center: 0, width: 100 }, true)[100]! & 0xff).toBe(255)
  })

  it('over all that is there shows the lowest black and the highest white', () => {
    const { center, width } = wholeRange(new Uint16Array([100, 1100, 600]), facts({ slope: 1, intercept: -1024 }))
    expect([greyOf(100 - 1024, center, width), greyOf(1100 - 1024, center, width)]).toEqual([0, 255])
    expect(wholeRange(new Uint16Array([7, 7]), facts()).width).toBe(1)
  })
})

describe('the bytes of a frame', () => {
  it('are the first part of a multipart, whatever they hold', () => {
    const body = bytes('--b\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--c\x00\xff\r\n--b--\r\n')
    const type = 'multipart/related; type="application/octet-stream"; boundary="b"'
    expect(firstPart(body, type)).toEqual(bytes('\r\n--c\x00\xff'))
    expect(firstPart(body, type.replace('"b"', 'b'))).toEqual(bytes('\r\n--c\x00\xff'))
    expect(firstPart(bytes('xy'), 'application/octet-stream')).toEqual(bytes('xy'))
    expect(() => firstPart(bytes('--b'), type)).toThrow('without a part')
  })

  it('lose what stands above the bits stored, and keep their sign', () => {
    expect([...pixelsOf(words(0xf123, 0x0fff), facts())]).toEqual([0x0123, 0x0fff])
    expect([...pixelsOf(words(0x0fff, 0x07ff), facts({ signed: true }))]).toEqual([0xffff, 0x07ff])
  })

  it('must be as many as there are pixels', () => expect(() => pixelsOf(words(1), facts())).toThrow('fewer bytes'))
})

describe('what is known of an image', () => {
  const grey = {
    '00280002': { Value: [1] },
    '00280004': { Value: ['MONOCHROME2'] },
    '00280100': { Value: [16] },
  }
  it('reads windows with their names, numbers as numbers or as text', () => {
    const { windows } = imageFacts({
      '00281050': { Value: ['40', -600] },
      '00281051': { Value: [400, '1500'] },
      '00281055': { Value: ['SOFT'] },
    })
    expect(windows).toEqual([
      { center: 40, width: 400, name: 'SOFT' },
      { center: -600, width: 1500, name: '' },
    ])
  })

  it.each([
    ['greys of 16 bits', {}, true],
    ['greys of 32 bits', { '00280100': { Value: [32] } }, false],
    ['colours', { '00280002': { Value: [3] }, '00280004': { Value: ['RGB'] } }, false],
    ['a palette', { '00280004': { Value: ['PALETTE COLOR'] } }, false],
    ['a table of its own instead of a slope', { '00283000': { Value: [{}] } }, false],
    ['frames that are rescaled each by itself', { '52009230': { Value: [{ '00289145': { Value: [{}] } }] } }, false],
  ])('windows %s here: %o %s', (_what, over, here) => expect(imageFacts({ ...grey, ...over }).isPlainGrey).toBe(here))

  it('takes slope and window of all frames where an enhanced image has them', () => {
    const shared = { '00289145': { Value: [{ '00281052': { Value: [-1024] }, '00281053': { Value: [1] } }] } }
    expect(imageFacts({ ...grey, '52009229': { Value: [shared] } }).intercept).toBe(-1024)
  })

  it.each([
    [{ '00181063': { Value: ['40'] } }, 40],
    [{ '00180040': { Value: [25] } }, 40],
    [{ '00181063': { Value: [0] } }, undefined],
  ])('knows how long a frame stays: %o', (data, milliseconds) => expect(imageFacts(data).frameTime).toBe(milliseconds))
})
