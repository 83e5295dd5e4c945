/** Attributes of the DICOM JSON model (PS3.18 F.2), by tag. What is absent or of another kind is undefined: never a guess. */

export interface DicomJson {
  readonly [tag: string]: { readonly vr?: string; readonly Value?: readonly unknown[] } | undefined
}

export const TAG = {
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  StudyDate: '00080020',
  SeriesDescription: '0008103E',
  StudyDescription: '00081030',
  Modality: '00080060',
  FrameTime: '00181063',
  CineRate: '00180040',
  RecommendedDisplayFrameRate: '00082144',
  PatientName: '00100010',
  PatientID: '00100020',
  PatientBirthDate: '00100030',
  InstanceNumber: '00200013',
  SamplesPerPixel: '00280002',
  PhotometricInterpretation: '00280004',
  NumberOfFrames: '00280008',
  Rows: '00280010',
  Columns: '00280011',
  BitsAllocated: '00280100',
  BitsStored: '00280101',
  PixelRepresentation: '00280103',
  WindowCenter: '00281050',
  WindowWidth: '00281051',
  RescaleIntercept: '00281052',
  RescaleSlope: '00281053',
  WindowExplanation: '00281055',
  ModalityLUTSequence: '00283000',
  VOILUTSequence: '00283010',
  SharedFunctionalGroups: '52009229',
  PerFrameFunctionalGroups: '52009230',
  PixelValueTransformation: '00289145',
  FrameVOILUT: '00289132',
} as const

export function textOf(data: DicomJson, tag: string): string {
  const value = data[tag]?.Value?.[0]
  if (typeof value === 'object' && value !== null) return groupsOf(value as Readonly<Record<string, unknown>>)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** PN: the groups as PS3.5 writes them. */
function groupsOf({ Alphabetic, Ideographic, Phonetic }: Readonly<Record<string, unknown>>): string {
  return [Alphabetic, Ideographic, Phonetic].map((group) => (typeof group === 'string' ? group : '')).join('=')
}

/** IS and DS come as numbers or, of some, as text. */
export function numbersOf(data: DicomJson, tag: string): readonly number[] {
  const values = (data[tag]?.Value ?? []).map((value) => (value === null || value === '' ? Number.NaN : Number(value)))
  return values.filter(Number.isFinite)
}

export const numberOf = (data: DicomJson, tag: string): number | undefined => numbersOf(data, tag)[0]
export const isThere = (data: DicomJson, tag: string): boolean => (data[tag]?.Value?.length ?? 0) > 0

/** First item of a sequence. */
export const itemOf = (data: DicomJson | undefined, tag: string): DicomJson | undefined => data?.[tag]?.Value?.[0] as DicomJson | undefined
