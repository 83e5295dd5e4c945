import { describe, expect, it } from 'vitest'
import {
  isStorageClass,
  KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
  MEDIA_STORAGE_DIRECTORY,
  referenceValueType,
  SOP_CLASSES,
  STUDY_ROOT_FIND,
  sopClassName,
  VERIFICATION,
} from '../../src/dicom/sop-classes.ts'
import { isStrictUid } from '../../src/dicom/uid.ts'

const storage = SOP_CLASSES.filter(({ service }) => service === 'storage')

describe('SOP classes', () => {
  it('has each UID once, and each is a UID', () => {
    expect(new Set(SOP_CLASSES.map(({ uid }) => uid)).size).toBe(SOP_CLASSES.length)
    expect(SOP_CLASSES.filter(({ uid }) => !isStrictUid(uid))).toEqual([])
  })

  it('holds the whole of PS3.4 B.5, current and retired', () => {
    expect(storage.length).toBeGreaterThanOrEqual(190)
    expect(storage.filter(({ name }) => !name.includes('Storage'))).toEqual([])
    for (const last of ['9.1.4', '9.8.1', '66.8', '77.1.9', '88.77', '481.25', '601.4', '6.3', '91.1', '130', '11.12', '200.8']) {
      expect(isStorageClass(`1.2.840.10008.5.1.4.1.1.${last}`), last).toBe(true)
    }
    expect(isStorageClass('1.2.840.10008.5.1.4.34.7')).toBe(true)
    expect(isStorageClass('1.2.840.10008.5.1.1.29')).toBe(true)
  })

  it('does not take services, directories or objects of no study for Storage', () => {
    const others = [
      VERIFICATION,
      STUDY_ROOT_FIND,
      MEDIA_STORAGE_DIRECTORY,
      '1.2.840.10008.5.1.4.39.1',
      '1.2.840.10008.5.1.4.1.1.201.1',
      '1.2.3',
    ]
    expect(others.filter(isStorageClass)).toEqual([])
  })

  it.each([
    ['1.2.840.10008.5.1.4.1.1.2', 'IMAGE'],
    ['1.2.840.10008.5.1.4.1.1.1.2.1', 'IMAGE'],
    ['1.2.840.10008.5.1.4.1.1.14.1', 'IMAGE'],
    ['1.2.840.10008.5.1.4.1.1.77.1', 'IMAGE'],
    ['1.2.840.10008.5.1.4.1.1.481.1', 'IMAGE'],
    ['1.2.840.10008.5.1.4.1.1.9.1.1', 'WAVEFORM'],
    ['1.2.840.10008.5.1.4.1.1.9.1', 'WAVEFORM'],
    ['1.2.840.10008.5.1.4.1.1.88.77', 'COMPOSITE'],
    ['1.2.840.10008.5.1.4.1.1.6.2', 'COMPOSITE'],
    ['1.2.840.10008.5.1.4.1.1.66.4', 'COMPOSITE'],
    ['1.2.840.10008.5.1.4.1.1.481.2', 'COMPOSITE'],
    ['1.2.840.10008.5.1.4.1.1.104.1', 'COMPOSITE'],
    [KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, 'COMPOSITE'],
    ['1.2.3.4', 'COMPOSITE'],
  ])('refers to an instance of %s as %s', (uid, valueType) => {
    expect(referenceValueType(uid)).toBe(valueType)
  })

  it('names a class, and shows the UID of one it does not know', () => {
    expect(sopClassName('1.2.840.10008.5.1.4.1.1.2')).toBe('CT Image Storage')
    expect(sopClassName('1.2.3')).toBe('1.2.3')
  })
})
