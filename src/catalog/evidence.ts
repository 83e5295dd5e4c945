/** Every content instance of a study that is not hidden, by series, in manifest order. Read in short statements; what arrives meanwhile may or may not be in
 *  it: the study's revision has then risen, and the study is due again. */

import { levelOfBit } from '../dicom/confidentiality.ts'
import { Breath } from './breath.ts'
import { keysOf, type Row } from './columns.ts'
import type { EvidenceInstance, EvidenceSeries, Uid } from './contract.ts'
import { BEFORE_ALL_NUMBERS } from './position.ts'
import { STUDY_SQL } from './sql/studies.ts'
import type { Statements } from './statements.ts'
import { numberPosition } from './walk.ts'

/** Instances read in one statement. */
const AT_ONCE = 1000

export async function evidence(statements: Statements, studyInstanceUid: string): Promise<EvidenceSeries[]> {
  const studyId = statements.value<number>(STUDY_SQL.idByUid, studyInstanceUid)
  if (studyId === undefined) return []
  const breath = new Breath()
  const all: EvidenceSeries[] = []
  for (const row of statements.all(STUDY_SQL.evidenceSeries, studyId)) {
    const instances = await instancesOf(statements, breath, row[0] as number)
    if (instances.length === 0) continue
    all.push({
      seriesInstanceUid: row[1] as Uid,
      keys: keysOf('SERIES', row, 3),
      timezoneOffset: (row[2] ?? undefined) as string | undefined,
      instances,
    })
  }
  return all
}

async function instancesOf(statements: Statements, breath: Breath, seriesId: number): Promise<EvidenceInstance[]> {
  const instances: EvidenceInstance[] = []
  let from = BEFORE_ALL_NUMBERS
  for (;;) {
    const rows = statements.all(STUDY_SQL.evidenceInstances, seriesId, ...from, AT_ONCE)
    for (const row of rows) instances.push(instanceOf(row))
    await breath.due()
    if (rows.length < AT_ONCE) return instances
    from = numberPosition(rows.at(-1)!)
  }
}

function instanceOf([, sopInstanceUid, sopClassUid, instanceNumber, visible, numberOfFrames, documentTitle]: Row): EvidenceInstance {
  return {
    sopInstanceUid: sopInstanceUid as Uid,
    sopClassUid: sopClassUid as Uid,
    instanceNumber: (instanceNumber ?? undefined) as string | undefined,
    confidentiality: levelOfBit(visible as number)!,
    numberOfFrames: (numberOfFrames ?? undefined) as string | undefined,
    documentTitle: (documentTitle ?? undefined) as string | undefined,
  }
}
