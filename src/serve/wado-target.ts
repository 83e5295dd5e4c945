/** What a WADO-RS request is about (PS3.18 10.4.1), and what of it exists for who asks.
 *
 *  Promises: one pass over the rows before anything is answered: how many instances, stored how, and a tag that changes whenever one of them does, or a
 *  decision about their patient. What is hidden, of another level or not there is the same 404. Memory does not grow with the study.
 *  @throws WebRefusal 400, 404; NodeError CATALOG_FAILED */
import { createHash } from 'node:crypto'
import type { Catalog, Correction, Retrievable, RetrieveKeys, View } from '../catalog/contract.ts'
import type { Uid } from '../dicom/uid.ts'
import { uidInPath } from '../dicomweb/uid-in-path.ts'
import { WebRefusal, type WebRequest } from '../dicomweb/web-service.ts'
import type { Storage, StorageKey } from '../storage/contract.ts'
import { isBroken } from './broken-instances.ts'
import { retrievables } from './retrieve-plan.ts'

/** What WADO-RS is given to work with. */
export interface WadoParts {
  readonly catalog: Catalog
  readonly storage: Storage
  /** How this node names itself where it corrects what an instance says. */
  readonly aeTitle: string
  /** Whether own manifests appear in ordinary answers. */
  listManifests(): boolean
  /** `web.kosHeader` */
  kosHeader(): 'ignore' | 'check' | 'require'
}

export interface Target {
  readonly keys: RetrieveKeys
  readonly view: View
  readonly study: Uid
  readonly series?: Uid
  readonly instance?: Uid
}

/** So few instances are not looked up again. */
const MOST_REMEMBERED = 50

export interface Survey {
  /** Those that are left out because their files could not be read lately (broken-instances.ts). Whoever asks for one instance has it tried. */
  readonly broken: number
  /** With the broken ones. */
  readonly total: number
  /** Stored transfer syntax → instances. */
  readonly syntaxes: ReadonlyMap<string, number>
  /** Of the instances and of what is corrected in them, hexadecimal. */
  readonly state: string
  /** But the broken ones. */
  instances(): AsyncGenerator<Retrievable, undefined>
}

export function targetOf(request: WebRequest, parts: Pick<WadoParts, 'listManifests'>): Target {
  const study = uidInPath(request, 'study')!
  const series = uidInPath(request, 'series')
  const instance = uidInPath(request, 'instance')
  return {
    study,
    series,
    instance,
    keys: {
      studyInstanceUids: [study],
      ...(series && { seriesInstanceUids: [series] }),
      ...(instance && { sopInstanceUids: [instance] }),
    },
    view: { levels: request.caller.levels, includeManifests: parts.listManifests() },
  }
}

export async function surveyOf(
  parts: Pick<WadoParts, 'catalog' | 'storage'>,
  { keys, view, instance: one }: Target,
  stopped: AbortSignal,
): Promise<Survey> {
  const all = (): AsyncGenerator<Retrievable, undefined> => retrievables(parts.catalog, keys, view, stopped)
  const syntaxes = new Map<string, number>()
  const hash = createHash('sha256')
  const few: Retrievable[] = []
  const broken = new Set<StorageKey>()
  let total = 0
  for await (const instance of all()) {
    total += 1
    if (one === undefined && isBroken(parts.storage, instance)) {
      broken.add(instance.storageKey)
      continue
    }
    if (total <= MOST_REMEMBERED) few.push(instance)
    syntaxes.set(instance.transferSyntaxUid, (syntaxes.get(instance.transferSyntaxUid) ?? 0) + 1)
    hash.update(`${instance.sopInstanceUid} ${stateOf(instance)}\n`)
  }
  if (total === 0) throw new WebRefusal(404, 'not here')
  if (broken.size === total) throw new WebRefusal(500, 'none of the stored files can be read')
  const again = broken.size === 0 ? all : () => but(broken, all())
  return { broken: broken.size, total, syntaxes, state: hash.digest('hex'), instances: total <= MOST_REMEMBERED ? () => given(few) : again }
}

/** For a Warning; none where nothing is broken. */
export function brokenInWords({ broken, total }: Survey): string[] {
  return broken === 0 ? [] : [`${broken} of ${total} instances are left out: their files cannot be read`]
}

/** What of an answer is left out, with its status (PS3.18 10.4.3). */
export function leavingOut(texts: readonly string[]): { status: 200 | 206; warning: { Warning?: string } } {
  if (texts.length === 0) return { status: 200, warning: {} }
  return { status: 206, warning: { Warning: texts.map((text) => `299 ariane "${text}"`).join(', ') } }
}

/** Not those that were broken when they were counted: what breaks later cuts the answer. */
async function* but(
  broken: ReadonlySet<StorageKey>,
  instances: AsyncGenerator<Retrievable, undefined>,
): AsyncGenerator<Retrievable, undefined> {
  for await (const instance of instances) if (!broken.has(instance.storageKey)) yield instance
}

async function* given(instances: readonly Retrievable[]): AsyncGenerator<Retrievable, undefined> {
  yield* instances
}

/** The one instance that is asked for. */
export async function instanceOf(parts: Pick<WadoParts, 'catalog'>, { keys, view }: Target): Promise<Retrievable> {
  const { items } = await parts.catalog.retrievables(keys, view, 1)
  if (items[0] === undefined) throw new WebRefusal(404, 'not here')
  return items[0]
}

/** Of what goes out of it: its bytes, and what is corrected in them. */
export function stateOf({ sha256, correction }: Retrievable): string {
  return correction === undefined ? sha256 : `${sha256}-${correctionState(correction)}`
}

function correctionState(correction: Correction): string {
  return createHash('sha256').update(JSON.stringify(correction)).digest('hex').slice(0, 16)
}
