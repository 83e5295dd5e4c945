/** What can be delivered, and to whom: the contract of a target.
 *
 *  Promises of every target: when `publish` resolves, the manifest is there for good, when `withdraw` does, nobody takes it for valid there; when it throws, trying again does no harm; a manifest
 *  that is there already is success. A NodeError that is permanent ends the delivery, anything else is tried again. */
import type { Readable } from 'node:stream'
import type { ManifestRecord } from '../../catalog/contract.ts'

export interface Deliverable {
  readonly record: ManifestRecord
  /** The whole file. */
  readonly open: () => Readable
  readonly fileSizeBytes: number
  /** dcm: Part 10; json: FHIR. */
  readonly extension: 'dcm' | 'json'
}

export interface Target {
  readonly publish: (manifest: Deliverable) => Promise<void>
  /** The manifest is not in force any more and has no successor. One that never came is success. */
  readonly withdraw: (record: ManifestRecord) => Promise<void>
}
