/** What a MADO manifest describes, as plain values: its head, and its series with their instances, from evidence and Image Library together
 *  (IHE RAD Supplement MADO 6.X.2.9).
 *
 *  Promises: the event loop turns while a long one is read; what the library does not say of a reference of the evidence is absent.
 *  Tolerates: both vocabularies of codes; descriptors of an instance beside its entry (as an official sample has them) are not taken for its own.
 *  Does not: check counts.
 *  @throws NodeError UNREADABLE where it is no Key Object Selection with an Image Library in Explicit VR and defined lengths */
import { nomenclatures } from '../config/nomenclatures.ts'
import type { DataSet } from '../dicom/data-set.ts'
import { readDataSet, readItems } from '../dicom/element-reader.ts'
import { insideOf, itemSlices, valueIn } from '../dicom/item-slices.ts'
import { readPart10Header } from '../dicom/part10.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { NodeError } from '../errors.ts'
import type { Code } from './codes.ts'
import { codesIn } from './codes-in.ts'
import { Pace } from './pace.ts'

export interface MadoInstance {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly number?: string
  readonly numberOfFrames?: string
  readonly documentTitle?: Code
  readonly description?: string
}

export interface MadoSeries {
  readonly seriesInstanceUid: string
  readonly retrieveLocationUid?: string
  readonly retrieveUrl?: string
  readonly modality?: Code
  readonly number?: string
  readonly date?: string
  readonly time?: string
  readonly description?: string
  /** Coded or in words. */
  readonly region?: Code | string
  readonly instances: readonly MadoInstance[]
}

export interface MadoDocument {
  /** Without its two long sequences. */
  readonly head: DataSet
  readonly modalities: readonly Code[]
  readonly regions: readonly Code[]
  readonly procedureCodes: readonly Code[]
  readonly series: readonly MadoSeries[]
}

const EVIDENCE = 0x0040a375
const CONTENT = 0x0040a730
const EXPLICIT = { explicit: true, littleEndian: true }
const IMAGE_LIBRARY = '111028'
const IMAGE_LIBRARY_GROUP = '126200'

interface Library {
  readonly items: readonly DataSet[]
  readonly series: ReadonlyMap<string, readonly DataSet[]>
  readonly instances: ReadonlyMap<string, readonly DataSet[]>
}

/** @param file  Part 10 */
export async function readMado(file: Buffer): Promise<MadoDocument> {
  const meta = readPart10Header(file)
  if (meta?.transferSyntaxUid !== EXPLICIT_VR_LITTLE_ENDIAN) throw new NodeError('UNREADABLE', { reason: 'no file in Explicit VR' })
  const bytes = file.subarray(meta.dataSetOffset)
  const head = readDataSet(bytes, EXPLICIT_VR_LITTLE_ENDIAN, { untilTag: EVIDENCE })
  if (head.text(0x00080016) !== KEY_OBJECT_SELECTION_DOCUMENT_STORAGE) {
    throw new NodeError('UNREADABLE', { reason: 'no Key Object Selection Document' })
  }
  const pace = new Pace()
  const root = [...itemSlices(valueIn(bytes, CONTENT) ?? Buffer.alloc(0))]
  const library = await readLibrary(root, head, pace)
  return {
    head,
    modalities: codesNamed(library.items, '121139'),
    regions: codesNamed(library.items, '123014'),
    procedureCodes: codesNamed(procedureItems(root, head), '121023'),
    series: await readSeries(valueIn(bytes, EVIDENCE) ?? Buffer.alloc(0), head, library, pace),
  }
}

/** The items before the library: those behind it are the flat references. */
function procedureItems(root: readonly Buffer[], head: DataSet): readonly DataSet[] {
  const end = root.findIndex((slice) => isContainer(slice, head, IMAGE_LIBRARY))
  return root.slice(0, end).map((slice) => read(slice, head))
}

async function readLibrary(root: readonly Buffer[], head: DataSet, pace: Pace): Promise<Library> {
  const library = root.find((slice) => isContainer(slice, head, IMAGE_LIBRARY))
  if (library === undefined) throw new NodeError('UNREADABLE', { reason: 'no Image Library: not a manifest with description' })
  const items: DataSet[] = []
  const series = new Map<string, readonly DataSet[]>()
  const instances = new Map<string, readonly DataSet[]>()
  for (const slice of contentOf(library)) {
    if (!isContainer(slice, head, IMAGE_LIBRARY_GROUP)) {
      items.push(read(slice, head))
      continue
    }
    const described: DataSet[] = []
    for (const inner of contentOf(slice)) {
      const one = read(inner, head)
      const referenced = one.items(0x00081199)[0]?.text(0x00081155)
      if (referenced === undefined) described.push(one)
      else instances.set(referenced, one.items(CONTENT))
      await pace.step()
    }
    series.set(textNamed(described, '112002') ?? '', described)
  }
  return { items, series, instances }
}

async function readSeries(evidence: Buffer, head: DataSet, library: Library, pace: Pace): Promise<readonly MadoSeries[]> {
  const all: MadoSeries[] = []
  for (const study of itemSlices(evidence)) {
    for (const slice of itemSlices(valueIn(insideOf(study), 0x00081115) ?? Buffer.alloc(0))) {
      const instances: MadoInstance[] = []
      for (const reference of itemSlices(valueIn(insideOf(slice), 0x00081199) ?? Buffer.alloc(0))) {
        instances.push(instanceFrom(read(reference, head), library))
        await pace.step()
      }
      all.push(seriesFrom(insideOf(slice), instances, library))
    }
  }
  return all
}

function seriesFrom(bytes: Buffer, instances: readonly MadoInstance[], library: Library): MadoSeries {
  const text = (tag: number) =>
    valueIn(bytes, tag)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '') || undefined
  const seriesInstanceUid = text(0x0020000e) ?? ''
  const described = library.series.get(seriesInstanceUid) ?? []
  const { trial, final } = nomenclatures().mado
  const own = (name: keyof typeof trial) => textNamed(described, trial[name].value) ?? textNamed(described, final[name].value)
  return {
    seriesInstanceUid,
    retrieveLocationUid: text(0x0040e011),
    retrieveUrl: text(0x00081190),
    modality: codesNamed(described, '121139')[0],
    number: textNamed(described, '113607'),
    date: own('seriesDate'),
    time: own('seriesTime'),
    description: own('seriesDescription'),
    region: codesNamed(described, '123014')[0] ?? textNamed(described, '123014'),
    instances,
  }
}

function instanceFrom(reference: DataSet, library: Library): MadoInstance {
  const sopInstanceUid = reference.text(0x00081155) ?? ''
  const described = library.instances.get(sopInstanceUid) ?? []
  return {
    sopInstanceUid,
    sopClassUid: reference.text(0x00081150) ?? '',
    number: textNamed(described, '113609'),
    numberOfFrames: textNamed(described, '121140'),
    documentTitle: codesNamed(described, '121144')[0],
    description: textNamed(described, '113012'),
  }
}

function read(slice: Buffer, head: DataSet): DataSet {
  return readItems(slice, EXPLICIT, head)[0]!
}

function contentOf(container: Buffer): Iterable<Buffer> {
  return itemSlices(valueIn(insideOf(container), CONTENT) ?? Buffer.alloc(0))
}

function isContainer(slice: Buffer, head: DataSet, code: string): boolean {
  const name = valueIn(insideOf(slice), 0x0040a043)
  return name !== undefined && readItems(name, EXPLICIT, head)[0]?.text(0x00080100) === code
}

function named(items: readonly DataSet[], code: string): readonly DataSet[] {
  return items.filter((one) => one.items(0x0040a043)[0]?.text(0x00080100) === code)
}

function codesNamed(items: readonly DataSet[], code: string): readonly Code[] {
  return codesIn(named(items, code).flatMap((one) => one.items(0x0040a168)))
}

/** Text, number, date, time or UID of the first item of that name. */
function textNamed(items: readonly DataSet[], code: string): string | undefined {
  const one = named(items, code)[0]
  const texts = [0x0040a160, 0x0040a121, 0x0040a122, 0x0040a124].map((tag) => one?.text(tag))
  return texts.find((text) => text !== undefined) ?? one?.items(0x0040a300)[0]?.text(0x0040a30a)
}
