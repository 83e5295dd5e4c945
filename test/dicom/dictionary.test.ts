import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { keywordOf, tagText, vrOf } from '../../src/dicom/dictionary.ts'
import { INDEX_ATTRIBUTES } from '../../src/dicom/index-attributes.ts'

interface ForeignDictionary {
  readonly data: { readonly DicomMetaDictionary: { readonly nameMap: Record<string, { tag: string; vr: string }> } }
}

/** How the other dictionary spells a choice of VRs. */
const CHOICES: Readonly<Record<string, string>> = { ox: 'OW', xs: 'US', up: 'UL', lt: 'OW' }
/** Where PS3.6 and the other dictionary differ, PS3.6 is right. */
const CORRECTED = new Set([0x00221642, 0x0040a803, 0x00660040, 0x00660041, 0x00660042, 0x00660043, 0x0070150c, 0x00760034])

describe('dictionary', () => {
  it('knows every index attribute under its keyword, tag and VR', () => {
    for (const { keyword, tag, vr } of INDEX_ATTRIBUTES) expect([keywordOf(tag), vrOf(tag)]).toEqual([keyword, vr])
  })

  it('agrees with the dictionary of dcmjs', () => {
    const foreign = createRequire(import.meta.url)('dcmjs') as ForeignDictionary
    const differences: string[] = []
    for (const [name, entry] of Object.entries(foreign.data.DicomMetaDictionary.nameMap)) {
      const tag = Number.parseInt(entry.tag.replace(/[(),]/g, ''), 16)
      const keyword = name.replace(/^RETIRED_/, '')
      if (entry.vr === 'na' || keyword === 'undefined' || CORRECTED.has(tag)) continue
      const ours = (tag & 0xffff) === 0 ? 'UL' : vrOf(tag)
      if (keywordOf(tag) !== keyword || ours !== (CHOICES[entry.vr] ?? entry.vr)) differences.push(`${entry.tag} ${keyword} ${entry.vr}`)
    }
    expect(differences).toEqual([])
  })

  it('knows repeating groups, group lengths and private creators, and no private element', () => {
    expect(keywordOf(0x60023000)).toBe('OverlayData')
    expect(keywordOf(0x501e0005)).toBe('CurveDimensions')
    expect(vrOf(0x00290000)).toBe('UL')
    expect(vrOf(0x00290010)).toBe('LO')
    expect(vrOf(0x00291001)).toBeUndefined()
    expect(vrOf(0x0008fff0)).toBeUndefined()
  })

  it('writes a tag as DICOM JSON does', () => {
    expect(tagText(0x0020000d)).toBe('0020000D')
    expect(tagText(0xfffee000)).toBe('FFFEE000')
  })
})
