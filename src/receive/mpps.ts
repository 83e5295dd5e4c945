/** The Modality Performed Procedure Step service as SCP (PS3.4 F.7): N-CREATE and N-SET.
 *
 *  Promises: success is said when the step is durable. A step changes only while it is IN PROGRESS (PS3.4 F.7.2.2.3, else 0110H with the comment and
 *  Error ID A710 of Table F.7.2-2); it begins IN PROGRESS (F.7.2.1.3, else 0106H). A step of a study that is not here is kept and takes effect when
 *  the study comes. Whatever is refused is in the log, with the attribute.
 *  Keeps: state, times of arrival, and the UIDs that the step refers to; not its data set, and nothing of a patient (contract-due.ts says why).
 *  Does not: decide when a study is due (catalog/when-due.ts), or serve N-GET and N-EVENT-REPORT of the other two step classes (F.8, F.9).
 *  Statuses: 0105, 0106, 0110, 0111, 0112, 0117, 0120, 0121 of `errors.ts`. */

import type { Catalog } from '../catalog/contract.ts'
import type { PerformedSeries, StepState } from '../catalog/contract-due.ts'
import type { DataSet } from '../dicom/data-set.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { newUid, parseUid, type Uid } from '../dicom/uid.ts'
import type { Request, ResponseFields } from '../dimse/contract.ts'
import { NodeError } from '../errors.ts'
import { log } from '../log.ts'
import {
  AttributeFault,
  checkCreated,
  checkFinal,
  checkSet,
  END_DATE,
  END_TIME,
  PERFORMED_SERIES,
  REFERENCED_IMAGES,
  REFERENCED_INSTANCE,
  REFERENCED_OTHERS,
  SCHEDULED_STEPS,
  SERIES_INSTANCE_UID,
  STATUS,
  STUDY_INSTANCE_UID,
} from './mpps-attributes.ts'

export interface MppsParts {
  readonly catalog: Catalog
  /** What a step that ends as DISCONTINUED means; as it is now. */
  readonly discontinued: () => 'hold' | 'build'
  /** Milliseconds since 1970. */
  now(): number
  /** Called after a step has begun, changed or ended: saves polling delay. */
  changed(): void
}

/** Error ID (0000,0903), PS3.4 Table F.7.2-2. */
const NO_LONGER_UPDATED = 0xa710

export async function createStep(parts: MppsParts, request: Request): Promise<void> {
  const named = request.command.affectedSopInstanceUid
  await answered(parts, request, named, async () => {
    // An SCU that names none is given one (PS3.7 10.1.5.1.4).
    const sopInstanceUid = named === undefined || named === '' ? newUid() : parseUid(named)
    if (sopInstanceUid === undefined) throw new NodeError('INVALID_INSTANCE')
    const dataSet = readable(request)
    checkCreated(dataSet)
    const studyInstanceUids = uidsOf(dataSet.items(SCHEDULED_STEPS), STUDY_INSTANCE_UID)
    const change = { ...ends(dataSet), at: parts.now(), series: seriesOf(dataSet), isAwaited: false }
    const step = { sopInstanceUid, source: request.association.callingAeTitle, studyInstanceUids, ...change }
    if (!(await parts.catalog.addStep(step))) throw new NodeError('STEP_EXISTS')
    tell(request, sopInstanceUid, 'IN PROGRESS', { studies: studyInstanceUids.length, StudyInstanceUID: studyInstanceUids[0] })
    return { status: 0x0000, affectedSopInstanceUid: sopInstanceUid }
  })
}

export async function setStep(parts: MppsParts, request: Request): Promise<void> {
  const named = request.command.requestedSopInstanceUid
  await answered(parts, request, named, async () => {
    const sopInstanceUid = parseUid(named)
    if (sopInstanceUid === undefined) throw new NodeError('INVALID_INSTANCE')
    const step = await parts.catalog.findStep(sopInstanceUid)
    if (step === undefined) throw new NodeError('NO_SUCH_STEP')
    if (step.state !== 'IN PROGRESS') throw new NodeError('STEP_ENDED', { state: step.state })
    const dataSet = readable(request)
    checkSet(dataSet)
    const state = (dataSet.text(STATUS) ?? 'IN PROGRESS') as StepState
    const series = dataSet.has(PERFORMED_SERIES) ? seriesOf(dataSet) : undefined
    const { hasEndDate, hasEndTime } = ends(dataSet)
    if (state !== 'IN PROGRESS') {
      const has = {
        date: hasEndDate || (step.hasEndDate && !dataSet.has(END_DATE)),
        time: hasEndTime || (step.hasEndTime && !dataSet.has(END_TIME)),
        series: (series?.length ?? step.series) > 0,
      }
      checkFinal(dataSet, has, state === 'COMPLETED')
    }
    const isAwaited = state === 'COMPLETED' || (state === 'DISCONTINUED' && parts.discontinued() === 'build')
    const isChanged = await parts.catalog.changeStep(sopInstanceUid, { state, at: parts.now(), hasEndDate, hasEndTime, series, isAwaited })
    // Another association has ended it meanwhile.
    if (!isChanged) throw new NodeError('STEP_ENDED')
    tell(request, sopInstanceUid, state, { series: series?.length, instances: series && count(series) })
    return { status: 0x0000 }
  })
}

/** Answers with what `work` says, or with its failure. */
async function answered(parts: MppsParts, request: Request, named: string | undefined, work: () => Promise<ResponseFields>): Promise<void> {
  let fields: ResponseFields
  try {
    fields = await work()
  } catch (failure) {
    const error = failure instanceof NodeError ? failure : new NodeError('PROCESSING_FAILURE', {}, { cause: failure })
    log[error.retry === 'transient' ? 'error' : 'warn']('procedure step refused', {
      association: request.association.id,
      calling: request.association.callingAeTitle,
      SOPInstanceUID: parseUid(named),
      reason: error.message,
    })
    await request.respond(failureFields(error), error instanceof AttributeFault ? attributeList(request, error) : undefined)
    return
  }
  parts.changed()
  await request.respond(fields)
}

function failureFields(error: NodeError): ResponseFields {
  if (error instanceof AttributeFault) {
    const { status, tell, tags, path } = error
    const isListed = error.code === 'MISSING_ATTRIBUTE' || error.code === 'NOT_SETTABLE'
    return { status, errorComment: `${tell}: ${path}`.slice(0, 64), ...(isListed ? { attributeIdentifierList: tags } : {}) }
  }
  if (error.code === 'STEP_ENDED') return { status: error.status, errorComment: error.tell, errorId: NO_LONGER_UPDATED }
  // What the catalog says to senders of instances has no meaning here (PS3.7 C.5).
  const told = error.code === 'CATALOG_FAILED' ? new NodeError('PROCESSING_FAILURE') : error
  return { status: told.status, errorComment: told.tell }
}

/** The attributes with the values that are not accepted (PS3.7 C.5.11, C.5.14); of a sequence without its items. */
function attributeList(request: Request, { code, tags }: AttributeFault): Buffer | undefined {
  if (code !== 'INVALID_VALUE' && code !== 'MISSING_VALUE') return undefined
  const to = new ElementWriter({ explicit: request.context.transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN })
  for (const tag of tags) {
    if (tag === SCHEDULED_STEPS || tag === PERFORMED_SERIES) to.sequence(tag, [])
    else to.element(tag, tag === STATUS ? 'CS' : 'LO', code === 'INVALID_VALUE' ? readable(request).text(tag)?.slice(0, 64) : undefined)
  }
  return to.finish()
}

function readable(request: Request): DataSet {
  try {
    return readDataSet(request.identifier, request.context.transferSyntax)
  } catch (cause) {
    throw new NodeError('STEP_UNREADABLE', { reason: cause instanceof Error ? cause.message : String(cause) }, { cause })
  }
}

function ends(dataSet: DataSet): { hasEndDate: boolean; hasEndTime: boolean } {
  return { hasEndDate: dataSet.text(END_DATE) !== undefined, hasEndTime: dataSet.text(END_TIME) !== undefined }
}

/** PS3.4 Table F.7.2-1: images and whatever else was made. */
function seriesOf(dataSet: DataSet): PerformedSeries[] {
  return dataSet.items(PERFORMED_SERIES).map((series) => ({
    seriesInstanceUid: parseUid(series.text(SERIES_INSTANCE_UID))!,
    sopInstanceUids: [REFERENCED_IMAGES, REFERENCED_OTHERS].flatMap((sequence) => uidsOf(series.items(sequence), REFERENCED_INSTANCE)),
  }))
}

/** Each once; checked before. */
function uidsOf(items: readonly DataSet[], tag: number): Uid[] {
  return [...new Set(items.map((item) => parseUid(item.text(tag))!))]
}

function count(series: readonly PerformedSeries[]): number {
  return series.reduce((sum, one) => sum + one.sopInstanceUids.length, 0)
}

function tell(request: Request, sopInstanceUid: Uid, state: StepState, more: Record<string, unknown>): void {
  const { id, callingAeTitle } = request.association
  log.info('procedure step', { association: id, calling: callingAeTitle, SOPInstanceUID: sopInstanceUid, state, ...more })
}
