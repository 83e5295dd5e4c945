/** `POST /api/open` with what is large: nobody else waits for it. */
import { expect, it, vi } from 'vitest'
import { ElementWriter } from '../../src/dicom/element-writer.ts'
import { part10Header } from '../../src/dicom/part10.ts'
import { KEY_OBJECT_SELECTION_DOCUMENT_STORAGE } from '../../src/dicom/sop-classes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { silenceLog } from '../receive/sample-instances.ts'
import { AS, openApiFor } from './api-material.ts'

silenceLog()
const SERIES = 400
/** pace.ts: so many steps between two looks at the clock. */
const MOST_IN_A_ROW = 32

/** A manifest of a study with so many series of one instance each. */
function manifestOf(series: number): Buffer {
  const reference = (at: number) => (item: ElementWriter) =>
    item.element(0x00081150, 'UI', '1.2.840.10008.5.1.4.1.1.4').element(0x00081155, 'UI', `1.2.3.${at}`)
  const seriesItem = (at: number) => (item: ElementWriter) => {
    item.sequence(0x00081199, [reference(at)])
    item.element(0x0020000e, 'UI', `1.2.4.${at}`)
  }
  const study = (item: ElementWriter) => {
    item.sequence(
      0x00081115,
      Array.from({ length: series }, (_, at) => seriesItem(at)),
    )
    item.element(0x0020000d, 'UI', '1.2.5')
  }
  const root = new ElementWriter({ explicit: true })
  root.element(0x00080016, 'UI', KEY_OBJECT_SELECTION_DOCUMENT_STORAGE)
  root.element(0x00080018, 'UI', '1.2.6')
  root.sequence(0x0040a375, [study])
  const [sopClassUid, sopInstanceUid, transferSyntaxUid] = [
    KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    '1.2.6',
    EXPLICIT_VR_LITTLE_ENDIAN,
  ] as Uid[]
  const header = part10Header({ sopClassUid: sopClassUid!, sopInstanceUid: sopInstanceUid!, transferSyntaxUid: transferSyntaxUid! })
  return Buffer.concat([header, root.finish()])
}

it('however many series it names, others have their turn while they are looked up', async () => {
  const { url, parts } = await openApiFor()
  let inThisTurn = 0
  let mostInATurn = 0
  let lookedUp = 0
  let isOver = false
  const turn = (): void => {
    inThisTurn = 0
    if (!isOver) setImmediate(turn)
  }
  turn()
  vi.spyOn(parts.catalog, 'retrievables').mockImplementation(() => {
    // As long as a look-up of a large node.
    for (const until = performance.now() + 1; performance.now() < until; );
    lookedUp += 1
    mostInATurn = Math.max(mostInATurn, ++inThisTurn)
    return Promise.resolve({ items: [] })
  })
  const answer = await fetch(`${url}/api/open`, {
    method: 'POST',
    headers: { ...AS('find'), 'content-type': 'application/dicom' },
    body: new Uint8Array(manifestOf(SERIES)),
  })
  isOver = true
  const { studies } = (await answer.json()) as { studies: { series: unknown[] }[] }
  expect([answer.status, studies[0]?.series.length, lookedUp]).toEqual([200, SERIES, SERIES])
  expect(mostInATurn).toBeLessThanOrEqual(MOST_IN_A_ROW)
})
