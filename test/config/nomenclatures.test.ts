/** The tables of codes: complete, consistent with the settings, and clear about what is wrong with them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { REGION_TERMS } from '../../src/config/dialect-settings.ts'
import { loadNomenclatures, nomenclatures } from '../../src/config/nomenclatures.ts'

const FOLDER = new URL('../../config/nomenclatures/', import.meta.url).pathname
const made: string[] = []

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

/** A copy with one file changed. */
function changed(file: string, change: (text: string) => string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'ariane-codes-'))
  made.push(folder)
  cpSync(FOLDER, folder, { recursive: true })
  writeFileSync(join(folder, file), change(readFileSync(join(FOLDER, file), 'utf8')))
  return pathToFileURL(`${folder}/`)
}

it('are read once', () => {
  expect(nomenclatures()).toBe(nomenclatures())
})

it('have the regions of the settings, in their order', () => {
  expect([...nomenclatures().regions.keys()]).toEqual([...REGION_TERMS])
  expect(nomenclatures().regions.get('SPINE')).toEqual({ value: '1141981001', scheme: 'SCT', meaning: 'Vertebral column' })
})

it('know the modalities, and which of them acquire', () => {
  const { modalities } = nomenclatures()
  expect(modalities.get('CT')).toEqual({ value: 'CT', meaning: 'Computed Tomography', acquisition: true })
  expect(modalities.get('KO')?.acquisition).toBe(false)
})

it('give both vocabularies other codes and the same meanings', () => {
  const { trial, final } = nomenclatures().mado
  for (const name of Object.keys(trial) as (keyof typeof trial)[]) {
    expect(trial[name].meaning).toBe(final[name].meaning)
    expect([trial[name].scheme, final[name].scheme]).toEqual(['99IHE', 'DCM'])
  }
})

const MISTAKES: readonly [string, (text: string) => string, RegExp][] = [
  ['ins.json', (text) => text.replace('1.2.250.1.213.1.4.8', '1.2.x'), /ins\.json: authorities\.0\.oid: expected an OID/],
  [
    'body-parts.json',
    (text) => text.replace('["LOWERTRUNK"]', '["TAIL"]'),
    /body-parts\.json: bodyParts\.0\.regions: no such region: TAIL/,
  ],
  ['regions.json', (text) => text.replace('"63337009"', '63337009'), /regions\.json: regions\.0\.code\.value: /],
  ['mado-codes.json', (text) => text.slice(0, 200), /mado-codes\.json: no JSON: /],
  ['modalities.json', (text) => text.replace('"acquisition": true', '"aquisition": true'), /modalities\.json: modalities\.0/],
]
for (const [file, change, message] of MISTAKES) {
  it(`say what is wrong in ${file}`, () => {
    expect(() => loadNomenclatures(changed(file, change))).toThrow(message)
  })
}
