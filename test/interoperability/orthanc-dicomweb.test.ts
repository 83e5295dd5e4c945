/** Orthanc's DICOMweb plugin as a client: it stores to us (STOW-RS), asks us (QIDO-RS), and takes back (WADO-RS) what it stored. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { type Orthanc, startOrthanc } from '../support/orthanc.ts'

const STUDIES = 4

describeCorpus('Orthanc as a DICOMweb client', () => {
  let node: NodeProcess
  let orthanc: Orthanc
  /** One file of each of a few studies, native and compressed. */
  const files = [
    ...new Map(
      corpusFiles()
        .filter(isPlain)
        .map((one) => [one.studyInstanceUid, one]),
    ).values(),
  ].slice(0, STUDIES)

  beforeAll(async () => {
    node = await startNode()
    orthanc = await startOrthanc({ webServers: { ariane: `${node.webUrl}/dicom-web` } })
    await orthanc.upload(files.map((one) => one.path))
  })
  afterAll(async () => {
    await orthanc?.stop()
    await node?.stop()
  })

  it('STOW-RS: stores all of its studies', async () => {
    expect(files).toHaveLength(STUDIES)
    const studies = (await orthanc.ask('GET', '/studies')) as string[]
    const stored = (await orthanc.ask('POST', '/dicom-web/servers/ariane/stow', { Resources: studies })) as Record<string, unknown>
    expect(stored).toMatchObject({ InstancesCount: String(files.length) })
    expect(node.files('instances')).toHaveLength(files.length)
  })

  it('QIDO-RS: finds them', async () => {
    for (const { studyInstanceUid } of files) {
      const found = await orthanc.ask('POST', '/dicom-web/servers/ariane/qido', {
        Uri: '/studies',
        Arguments: { StudyInstanceUID: studyInstanceUid },
      })
      expect(Object.keys(found as object)).toHaveLength(1)
      expect(JSON.stringify(found)).toContain(studyInstanceUid)
    }
  })

  it('WADO-RS: takes back what it has lost, as it was', async () => {
    for (const id of (await orthanc.ask('GET', '/studies')) as string[]) await orthanc.ask('DELETE', `/studies/${id}`)
    expect(await orthanc.ask('GET', '/instances')).toEqual([])
    const Resources = files.map((one) => ({ Study: one.studyInstanceUid }))
    await orthanc.ask('POST', '/dicom-web/servers/ariane/retrieve', { Resources })
    const back = (await orthanc.ask('GET', '/instances')) as string[]
    const uids = await Promise.all(
      back.map(async (id) => ((await orthanc.ask('GET', `/instances/${id}/simplified-tags`)) as { SOPInstanceUID: string }).SOPInstanceUID),
    )
    expect(uids.sort()).toEqual(files.map((one) => one.sopInstanceUid).sort())
  })
})

/** What Orthanc takes by its REST interface without changing it. */
function isPlain({ path, oddities, transferSyntaxUid }: { path: string; oddities: readonly string[]; transferSyntaxUid: string }): boolean {
  const isPart10 = readFileSync(path).subarray(128, 132).toString('latin1') === 'DICM'
  return isPart10 && oddities.length === 0 && transferSyntaxUid !== '1.2.840.10008.1.2.2'
}
