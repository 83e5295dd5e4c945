/** `ariane manifest open` at an archive that we did not write: Orthanc's WADO-RS and C-GET; the official MADO sample; a file-set read by other tools. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { CT_IMAGE } from '../support/data-sets.ts'
import { expectReadable } from '../support/file-set-readers.ts'
import { type Orthanc, startOrthanc } from '../support/orthanc.ts'
import { freePort, runCommand } from '../support/run-command.ts'
import { dataSetDigests, type StudyFiles, studyFiles } from '../support/study-files.ts'
import { bareManifest, type Desk, desk, isLaidOutByUid, keptIn, leadingElsewhere, type PromisedSeries } from './open-material.ts'

let orthanc: Orthanc
let reader: Desk
let study: StudyFiles

beforeAll(async () => {
  orthanc = await startOrthanc()
  study = await studyFiles({ series: [3, 4] })
  await orthanc.upload(study.files)
  reader = await desk({
    aeTitle: 'READER',
    peers: [{ aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort }],
    retrieve: { locations: [{ locationUid: '2.25.8', url: orthanc.dicomWeb }] },
  })
}, 40_000)

afterAll(async () => {
  await orthanc?.stop()
  await reader?.remove()
  await study?.remove()
})

const absolute = (folder: string) => keptIn(folder).map((file) => join(folder, file))

/** Of the study: its series with what they hold, in the order of the files. */
function promisedSeries(): { series: string; instances: (readonly [string, string])[] }[] {
  const bySeries = Map.groupBy(study.files.keys(), (at) => uidIn(study.files[at]!, /\x20\x00\x0e\x00UI..([0-9.]+)/s))
  return [...bySeries].map(([series, at]) => ({ series, instances: at.map((one) => [CT_IMAGE, study.sopInstanceUids[one]!] as const) }))
}

function uidIn(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(file).toString('latin1'))![1]!
}

function manifestFile(name: string, ways: readonly Partial<PromisedSeries>[]): string {
  const file = reader.sub(name)
  const series = promisedSeries().map((one, at) => ({ study: study.studyInstanceUid, ...one, ...ways[at] }))
  writeFileSync(file, bareManifest(series))
  return file
}

describe('WADO-RS', () => {
  it('a Retrieve URL in both forms, and one through its Location UID', async () => {
    const [first] = promisedSeries()
    const whole = `${orthanc.dicomWeb}/studies/${study.studyInstanceUid}/series/${first!.series}`
    for (const ways of [
      [{ url: whole }, { url: orthanc.dicomWeb }],
      [{ url: `${orthanc.dicomWeb}/` }, { locationUid: '2.25.8' }],
    ]) {
      const folder = reader.sub(`web-${ways.length}-${ways[1]!.locationUid ?? 'url'}`)
      const { run, report } = await reader.open(manifestFile('web.dcm', ways), '--to', folder)
      expect(report).toMatchObject({ complete: true, received: 7, promised: 7 })
      expect(run.exitCode).toBe(0)
      expect(report.series.map((one) => one.ways[0]!.way)).toEqual(Array(2).fill(`WADO-RS at ${new URL(orthanc.dicomWeb).host}/dicom-web`))
      expect(isLaidOutByUid(keptIn(folder))).toBe(true)
      expect(dataSetDigests(absolute(folder))).toEqual(dataSetDigests(study.files))
    }
  })

  it('a dead reference is named, a dead series is 404, and the next way is taken', async () => {
    const file = reader.sub('dead.dcm')
    const [first, second] = promisedSeries()
    const dead = [...first!.instances, [CT_IMAGE, '1.2.3.4.5'] as const]
    const gone = `${orthanc.dicomWeb}/studies/1.2.3/series/9.9`
    writeFileSync(
      file,
      bareManifest([
        { study: study.studyInstanceUid, ...first!, instances: dead, url: orthanc.dicomWeb },
        { study: study.studyInstanceUid, ...second!, url: gone.replace('/dicom-web', '/nothing'), aeTitles: 'ORTHANC' },
      ]),
    )
    const { run, report } = await reader.open(file)
    expect(run.exitCode).toBe(1)
    expect(report.series[0]).toMatchObject({
      received: 3,
      missing: ['1.2.3.4.5'],
      ways: [{ outcome: 'failed', why: '1 of 4 were not sent' }],
    })
    expect(report.series[1]).toMatchObject({
      received: 4,
      ways: [
        { outcome: 'failed', why: expect.stringContaining('404: not there') },
        { way: 'C-GET from ORTHANC', outcome: 'taken' },
      ],
    })
  })

  it('what came in excess is told, and not kept', async () => {
    const file = reader.sub('excess.dcm')
    const [first] = promisedSeries()
    writeFileSync(
      file,
      bareManifest([{ study: study.studyInstanceUid, ...first!, instances: first!.instances.slice(1), url: orthanc.dicomWeb }]),
    )
    const folder = reader.sub('excess')
    const { run, series } = await reader.open(file, '--to', folder)
    expect(run.exitCode).toBe(0)
    expect(series).toMatchObject({ promised: 2, received: 2, excess: 1 })
    expect(keptIn(folder).length).toBe(2)
  })

  it('an archive that asks who we are: 401 in words', async () => {
    const guarded = await startOrthanc({ users: { alice: 'secret' } })
    try {
      const { series } = await reader.open(manifestFile('guarded.dcm', [{ url: guarded.dicomWeb }, { url: guarded.dicomWeb }]))
      expect(series.ways[0]).toMatchObject({ outcome: 'failed', why: expect.stringMatching(/401: a token is asked for/) })
    } finally {
      await guarded.stop()
    }
  })
})

it('C-GET from Orthanc', async () => {
  const folder = reader.sub('get')
  const { report } = await reader.open(
    manifestFile('get.dcm', [{ aeTitles: 'ORTHANC' }, { aeTitles: 'ORTHANC' }]),
    '--via',
    'c-get',
    '--to',
    folder,
  )
  expect(report).toMatchObject({ complete: true, received: 7 })
  expect(dataSetDigests(absolute(folder))).toEqual(dataSetDigests(study.files))
})

it('--via wado leaves a peer alone', async () => {
  const { run, report } = await reader.open(manifestFile('via.dcm', [{ aeTitles: 'ORTHANC' }, { url: orthanc.dicomWeb }]), '--via', 'wado')
  expect(run.exitCode).toBe(1)
  expect(report.series.map((one) => one.received)).toEqual([0, 4])
  expect(report.series[0]!.ways[0]).toMatchObject({ outcome: 'impossible', why: 'only wado was asked for' })
})

it('nobody listens at the URL: said once, not tried again', async () => {
  const url = `http://127.0.0.1:${await freePort()}/rs`
  const { report } = await reader.open(manifestFile('down.dcm', [{ url }, { url }]))
  expect(report.series[0]!.ways[0]!.why).toContain('nobody listens there')
  expect(report.series[1]!.ways[0]!.why).toContain('(as before)')
})

describeCorpus('official samples', () => {
  const mado = () => corpusFiles().filter((file) => /IHE\+RAD\.MADO\/.*(MADO_KOS_B|\/Study_B\/)/.test(file.name))

  it('the MADO manifest of study B: its images and its key images, through its Location UID or AE title', async () => {
    const manifest = mado().find((file) => file.name.endsWith('MADO_KOS_B.dcm'))!
    const images = mado().filter((file) => file.name !== manifest.name)
    await orthanc.upload(images.map((file) => file.path))
    const read = readManifest(readFileSync(manifest.path))
    expect(read.title.meaning).toBe('Manifest with Description')
    expect(read.series.flatMap((one) => one.instances).length).toBe(images.length)
    const locations = [...new Set(read.series.map((one) => one.retrieveLocationUid))].flatMap((uid) => (uid === undefined ? [] : [uid]))
    const there = await desk({
      aeTitle: 'READER',
      peers: [{ aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dicomPort }],
      retrieve: { locations: locations.map((locationUid) => ({ locationUid, url: orthanc.dicomWeb, aeTitle: 'ORTHANC' })) },
    })
    try {
      const folder = there.sub('b')
      const { run, report } = await there.open(manifest.path, '--to', folder)
      expect(report).toMatchObject({ complete: true, received: images.length })
      expect(run.exitCode).toBe(0)
      expect(dataSetDigests(absolute(folder))).toEqual(dataSetDigests(images.map((file) => file.path)))
      const byGet = await there.open(manifest.path, '--via', 'c-get')
      expect(byGet.report).toMatchObject({ complete: true, received: images.length })
    } finally {
      await there.remove()
    }
  })

  it('the DRIMbox manifest: read, its dead URL told', async () => {
    const manifest = corpusFiles().find((file) => file.name.endsWith('DRIM-M_DRIMbox/Backend/src/test/resources/kos.dcm'))!
    const read = readManifest(readFileSync(manifest.path))
    expect(read.series).toMatchObject([
      { retrieveUrl: expect.stringMatching(/\/series\/[0-9.]+$/), instances: [{ sopClassUid: CT_IMAGE }] },
    ])
    const file = await leadingElsewhere(manifest.path, reader.sub('drimbox.dcm'), [{ url: `${orthanc.dicomWeb}/studies/1/series/2` }])
    const { run, series } = await reader.open(file)
    expect(run.exitCode).toBe(1)
    expect(series).toMatchObject({ promised: 1, received: 0, ways: [{ outcome: 'failed', why: expect.stringContaining('404') }] })
  })
})

describe('--dicomdir', () => {
  it('a file-set that DCMTK, pydicom and the validators read as we mean it', async () => {
    const folder = reader.sub('disc')
    const { run } = await reader.open(
      manifestFile('disc.dcm', [{ url: orthanc.dicomWeb }, { aeTitles: 'ORTHANC' }]),
      '--to',
      folder,
      '--dicomdir',
    )
    expect(run.exitCode).toBe(0)
    const files = keptIn(folder).filter((file) => file !== 'DICOMDIR')
    expect(files.length).toBe(7)
    expect(files.every((file) => file.split('/').length <= 8 && file.split('/').every((part) => /^[A-Z0-9_]{1,8}$/.test(part)))).toBe(true)
    expect(dataSetDigests(files.map((file) => join(folder, file)))).toEqual(dataSetDigests(study.files))
    await expectReadable(folder, 7)
    const entities = await runCommand(
      'dcentvfy',
      files.map((file) => join(folder, file)),
    )
    expect(entities.output).not.toMatch(/^Error/m)
    const again = await reader.openInWords(manifestFile('disc.dcm', []), '--to', folder, '--dicomdir')
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('exists already') })
  })
})
