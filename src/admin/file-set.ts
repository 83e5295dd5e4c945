/** The files of a file-set while it grows, and the records of its DICOMDIR (PS3.3 F.2, F.4; PS3.10 8).
 *
 *  Promises: of an instance only what its record says is remembered. Files are named `ST000001/SE000001/IM000001`, in the order in which they come.
 *  Does not: write the directory (src/dicom/dicomdir.ts). */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type DirectoryFile, type DirectoryNode, fileNode } from '../dicom/dicomdir.ts'
import { instanceKeys, needsDataSet, patientKeys, seriesKeys, studyKeys } from '../dicom/directory-records.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { readPart10Header } from '../dicom/part10.ts'
import type { Arrived } from '../manifest/open/arrival.ts'

/** An instance whose record asks for more than its index keys has no more than this before its bulk data. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024
const ENCAPSULATED_DOCUMENT = 0x00420011
const WAVEFORM_SEQUENCE = 0x54000100
const SPECTROSCOPY_DATA = 0x56000020

interface Files {
  readonly node: DirectoryNode
  readonly name: string
  /** Instances in it. */
  count: number
  /** Below it, by UID. */
  readonly below: Map<string, Files>
}

interface Added {
  readonly file: DirectoryFile
  readonly keys: IndexKeys
  readonly into: Files
}

export class FileSet {
  readonly #path: string
  readonly #patients = new Map<string, Files>()
  readonly #studies = new Map<string, Files>()
  readonly #added: Added[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** @returns where the instance is to lie, below the folder */
  async add(arrived: Arrived): Promise<string> {
    const { keys, sopClassUid, sopInstanceUid, transferSyntaxUid } = arrived
    const series = this.#seriesOf(arrived)
    const id = [...series.name.split('/'), numbered('IM', ++series.count)]
    this.#added.push({ file: { id, sopClassUid, sopInstanceUid, transferSyntaxUid }, keys, into: series })
    return join(...id)
  }

  /** All files are there. */
  async records(): Promise<readonly DirectoryNode[]> {
    for (const { file, keys, into } of this.#added) {
      const dataSet = needsDataSet(file.sopClassUid) ? await this.#read(file) : undefined
      into.node.below.push(fileNode(file, instanceKeys(file.sopClassUid, keys, dataSet, into.node.below.length + 1)))
    }
    return [...this.#patients.values()].map((patient) => patient.node)
  }

  #seriesOf({ keys, studyInstanceUid, seriesInstanceUid }: Arrived): Files {
    const study = this.#studies.get(studyInstanceUid) ?? this.#newStudy(studyInstanceUid, keys)
    return entered(study.below, seriesInstanceUid, study.node, (ordinal) => ({
      node: { type: 'SERIES', keys: seriesKeys(keys, ordinal), below: [] },
      name: `${study.name}/${numbered('SE', ordinal)}`,
      count: 0,
      below: new Map(),
    }))
  }

  #newStudy(studyInstanceUid: string, keys: IndexKeys): Files {
    const patient = entered(this.#patients, keys.PatientID ?? '', undefined, (ordinal) => ({
      node: { type: 'PATIENT', keys: patientKeys(keys, ordinal), below: [] },
      name: '',
      count: 0,
      below: new Map(),
    }))
    const ordinal = this.#studies.size + 1
    const study: Files = {
      node: { type: 'STUDY', keys: studyKeys(keys, ordinal), below: [] },
      name: numbered('ST', ordinal),
      count: 0,
      below: new Map(),
    }
    patient.node.below.push(study.node)
    this.#studies.set(studyInstanceUid, study)
    return study
  }

  /** @returns undefined where it cannot be read: its record then holds what stands for nothing */
  async #read(file: DirectoryFile): Promise<DataSet | undefined> {
    const handle = await open(join(this.#path, ...file.id))
    try {
      const size = Math.min((await handle.stat()).size, MAX_HEADER_BYTES)
      const bytes = Buffer.alloc(size)
      await handle.read(bytes, 0, size, 0)
      const meta = readPart10Header(bytes)
      return readDataSet(bytes.subarray(meta?.dataSetOffset ?? 0), file.transferSyntaxUid, { untilTag: bulkTag(file.sopClassUid) })
    } catch {
      return undefined
    } finally {
      await handle.close()
    }
  }
}

/** The first element that may be large and is no key. */
function bulkTag(sopClassUid: string): number {
  if (sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.104.')) return ENCAPSULATED_DOCUMENT
  return sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.9.') ? WAVEFORM_SEQUENCE : SPECTROSCOPY_DATA
}

function entered(into: Map<string, Files>, key: string, parent: DirectoryNode | undefined, make: (ordinal: number) => Files): Files {
  const known = into.get(key)
  if (known !== undefined) return known
  const made = make(into.size + 1)
  into.set(key, made)
  parent?.below.push(made.node)
  return made
}

/** Eight characters: `IM000001`; beyond a million the letters give way. */
function numbered(letters: string, number: number): string {
  const digits = String(number)
  return digits.length <= 6 ? `${letters}${digits.padStart(6, '0')}` : digits.padStart(8, '0')
}
