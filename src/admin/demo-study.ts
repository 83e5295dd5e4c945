/** A small study for `ariane demo`: made here, of nobody. Two CT series and a scanned page, every data set a real one. */
import { ElementWriter } from '../dicom/element-writer.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { newUid, type Uid } from '../dicom/uid.ts'

export interface DemoInstance {
  readonly sopClassUid: string
  readonly sopInstanceUid: Uid
  readonly transferSyntaxUid: string
  readonly dataSet: Buffer
}

export interface DemoStudy {
  readonly studyInstanceUid: Uid
  readonly instances: readonly DemoInstance[]
}

const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2'
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'
const SIDE = 256

interface DemoSeries {
  readonly number: number
  readonly modality: string
  readonly description: string
  readonly slices: number
  readonly sopClassUid: string
}

const SERIES: readonly DemoSeries[] = [
  { number: 1, modality: 'CT', description: 'Thorax, parenchyme', slices: 12, sopClassUid: CT_IMAGE },
  { number: 2, modality: 'CT', description: 'Thorax, médiastin', slices: 8, sopClassUid: CT_IMAGE },
  { number: 3, modality: 'OT', description: 'Ordonnance', slices: 1, sopClassUid: SECONDARY_CAPTURE },
]

/** @param now date and time of the study */
export function demoStudy(now: Date): DemoStudy {
  const studyInstanceUid = newUid()
  const stamp = now.toISOString().replace(/[-:T]/g, '')
  const instances = SERIES.flatMap((series) => {
    const seriesInstanceUid = newUid()
    return Array.from({ length: series.slices }, (_, at) => instance(series, at + 1, { studyInstanceUid, seriesInstanceUid, stamp }))
  })
  return { studyInstanceUid, instances }
}

function instance(series: DemoSeries, number: number, ids: { studyInstanceUid: Uid; seriesInstanceUid: Uid; stamp: string }): DemoInstance {
  const sopInstanceUid = newUid()
  const date = ids.stamp.slice(0, 8)
  const time = ids.stamp.slice(8, 14)
  const dataSet = new ElementWriter({ explicit: true })
    .element(0x00080005, 'CS', 'ISO_IR 192')
    .element(0x00080008, 'CS', 'ORIGINAL\\PRIMARY')
    .element(0x00080016, 'UI', series.sopClassUid)
    .element(0x00080018, 'UI', sopInstanceUid)
    .element(0x00080020, 'DA', date)
    .element(0x00080021, 'DA', date)
    .element(0x00080030, 'TM', time)
    .element(0x00080050, 'SH', 'DEMO-1')
    .element(0x00080060, 'CS', series.modality)
    .element(0x00080070, 'LO', 'Ariane demo')
    .element(0x00080090, 'PN', '')
    .element(0x00081030, 'LO', 'Scanner thoracique')
    .element(0x0008103e, 'LO', series.description)
    .element(0x00100010, 'PN', 'DÉMONSTRATION^Ariane')
    .element(0x00100020, 'LO', 'DEMO')
    .element(0x00100030, 'DA', '')
    .element(0x00100040, 'CS', 'O')
    .element(0x0020000d, 'UI', ids.studyInstanceUid)
    .element(0x0020000e, 'UI', ids.seriesInstanceUid)
    .element(0x00200010, 'SH', '1')
    .element(0x00200011, 'IS', String(series.number))
    .element(0x00200013, 'IS', String(number))
    .element(0x00280002, 'US', '1')
    .element(0x00280004, 'CS', 'MONOCHROME2')
    .element(0x00280010, 'US', String(SIDE))
    .element(0x00280011, 'US', String(SIDE))
    .element(0x00280100, 'US', '16')
    .element(0x00280101, 'US', '12')
    .element(0x00280102, 'US', '11')
    .element(0x00280103, 'US', '0')
    .bytes(0x7fe00010, 'OW', pixels(number))
    .finish()
  return { sopClassUid: series.sopClassUid, sopInstanceUid, transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet }
}

/** A ball cut at this height: something to see in a viewer. */
function pixels(number: number): Buffer {
  const out = Buffer.alloc(SIDE * SIDE * 2)
  const radius = 40 + 6 * number
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const distance = Math.hypot(x - SIDE / 2, y - SIDE / 2)
      out.writeUInt16LE(distance < radius ? Math.round(2000 - 10 * distance) : 30, 2 * (y * SIDE + x))
    }
  }
  return out
}
