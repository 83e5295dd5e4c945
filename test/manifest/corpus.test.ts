/** Every study of the corpus: its manifest is valid, and names what the catalog holds. Manifests of other makers can be read. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { manifestTree } from '../../src/manifest/manifest-tree.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { importFiles } from '../../src/receive/import-files.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { type Held, holdNothing, manifestInForce } from './held-studies.ts'
import { judge } from './oracles.ts'

const KOS = '1.2.840.10008.5.1.4.1.1.88.59'

silenceLog()
afterAll(closeAll)

/** 21 instances without Issuer of Patient ID (type 3), and a Key Object Selection with it: one patient. */
const ISSUER_IN_ONE_INSTANCE = '1.2.250.1.59.40211.22756022.2.1.102'

describeCorpus('manifests of the corpus', () => {
  let held: Held
  const studies: Uid[] = []

  beforeAll(async () => {
    held = await holdNothing()
    const files = corpusFiles().map((file) => file.path)
    for await (const file of importFiles(held.door, files, { source: 'CORPUS', guess: true })) void file
    const conflicts = await held.catalog.studiesInConflict()
    expect(conflicts.map((one) => one.studyInstanceUid)).not.toContain(ISSUER_IN_ONE_INSTANCE)
    for (const { studyInstanceUid } of conflicts) await held.catalog.resolveStudy(studyInstanceUid, 1)
    studies.push(...(await held.catalog.studiesWaiting(10_000)).items.map((study) => study.studyInstanceUid))
    for (const study of studies) await buildManifest(held.parts, study, 'test')
  }, 120_000)

  it('there are many', async () => {
    expect(studies.length).toBeGreaterThan(50)
    expect((await held.catalog.totals()).manifestsInForce).toBeGreaterThan(50)
  })

  it('one of the study of which a single instance says the issuer, naming it', async () => {
    expect(studies).toContain(ISSUER_IN_ONE_INSTANCE)
    const { manifest } = await manifestInForce(held, uid(ISSUER_IN_ONE_INSTANCE))
    expect(manifest.series.flatMap((one) => one.instances).length).toBe(21)
    expect((await held.catalog.findStudy(uid(ISSUER_IN_ONE_INSTANCE)))?.keys.IssuerOfPatientID).toBe('ACME_HOSPITAL')
  })

  it('points 3 and 4: the validators have nothing against any of them', async () => {
    for (const study of studies) {
      if ((await held.catalog.evidence(study)).length === 0) continue
      const { file, manifest } = await manifestInForce(held, study)
      const { errors } = judge(file)
      // what a sender calls its objects has to be named as it is, also where PS3.5 9.1 does not allow it: retrieval needs it
      const given = new Set<string>([
        study,
        ...manifest.series.flatMap((one) => [one.seriesInstanceUid, ...one.instances.map((each) => each.sopInstanceUid)]),
      ])
      const unexpected = errors.filter((line) => !given.has(/UID = <([0-9.]+)>/.exec(line)?.[1] ?? ''))
      expect([study, unexpected]).toEqual([study, []])
    }
  }, 120_000)

  it('points 8 and 9: evidence and content name exactly what the catalog holds as content', async () => {
    for (const study of studies) {
      const evidence = await held.catalog.evidence(study)
      if (evidence.length === 0) continue
      const { manifest } = await manifestInForce(held, study)
      const held1 = evidence.map((one) => [one.seriesInstanceUid, one.instances.map((each) => [each.sopInstanceUid, each.sopClassUid])])
      expect(
        manifest.series.map((one) => [one.seriesInstanceUid, one.instances.map((each) => [each.sopInstanceUid, each.sopClassUid])]),
      ).toEqual(held1)
      expect(manifest.content.map((one) => one.sopInstanceUid)).toEqual(
        evidence.flatMap((one) => one.instances.map((each) => each.sopInstanceUid)),
      )
    }
  })

  it('point 25: built again, they say the same', async () => {
    const outcomes = new Set<string>()
    for (const study of studies) outcomes.add((await buildManifest(held.parts, study, 'again')).kind)
    expect([...outcomes].filter((kind) => kind === 'made')).toEqual([])
  })

  it('Key Object Selections of other makers are read, and shown as trees', () => {
    const others = corpusFiles().filter((file) => file.sopClassUid === KOS)
    expect(others.length).toBeGreaterThan(0)
    for (const file of others) {
      const manifest = readManifest(readFileSync(file.path))
      expect(manifest.sopInstanceUid).toBe(file.sopInstanceUid)
      expect(manifest.title.value).not.toBe('')
      expect(manifest.series.flatMap((one) => one.instances).length).toBeGreaterThan(0)
      expect(manifestTree(manifest, { all: true })).toContain(manifest.sopInstanceUid)
    }
  })
})
