/** A study of 20,000 instances in every dialect, from rows to a manifest that is held against its rules and kept: how long it takes, how long others wait. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { InstanceFacts } from '../../src/catalog/contract.ts'
import { newUid, type Uid, uid } from '../../src/dicom/uid.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { closeAll, EXPLICIT, silenceLog } from '../receive/sample-instances.ts'
import { type Held, holdNothing, manifestInForce } from './held-studies.ts'

beforeEach(silenceLog)
afterEach(closeAll)

const [SERIES, EACH] = [40, 500]
const REQUEST = JSON.stringify([{ '00402016': { vr: 'LO', Value: ['PLACED'] } }])

async function holdLarge(held: Held, study: Uid): Promise<void> {
  const keys = {
    PatientID: '248039263001064',
    PatientName: 'Doe^Jane',
    PatientBirthDate: '19480301',
    PatientSex: 'F',
    StudyDate: '20260115',
    StudyTime: '101500',
    AccessionNumber: 'A1',
    Modality: 'CT',
    BodyPartExamined: 'CHEST',
    RequestAttributesSequence: REQUEST,
  }
  const common = { sopClassUid: uid('1.2.840.10008.5.1.4.1.1.2'), studyInstanceUid: study, transferSyntaxUid: uid(EXPLICIT) }
  const file = { role: 'content', confidentiality: 'N', fileSizeBytes: 1, dataSetOffset: 0, sha256: '00', source: 'CT1' } as const
  for (let series = 1; series <= SERIES; series++) {
    const rows = Array.from({ length: EACH }, (_, at) => {
      const storageKey = `instances/2026/01/15/${series}-${at}.dcm` as InstanceFacts['storageKey']
      const uids = { seriesInstanceUid: uid(`${study}.${series}`), sopInstanceUid: uid(`${study}.${series}.${at + 1}`) }
      const own = { ...keys, SeriesNumber: String(series), InstanceNumber: String(at + 1) }
      return held.catalog.keep({ ...common, ...file, ...uids, storageKey, receivedAt: held.parts.now(), keys: own })
    })
    await Promise.all(rows)
  }
}

/** @returns the longest time for which nothing else had the thread, in milliseconds */
function watchEventLoop(): () => number {
  let longest = 0
  let last = performance.now()
  let handle: NodeJS.Immediate
  const look = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    handle = setImmediate(look)
  }
  handle = setImmediate(look)
  return () => {
    clearImmediate(handle)
    return longest
  }
}

it.each(['xds-i', 'mado', 'drimbox'] as const)('%s', { timeout: 60_000 }, async (dialect) => {
  const held = await holdNothing({
    settings: {
      retrieveUrl: 'https://pacs.example.org/wado',
      patientIdIssuer: 'HOSPITAL',
      patientIdIssuerOid: uid('1.2.250.1.213.1.4.10'),
      accessionIssuerOid: uid('1.2.3.4'),
      placerIssuerOid: uid('1.2.3.5'),
      drimbox: { ins: 'nir', description: true, hints: true, accession: 'request' },
      targets: [{ name: 'one', dialect, levels: ['N'] }],
    },
  })
  const study = newUid()
  await holdLarge(held, study)
  const longest = watchEventLoop()
  const began = performance.now()
  const outcome = await buildManifest(held.parts, study, 'test')
  const tookMs = performance.now() - began
  const heldMs = longest()
  expect(outcome).toMatchObject({ kind: 'made', invalid: [], made: [{ dialect, instanceCount: SERIES * EACH }] })
  const { file } = await manifestInForce(held, study)
  console.log(
    `${dialect}, ${SERIES * EACH} instances, built, validated and kept: ${Math.round(tookMs)} ms, event loop held for ${Math.round(heldMs)} ms at most, ${file.length} bytes`,
  )
  expect(tookMs).toBeLessThan(20_000)
  expect(heldMs).toBeLessThan(500)
})
