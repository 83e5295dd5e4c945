/** C-GET of our own, into a digest: what comes back is hashed on the way and never held. */
import { createHash } from 'node:crypto'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import type { StoreSink } from '../../src/dimse/contract.ts'
import { TIMEOUTS } from './busy-senders.ts'
import { CT_IMAGE, dataSet, EXPLICIT_LE, encode, TAG, type TestElement } from './data-sets.ts'

const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3'
const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1'

export interface Retrieved {
  readonly status: number | undefined
  /** SOP Instance UID → SHA-256 of its data set. */
  readonly digests: ReadonlyMap<string, string>
  readonly bytes: number
}

export interface Wanted {
  readonly sopClassUid?: string
  readonly transferSyntaxUid?: string
  /** Waited for before an instance is answered. @param count  of those that have come */
  readonly before?: (count: number) => Promise<unknown> | undefined
}

/** Every instance of one study (and class, and syntax). */
export async function getStudy(port: number, studyInstanceUid: string, wanted: Wanted = {}): Promise<Retrieved> {
  const { sopClassUid = CT_IMAGE, transferSyntaxUid = EXPLICIT_LE } = wanted
  const association = await connectTo(port, [
    { abstractSyntax: STUDY_ROOT_GET, transferSyntaxes: [EXPLICIT_LE] },
    { abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid], asScp: true },
  ])
  const digests = new Map<string, string>()
  let bytes = 0
  const identifier = encode(
    dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'], [TAG.StudyInstanceUID]: ['UI', studyInstanceUid] } as Record<number, TestElement>),
  )
  const { status } = await association.get(STUDY_ROOT_GET, identifier, ({ command }): StoreSink => {
    const hash = createHash('sha256')
    return {
      write: (fragment) => {
        hash.update(fragment)
        bytes += fragment.length
        return undefined
      },
      end: async () => {
        await wanted.before?.(digests.size + 1)
        digests.set(command.affectedSopInstanceUid ?? '', hash.digest('hex'))
        return { status: 0 }
      },
      abandon: () => undefined,
    }
  })
  await association.release()
  return { status, digests, bytes }
}

/** How many instances C-FIND at IMAGE level answers for a study. */
export async function findInstances(port: number, studyInstanceUid: string): Promise<number> {
  const association = await connectTo(port, [{ abstractSyntax: STUDY_ROOT_FIND, transferSyntaxes: [EXPLICIT_LE] }])
  const identifier = encode(
    dataSet({
      [TAG.SOPInstanceUID]: ['UI', ''],
      [TAG.QueryRetrieveLevel]: ['CS', 'IMAGE'],
      [TAG.StudyInstanceUID]: ['UI', studyInstanceUid],
      [TAG.SeriesInstanceUID]: ['UI', ''],
    } as Record<number, TestElement>),
  )
  let found = 0
  for await (const _ of association.find(STUDY_ROOT_FIND, identifier)) found++
  await association.release()
  return found
}

const connectTo = (port: number, contexts: Parameters<typeof connect>[0]['contexts']) =>
  connect({
    host: '127.0.0.1',
    port,
    callingAeTitle: aeTitle('VIEWER'),
    calledAeTitle: aeTitle('ARIANE'),
    contexts,
    timeouts: TIMEOUTS,
  })
