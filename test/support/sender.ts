/** Sends the bytes of a file as they are, over a real association: for what DCMTK's clients cannot read, or would write anew. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { connect } from '../../src/dimse/connect.ts'
import type { OutboundAssociation } from '../../src/dimse/contract.ts'
import type { Called } from './dcmtk.ts'

export interface SentFile {
  readonly name: string
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
  readonly dataSet: Buffer
}

const TIMEOUTS = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 20, connectSeconds: 5, responseSeconds: 30 }

/** The data set of a file, with its syntax; a file without meta information is taken for `rawSyntax`. */
export function sentFile(
  path: string,
  name: string,
  fallback: { sopClassUid: string; sopInstanceUid: string; rawSyntax: string },
): SentFile {
  const bytes = readFileSync(path)
  const meta = readPart10Header(bytes)
  return {
    name,
    sopClassUid: meta?.sopClassUid || fallback.sopClassUid,
    sopInstanceUid: meta?.sopInstanceUid || fallback.sopInstanceUid,
    transferSyntaxUid: meta?.transferSyntaxUid ?? fallback.rawSyntax,
    dataSet: bytes.subarray(meta?.dataSetOffset ?? 0),
  }
}

/** Sends each, in batches of as many contexts as one association takes. @returns statuses by name; -1 where no context was accepted */
export async function sendFiles(node: Called, files: readonly SentFile[], calling = 'SENDER'): Promise<Map<string, number>> {
  const statuses = new Map<string, number>()
  for (let at = 0; at < files.length; ) {
    const pairs = new Map<string, { abstractSyntax: string; transferSyntaxes: string[] }>()
    const batch: SentFile[] = []
    for (; at < files.length; at++) {
      const file = files[at]!
      const key = `${file.sopClassUid} ${file.transferSyntaxUid}`
      if (!pairs.has(key) && pairs.size === 100) break
      pairs.set(key, { abstractSyntax: file.sopClassUid, transferSyntaxes: [file.transferSyntaxUid] })
      batch.push(file)
    }
    const association = await connect({
      host: '127.0.0.1',
      port: node.port,
      callingAeTitle: aeTitle(calling),
      calledAeTitle: aeTitle(node.aeTitle),
      contexts: [...pairs.values()],
      timeouts: TIMEOUTS,
    })
    for (const file of batch) statuses.set(file.name, await sendOne(association, file))
    await association.release()
  }
  return statuses
}

async function sendOne(association: OutboundAssociation, file: SentFile): Promise<number> {
  if (association.storeContext(file.sopClassUid, file.transferSyntaxUid) === undefined) return -1
  const { status } = await association.store({ ...file, open: () => Readable.from([file.dataSet]) })
  return status
}
