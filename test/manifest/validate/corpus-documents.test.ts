/** Key Object Selections of others, official samples among them: what one would expect to find in each, and nothing else. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Dialect } from '../../../src/manifest/validate/dialects.ts'
import { validateManifest } from '../../../src/manifest/validate/validate-manifest.ts'
import { corpusFiles, describeCorpus } from '../../support/corpus.ts'

const KOS = '1.2.840.10008.5.1.4.1.1.88.59'
const S1 = '(0040,A375)[1] > (0008,1115)[1]'

/** `rule path`, errors first. */
const EXPECTED: Readonly<Record<string, { readonly dialect: Dialect; readonly findings: readonly string[] }>> = {
  // Its library forgets Continuity of Content, counts instances in words, and puts the title of the key image note into the group.
  'MADO_KOS_B.dcm': {
    dialect: 'mado',
    findings: [
      'type-1 (0040,A730)[1] > (0040,A050) ContinuityOfContent',
      'mado-concept (0040,A730)[1] > (0040,A730)[5] > (0040,A730)[11] > (0040,A730) ContentSequence',
      'mado-count-type (0040,A730)[1] > (0040,A730)[4] > (0040,A730)[8] > (0040,A040) ValueType',
      'mado-count-type (0040,A730)[1] > (0040,A730)[5] > (0040,A730)[8] > (0040,A040) ValueType',
    ],
  },
  // A key image note, and a good one: no manifest.
  'KIN_B2.dcm': {
    dialect: 'xds-i',
    findings: [
      'title (0040,A043) ConceptNameCodeSequence',
      `retrieve-ae-title ${S1} > (0008,0054) RetrieveAETitle`,
      `retrieve-location ${S1} > (0040,E011) RetrieveLocationUID`,
      'request-missing (0040,A370) ReferencedRequestSequence',
    ],
  },
  // The first sample of the French proof of concept: a date for a time, type 2 attributes missing, its text at the root.
  'kos.dcm': {
    dialect: 'drimbox',
    findings: [
      'value (0008,0031) SeriesTime',
      'type-1 (0010,1002)[1] > (0010,0022) TypeOfPatientID',
      'type-2 (0008,0050) AccessionNumber',
      'type-2 (0008,1111) ReferencedPerformedProcedureStepSequence',
      'type-2 (0040,A370)[1] > (0008,1110) ReferencedStudySequence',
      'type-2 (0040,A370)[1] > (0040,2017) FillerOrderNumberImagingServiceRequest',
      'type-2 (0040,A370)[1] > (0040,1001) RequestedProcedureID',
      'type-2 (0040,A370)[1] > (0032,1060) RequestedProcedureDescription',
      'type-2 (0040,A370)[1] > (0032,1064) RequestedProcedureCodeSequence',
      'template (0040,A504) ContentTemplateSequence',
      'root-text-value (0040,A160) TextValue',
      'drimbox-description (0040,A730) ContentSequence',
      'retrieve-level (0008,1190) RetrieveURL',
      'drimbox-timezone (0008,0201) TimezoneOffsetFromUTC',
      'drimbox-institution (0008,0080) InstitutionName',
      'transfer-syntax-implicit (0002,0010) TransferSyntaxUID',
      'drimbox-ins-test (0010,0024)[1] > (0040,0032) UniversalEntityID',
    ],
  },
  // Refers to images in the series that it says is its own.
  '1.2.826.0.1.3680043.2.1043.693076.0.66982.83.3.1.dcm': {
    dialect: 'xds-i',
    findings: [`own-series ${S1} > (0020,000E) SeriesInstanceUID`, 'request-missing (0040,A370) ReferencedRequestSequence'],
  },
  'GK17285-KOS.dcm': {
    dialect: 'xds-i',
    findings: ['title (0040,A043) ConceptNameCodeSequence', 'request-missing (0040,A370) ReferencedRequestSequence'],
  },
}

describeCorpus('Key Object Selections of others', () => {
  const files = corpusFiles().filter((file) => file.sopClassUid === KOS)

  it('are all in the table', () => {
    expect(files.map(({ name }) => name.split('/').at(-1)).sort()).toEqual(Object.keys(EXPECTED).sort())
  })

  it.each(files.map((file) => [file.name.split('/').at(-1)!, file] as const))('%s', async (name, file) => {
    const { dialect, findings } = await validateManifest(readFileSync(file.path))
    expect(findings.map(({ rule, path }) => `${rule} ${path}`)).toEqual(EXPECTED[name]!.findings)
    expect(dialect).toBe(EXPECTED[name]!.dialect)
  })

  it('anything else is said to be something else, and nothing is thrown', async () => {
    for (const file of corpusFiles().filter(({ sopClassUid, sizeBytes }) => sopClassUid !== KOS && sizeBytes < 2_000_000)) {
      const { counts } = await validateManifest(readFileSync(file.path))
      expect(counts.error, file.name).toBeGreaterThan(0)
    }
  })
})
