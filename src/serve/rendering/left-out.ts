/** What there is no picture of among what is asked for: left out, and told (PS3.18 10.4.3: 206 Partial Content; Warning).
 *
 *  Promises: what its row tells (no image, no decoder), and what could not be drawn or read lately, is counted before the answer begins, and so is what
 *  fails before the first picture. What fails behind that can no longer be told: it is remembered (remembered-files.ts), and {@link LeftOut.end} fails, so
 *  that the answer ends without its closing boundary behind the other pictures; the next one tells. Nothing is left out of an answer that looks whole.
 *  Does not: draw. Memory grows with what is left out, not with the study. */
import type { Retrievable } from '../../catalog/contract.ts'
import type { ImageWish } from '../../dicomweb/rendering-parameters.ts'
import { WebRefusal } from '../../dicomweb/web-service.ts'
import { NodeError } from '../../errors.ts'
import type { Storage, StorageKey } from '../../storage/contract.ts'
import { isBroken, isLasting, noteBroken } from '../broken-instances.ts'
import { isConvertible } from '../decodable.ts'
import { RememberedFiles } from '../remembered-files.ts'
import { isNeverAnImage } from './never-images.ts'

/** Of which instances no picture could be made, or not of all frames. */
const undrawn = new RememberedFiles<'whole' | 'frames'>()

const WHY = {
  'no image': 'are left out: they are no images',
  whole: 'are left out: they cannot be drawn',
  file: 'are left out: their files cannot be read',
  frames: 'are given without some of their frames, which cannot be drawn',
} as const
type Reason = keyof typeof WHY

/** So few instances are not looked up again. */
const MOST_KEPT = 50

export class LeftOut {
  readonly #storage: Storage
  /** A region may lie outside of one image, a profile not fit it: it can be drawn otherwise. */
  readonly #wish: string
  readonly #reasons = new Map<StorageKey, Reason>()
  #total = 0
  #notImages = 0
  /** Instances. */
  #untold = 0
  /** Why the last one could not be drawn. */
  last: WebRefusal | undefined

  constructor(storage: Storage, { region, share, profile }: Omit<ImageWish, 'type'>) {
    this.#storage = storage
    this.#wish = region === undefined && share === undefined && !profile ? '' : JSON.stringify([region, share, profile])
  }

  get total(): number {
    return this.#total
  }

  /** An instance of those that are asked for. */
  count(instance: Retrievable): void {
    this.#total += 1
    const reason = this.#known(instance)
    if (reason === 'no image') this.#notImages += 1
    else if (reason !== undefined) this.#reasons.set(instance.storageKey, reason)
  }

  /** It is asked for by its name, and therefore tried whatever is known of it. */
  countNamed(instance: Retrievable): void {
    this.#total = 1
    if (this.#known(instance) === 'frames') this.#reasons.set(instance.storageKey, 'frames')
  }

  /** @param instance  one that has been counted */
  isToDraw({ sopClassUid, storageKey }: Retrievable): boolean {
    if (isNeverAnImage(sopClassUid) !== undefined) return false
    const reason = this.#reasons.get(storageKey)
    return reason === undefined || reason === 'frames'
  }

  #known(instance: Retrievable): Reason | undefined {
    if (isNeverAnImage(instance.sopClassUid) !== undefined) return 'no image'
    if (!isConvertible(instance.transferSyntaxUid)) return 'whole'
    return isBroken(this.#storage, instance) ? 'file' : undrawn.of(this.#storage, instance.storageKey + this.#wish)
  }

  /** Of one that was to be drawn all or a frame cannot be had. @returns whether the others can be drawn all the same */
  passOver(instance: Retrievable, error: unknown): boolean {
    if (isLasting(error)) {
      noteBroken(this.#storage, instance, error)
      this.last = new WebRefusal(500, 'the stored file cannot be read', {}, { cause: error })
      this.#note(instance, 'file')
      return true
    }
    if (!(error instanceof WebRefusal) || (error.status !== 406 && error.status !== 500)) return false
    this.last = error
    undrawn.note(this.#storage, instance.storageKey + this.#wish, 'frames')
    this.#note(instance, 'frames')
    return true
  }

  /** Of one that was passed over nothing could be drawn. */
  isWholly(instance: Retrievable): void {
    if (this.#reasons.get(instance.storageKey) !== 'frames') return
    undrawn.note(this.#storage, instance.storageKey + this.#wish, 'whole')
    this.#note(instance, 'whole')
  }

  #note({ storageKey }: Retrievable, reason: Reason): void {
    if (!this.#reasons.has(storageKey)) this.#untold += 1
    this.#reasons.set(storageKey, reason)
  }

  /** For the Warning: what is told now is told. */
  tell(): string[] {
    this.#untold = 0
    const counts = new Map<Reason, number>([['no image', this.#notImages]])
    for (const reason of this.#reasons.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    return [...counts].filter(([, count]) => count > 0).map(([reason, count]) => `${count} of ${this.#total} instances ${WHY[reason]}`)
  }

  /** @throws NotTold where something was left out that has not been told */
  end(): void {
    if (this.#untold > 0) throw new NotTold(this.#untold)
  }
}

export class NotTold extends NodeError {
  constructor(instances: number) {
    super('UNREADABLE', { why: `pictures of ${instances} instances could not be drawn; the next answer tells of it` })
  }
}

/** @returns those that are to be drawn; {@link LeftOut.total} is known then */
export async function toDraw(leftOut: LeftOut, all: () => AsyncGenerator<Retrievable, undefined>): Promise<AsyncIterable<Retrievable>> {
  const few: Retrievable[] = []
  for await (const instance of all()) {
    leftOut.count(instance)
    if (leftOut.total <= MOST_KEPT) few.push(instance)
  }
  return only(leftOut, leftOut.total <= MOST_KEPT ? few : all())
}

async function* only(leftOut: LeftOut, instances: Iterable<Retrievable> | AsyncIterable<Retrievable>): AsyncGenerator<Retrievable> {
  for await (const instance of instances) if (leftOut.isToDraw(instance)) yield instance
}
