/** Whose manifests are that an earlier release made, whose records do not say it: their own files do.
 *
 *  Promises: afterwards each record in force says it, unless its file is lost or names no Patient ID: then what follows supersedes it as before. Looked at
 *  when the study is built next, once. */
import type { Catalog, ManifestRecord } from '../catalog/contract.ts'
import { itemsToJson } from '../dicom/dicom-json.ts'
import { type DataSet, readDataSet } from '../dicom/element-reader.ts'
import type { IndexKeys } from '../dicom/index-attributes.ts'
import { readPart10Header } from '../dicom/part10.ts'
import type { Storage } from '../storage/contract.ts'
import { patientKeyOf } from './patient-key.ts'

interface Parts {
  readonly catalog: Catalog
  readonly storage: Storage
}

/** A manifest says whose it is far before its references begin. */
const HEAD_BYTES = 256 * 1024
const PATIENT_ENDS = 0x00100030

/** @returns the records, with what was found */
export function withPatientKeys(parts: Parts, records: readonly ManifestRecord[]): Promise<readonly ManifestRecord[]> {
  const isUnknown = ({ state, patientKey }: ManifestRecord): boolean => state === 'in force' && patientKey === undefined
  return Promise.all(records.map((record) => (isUnknown(record) ? withPatientKey(parts, record) : record)))
}

async function withPatientKey({ catalog, storage }: Parts, record: ManifestRecord): Promise<ManifestRecord> {
  const facts = await catalog.findInstance(record.sopInstanceUid)
  const head = facts && (await storage.readStart(facts.storageKey, HEAD_BYTES).catch(() => undefined))
  const keys = head === undefined ? undefined : patientIn(head)
  if (keys?.PatientID === undefined) return record
  const patientKey = patientKeyOf(keys)
  await catalog.notePatient(record.sopInstanceUid, patientKey)
  return { ...record, patientKey }
}

function patientIn(head: Buffer): IndexKeys | undefined {
  const meta = readPart10Header(head)
  if (meta?.transferSyntaxUid === undefined) return undefined
  let dataSet: DataSet
  try {
    dataSet = readDataSet(head.subarray(meta.dataSetOffset), meta.transferSyntaxUid, { untilTag: PATIENT_ENDS })
  } catch {
    return undefined
  }
  const said = {
    PatientID: dataSet.text(0x00100020)?.trim(),
    IssuerOfPatientID: dataSet.text(0x00100021)?.trim(),
    IssuerOfPatientIDQualifiersSequence: itemsToJson(dataSet.items(0x00100024)),
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined && value !== ''))
}
