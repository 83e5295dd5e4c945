/** The manifest that was opened last, from a file: the viewer asks it for what a series should hold. Gone with the page: it is nobody's to keep. */
import type { Opened } from '../../endpoints/api/api-contract.ts'

let last: { readonly name: string; readonly manifest: Opened } | undefined

export const opened = (): typeof last => last

export function keepOpened(name: string, manifest: Opened): void {
  last = { name, manifest }
}

export interface Promised {
  readonly sopInstanceUid: string
  readonly here: boolean
}

/** What the manifest says that a series holds; undefined where no manifest is open that says so. */
export function promisedIn(study: string, series: string): readonly Promised[] | undefined {
  return last?.manifest.studies
    .find(({ studyInstanceUid }) => studyInstanceUid === study)
    ?.series.find(({ seriesInstanceUid }) => seriesInstanceUid === series)?.instances
}
