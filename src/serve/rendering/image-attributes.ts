/** What the header of an image says about how a frame of it is shown (PS3.3 C.7.6.3, C.11.1, C.11.2, C.7.6.16).
 *
 *  Promises: values of the frame where functional groups have them, else those that all frames share, else those of the data set. What is
 *  missing or makes no sense is as the standard defaults it.
 *  Does not: read pixel data, or judge whether the image is too large (draw-frame.ts).
 *  Errors: NodeError UNREADABLE where there is no image. */
import type { DataSet } from '../../dicom/element-reader.ts'
import type { Window } from '../../dicomweb/rendering-parameters.ts'
import { NodeError } from '../../errors.ts'
import type { PixelFormat } from '../decode-frame.ts'
import { type LookupTable, lookupTable, type Palette, paletteOf } from './lookup-tables.ts'

export interface StoredFormat extends PixelFormat {
  readonly highBit: number
  readonly sample: 'integer' | 'float'
}

export interface ImageAttributes {
  readonly format: StoredFormat
  readonly slope: number
  readonly intercept: number
  readonly modalityTable?: LookupTable
  /** The first one; before a table. */
  readonly window?: Window
  readonly voiTable?: LookupTable
  readonly palette?: Palette
  /** Stored values that are no image, both ends included (PS3.3 C.7.5.1.1.2). */
  readonly padding?: { readonly low: number; readonly high: number }
  /** Values are numbers of things, not shades: any of them must be seen. */
  readonly isLabelmap: boolean
  /** Height of a pixel by its width. */
  readonly aspect: number
  readonly hasColourProfile: boolean
}

const LABELMAP_SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.7'
const SHARED_GROUPS = 0x52009229
const PER_FRAME_GROUPS = 0x52009230
const PIXEL_MEASURES = 0x00289110
const FRAME_VOI_LUT = 0x00289132
const PIXEL_VALUE_TRANSFORMATION = 0x00289145
const MODALITY_LUT_SEQUENCE = 0x00283000
const VOI_LUT_SEQUENCE = 0x00283010
const RESCALE_INTERCEPT = 0x00281052
const RESCALE_SLOPE = 0x00281053
const DOSE_GRID_SCALING = 0x3004000e
const PIXEL_ASPECT_RATIO = 0x00280034
/** Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing: row spacing, column spacing. */
const SPACINGS = [0x00280030, 0x00181164, 0x00182010]

/** @param frame  from 1 */
export function imageAttributes(dataSet: DataSet, frame: number, littleEndian: boolean): ImageAttributes {
  const format = formatOf(dataSet)
  const values = groupOf(dataSet, frame, PIXEL_VALUE_TRANSFORMATION)
  const voi = groupOf(dataSet, frame, FRAME_VOI_LUT)
  const isSigned = format.pixelRepresentation === 1
  const intercept = number(values, RESCALE_INTERCEPT) ?? 0
  return {
    format,
    slope: number(values, RESCALE_SLOPE) || number(dataSet, DOSE_GRID_SCALING) || 1,
    intercept,
    modalityTable: lookupTable(values.items(MODALITY_LUT_SEQUENCE)[0], isSigned, littleEndian),
    window: windowOf(voi),
    voiTable: lookupTable(voi.items(VOI_LUT_SEQUENCE)[0], isSigned || intercept < 0, littleEndian),
    palette: format.photometricInterpretation === 'PALETTE COLOR' ? paletteOf(dataSet, isSigned, littleEndian) : undefined,
    padding: paddingOf(dataSet, format),
    isLabelmap: dataSet.text(0x00080016) === LABELMAP_SEGMENTATION,
    aspect: aspectOf(dataSet, groupOf(dataSet, frame, PIXEL_MEASURES)),
    hasColourProfile: dataSet.has(0x00282000),
  }
}

/** @returns the functional group of this frame, of all frames, or else the data set */
function groupOf(dataSet: DataSet, frame: number, sequence: number): DataSet {
  const ofFrame = dataSet.items(PER_FRAME_GROUPS)[frame - 1]?.items(sequence)[0]
  return ofFrame ?? dataSet.items(SHARED_GROUPS)[0]?.items(sequence)[0] ?? dataSet
}

function formatOf(dataSet: DataSet): StoredFormat {
  const rows = number(dataSet, 0x00280010) ?? 0
  const columns = number(dataSet, 0x00280011) ?? 0
  const bitsAllocated = number(dataSet, 0x00280100) ?? 0
  if (rows < 1 || columns < 1) throw new NodeError('UNREADABLE', { why: 'it is no image: it has no Rows or no Columns' })
  if (![1, 8, 16, 32, 64].includes(bitsAllocated)) throw new NodeError('UNREADABLE', { why: `Bits Allocated is ${bitsAllocated}` })
  const stored = number(dataSet, 0x00280101)
  const bitsStored = stored !== undefined && stored >= 1 && stored <= bitsAllocated ? stored : bitsAllocated
  const high = number(dataSet, 0x00280102) ?? bitsStored - 1
  return {
    rows,
    columns,
    samplesPerPixel: number(dataSet, 0x00280002) ?? 1,
    photometricInterpretation: dataSet.text(0x00280004) ?? 'MONOCHROME2',
    planarConfiguration: number(dataSet, 0x00280006) ?? 0,
    bitsAllocated,
    bitsStored,
    highBit: high >= bitsStored - 1 && high < bitsAllocated ? high : bitsStored - 1,
    pixelRepresentation: number(dataSet, 0x00280103) ?? 0,
    // Float and double pixel data have neither Bits Stored nor Pixel Representation (PS3.3 C.7.6.24).
    sample: bitsAllocated >= 32 && stored === undefined ? 'float' : 'integer',
  }
}

function windowOf(voi: DataSet): Window | undefined {
  const center = number(voi, 0x00281050)
  const width = number(voi, 0x00281051)
  const named = voi.text(0x00281056) ?? 'LINEAR'
  const shape = named === 'SIGMOID' ? 'sigmoid' : named === 'LINEAR_EXACT' ? 'linear-exact' : 'linear'
  if (center === undefined || width === undefined || !(shape === 'linear' ? width >= 1 : width > 0)) return undefined
  return { center, width, function: shape }
}

/** Whether the VR is US or SS is lost in implicit VR, and wrong in many files: the values are of the kind that the pixels are. */
function paddingOf(dataSet: DataSet, { pixelRepresentation, bitsAllocated }: StoredFormat): ImageAttributes['padding'] {
  const ofPixels = (value: number): number => {
    if (bitsAllocated > 16) return value
    return pixelRepresentation === 1 ? (value << 16) >> 16 : value & 0xffff
  }
  const one = number(dataSet, 0x00280120)
  if (one === undefined) return undefined
  const other = number(dataSet, 0x00280121) ?? one
  const ends = [ofPixels(one), ofPixels(other)]
  return { low: Math.min(...ends), high: Math.max(...ends) }
}

/** Pixel Aspect Ratio is only where pixels have no size (PS3.3 C.7.6.3.1.7). */
function aspectOf(dataSet: DataSet, measures: DataSet): number {
  const pairs = [...SPACINGS.map((tag) => (measures.has(tag) ? measures : dataSet).values(tag)), dataSet.values(PIXEL_ASPECT_RATIO)]
  for (const [vertical, horizontal] of pairs) {
    const ratio = Number(vertical) / Number(horizontal)
    // Nothing that shows an anatomy is flatter than this: a value beyond it is a mistake.
    if (ratio >= 1 / 50 && ratio <= 50) return ratio
  }
  return 1
}

function number(dataSet: DataSet, tag: number): number | undefined {
  const value = Number.parseFloat(dataSet.values(tag)[0] ?? '')
  return Number.isFinite(value) ? value : undefined
}
