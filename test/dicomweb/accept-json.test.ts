/** In which form of DICOM JSON an answer comes: one rule for searches, metadata and storing. */
import { expect, it } from 'vitest'
import { acceptedJson } from '../../src/dicomweb/accept-json.ts'

const answered = (accept: string | undefined, query = '') => acceptedJson({ headers: { accept }, query: new URLSearchParams(query) })
const DICOM_JSON = 'application/dicom+json'

it.each([
  [undefined, '', DICOM_JSON],
  ['*/*', '', DICOM_JSON],
  ['application/*', '', DICOM_JSON],
  ['application/dicom+xml, */*;q=0.1', '', DICOM_JSON],
  ['application/json, application/dicom+json;q=0.5', '', 'application/json'],
  ['application/json;q=0.5, application/dicom+json', '', DICOM_JSON],
  ['application/dicom+json;q=0, */*', '', 'application/json'],
  ['text/html', 'accept=application/dicom+json', DICOM_JSON],
])('Accept %s and ?%s: %s', (accept, query, type) => expect(answered(accept, query)).toBe(type))

it.each(['text/html', 'application/dicom+json;q=0', 'nonsense', 'multipart/related; type="application/dicom+xml"'])('not %s', (accept) =>
  expect(() => answered(accept)).toThrow(expect.objectContaining({ status: 406 })),
)
