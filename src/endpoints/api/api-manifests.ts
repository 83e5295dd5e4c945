/** `/api/manifests/:uid`: one manifest of this node, whatever its state, to be read, downloaded, validated and verified.
 *
 *  Promises: one of a level that the caller may not see is not there, nor a former version that may name what is of such a level by now. Verifying follows the references as `ariane manifest verify` does, by DIMSE, one at a
 *  time for the whole node: it costs as much as retrieving everything. */
import type { ManifestRecord, Uid } from '../../catalog/contract.ts'
import type { LevelSet } from '../../dicom/confidentiality.ts'
import { dumpOf } from '../../dicom/dump.ts'
import { readDataSet } from '../../dicom/element-reader.ts'
import { readPart10Header } from '../../dicom/part10.ts'
import { WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { describedSeries } from '../../manifest/described-series.ts'
import { keptManifest } from '../../manifest/kept-manifest.ts'
import { manifestTree } from '../../manifest/manifest-tree.ts'
import { connectAs } from '../../manifest/peer-address.ts'
import { readManifest } from '../../manifest/read-manifest.ts'
import type { Finding } from '../../manifest/validate/finding.ts'
import { findingsOf } from '../../manifest/validate/validate-manifest.ts'
import { notShown, verifyHere } from '../../manifest/verify-here.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { MANIFEST, type ManifestDetails, VALIDATED, VERIFIED, type Verified } from './api-contract.ts'
import { type ManifestRow, manifestSeen } from './api-study.ts'
import { jsonRoute, uidOf } from './json-route.ts'

const MOST_MISSING = 1_000

export function manifestRoutes(parts: StatusParts): WebRoute[] {
  let isVerifying = false
  return [
    jsonRoute({
      method: 'GET',
      path: '/api/manifests/:uid',
      right: 'status',
      also: 'find',
      summary: 'A manifest: its record, its tree, and its elements as text',
      answer: MANIFEST,
      serve: async (request) => described(parts, await seenOf(parts, uidOf(request, 'uid'), request.caller.levels), request.caller.levels),
    }),
    {
      method: 'GET',
      path: '/api/manifests/:uid/file',
      right: 'get',
      // Of any state: what others may not have any more is for those who look after it.
      also: 'status',
      summary: 'The file of a manifest, as it is kept',
      answer: 'application/dicom',
      serve: (request) => fileOf(parts, request),
    },
    jsonRoute({
      method: 'POST',
      path: '/api/manifests/:uid/validate',
      right: 'status',
      also: 'find',
      summary: 'Hold a manifest against DICOM, IHE XDS-I.b and its dialect',
      answer: VALIDATED,
      serve: async (request) => {
        const { record } = await seenOf(parts, uidOf(request, 'uid'), request.caller.levels)
        return { findings: (await findingsOf(await bytesOf(parts, record))).map(findingRow) }
      },
    }),
    jsonRoute({
      method: 'POST',
      path: '/api/manifests/:uid/verify',
      right: 'operate',
      also: 'find',
      summary: 'Follow every reference of a manifest back; takes as long as retrieving all of it',
      answer: VERIFIED,
      serve: async (request) => {
        const { record } = await seenOf(parts, uidOf(request, 'uid'), request.caller.levels)
        if (isVerifying) throw new WebRefusal(503, 'another manifest is being verified: one at a time', { 'Retry-After': '10' })
        isVerifying = true
        return verified(parts, record).finally(() => {
          isVerifying = false
        })
      },
    }),
  ]
}

export const findingRow = ({ severity, path, section, text: message }: Finding) => ({ severity, path, section, message })

interface Seen {
  readonly record: ManifestRecord
  /** As the caller is told of it. */
  readonly row: ManifestRow
}

async function seenOf(parts: StatusParts, uid: Uid, levels: LevelSet): Promise<Seen> {
  const record = await parts.catalog.findManifest(uid)
  const row = record && (await manifestSeen(parts, record, levels))
  if (record === undefined || row === undefined) throw new WebRefusal(404, 'no such manifest here')
  return { record, row }
}

async function bytesOf(parts: StatusParts, record: ManifestRecord): Promise<Buffer> {
  const bytes = await keptManifest(parts, record)
  if (bytes === undefined) throw new WebRefusal(410, 'this manifest has lost its file')
  return bytes
}

async function described(parts: StatusParts, { record, row }: Seen, levels: LevelSet): Promise<ManifestDetails> {
  const bytes = await bytesOf(parts, record)
  const manifest = readManifest(bytes)
  const series = await describedSeries(parts.catalog, record.studyInstanceUid, levels)
  const offset = readPart10Header(bytes)?.dataSetOffset ?? 0
  const { supersededBy } = record
  return {
    ...row,
    studyInstanceUid: record.studyInstanceUid,
    seriesInstanceUid: record.seriesInstanceUid,
    ...(supersededBy === undefined ? {} : { supersededBy }),
    tree: manifestTree(manifest, { state: record.state, describe: (uid) => series.get(uid) }),
    raw: dumpOf(readDataSet(bytes.subarray(offset), manifest.transferSyntaxUid)),
  }
}

async function fileOf(parts: StatusParts, request: WebRequest) {
  const { record } = await seenOf(parts, uidOf(request, 'uid'), request.caller.levels)
  const body = await bytesOf(parts, record)
  return {
    status: 200,
    headers: { 'Content-Type': 'application/dicom', 'Content-Disposition': `attachment; filename="${record.sopInstanceUid}.dcm"` },
    body,
  }
}

async function verified(parts: StatusParts, record: ManifestRecord): Promise<Verified> {
  const config = parts.config()
  const why = notShown(config, record.confidentiality)
  if (why !== undefined) throw new WebRefusal(409, why)
  const manifest = readManifest(await bytesOf(parts, record))
  const connectTo = connectAs(config, parts.dicom.port)
  const report = await verifyHere({ config, catalog: parts.catalog, connectTo }, manifest)
  const missing = report.series.flatMap(({ problems }) => problems.map(({ sopInstanceUid, problem: why }) => ({ sopInstanceUid, why })))
  return { instances: report.references, found: report.retrieved, missing: missing.slice(0, MOST_MISSING) }
}
