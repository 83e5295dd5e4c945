/** A process to be killed: keeps instances as fast as it can, eight at a time, and writes each UID to stdout once it is kept. */
import { writeSync } from 'node:fs'
import type { InstanceFacts, StorageKey } from '../../src/catalog/contract.ts'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'

const [file = '', round = '0'] = process.argv.slice(2)
const catalog = openCatalog(file)
const stopAt = Date.now() + 20_000

async function keeper(series: number): Promise<void> {
  for (let number = 1; Date.now() < stopAt; number++) {
    const facts: InstanceFacts = {
      sopInstanceUid: uid(`1.${round}.${series}.${number}`),
      sopClassUid: uid('1.2.840.10008.5.1.4.1.1.2'),
      seriesInstanceUid: uid(`1.${round}.${series}`),
      studyInstanceUid: uid(`1.${round}`),
      transferSyntaxUid: uid('1.2.840.10008.1.2.1'),
      role: 'content',
      confidentiality: 'N',
      storageKey: `instances/${round}/${series}/${number}.dcm` as StorageKey,
      fileSizeBytes: 1,
      dataSetOffset: 0,
      sha256: `${series}-${number}`,
      source: 'X',
      receivedAt: number,
      keys: { PatientID: `P${round}`, PatientName: 'A^B', Modality: 'CT', SeriesNumber: String(series), InstanceNumber: String(number) },
    }
    await catalog.keep(facts)
    writeSync(1, `${facts.sopInstanceUid}\n`)
  }
}

await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(keeper))
