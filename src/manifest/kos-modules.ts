/** The modules of a Key Object Selection Document (PS3.3 A.35.4), one small function each: what each writes, and nothing else.
 *
 *  Promises: every type 1 and type 2 element of its module is written, a type 2 one empty where unknown; type 3 only with a value.
 *  Does not: check values (fit-value.ts has), write the long sequences (kos-evidence.ts, kos-items.ts), know a dialect. */
import type { ElementWriter } from '../dicom/element-writer.ts'
import { MANUFACTURER, SOFTWARE_VERSION } from '../dicom/implementation.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../dicom/sop-classes.ts'
import { localDateTime } from '../dicom/time-zone.ts'
import type { Uid } from '../dicom/uid.ts'
import { type Code, writeCode } from './codes.ts'
import { COPIED_ATTRIBUTES, type ManifestContent, type OtherPatientId } from './evidence.ts'
import { writeHierarchicDesignator, writeUniversalId } from './issuer.ts'
import type { Request } from './request-items.ts'

/** What one version of a manifest is, beside what it says. */
export interface ManifestIdentity {
  readonly sopInstanceUid: Uid
  readonly seriesInstanceUid: Uid
  readonly seriesNumber: number
  /** 1, 2, 3 …: Instance Number. */
  readonly version: number
  readonly createdAt: Date
  /** Timezone Offset From UTC (0008,0201), that of the study's date and time: every date and time of the document is local to it. */
  readonly timezoneOffset: string
}

/** PS3.3 C.12.1. UTF-8 always: a name of any script fits, and the same study never changes its character set. */
export function sopCommon(to: ElementWriter, identity: ManifestIdentity): void {
  const { date, time } = localDateTime(identity.timezoneOffset, identity.createdAt)
  to.element(0x00080005, 'CS', 'ISO_IR 192')
  to.element(0x00080012, 'DA', date)
  to.element(0x00080013, 'TM', time)
  to.element(0x00080016, 'UI', KEY_OBJECT_SELECTION_DOCUMENT_STORAGE)
  to.element(0x00080018, 'UI', identity.sopInstanceUid)
  to.element(0x00080201, 'SH', identity.timezoneOffset)
}

/** PS3.3 C.7.1.1 and C.7.2.1: what is copied from the study. */
export function patientAndStudy(to: ElementWriter, content: ManifestContent): void {
  for (const { keyword, tag, vr, type } of COPIED_ATTRIBUTES) {
    const value = content.copied[keyword]
    if (type === 2 || value !== undefined) to.element(tag, vr, value)
  }
  const issuer = content.issuerOfPatientId
  if (issuer?.universalId !== undefined) to.sequence(0x00100024, [(item) => writeUniversalId(item, issuer)])
  if (content.otherPatientIds.length > 0) to.sequence(0x00101002, content.otherPatientIds.map(otherPatientIdItem))
  to.element(0x0020000d, 'UI', content.studyInstanceUid)
  accessionNumber(to, content)
}

function otherPatientIdItem(other: OtherPatientId): (item: ElementWriter) => void {
  return (item) => {
    item.element(0x00100020, 'LO', other.id)
    item.element(0x00100022, 'CS', other.type)
    if (other.issuerName !== undefined) item.element(0x00100021, 'LO', other.issuerName)
    const { issuer } = other
    if (issuer?.universalId !== undefined) item.sequence(0x00100024, [(inner) => writeUniversalId(inner, issuer)])
  }
}

/** (0008,0050) and (0008,0051), of General Study and of a Referenced Request item alike. */
function accessionNumber(
  to: ElementWriter,
  { accessionNumber, issuerOfAccessionNumber: issuer }: Pick<Request, 'accessionNumber' | 'issuerOfAccessionNumber'>,
): void {
  to.element(0x00080050, 'SH', accessionNumber)
  if (accessionNumber !== undefined && issuer !== undefined) to.sequence(0x00080051, [(item) => writeHierarchicDesignator(item, issuer)])
}

/** PS3.3 C.17.6.1. Referenced Performed Procedure Step Sequence is type 2: no item, but present. */
export function keyObjectDocumentSeries(to: ElementWriter, identity: ManifestIdentity, title: Code): void {
  to.element(0x00080060, 'CS', 'KO')
  to.element(0x0008103e, 'LO', title.meaning)
  to.sequence(0x00081111, [])
  to.element(0x0020000e, 'UI', identity.seriesInstanceUid)
  to.element(0x00200011, 'IS', String(identity.seriesNumber))
}

/** PS3.3 C.7.5.1: the node. Its Retrieve Location UID is what tells one from another. */
export function generalEquipment(to: ElementWriter, content: ManifestContent): void {
  const { institution, institutionDepartment, retrieveLocationUid } = content.source
  to.element(0x00080070, 'LO', MANUFACTURER)
  if (institution !== undefined) to.element(0x00080080, 'LO', institution)
  if (institutionDepartment !== undefined) to.element(0x00081040, 'LO', institutionDepartment)
  to.element(0x00081090, 'LO', MANUFACTURER)
  to.element(0x00181000, 'LO', retrieveLocationUid)
  to.element(0x00181020, 'LO', SOFTWARE_VERSION)
}

/** PS3.3 C.17.6.2, but for the evidence. */
export function keyObjectDocument(to: ElementWriter, content: ManifestContent, identity: ManifestIdentity): void {
  const { date, time } = localDateTime(identity.timezoneOffset, identity.createdAt)
  to.element(0x00200013, 'IS', String(identity.version))
  to.element(0x00080023, 'DA', date)
  to.element(0x00080033, 'TM', time)
  const { requests, studyInstanceUid } = content
  if (requests.length > 0)
    to.sequence(
      0x0040a370,
      requests.map((request) => (item) => referencedRequest(item, request, studyInstanceUid)),
    )
}

/** PS3.3 Table C.17-3c: Study Instance UID is type 1, seven others type 2. */
function referencedRequest(item: ElementWriter, request: Request, studyInstanceUid: Uid): void {
  item.element(0x0020000d, 'UI', studyInstanceUid)
  item.sequence(0x00081110, [])
  accessionNumber(item, request)
  item.element(0x00402016, 'LO', request.placerOrderNumber)
  const { orderPlacer, orderFiller } = request
  if (orderPlacer !== undefined) item.sequence(0x00400026, [(inner) => writeHierarchicDesignator(inner, orderPlacer)])
  item.element(0x00402017, 'LO', request.fillerOrderNumber)
  if (orderFiller !== undefined) item.sequence(0x00400027, [(inner) => writeHierarchicDesignator(inner, orderFiller)])
  item.element(0x00401001, 'SH', request.requestedProcedureId)
  item.element(0x00321060, 'LO', request.requestedProcedureDescription)
  item.sequence(
    0x00321064,
    request.requestedProcedureCodes.map((code) => (inner) => writeCode(inner, code)),
  )
}

/** PS3.3 C.17.3, root of template TID 2010 (PS3.16), but for the content items. No Text Value here. */
export function documentRoot(to: ElementWriter, title: Code): void {
  to.element(0x0040a040, 'CS', 'CONTAINER')
  to.sequence(0x0040a043, [(item) => writeCode(item, title)])
  to.element(0x0040a050, 'CS', 'SEPARATE')
  to.sequence(0x0040a504, [(item) => item.element(0x00080105, 'CS', 'DCMR').element(0x0040db00, 'CS', '2010')])
}
