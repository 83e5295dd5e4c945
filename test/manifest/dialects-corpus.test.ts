/** Every study of the corpus in every dialect beyond the classic one (corpus.test.ts has that): whatever the headers hold, the document is sound. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Uid } from '../../src/dicom/uid.ts'
import { madoBundle } from '../../src/manifest/mado-bundle.ts'
import { previewManifest } from '../../src/manifest/preview.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { importFiles } from '../../src/receive/import-files.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { whole } from './dialect-samples.ts'
import { type Held, holdNothing } from './held-studies.ts'
import { judge } from './oracles.ts'

silenceLog()
afterAll(closeAll)

/** Of the older template that the validators know (mado.test.ts says why). */
const KNOWN_OF_MADO = /Unrecognized enumerated value = <(NUM|DATE|TIME)>$|Cannot add "contains CONTAINER"|Invalid by-value Relationship/

describeCorpus('the corpus in other dialects', () => {
  let held: Held
  const studies: Uid[] = []

  beforeAll(async () => {
    held = await holdNothing({ settings: whole })
    const files = corpusFiles().map((file) => file.path)
    for await (const file of importFiles(held.door, files, { source: 'CORPUS', guess: true })) void file
    for (const { studyInstanceUid } of await held.catalog.studiesInConflict()) await held.catalog.resolveStudy(studyInstanceUid, 1)
    studies.push(...(await held.catalog.studiesWaiting(10_000)).items.map((study) => study.studyInstanceUid))
    expect(studies.length).toBeGreaterThan(50)
  }, 120_000)

  for (const dialect of ['mado', 'drimbox'] as const) {
    it(`${dialect}: the validators have nothing against any of them but what is known`, async () => {
      let judged = 0
      for (const study of studies) {
        const made = await previewManifest(held.parts, study, dialect)
        if (made.kind !== 'made') continue
        judged++
        const { series } = readManifest(made.file)
        // what a sender calls its objects has to be named as it is
        const given = new Set<string>([
          study,
          ...series.flatMap((one) => [one.seriesInstanceUid, ...one.instances.map((each) => each.sopInstanceUid)]),
        ])
        const { errors } = judge(made.file, dialect === 'mado' ? ['dciodvfy'] : undefined)
        const unexpected = errors
          .filter((line) => dialect !== 'mado' || !KNOWN_OF_MADO.test(line))
          .filter((line) => !given.has(/UID = <([0-9.]+)>/.exec(line)?.[1] ?? '') && !given.has(/= <([0-9.]+)>/.exec(line)?.[1] ?? ''))
        expect([study, unexpected]).toEqual([study, []])
      }
      expect(judged).toBeGreaterThan(50)
    }, 200_000)
  }

  it('mado-fhir: counts are those of the manifest', async () => {
    for (const study of studies) {
      const made = await previewManifest(held.parts, study, 'mado')
      if (made.kind !== 'made') continue
      const { resource } = JSON.parse((await madoBundle(made.file)).toString()).entry[1]
      const { series } = readManifest(made.file)
      const counts = series.map((one) => [one.seriesInstanceUid, one.instances.length])
      expect(resource.series.map((one: { uid: string; numberOfInstances: number }) => [one.uid, one.numberOfInstances])).toEqual(counts)
    }
  }, 60_000)
})
