/** Clients that we did not write: Orthanc's DICOMweb plugin stores here and searches here; the same search is answered as it answers itself. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { type Orthanc, startOrthanc } from '../support/orthanc.ts'
import { dataSetDigests, type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
let orthanc: Orthanc
const studies: StudyFiles[] = []

beforeAll(async () => {
  node = await startNode({ settings: { unknownCallers: 'accept', manifest: { quietSeconds: 3600 } } })
  orthanc = await startOrthanc({ webServers: { ariane: `${node.webUrl}/dicom-web` } })
  studies.push(await studyFiles({ series: [3, 2] }), await studyFiles({ series: [1] }))
  for (const { files } of studies) await orthanc.upload(files)
}, 60_000)
afterAll(async () => {
  await orthanc?.stop()
  await node?.stop()
  for (const study of studies) await study.remove()
})

async function orthancDoes(path: string, body: unknown): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(`${orthanc.root}${path}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) }
}

type Found = Record<string, { Value?: unknown[] } | undefined>
const search = async (root: string, path: string): Promise<Found[]> =>
  (await (await fetch(`${root}${path}`, { headers: { Accept: 'application/dicom+json' } })).json()) as Found[]

it('Orthanc stores here what it holds', async () => {
  const ids = (await (await fetch(`${orthanc.root}/studies`)).json()) as string[]
  const { status, json } = await orthancDoes('/dicom-web/servers/ariane/stow', { Resources: ids, Synchronous: true })
  expect([status, json]).toEqual([200, expect.anything()])
  const kept = node.files('instances').map((name) => `${node.storagePath}/instances/${name}`)
  expect(dataSetDigests(kept)).toEqual(dataSetDigests(studies.flatMap(({ files }) => files)))
  expect(kept.every((file) => readFileSync(file).subarray(128, 132).toString() === 'DICM')).toBe(true)
}, 30_000)

it('Orthanc searches here', async () => {
  const [study] = studies
  const asked = { Uri: '/studies', Arguments: { '0020000D': study!.studyInstanceUid }, HttpHeaders: { Accept: 'application/dicom+json' } }
  const { status, json } = await orthancDoes('/dicom-web/servers/ariane/qido', asked)
  expect(status).toBe(200)
  expect(JSON.stringify(json)).toContain(study!.studyInstanceUid)
})

it('the same searches are answered as Orthanc answers them', async () => {
  const [{ studyInstanceUid, seriesInstanceUids }] = studies as [StudyFiles]
  const addresses = [
    ['/studies', '0020000D'],
    ['/studies?PatientName=Hostile*', '0020000D'],
    ['/studies?PatientID=NOBODY', '0020000D'],
    [`/studies/${studyInstanceUid}/series`, '0020000E'],
    [`/studies/${studyInstanceUid}/instances`, '00080018'],
    [`/studies/${studyInstanceUid}/series/${seriesInstanceUids[0]}/instances`, '00080018'],
  ] as const
  let compared = 0
  for (const [path, tag] of addresses) {
    const [ours, theirs] = await Promise.all([search(`${node.webUrl}/dicom-web`, path), search(orthanc.dicomWeb, path)])
    const values = (found: readonly Found[]) => found.map((one) => one[tag]?.Value?.[0]).sort()
    expect([path, values(ours)]).toEqual([path, values(theirs)])
    // What both give is the same; each gives more that the other does not.
    for (const name of ['00080020', '00080061', '00100010', '00100020', '00201206', '00201208', '00201209', '00200013']) {
      for (const own of ours.filter((one) => one[name] !== undefined)) {
        const their = theirs.find((one) => one[tag]!.Value![0] === own[tag]!.Value![0])![name]
        if (their === undefined) continue
        expect([path, name, own[name]!.Value?.map(String)]).toEqual([path, name, their.Value?.map(String)])
        compared++
      }
    }
  }
  expect(compared).toBeGreaterThan(20)
})
