/** C-GET of many series from one node, on one association (PS3.4 C.4.3; roles PS3.7 D.3.3.4).
 *
 *  Promises: the SOP classes of all series are proposed together, with as many transfer syntaxes in contexts of their own as fit, so that everything comes
 *  as it is stored; the association is opened at the first series, and again where it has ended. What comes is answered when it is where it belongs.
 *  @throws NodeError, RetrieveFailure; CannotKeep where nothing can be kept any more */
import type { AeTitle } from '../../dicom/ae-title.ts'
import { STUDY_ROOT_GET, sopClass } from '../../dicom/sop-classes.ts'
import { TRANSFER_SYNTAXES } from '../../dicom/transfer-syntaxes.ts'
import { parseUid } from '../../dicom/uid.ts'
import type { IncomingStore, OutboundAssociation, StoreSink } from '../../dimse/contract.ts'
import {
  type ConnectTo,
  type ContextToPropose,
  end,
  failureIn,
  imageIdentifier,
  portions,
  queryContext,
  seriesIdentifier,
} from '../retrieve-requests.ts'
import { type ArrivalParts, arrivalByStore, CannotKeep } from './arrival.ts'
import { MAX_EXCESS } from './ledger.ts'

/** What a peer did not do, in words. */
export class RetrieveFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RetrieveFailure'
  }
}

/** PS3.8 9.3.2.2: 128 contexts, one of them for the request itself. */
const STORAGE_CONTEXTS = 127
/** With more classes than this each would get but a few contexts: then only those of one series are proposed. */
const CLASSES_AT_ONCE = 31
/** What instances are usually stored in comes first. */
const USUAL = ['1', '', '1.99', '4.50', '4.51', '4.57', '4.70', '4.80', '4.81', '4.90', '4.91', '5', '4.201', '4.202', '4.203', '2']
const SYNTAXES: readonly string[] = [
  ...new Set([
    ...USUAL.map((last) => (last === '' ? '1.2.840.10008.1.2' : `1.2.840.10008.1.2.${last}`)),
    ...TRANSFER_SYNTAXES.map((syntax) => syntax.uid),
  ]),
]

export class GetSession {
  readonly #connectTo: ConnectTo
  readonly #aeTitle: AeTitle
  readonly #classes: ReadonlySet<string>
  #association: OutboundAssociation | undefined
  #proposed: ReadonlySet<string> = new Set()

  /** @param classes  SOP classes of everything that may be asked for */
  constructor(connectTo: ConnectTo, aeTitle: AeTitle, classes: Iterable<string>) {
    this.#connectTo = connectTo
    this.#aeTitle = aeTitle
    this.#classes = storable(classes)
  }

  /** Retrieves what the ledger still wants. */
  async retrieve(parts: ArrivalParts): Promise<void> {
    const { ledger } = parts
    const association = await this.#open(storable(ledger.promised.values()))
    const intake = new Intake(parts, association)
    const before = ledger.received.size
    let failure: string | undefined
    for (const uids of portions(ledger.wanted())) {
      failure = (await intake.get(imageIdentifier(ledger.series, uids.join('\\')))) ?? failure
    }
    // Some peers know no list of UIDs: the whole series, then.
    if (ledger.received.size === before && ledger.wrong.size === 0) failure = await intake.get(seriesIdentifier(ledger.series))
    if (failure !== undefined) throw new RetrieveFailure(failure)
  }

  async close(): Promise<void> {
    const association = this.#association
    this.#association = undefined
    if (association !== undefined) await end(association)
  }

  async #open(ofSeries: ReadonlySet<string>): Promise<OutboundAssociation> {
    const open = this.#association
    if (open !== undefined && !open.ended.aborted && [...ofSeries].every((uid) => this.#proposed.has(uid))) return open
    await this.close()
    const classes = this.#classes.size <= CLASSES_AT_ONCE ? this.#classes : ofSeries
    if (classes.size === 0) throw new RetrieveFailure('the manifest names no SOP class that can be stored')
    const association = await this.#connectTo(this.#aeTitle, [queryContext(STUDY_ROOT_GET), ...storageContexts([...classes])])
    this.#association = association
    this.#proposed = classes
    const accepted = [...association.contexts.values()]
    if (!accepted.some((one) => one.abstractSyntax === STUDY_ROOT_GET)) {
      throw new RetrieveFailure('takes no C-GET (--via c-move asks it to send to this node)')
    }
    if (!accepted.some((one) => one.requestorIsScp))
      throw new RetrieveFailure('sends nothing by C-GET: it accepts none of the storage classes')
    return association
  }
}

function storable(classes: Iterable<string>): ReadonlySet<string> {
  const known = [...classes].filter((uid) => parseUid(uid) !== undefined && (sopClass(uid)?.service ?? 'storage') === 'storage')
  return new Set(known.slice(0, STORAGE_CONTEXTS))
}

/** A context for each of the usual transfer syntaxes, and one for all that are left. */
export function storageContexts(classes: readonly string[]): ContextToPropose[] {
  const each = Math.min(Math.floor(STORAGE_CONTEXTS / classes.length), SYNTAXES.length)
  return classes.flatMap((abstractSyntax) => {
    const alone = SYNTAXES.slice(0, each - 1).map((uid) => [uid])
    return [...alone, SYNTAXES.slice(each - 1)].map((transferSyntaxes) => ({ abstractSyntax, transferSyntaxes, asScp: true }))
  })
}

/** Takes in what one association sends. */
class Intake {
  readonly #parts: ArrivalParts
  readonly #association: OutboundAssociation
  /** Why we stopped, where it was us. */
  #failure: Error | undefined

  constructor(parts: ArrivalParts, association: OutboundAssociation) {
    this.#parts = parts
    this.#association = association
  }

  /** @returns what the peer says failed */
  async get(identifier: Buffer): Promise<string | undefined> {
    try {
      return failureIn(await this.#association.get(STUDY_ROOT_GET, identifier, (incoming) => this.#sink(incoming)))
    } catch (error) {
      throw this.#failure ?? error
    }
  }

  #sink({ command, context, association }: IncomingStore): StoreSink {
    const arrival = arrivalByStore(this.#parts, {
      sopClassUid: command.affectedSopClassUid ?? '',
      sopInstanceUid: command.affectedSopInstanceUid ?? '',
      transferSyntaxUid: context.transferSyntax,
      sourceAeTitle: association.calledAeTitle,
    })
    return {
      write: (fragment) => {
        const ready = arrival.write(fragment)
        if (arrival.isTooLarge) this.#stop(new RetrieveFailure(`sends an instance larger than ${this.#parts.limitBytes} bytes`))
        return ready?.catch((error: Error) => this.#stop(error))
      },
      end: async () => {
        try {
          const status = await arrival.end()
          if (this.#parts.ledger.excess > MAX_EXCESS)
            this.#stop(new RetrieveFailure(`sends what was not asked for, more than ${MAX_EXCESS} instances`))
          return { status }
        } catch (error) {
          this.#stop(error as Error)
          return { status: 0xa700 }
        }
      },
      abandon: () => void arrival.abandon(),
    }
  }

  #stop(failure: Error): void {
    if (!(this.#failure instanceof CannotKeep)) this.#failure = failure
    this.#association.abort()
  }
}
