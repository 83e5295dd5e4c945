/** A real node with something to look at: studies sent by storescu, a conflict, a name and an AE title that are hostile, a refused caller, a
 *  delivery that fails. All of it made up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPage } from '../support/built-page.ts'
import { type Overrides, part10, TAG, type TestDataSet, testUid } from '../support/data-sets.ts'
import { echoscu, storescu } from '../support/dcmtk.ts'
import { eventually, type NodeProcess, pause, startNode } from '../support/node-process.ts'
import { beatingHeart, bodySlice } from '../support/phantom.ts'

export const HOSTILE_NAME = '<img src=x onerror=document.title=1>'
export const HOSTILE_TITLE = '<b>CT</b>'

export interface Material {
  readonly node: NodeProcess
  readonly body: { readonly study: string; readonly series: string; readonly slices: number }
  readonly heart: { readonly study: string; readonly series: string; readonly frames: number }
  readonly conflict: { readonly study: string }
  readonly hostile: { readonly study: string }
  /** What it says of itself: as the page gets it. */
  api<T>(path: string): Promise<T>
  /** Sends studies, more and less, for so many seconds. */
  busy(seconds: number): Promise<void>
  stop(): Promise<void>
}

const patient = (name: string, id: string, birth: string, sex: string): Overrides => ({
  [TAG.PatientName]: ['PN', name],
  [TAG.PatientID]: ['LO', id],
  1048624: ['DA', birth],
  1048640: ['CS', sex],
})
const text = (tag: number, vr: string, value: string): Overrides => ({ [tag]: [vr, value] })
const described = (study: string, series: string): Overrides => ({ ...text(0x00081030, 'LO', study), ...text(0x0008103e, 'LO', series) })

export interface Shape {
  readonly slices?: number
  /** Side of an image. */
  readonly size?: number
  readonly frames?: number
  /** Nothing hostile, and every delivery goes through. */
  readonly plain?: boolean
}

export async function pageMaterial({ slices = 6, size = 64, frames = 8, plain = false }: Shape = {}): Promise<Material> {
  await buildPage()
  const folder = mkdtempSync(join(tmpdir(), 'ariane-page-'))
  // A target whose folder cannot be made: a file stands in its way.
  writeFileSync(join(folder, 'taken'), '')
  const node = await startNode({
    settings: {
      unknownCallers: 'refuse',
      peers: [
        { aeTitle: 'CT1', allow: ['echo', 'store'] },
        // What verifies a manifest calls like anybody.
        { aeTitle: 'ARIANE', host: '127.0.0.1' },
        { aeTitle: HOSTILE_TITLE, allow: ['echo', 'store'] },
      ],
      publish: [
        { kind: 'folder', name: 'outbox', path: join(folder, 'outbox') },
        { kind: 'folder', name: 'registry', path: join(folder, plain ? 'registry' : 'taken/registry') },
      ],
    },
  })
  const send = async (sets: readonly TestDataSet[], calling = 'CT1'): Promise<void> => {
    const files = sets.map((one, index) => {
      const file = join(folder, `${testUid()}-${index}.dcm`)
      writeFileSync(file, part10(one))
      return file
    })
    const { code, output } = await storescu(node, files, { calling })
    if (code !== 0) throw new Error(output)
    for (const file of files) rmSync(file)
  }
  const api = async <T>(path: string): Promise<T> => (await (await fetch(`${node.webUrl}/${path}`)).json()) as T

  const body = { study: testUid(), series: testUid(), slices }
  await send(
    Array.from({ length: slices }, (_, index) =>
      bodySlice(index / slices, size, {
        ...patient('MARTIN^CLAIRE', 'P-004711', '19680412', 'F'),
        ...described('CT thorax', 'Thorax 1.0'),
        [TAG.StudyInstanceUID]: ['UI', body.study],
        [TAG.SeriesInstanceUID]: ['UI', body.series],
        [TAG.InstanceNumber]: ['IS', String(index + 1)],
        [TAG.AccessionNumber]: ['SH', 'A26-0301'],
      }),
    ),
  )
  const heart = { study: testUid(), series: testUid(), frames }
  await send([
    beatingHeart(frames, size, {
      ...patient('DUPONT^JEAN', 'P-001207', '19550930', 'M'),
      ...described('Echocardiography', 'Apical'),
      [TAG.StudyInstanceUID]: ['UI', heart.study],
      [TAG.SeriesInstanceUID]: ['UI', heart.series],
    }),
  ])
  const conflict = { study: testUid() }
  for (const id of ['P-7', 'P-8'])
    await send([
      bodySlice(0.5, size, {
        ...patient('BERNARD^PAUL', id, '19810214', 'M'),
        ...described('CT thorax', 'Thorax'),
        [TAG.StudyInstanceUID]: ['UI', conflict.study],
      }),
    ])
  const hostile = { study: testUid() }
  if (!plain)
    await send(
      [
        bodySlice(0.5, size, {
          ...patient(HOSTILE_NAME, '"><script>1', '', ''),
          ...described('<svg onload=document.title=1>', '</td><script>document.title=1</script>'),
          [TAG.StudyInstanceUID]: ['UI', hostile.study],
        }),
      ],
      HOSTILE_TITLE,
    )
  await echoscu(node, { calling: 'SCANNER9' })
  if (!plain) await echoscu(node, { calling: '<i>NEW</i>' })
  await eventually(
    'the manifests are made, the callers noted',
    async () => {
      const { items } = await api<{ items: { state: string }[] }>('api/studies')
      const { seen } = await api<{ seen: { callingAeTitle: string }[] }>('api/peers')
      const isSeen = (title: string) => seen.some(({ callingAeTitle }) => callingAeTitle === title)
      return (
        items.length === (plain ? 3 : 4) &&
        items.every(({ state }) => state !== 'collecting') &&
        isSeen('SCANNER9') &&
        (plain || (isSeen('<i>NEW</i>') && isSeen(HOSTILE_TITLE)))
      )
    },
    40_000,
  )
  return {
    node,
    body,
    heart,
    conflict,
    hostile,
    api,
    busy: async (seconds) => {
      const until = Date.now() + seconds * 1000
      for (let round = 0; Date.now() < until; round++) {
        const person = { ...patient('PETIT^LOUISE', 'P-002950', '19730705', 'F'), ...described('CT abdomen', 'Abdomen 2.0') }
        const study: Overrides = {
          ...person,
          [TAG.StudyInstanceUID]: ['UI', testUid()],
          [TAG.AccessionNumber]: ['SH', `A26-04${10 + round}`],
        }
        await send(Array.from({ length: 6 + Math.round(18 * Math.abs(Math.sin(round))) }, (_, index) => bodySlice(index / 24, 128, study)))
        await pause(1500 + 1500 * Math.cos(round))
      }
    },
    stop: async () => {
      await node.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
