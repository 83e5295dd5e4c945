import { expect, it } from 'vitest'
import { findAll, instance, query, temporaryCatalog } from './catalog-material.ts'

it('keeps and finds at every level', async () => {
  const catalog = temporaryCatalog()
  await Promise.all([1, 2, 3].map((study) => catalog.keep(instance(study, 1, 1, { PatientID: `P${study}`, StudyDate: `2026010${study}` }))))
  await catalog.keep(instance(1, 1, 2))
  expect(await catalog.findInstance(instance(1).sopInstanceUid)).toMatchObject({ keys: { PatientName: 'Dupont^Jean', StudyDate: '20260101' } })
  expect((await findAll(catalog, query('PATIENT'))).map((match) => match.PatientID)).toEqual(['P3', 'P2', 'P1'])
  expect((await findAll(catalog, query('STUDY'), 1)).map((match) => match.StudyInstanceUID)).toEqual(['1.3', '1.2', '1.1'])
  expect((await findAll(catalog, query('SERIES'), 1)).map((match) => match.SeriesInstanceUID)).toEqual(['1.3.1', '1.2.1', '1.1.1'])
  expect((await findAll(catalog, query('IMAGE'), 1)).map((match) => match.SOPInstanceUID)).toEqual(['1.3.1.1', '1.2.1.1', '1.1.1.1', '1.1.1.2'])
})
