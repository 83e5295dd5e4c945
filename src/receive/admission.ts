/** Whether an instance may in, judged by what the command and the header of its data set say (PS3.4 B.2.3).
 *
 *  Promises: what passes has four UIDs that are UIDs, the command and the data set name the same instance and class, and the class is a storage
 *  class. Odd content otherwise is no reason to refuse: a bad character set, a date that is none, an absent Patient ID are kept.
 *  Does not: touch bytes, files or rows.
 *  Errors: NodeError INVALID_UID (its detail `attribute` is told to the peer), CLASS_MISMATCH, INSTANCE_MISMATCH, STUDY_MISMATCH,
 *  SOP_CLASS_NOT_SUPPORTED. */
import type { InstanceRole } from '../catalog/contract.ts'
import { parseUid, type Uid } from '../dicom/uid.ts'
import { NodeError } from '../errors.ts'
import { roleOf } from './key-object-role.ts'

/** What is known before the data set comes. */
export interface Announced {
  /** Affected SOP Class UID of the command. */
  readonly sopClassUid?: string
  /** Affected SOP Instance UID of the command. */
  readonly sopInstanceUid?: string
  /** Abstract syntax of the presentation context; absent where there is none (import). */
  readonly contextSopClassUid?: string
  /** Where only instances of one study are taken: which (STOW-RS under a study). */
  readonly studyInstanceUid?: string
  readonly transferSyntaxUid: string
}

export interface AnnouncedUids {
  readonly sopClassUid: Uid
  readonly sopInstanceUid: Uid
  readonly transferSyntaxUid: Uid
}

/** What the header reader found. */
export interface HeaderSaid {
  readonly keys: Readonly<Partial<Record<string, string>>>
  readonly sopClassUid?: string
  readonly sopInstanceUid?: string
  readonly studyInstanceUid?: string
  readonly seriesInstanceUid?: string
}

export interface AdmittedUids extends AnnouncedUids {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid: Uid
  readonly role: InstanceRole
}

/** Judges the command alone, so that nothing is written for one that cannot pass. */
export function admitCommand(announced: Announced, isStorable: (sopClassUid: string) => boolean): AnnouncedUids {
  const sopClassUid = uidOr(announced.sopClassUid, 'AffectedSOPClassUID')
  const sopInstanceUid = uidOr(announced.sopInstanceUid, 'AffectedSOPInstanceUID')
  const transferSyntaxUid = uidOr(announced.transferSyntaxUid, 'TransferSyntaxUID')
  const context = announced.contextSopClassUid
  if (context !== undefined && parseUid(context) !== sopClassUid) {
    throw new NodeError('CLASS_MISMATCH', { command: sopClassUid, context: parseUid(context) ?? 'no UID' })
  }
  if (!isStorable(sopClassUid)) throw new NodeError('SOP_CLASS_NOT_SUPPORTED', { SOPClassUID: sopClassUid })
  return { sopClassUid, sopInstanceUid, transferSyntaxUid }
}

/** Judges the data set against the command. */
export function admitDataSet(command: AnnouncedUids, header: HeaderSaid, study?: string): AdmittedUids {
  const sopClassUid = uidOr(header.sopClassUid, 'SOPClassUID')
  const sopInstanceUid = uidOr(header.sopInstanceUid, 'SOPInstanceUID')
  const studyInstanceUid = uidOr(header.studyInstanceUid, 'StudyInstanceUID')
  const seriesInstanceUid = uidOr(header.seriesInstanceUid, 'SeriesInstanceUID')
  if (sopClassUid !== command.sopClassUid) throw new NodeError('CLASS_MISMATCH', { command: command.sopClassUid, dataSet: sopClassUid })
  if (sopInstanceUid !== command.sopInstanceUid) {
    throw new NodeError('INSTANCE_MISMATCH', { command: command.sopInstanceUid, dataSet: sopInstanceUid })
  }
  if (study !== undefined && study !== studyInstanceUid) throw new NodeError('STUDY_MISMATCH', { wanted: study, dataSet: studyInstanceUid })
  return { ...command, studyInstanceUid, seriesInstanceUid, role: roleOf(sopClassUid, header.keys.ConceptNameCodeSequence) }
}

function uidOr(text: string | undefined, attribute: string): Uid {
  const uid = parseUid(text)
  if (uid === undefined) throw new NodeError('INVALID_UID', { attribute })
  return uid
}
