/** Current Requested Procedure Evidence Sequence (0040,A375) against itself, against the content, and against the document that holds
 *  it (PS3.3 C.17.6.2, C.17.2.1; PS3.16 TID 2010). What each item must hold is in iod-tables.ts. */
import { isStorageClass, sopClass } from '../../dicom/sop-classes.ts'
import type { Pace } from '../pace.ts'
import type { ContentReference } from './check-content.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

export interface EvidenceInstance {
  readonly item: Item
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

export interface EvidenceSeries {
  readonly item: Item
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly instances: readonly EvidenceInstance[]
}

export function evidenceOf(root: Item): readonly EvidenceSeries[] {
  return root.items(0x0040a375).flatMap((study) =>
    study.items(0x00081115).map((series) => ({
      item: series,
      studyInstanceUid: study.text(0x0020000d) ?? '',
      seriesInstanceUid: series.text(0x0020000e) ?? '',
      instances: series.items(0x00081199).map((item) => ({
        item,
        sopClassUid: item.text(0x00081150) ?? '',
        sopInstanceUid: item.text(0x00081155) ?? '',
      })),
    })),
  )
}

export async function checkEvidence(
  root: Item,
  evidence: readonly EvidenceSeries[],
  content: readonly ContentReference[],
  findings: Findings,
  pace: Pace,
): Promise<void> {
  checkStudies(root, findings)
  checkSeries(root, evidence, findings)
  const byUid = await instancesByUid(root, evidence, findings, pace)
  await compare(byUid, content, root.text(0x00080018), findings, pace)
}

function checkStudies(root: Item, findings: Findings): void {
  const own = root.text(0x0020000d)
  const seen = new Set<string>()
  for (const study of root.items(0x0040a375)) {
    const uid = study.text(0x0020000d)
    const place = { item: study, tag: 0x0020000d }
    if (uid === undefined) continue
    if (seen.has(uid)) findings.report('evidence-study-twice', place, 'the study has an item already')
    seen.add(uid)
    if (seen.size === 1 && own !== undefined && uid !== own && root.items(0x0040a375).length === 1) {
      findings.report('study-differs', place, 'the evidence is of another study')
    }
  }
  if (seen.size < 2) return
  findings.report('several-studies', { item: root, tag: 0x0040a375 }, `the evidence is of ${seen.size} studies`)
  if (own !== undefined && !seen.has(own))
    findings.report('study-differs', { item: root, tag: 0x0040a375 }, 'the own study is not among them')
}

function checkSeries(root: Item, evidence: readonly EvidenceSeries[], findings: Findings): void {
  const own = root.text(0x0020000e)
  const seen = new Set<string>()
  for (const { item, seriesInstanceUid, studyInstanceUid } of evidence) {
    const place = { item, tag: 0x0020000e }
    if (seriesInstanceUid === '') continue
    if (seen.has(seriesInstanceUid)) findings.report('evidence-series-twice', place, 'the series has an item already')
    seen.add(seriesInstanceUid)
    if (seriesInstanceUid === own) findings.report('own-series', place, "the series is the manifest's own")
    if (seriesInstanceUid === studyInstanceUid) findings.report('same-uid', place, 'the series has the UID of its study')
  }
}

async function instancesByUid(
  root: Item,
  evidence: readonly EvidenceSeries[],
  findings: Findings,
  pace: Pace,
): Promise<ReadonlyMap<string, EvidenceInstance>> {
  const byUid = new Map<string, EvidenceInstance>()
  const own = root.text(0x00080018)
  for (const { instances, seriesInstanceUid } of evidence) {
    for (const instance of instances) {
      const turn = pace.step()
      if (turn !== undefined) await turn
      const { item, sopInstanceUid } = instance
      const place = { item, tag: 0x00081155 }
      checkClass(instance, findings)
      if (sopInstanceUid === '') continue
      if (byUid.has(sopInstanceUid)) findings.report('evidence-instance-twice', place, 'the instance is referenced already')
      else byUid.set(sopInstanceUid, instance)
      if (sopInstanceUid === own) findings.report('self-reference', place, 'the manifest refers to itself')
      else if (sopInstanceUid === seriesInstanceUid) findings.report('same-uid', place, 'the instance has the UID of its series')
    }
  }
  return byUid
}

function checkClass({ item, sopClassUid }: EvidenceInstance, findings: Findings): void {
  const place = { item, tag: 0x00081150 }
  if (sopClassUid === '' || isStorageClass(sopClassUid)) return
  const known = sopClass(sopClassUid)
  if (known !== undefined) findings.report('sop-class-storage', place, `the SOP class is ${known.name}`)
  else
    findings.reportOnce(
      `class ${sopClassUid}`,
      'sop-class-private',
      place,
      'the SOP class is private, or newer than this program; here for the first time',
    )
}

/** Both ways; the content only as far as it stands below the root. */
async function compare(
  evidence: ReadonlyMap<string, EvidenceInstance>,
  content: readonly ContentReference[],
  own: string | undefined,
  findings: Findings,
  pace: Pace,
): Promise<void> {
  const inContent = new Set<string>()
  for (const { item, sopInstanceUid, sopClassUid, belowRoot } of content) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    const place = { item, tag: 0x00081155 }
    if (sopInstanceUid === '') continue
    if (belowRoot && inContent.has(sopInstanceUid)) findings.report('content-instance-twice', place, 'the instance is referenced already')
    if (belowRoot) inContent.add(sopInstanceUid)
    const known = evidence.get(sopInstanceUid)
    if (known === undefined && sopInstanceUid === own) findings.report('self-reference', place, 'the manifest refers to itself')
    else if (known === undefined) findings.report('not-in-evidence', place, 'the evidence does not have the instance')
    else if (known.sopClassUid !== sopClassUid && sopClassUid !== '' && known.sopClassUid !== '') {
      findings.report('evidence-class', { item, tag: 0x00081150 }, `the evidence says another, at ${known.item.path}`)
    }
  }
  for (const [uid, { item }] of evidence) {
    if (!inContent.has(uid)) findings.report('not-in-content', { item, tag: 0x00081155 }, 'the content does not have the instance')
  }
}
