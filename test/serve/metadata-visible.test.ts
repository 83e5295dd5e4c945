/** Metadata of what was corrected, and of what is of another level; the header KOS-SOPInstanceUID where it is ignored. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Confidentiality, levelSet } from '../../src/dicom/confidentiality.ts'
import { WebRefusal, type WebRequest } from '../../src/dicomweb/web-service.ts'
import { retrieveMetadata } from '../../src/serve/wado-metadata.ts'
import type { WadoParts } from '../../src/serve/wado-target.ts'
import { ct, TAG, testUid, textOf } from '../support/data-sets.ts'
import { bytesOf } from '../support/web-body.ts'
import { type Home, openHome } from './support.ts'

type Item = Readonly<Record<string, { readonly Value?: readonly unknown[] }>>

let home: Home
const study = testUid()
const image = ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.PatientID]: ['LO', 'A'], [TAG.PatientName]: ['PN', 'Wrong^Name'] })
const [series, instance] = [TAG.SeriesInstanceUID, TAG.SOPInstanceUID].map((tag) => textOf(image, tag))

beforeAll(async () => {
  home = await openHome()
  expect(await home.keep(image)).toBe(0)
})
afterAll(() => home.close())

const parts = (kosHeader: 'ignore' | 'check' | 'require'): WadoParts => ({ ...home.serving(), kosHeader: () => kosHeader })

function request(level: Confidentiality, params: Record<string, string>, headers: Record<string, string> = {}): WebRequest {
  return {
    method: 'GET',
    params,
    query: new URLSearchParams(),
    headers,
    caller: { name: 'reader', rights: new Set(['get']), levels: levelSet([level]) },
    stopped: new AbortController().signal,
    base: 'http://127.0.0.1',
  }
}

async function metadata(kosHeader: 'ignore' | 'check' | 'require', asked: WebRequest): Promise<Item[] | number> {
  try {
    const { body } = await retrieveMetadata(parts(kosHeader), asked)
    return JSON.parse((await bytesOf(body)).toString()) as Item[]
  } catch (error) {
    if (error instanceof WebRefusal) return error.status
    throw error
  }
}

const ADDRESSES: readonly Record<string, string>[] = [
  { study },
  { study, series: series! },
  { study, series: series!, instance: instance! },
]

it('of another level than those of the caller is not there, at any address', async () => {
  for (const address of ADDRESSES) {
    expect(await metadata('check', request('N', address))).toHaveLength(1)
    expect(await metadata('check', request('R', address))).toBe(404)
  }
})

it('the header KOS-SOPInstanceUID is ignored, checked or required, by the setting', async () => {
  const header = { 'kos-sopinstanceuid': '1.2.3' }
  const asked = { ignore: [1, 1, 1], check: [1, 404, 400], require: [400, 404, 400] } as const
  for (const rule of ['ignore', 'check', 'require'] as const) {
    const found = [{}, header, { 'kos-sopinstanceuid': 'no uid' }].map((headers) => metadata(rule, request('N', { study }, headers)))
    expect((await Promise.all(found)).map((one) => (typeof one === 'number' ? one : one.length))).toEqual(asked[rule])
  }
})

it('says what is in force where the patient was corrected, and is tagged anew', async () => {
  const tagOf = async () => (await retrieveMetadata(parts('check'), { ...request('N', { study }), method: 'HEAD' })).headers!.ETag
  const before = await tagOf()
  const patientKey = JSON.stringify(['A', '', ''])
  const values = { PatientName: 'Right^Name' }
  await home.catalog.decide({ id: '1', at: 0, actor: 'anna', kind: 'patient updated', patientKey, values, former: {} })
  for (const address of ADDRESSES) {
    const [item] = (await metadata('check', request('N', address))) as Item[]
    expect(item!['00100010']!.Value).toEqual([{ Alphabetic: 'Right^Name' }])
  }
  expect(await tagOf()).not.toBe(before)
})
