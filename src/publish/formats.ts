/** The format in which a target gets its manifests: the kept file as it is, or another document made of it.
 *
 *  Promises: the same file gives the same bytes each time, so that a delivery made twice is one; what is made is whole in memory (a bundle
 *  of 20,000 instances: 2.5 MB).
 *  @throws what the maker of a format throws: a NodeError that is permanent ends the delivery */
import { Readable } from 'node:stream'
import type { PublishTarget } from '../config/settings.ts'
import type { Deliverable } from './targets/target.ts'

/** By dialect of a target: those that are another document than the kept file. Handed in, since it is the manifest stage that knows them. */
export interface Formats {
  readonly 'mado-fhir': (manifest: Buffer) => Promise<Buffer>
}

export async function inFormatOf({ dialect }: PublishTarget, manifest: Deliverable, formats: Formats): Promise<Deliverable> {
  if (dialect !== 'mado-fhir') return manifest
  const bytes = await formats['mado-fhir'](await wholeOf(manifest))
  return { record: manifest.record, open: () => Readable.from([bytes]), fileSizeBytes: bytes.length, extension: 'json' }
}

async function wholeOf({ open }: Deliverable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of open()) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
