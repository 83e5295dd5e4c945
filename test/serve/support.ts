/** A real catalog and a real storage in a temporary folder, filled through the real door; and peers at the border of `dimse/contract.ts`:
 *  associations and requests in memory, which record what they are given and answer as they are told. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import type { Catalog } from '../../src/catalog/contract.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import type { Peer } from '../../src/config/settings.ts'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { CONFIDENTIALITY_LEVELS } from '../../src/dicom/confidentiality.ts'
import { type DataSet, readDataSet } from '../../src/dicom/element-reader.ts'
import {
  PATIENT_ROOT_FIND,
  PATIENT_ROOT_GET,
  PATIENT_ROOT_MOVE,
  STUDY_ROOT_FIND,
  STUDY_ROOT_GET,
  STUDY_ROOT_MOVE,
} from '../../src/dicom/sop-classes.ts'
import type { WantedContext } from '../../src/dimse/connect.ts'
import type {
  AcceptedContext,
  CommandSet,
  OutboundAssociation,
  OutgoingInstance,
  Request,
  ResponseFields,
  StoreResult,
} from '../../src/dimse/contract.ts'
import { NodeError } from '../../src/errors.ts'
import { receiveInstance } from '../../src/receive/store-instance.ts'
import type { Serving } from '../../src/serve/serving.ts'
import type { Storage } from '../../src/storage/contract.ts'
import { openStorage } from '../../src/storage/file-storage.ts'
import { judging } from '../receive/usual-judging.ts'
import { dataSet, EXPLICIT_LE, encode, type Overrides, TAG, type TestDataSet, textOf } from '../support/data-sets.ts'
import { EVERY_LEVEL } from '../support/levels.ts'

export const LOCATION_UID = '2.25.4711'

export interface Home {
  readonly catalog: Catalog
  readonly storage: Storage
  readonly folder: string
  /** Takes an instance in as C-STORE would. @returns the status */
  keep(elements: TestDataSet, transferSyntaxUid?: string): Promise<number>
  keepBytes(bytes: Buffer, sopClassUid: string, sopInstanceUid: string, transferSyntaxUid: string): Promise<number>
  serving(overrides?: Partial<Serving>): Serving
  close(): Promise<void>
}

export async function openHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'ariane-serve-'))
  const storage = await openStorage({ path: folder, reserveBytes: 0, maxInstanceBytes: 2 ** 31 })
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const door = {
    storage,
    catalog,
    duplicates: 'keep',
    path: folder,
    now: Date.now,
    kept: () => undefined,
    isStorable: () => true,
    ...judging,
  } as const
  const keepBytes = async (bytes: Buffer, sopClassUid: string, sopInstanceUid: string, transferSyntaxUid: string) => {
    const sink = receiveInstance(door, { sopClassUid, sopInstanceUid, contextSopClassUid: sopClassUid, transferSyntaxUid, source: 'TEST' })
    await sink.write(bytes)
    return (await sink.end()).status
  }
  return {
    catalog,
    storage,
    folder,
    keepBytes,
    keep: (elements, syntax = EXPLICIT_LE) =>
      keepBytes(encode(elements, syntax), textOf(elements, TAG.SOPClassUID), textOf(elements, TAG.SOPInstanceUID), syntax),
    serving: (overrides = {}) => ({
      catalog,
      storage,
      aeTitle: 'ARIANE',
      retrieveLocationUid: LOCATION_UID,
      timezone: 'Europe/Paris',
      peer: () => undefined,
      levelsOf: () => EVERY_LEVEL,
      listManifests: () => false,
      connectTo: () => Promise.reject(new NodeError('PEER_UNREACHABLE')),
      ...overrides,
    }),
    close: async () => {
      await catalog.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function peer(title: string, more: Partial<Peer> = {}): Peer {
  return {
    aeTitle: title,
    host: '127.0.0.1',
    port: 104,
    allow: [],
    transferSyntaxes: [],
    characterSet: 'ISO_IR 192',
    levels: [...CONFIDENTIALITY_LEVELS],
    parallelAssociations: 1,
    ...more,
  } as Peer
}

/** What one C-STORE carried. */
export interface Delivered {
  readonly instance: OutgoingInstance
  readonly bytes: Buffer
}

export interface FakeAssociationOptions {
  /** SOP class, transfer syntax. */
  readonly contexts?: readonly (readonly [string, string])[]
  /** How each C-STORE is answered; throw to fail. */
  readonly answer?: (delivered: Delivered, number: number, association: FakeAssociation) => StoreResult | Promise<StoreResult>
}

/** The peer of a C-GET or the destination of a C-MOVE. */
export class FakeAssociation implements OutboundAssociation {
  readonly id = 'fake'
  readonly direction = 'outbound'
  readonly callingAeTitle = aeTitle('VIEWER')
  readonly calledAeTitle = aeTitle('ARIANE')
  readonly address = '127.0.0.1'
  readonly contexts: ReadonlyMap<number, AcceptedContext>
  readonly delivered: Delivered[] = []
  released = false
  /** How often it was told what comes next. */
  expected = 0
  readonly #options: FakeAssociationOptions
  readonly #ended = new AbortController()

  constructor(options: FakeAssociationOptions = {}) {
    this.#options = options
    const contexts = (options.contexts ?? []).map(([abstractSyntax, transferSyntax], at) => {
      const id = at * 2 + 1
      return [id, { id, abstractSyntax, transferSyntax, requestorIsScu: true, requestorIsScp: true }] as const
    })
    this.contexts = new Map(contexts)
  }

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  storeContext(sopClassUid: string, transferSyntaxUid: string): AcceptedContext | undefined {
    return [...this.contexts.values()].find((one) => one.abstractSyntax === sopClassUid && one.transferSyntax === transferSyntaxUid)
  }

  storeSyntaxes(sopClassUid: string): readonly string[] {
    return [...this.contexts.values()].filter((one) => one.abstractSyntax === sopClassUid).map((one) => one.transferSyntax)
  }

  readAhead(): void {
    this.expected++
  }

  async store(instance: OutgoingInstance): Promise<StoreResult> {
    if (this.ended.aborted) throw new NodeError('PEER_ABORTED')
    let bytes: Buffer
    try {
      bytes = await allOf(instance.open())
    } catch (error) {
      this.abort()
      throw error
    }
    const delivered = { instance, bytes }
    this.delivered.push(delivered)
    const gone = new Promise<never>((_, reject) => this.ended.addEventListener('abort', () => reject(new NodeError('PEER_ABORTED'))))
    gone.catch(() => undefined)
    return Promise.race([gone, Promise.resolve(this.#options.answer?.(delivered, this.delivered.length, this) ?? { status: 0 })])
  }

  abort(): void {
    this.#ended.abort()
  }

  async release(): Promise<void> {
    this.released = true
    this.#ended.abort()
  }

  echo(): never {
    throw new Error('not here')
  }
  find(): never {
    throw new Error('not here')
  }
  move(): never {
    throw new Error('not here')
  }
  get(): never {
    throw new Error('not here')
  }
}

export interface Answer {
  readonly fields: ResponseFields
  readonly identifier?: DataSet
  readonly bytes?: Buffer
  readonly at: number
}

export interface FakeRequest extends Request {
  readonly answers: Answer[]
  readonly cancel: () => void
  readonly final: () => Answer
  readonly pending: () => Answer[]
}

export interface RequestOptions {
  readonly sopClassUid: string
  readonly keys: Overrides
  readonly syntax?: string
  readonly identifier?: Buffer
  readonly command?: Partial<CommandSet>
  readonly association?: FakeAssociation
  readonly extended?: Buffer
  /** Called for each response, before the promise of `respond` resolves. */
  readonly onAnswer?: (request: FakeRequest, number: number) => void | Promise<void>
}

export function request(options: RequestOptions): FakeRequest {
  const { sopClassUid, syntax = EXPLICIT_LE, association = new FakeAssociation() } = options
  const cancelled = new AbortController()
  const answers: Answer[] = []
  const made: FakeRequest = {
    association,
    context: {
      id: 1,
      abstractSyntax: sopClassUid,
      transferSyntax: syntax,
      requestorIsScu: true,
      requestorIsScp: false,
      extended: options.extended,
    },
    command: { commandField: 0, messageId: 7, hasDataSet: true, ...options.command },
    identifier: options.identifier ?? encode(dataSet(options.keys), syntax),
    stopped: AbortSignal.any([cancelled.signal, association.ended]),
    answers,
    cancel: () => cancelled.abort(),
    final: () => answers.at(-1)!,
    pending: () => answers.filter(({ fields }) => fields.status >= 0xff00),
    respond: async (fields, bytes) => {
      if (association.ended.aborted) throw new NodeError('PEER_ABORTED')
      const identifier = bytes === undefined ? undefined : readDataSet(bytes, syntax)
      answers.push({ fields, identifier, bytes, at: Date.now() })
      await options.onAnswer?.(made, answers.length)
      await setImmediate()
    },
    respondAll: async (responses) => {
      for (const { fields, identifier } of responses) await made.respond(fields, identifier)
    },
  }
  return made
}

const CLASSES = {
  find: { STUDY: STUDY_ROOT_FIND, PATIENT: PATIENT_ROOT_FIND },
  move: { STUDY: STUDY_ROOT_MOVE, PATIENT: PATIENT_ROOT_MOVE },
  get: { STUDY: STUDY_ROOT_GET, PATIENT: PATIENT_ROOT_GET },
} as const

type Extra = Omit<RequestOptions, 'sopClassUid' | 'keys'> & { readonly root?: 'STUDY' | 'PATIENT' }

/** @param level undefined leaves (0008,0052) out */
export function ask(service: keyof typeof CLASSES, level: string | undefined, keys: Overrides, extra: Extra = {}): FakeRequest {
  const all: Overrides = { ...(level !== undefined && { [TAG.QueryRetrieveLevel]: ['CS', level] as const }), ...keys }
  return request({ sopClassUid: CLASSES[service][extra.root ?? 'STUDY'], keys: all, ...extra })
}

/** A destination that accepts what it is proposed, save what `accepts` refuses. */
export function destination(options: FakeAssociationOptions & { accepts?: (syntax: string) => boolean } = {}) {
  const opened: FakeAssociation[] = []
  const proposals: (readonly WantedContext[])[] = []
  const connectTo = async (_peer: Peer, contexts: readonly WantedContext[]) => {
    proposals.push(contexts)
    const accepted = contexts
      .filter(({ transferSyntaxes }) => options.accepts?.(transferSyntaxes[0]!) ?? true)
      .map((one) => [one.abstractSyntax, one.transferSyntaxes[0]!] as const)
    const association = new FakeAssociation({ contexts: accepted, ...options })
    opened.push(association)
    return association
  }
  return { opened, proposals, connectTo, delivered: () => opened.flatMap((one) => one.delivered) }
}

/** As an association reads it: a stream, or a source of bytes. */
async function allOf(source: ReturnType<OutgoingInstance['open']>): Promise<Buffer> {
  if (!('sizeBytes' in source)) return buffer(source)
  const bytes = Buffer.alloc(source.sizeBytes)
  try {
    for (let at = 0; at < bytes.length; ) {
      const count = await source.read([bytes.subarray(at)], at)
      if (count === 0) throw new NodeError('STORAGE_FAILED')
      at += count
    }
    return bytes
  } finally {
    source.close()
  }
}
