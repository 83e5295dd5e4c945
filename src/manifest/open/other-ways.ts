/** One series by WADO-RS, or by C-MOVE into this node and from there.
 *
 *  Promises: what comes goes through arrival.ts like what comes by C-GET. A C-MOVE stores into this node, which must be running and known to the peer under
 *  our AE title; what it has stored is then read from its storage.
 *  @throws WebFailure, NodeError, RetrieveFailure; CannotKeep */
import type { Readable } from 'node:stream'
import { type AeTitle, parseAeTitle } from '../../dicom/ae-title.ts'
import { STUDY_ROOT_MOVE } from '../../dicom/sop-classes.ts'
import { parseUid, type Uid } from '../../dicom/uid.ts'
import { retrieveSeries } from '../../dicomweb/wado-rs.ts'
import { type ConnectTo, end, failureIn, move, portions, queryContext } from '../retrieve-requests.ts'
import { type ArrivalParts, FileArrival } from './arrival.ts'
import { RetrieveFailure } from './get-session.ts'
import { MAX_EXCESS } from './ledger.ts'

export interface WebSettings {
  /** The token that this host may see. */
  readonly tokenFor: (base: URL) => string | undefined
  readonly silenceSeconds: number
}

export async function retrieveByWado(parts: ArrivalParts, base: URL, manifestUid: string, settings: WebSettings): Promise<void> {
  const { studyInstanceUid, seriesInstanceUid } = parts.ledger
  if (studyInstanceUid === undefined || seriesInstanceUid === undefined)
    throw new RetrieveFailure('the manifest names no study or series UID')
  const request = {
    base,
    studyInstanceUid,
    seriesInstanceUid,
    manifestUid: parseUid(manifestUid),
    token: settings.tokenFor(base),
    silenceSeconds: settings.silenceSeconds,
  }
  await retrieveSeries(request, () => {
    if (parts.ledger.excess > MAX_EXCESS) throw new RetrieveFailure(`sends what was not asked for, more than ${MAX_EXCESS} instances`)
    const arrival = new FileArrival(parts)
    return {
      write: (bytes) => {
        const ready = arrival.write(bytes)
        if (arrival.isTooLarge) throw new RetrieveFailure(`sends an instance larger than ${parts.limitBytes} bytes`)
        return ready
      },
      end: () => arrival.end(),
      abandon: () => arrival.abandon(),
    }
  })
}

/** What this node has received and keeps. */
export interface OwnStorage {
  readonly destination: AeTitle
  /** The Part 10 file of an instance; undefined where it has not come. */
  readonly read: (uid: Uid) => Promise<Readable | undefined>
}

export async function retrieveByMove(parts: ArrivalParts, connectTo: ConnectTo, aeTitle: string, own: OwnStorage): Promise<void> {
  const { ledger } = parts
  const association = await connectTo(parseAeTitle(aeTitle)!, [queryContext(STUDY_ROOT_MOVE)])
  let failure: string | undefined
  try {
    for (const uids of portions(ledger.wanted())) {
      const answer = await move(association, ledger.series, uids, own.destination)
      failure = failureIn(answer) ?? failure
      for (const uid of uids) if (!answer.failed.has(uid)) await takeStored(parts, own, uid as Uid)
    }
  } finally {
    await end(association)
  }
  if (failure !== undefined) throw new RetrieveFailure(failure)
}

async function takeStored(parts: ArrivalParts, own: OwnStorage, uid: Uid): Promise<void> {
  const stored = await own.read(uid)
  if (stored === undefined) return
  const arrival = new FileArrival(parts)
  try {
    for await (const chunk of stored as AsyncIterable<Buffer>) await arrival.write(chunk)
  } catch (error) {
    await arrival.abandon()
    throw error
  }
  await arrival.end()
}
