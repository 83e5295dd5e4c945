/** Confidentiality levels against a model: instances come, go, are rejected, and change their level in any order; each brings words of its own. What a caller
 *  reads must come from an instance that it may see; what the lowest level brought must be told; a study of which it may see nothing is not there. */
import { expect, it } from 'vitest'
import type { Catalog, Confidentiality, Decision, IndexKeyword, LevelSet, Match } from '../../src/catalog/contract.ts'
import { levelBit, levelSet } from '../../src/dicom/confidentiality.ts'
import { type Uid, uid } from '../../src/dicom/uid.ts'
import { findAll, instance, query, temporaryCatalog } from './catalog-material.ts'

const LEVELS: readonly Confidentiality[] = ['N', 'R', 'V']
const CALLERS = [['N'], ['N', 'R'], ['N', 'R', 'V'], ['R'], ['V']].map((levels) => levelSet(levels as Confidentiality[]))
const OF_STUDY: readonly IndexKeyword[] = ['StudyDescription', 'PatientComments']
const OF_SERIES: readonly IndexKeyword[] = ['SeriesDescription']
const [STUDIES, SERIES, INSTANCES, STEPS] = [2, 3, 4, 60]

interface Held {
  readonly uid: Uid
  readonly study: number
  readonly series: number
  readonly words: ReadonlyMap<IndexKeyword, string>
}

/** @returns numbers from 0 to below `n`, the same for the same seed */
function randomOf(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % n
  }
}

class Model {
  readonly steps: string[] = []
  readonly #catalog: Catalog
  readonly #random: (n: number) => number
  readonly #held = new Map<string, Held>()
  #made = 0

  constructor(catalog: Catalog, seed: number) {
    this.#catalog = catalog
    this.#random = randomOf(seed)
  }

  async step(): Promise<void> {
    const [study, series, number] = [1 + this.#random(STUDIES), 1 + this.#random(SERIES), 1 + this.#random(INSTANCES)]
    const level = LEVELS[this.#random(LEVELS.length)]!
    const what = this.#random(20)
    if (what < 11) await this.#store(study, series, number, level)
    else if (what < 14) await this.#forget(study, series, number)
    else if (what < 17) await this.#decide(study, what === 16 ? undefined : series, level)
    else await this.#reject(study, series)
  }

  async #store(study: number, series: number, number: number, level: Confidentiality): Promise<void> {
    const facts = instance(study, series, number, {}, { confidentiality: level })
    if (this.#held.has(facts.sopInstanceUid)) return
    const words = new Map<IndexKeyword, string>()
    for (const keyword of [...OF_STUDY, ...OF_SERIES]) if (this.#random(3) > 0) words.set(keyword, `word${this.#made++}x`)
    this.steps.push(`store ${facts.sopInstanceUid} ${level} ${JSON.stringify([...words])}`)
    await this.#catalog.keep({ ...facts, keys: { ...facts.keys, ...Object.fromEntries(words) } })
    this.#held.set(facts.sopInstanceUid, { uid: facts.sopInstanceUid, study, series, words })
  }

  async #forget(study: number, series: number, number: number): Promise<void> {
    const one = uid(`1.${study}.${series}.${number}`)
    if (!this.#held.delete(one)) return
    this.steps.push(`forget ${one}`)
    await this.#catalog.forget(one)
  }

  async #decide(study: number, series: number | undefined, level: Confidentiality): Promise<void> {
    const studyInstanceUid = uid(`1.${study}`)
    const seriesInstanceUid = series === undefined ? undefined : uid(`1.${study}.${series}`)
    this.steps.push(`decide ${seriesInstanceUid ?? studyInstanceUid} ${level}`)
    const body = { kind: 'confidentiality decided', studyInstanceUid, seriesInstanceUid, level } as const
    await this.#catalog.decide({ id: `d${this.#made++}`, at: this.#made, actor: 'test', ...body } as Decision)
  }

  async #reject(study: number, series: number): Promise<void> {
    const sopInstanceUids = [1, 2].map((number) => uid(`1.${study}.${series}.${number}`))
    const note = instance(study, 9, 1000 + this.#made++, {}, { role: 'rejection-note', rejection: { code: '113001', sopInstanceUids } })
    this.steps.push(`reject ${sopInstanceUids.join(' ')}`)
    await this.#catalog.keep(note)
  }

  async check(): Promise<void> {
    const present: (Held & { bit: number; isHidden: boolean })[] = []
    for (const one of this.#held.values()) {
      const { confidentiality, hiddenBy } = (await this.#catalog.findInstance(one.uid))!
      present.push({ ...one, bit: levelBit(confidentiality), isHidden: hiddenBy !== undefined })
    }
    type Present = (typeof present)[number]
    for (const levels of CALLERS) {
      const isSeen = ({ bit, isHidden }: Present): boolean => !isHidden && (bit & (levels as number)) !== 0
      const told = async (level: 'STUDY' | 'SERIES', wanted: readonly IndexKeyword[], place: (one: Present) => string): Promise<void> => {
        const matches = await findAll(this.#catalog, query(level, [], { levels }))
        const seen = Map.groupBy(present.filter(isSeen), place)
        const there = matches.filter((match) => !isOfNotes(match)).map((match) => nameOf(match, level))
        for (const name of seen.keys()) expect(there, `${level} ${name} is there for ${levels}`).toContain(name)
        for (const match of matches) {
          const name = nameOf(match, level)
          const all = present.filter((one) => place(one) === name)
          for (const keyword of wanted) this.#checkValue(match[keyword] ?? '', keyword, all, levels, `${level} ${name} ${keyword}`)
        }
      }
      await told('STUDY', OF_STUDY, ({ study }) => `1.${study}`)
      await told('SERIES', OF_SERIES, ({ study, series }) => `1.${study}.${series}`)
      await this.#checkNamed(levels)
    }
  }

  /** What is asked for by a single name is there for whom it is there among others. */
  async #checkNamed(levels: LevelSet): Promise<void> {
    const [study, series, number] = [1 + this.#random(STUDIES), 1 + this.#random(SERIES), 1 + this.#random(INSTANCES)]
    const [one, nobody] = [uid(`1.${study}.${series}.${number}`), uid('1.999')]
    const view = { levels, includeManifests: this.#random(2) === 0 }
    const above = { studyInstanceUids: [uid(`1.${1 + this.#random(STUDIES)}`)], seriesInstanceUids: [uid(`1.${study}.${series}`)] }
    for (const keys of [{}, above]) {
      const among = await this.#catalog.retrievables({ ...keys, sopInstanceUids: [one, nobody] }, view, 10)
      expect(await this.#catalog.retrievables({ ...keys, sopInstanceUids: [one] }, view, 10), `${one} for ${levels}`).toEqual(among)
    }
  }

  #checkValue(
    value: string,
    keyword: IndexKeyword,
    all: readonly { bit: number; isHidden: boolean; words: Held['words'] }[],
    levels: LevelSet,
    where: string,
  ): void {
    const owner = all.find(({ words }) => words.get(keyword) === value)
    // What was deleted may be told still, by whoever might see it.
    if (value !== '' && owner !== undefined)
      expect((owner.bit & (levels as number)) !== 0, `${where} for ${levels}: ${value} is of level ${owner.bit}`).toBe(true)
    const lowest = Math.min(...all.map(({ bit }) => bit))
    const isTold = (lowest & (levels as number)) !== 0 && all.some(({ bit, words }) => bit === lowest && words.has(keyword))
    if (isTold) expect(value, `${where} for ${levels} is empty`).not.toBe('')
  }
}

const isOfNotes = (match: Match): boolean => match.SeriesInstanceUID?.endsWith('.9') === true
const nameOf = (match: Match, level: 'STUDY' | 'SERIES'): string =>
  (level === 'STUDY' ? match.StudyInstanceUID : match.SeriesInstanceUID) ?? ''

it.each(Array.from({ length: 25 }, (_, at) => at + 1))('in any order (seed %i)', async (seed) => {
  const model = new Model(temporaryCatalog(), seed)
  for (let step = 0; step < STEPS; step++) {
    await model.step()
    try {
      await model.check()
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${model.steps.join('\n')}`, { cause: error })
    }
  }
})
