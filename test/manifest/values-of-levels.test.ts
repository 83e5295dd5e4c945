/** A manifest of one confidentiality level says what the instances of that level brought, and nothing that only others did. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { newUid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { previewManifest } from '../../src/manifest/preview.ts'
import { decide } from '../../src/storage/decisions.ts'
import { rebuilt } from '../receive/rejection-material.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { fileOf, type Held, holdNothing, receive, type Wanted } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

async function hold(): Promise<Held> {
  const held = await holdNothing()
  const confidentialityOf = (_: string, keys: Partial<Record<string, string>>) => (keys.SeriesNumber === '2' ? 'R' : 'N')
  return { ...held, confidentialityOf, door: { ...held.door, confidentialityOf } } as Held
}

/** What each manifest in force says as text. */
async function textsOf(held: Held, study: string): Promise<Record<string, string>> {
  const inForce = (await held.catalog.manifestsOf(uid(study))).filter(({ state }) => state === 'in force')
  return Object.fromEntries(
    await Promise.all(inForce.map(async (record) => [record.confidentiality, (await fileOf(held, record)).toString('latin1')])),
  )
}

it('each level by itself, whatever came first, and after the loss of the catalog', async () => {
  for (const order of [
    [1, 2],
    [2, 1],
  ]) {
    const held = await hold()
    const study = newUid()
    for (const series of order) {
      const also: Wanted['also'] = (to) => void (series === 2 && to.element(0x00200010, 'SH', 'SECRET'))
      await receive(held, { study, series: uid(`${study}.${series}`), seriesNumber: series, also })
    }
    expect(await buildManifest(held.parts, study, 'quiet')).toMatchObject({ kind: 'made' })
    const texts = await textsOf(held, study)
    expect(Object.keys(texts).sort()).toEqual(['N', 'R'])
    expect(texts.N).not.toContain('SECRET')
    expect(texts.R).toContain('SECRET')
    const preview = await previewManifest(held.parts, study, 'xds-i', 'R')
    expect(preview.kind === 'made' && preview.file.toString('latin1')).toContain('SECRET')
    const again = await rebuilt(held)
    expect(await buildManifest(again.parts, study, 'quiet')).toMatchObject({ kind: 'unchanged', made: [] })
    await decide(again, { kind: 'confidentiality decided', studyInstanceUid: study, level: 'N' }, 'operator')
    await buildManifest(again.parts, study, 'quiet')
    expect((await textsOf(again, study)).N).toContain('SECRET')
    await closeAll()
  }
})
