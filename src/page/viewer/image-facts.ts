/** What is known of an image before its pixels: how large, how its values become grey (PS3.3 C.7.6.3, C.11.1, C.11.2), how fast its frames go. */
import { type DicomJson, isThere, itemOf, numberOf, numbersOf, TAG, textOf } from './dicom-json.ts'
import type { Window } from './window.ts'

export interface ImageFacts {
  readonly rows: number
  readonly columns: number
  readonly frames: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly signed: boolean
  /** MONOCHROME1: the lowest value is white. */
  readonly inverted: boolean
  readonly slope: number
  readonly intercept: number
  readonly windows: readonly (Window & { readonly name: string })[]
  /** Whether its values can be windowed here; else it is shown as the node renders it. */
  readonly isPlainGrey: boolean
  /** Between frames, milliseconds. */
  readonly frameTime?: number
  readonly patientName: string
  readonly patientId: string
  readonly birthDate: string
  readonly studyDate: string
  readonly studyDescription: string
  readonly seriesDescription: string
  readonly modality: string
}

const MONOCHROME = /^MONOCHROME[12]$/

export function imageFacts(data: DicomJson): ImageFacts {
  const photometric = textOf(data, TAG.PhotometricInterpretation)
  const bitsAllocated = numberOf(data, TAG.BitsAllocated) ?? 0
  const shared = itemOf(data, TAG.SharedFunctionalGroups)
  const values = itemOf(shared, TAG.PixelValueTransformation) ?? data
  const voi = itemOf(shared, TAG.FrameVOILUT) ?? data
  const ofFrame = itemOf(data, TAG.PerFrameFunctionalGroups) ?? {}
  const differs = isThere(ofFrame, TAG.PixelValueTransformation) || isThere(ofFrame, TAG.FrameVOILUT)
  return {
    rows: numberOf(data, TAG.Rows) ?? 0,
    columns: numberOf(data, TAG.Columns) ?? 0,
    frames: numberOf(data, TAG.NumberOfFrames) ?? 1,
    bitsAllocated,
    bitsStored: numberOf(data, TAG.BitsStored) ?? bitsAllocated,
    signed: numberOf(data, TAG.PixelRepresentation) === 1,
    inverted: photometric === 'MONOCHROME1',
    slope: numberOf(values, TAG.RescaleSlope) ?? 1,
    intercept: numberOf(values, TAG.RescaleIntercept) ?? 0,
    windows: windowsOf(voi),
    isPlainGrey:
      !differs &&
      MONOCHROME.test(photometric) &&
      (numberOf(data, TAG.SamplesPerPixel) ?? 1) === 1 &&
      (bitsAllocated === 8 || bitsAllocated === 16) &&
      !isThere(data, TAG.ModalityLUTSequence) &&
      !(isThere(data, TAG.VOILUTSequence) && !isThere(voi, TAG.WindowCenter)),
    frameTime: frameTimeOf(data),
    patientName: textOf(data, TAG.PatientName),
    patientId: textOf(data, TAG.PatientID),
    birthDate: textOf(data, TAG.PatientBirthDate),
    studyDate: textOf(data, TAG.StudyDate),
    studyDescription: textOf(data, TAG.StudyDescription),
    seriesDescription: textOf(data, TAG.SeriesDescription),
    modality: textOf(data, TAG.Modality),
  }
}

function windowsOf(voi: DicomJson): ImageFacts['windows'] {
  const widths = numbersOf(voi, TAG.WindowWidth)
  const names = voi[TAG.WindowExplanation]?.Value ?? []
  return numbersOf(voi, TAG.WindowCenter).flatMap((center, index) => {
    const width = widths[index]
    return width === undefined || width < 1 ? [] : [{ center, width, name: typeof names[index] === 'string' ? names[index] : '' }]
  })
}

function frameTimeOf(data: DicomJson): number | undefined {
  const time = numberOf(data, TAG.FrameTime)
  if (time !== undefined && time > 0) return time
  const rate = numberOf(data, TAG.CineRate) ?? numberOf(data, TAG.RecommendedDisplayFrameRate)
  return rate !== undefined && rate > 0 ? 1000 / rate : undefined
}
