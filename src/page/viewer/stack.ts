/** What a series shows, in order: every frame of every instance, and a place for each that a manifest promises and that is not here. */
import { ask, withQuery } from '../api.ts'
import type { Promised } from '../views/opened.ts'
import { type DicomJson, numberOf, TAG, textOf } from './dicom-json.ts'

export interface Slot {
  readonly sopInstanceUid: string
  /** From 1. */
  readonly frame: number
  readonly frames: number
  readonly missing: boolean
}

interface Held {
  readonly uid: string
  readonly number: number
  readonly frames: number
  readonly isImage: boolean
}

const PAGE = 1000

export const seriesAddress = (study: string, series: string): string =>
  `dicom-web/studies/${encodeURIComponent(study)}/series/${encodeURIComponent(series)}`

/** @param promised  of an opened manifest: its order counts, and what it names and is not held is missing */
export async function loadStack(
  study: string,
  series: string,
  promised: readonly Promised[] | undefined,
  signal: AbortSignal,
): Promise<readonly Slot[]> {
  const held = await instancesOf(study, series, signal).catch((error: Error) => {
    // Of a manifest's series, nothing may be here at all.
    if (promised !== undefined && (error as { status?: number }).status === 404) return []
    throw error
  })
  if (promised === undefined)
    return held
      .filter(({ isImage }) => isImage)
      .sort(byNumber)
      .flatMap(slotsOf)
  const known = new Map(held.map((one) => [one.uid, one]))
  return promised.flatMap(({ sopInstanceUid, here }) => {
    const one = here ? known.get(sopInstanceUid) : undefined
    return one === undefined ? [{ sopInstanceUid, frame: 1, frames: 1, missing: true }] : slotsOf(one)
  })
}

const byNumber = (a: Held, b: Held): number => a.number - b.number || (a.uid < b.uid ? -1 : 1)

const slotsOf = ({ uid, frames }: Held): Slot[] =>
  Array.from({ length: frames }, (_, index) => ({ sopInstanceUid: uid, frame: index + 1, frames, missing: false }))

async function instancesOf(study: string, series: string, signal: AbortSignal): Promise<Held[]> {
  const held: Held[] = []
  for (let offset = 0; ; offset += PAGE) {
    const path = withQuery(`${seriesAddress(study, series)}/instances`, { limit: String(PAGE), offset: String(offset) })
    const answer = await ask(path, { headers: { Accept: 'application/dicom+json' }, signal })
    const page = answer.status === 204 ? [] : ((await answer.json()) as DicomJson[])
    held.push(...page.map(heldOf))
    if (page.length < PAGE) return held
  }
}

function heldOf(data: DicomJson): Held {
  return {
    uid: textOf(data, TAG.SOPInstanceUID),
    number: numberOf(data, TAG.InstanceNumber) ?? Number.MAX_SAFE_INTEGER,
    frames: Math.max(1, numberOf(data, TAG.NumberOfFrames) ?? 1),
    isImage: numberOf(data, TAG.Rows) !== undefined || data[TAG.Rows] === undefined,
  }
}
