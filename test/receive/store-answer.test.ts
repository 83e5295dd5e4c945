/** Which HTTP status answers a request to store. */
import { expect, it } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { storeAnswer } from '../../src/receive/store-answer.ts'

const statusFor = (...codes: (keyof typeof ERRORS)[]): number =>
  storeAnswer(
    'http://127.0.0.1/dicom-web',
    codes.map((code) => ({ status: ERRORS[code].status, errorComment: ERRORS[code].tell })),
    'application/dicom+json',
  ).status

it('says try again only of what another attempt can mend: not of an instance that is too large, in either way', () => {
  expect(statusFor('STORAGE_FULL')).toBe(503)
  expect(statusFor('STORAGE_FULL', 'CATALOG_FAILED')).toBe(503)
  expect(statusFor('INSTANCE_TOO_LARGE')).toBe(413)
  expect(statusFor('INFLATED_TOO_LARGE')).toBe(413)
  expect(statusFor('INFLATED_TOO_LARGE', 'INSTANCE_TOO_LARGE')).toBe(413)
})
