/** What the tests of `ariane manifest open` share: the command as a person would run it, manifests that lead elsewhere, and what came of it. */
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseUid } from '../../src/dicom/uid.ts'
import type { OpenedSeries, OpenReport } from '../../src/manifest/open/open-manifest.ts'
import { type Run, runAriane } from '../admin/run-ariane.ts'
import { dataSet, EXPLICIT_LE, part10, type TestDataSet } from '../support/data-sets.ts'
import { filesBelow } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

export const KOS = '1.2.840.10008.5.1.4.1.1.88.59'

export interface Desk {
  readonly folder: string
  /** A new folder on the desk. */
  sub(name: string): string
  /** `ariane manifest open FILE --json` by a reader with this configuration. */
  open(file: string, ...options: string[]): Promise<{ run: Run; report: OpenReport; series: OpenedSeries }>
  /** The same for people. */
  openInWords(file: string, ...options: string[]): Promise<Run>
  remove(): Promise<void>
}

/** @param settings  configuration of the reader, who has no storage of its own */
export async function desk(settings: Readonly<Record<string, unknown>>): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'ariane-open-'))
  const config = join(folder, 'reader.yaml')
  writeFileSync(config, JSON.stringify({ storage: { path: join(folder, 'none') }, ...settings }))
  const run = (file: string, options: readonly string[]) => runAriane(folder, ['--config', config, 'manifest', 'open', file, ...options])
  return {
    folder,
    sub: (name) => join(folder, name),
    open: async (file, ...options) => {
      const result = await run(file, ['--json', ...options])
      if (result.stdout === '') throw new Error(`exit code ${result.exitCode}: ${result.stderr}`)
      const report = JSON.parse(result.stdout) as OpenReport
      return { run: result, report, series: report.series[0]! }
    },
    openInWords: (file, ...options) => run(file, options),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export interface Retrieval {
  readonly url?: string
  readonly aeTitles?: string
  readonly locationUid?: string
}

/** A copy of a manifest whose series lead elsewhere, written by DCMTK.
 *  @param retrieval  for each series; everything that the original said is taken out */
export async function leadingElsewhere(manifest: string, to: string, retrieval: readonly Retrieval[]): Promise<string> {
  copyFileSync(manifest, to)
  const options = retrieval.flatMap((one, at) => {
    const path = (tag: string) => `(0040,a375)[0].(0008,1115)[${at}].${tag}`
    const set = (tag: string, value: string | undefined) => (value === undefined ? [] : ['-i', `${path(tag)}=${value}`])
    const clear = ['(0008,1190)', '(0008,0054)', '(0040,e011)'].flatMap((tag) => ['-ea', path(tag)])
    return [...clear, ...set('(0008,1190)', one.url), ...set('(0008,0054)', one.aeTitles), ...set('(0040,e011)', one.locationUid)]
  })
  const { code, output } = await runCommand('dcmodify', ['-nb', '-imt', ...options, to])
  if (code !== 0) throw new Error(output)
  return to
}

export interface PromisedSeries extends Retrieval {
  readonly study: string
  readonly series: string
  readonly instances: readonly (readonly [sopClass: string, sopInstance: string])[]
}

/** The least that is a manifest, in any encoding. */
export function bareManifest(promised: readonly PromisedSeries[], transferSyntax = EXPLICIT_LE): Buffer {
  const uids = [...new Set(promised.map((one) => one.study))]
  const studies = uids.map((study) =>
    dataSet({
      2097165: ['UI', study],
      528661: ['SQ', promised.filter((one) => one.study === study).map(seriesItem)],
    }),
  )
  return part10(
    dataSet({
      524310: ['UI', KOS],
      524312: ['UI', '2.25.77'],
      2097165: ['UI', uids[0] ?? '1.2'],
      4236149: ['SQ', studies],
    }),
    transferSyntax,
  )
}

function seriesItem(one: PromisedSeries): TestDataSet {
  return dataSet({
    524372: one.aeTitles === undefined ? undefined : ['AE', one.aeTitles],
    528784: one.url === undefined ? undefined : ['UR', one.url],
    528793: [
      'SQ',
      one.instances.map(([sopClass, sopInstance]) =>
        dataSet({ 528720: ['UI', sopClass], 528725: ['UI', sopInstance], 2097171: ['IS', '1'] }),
      ),
    ],
    2097166: ['UI', one.series],
    2097169: ['IS', '4'],
    4251665: one.locationUid === undefined ? undefined : ['UI', one.locationUid],
  })
}

/** What was kept: relative names; never a draft. */
export function keptIn(folder: string): string[] {
  return filesBelow(folder)
}

/** UIDs by name and by place: `<study>/<series>/<instance>.dcm`. */
export function isLaidOutByUid(files: readonly string[]): boolean {
  return files.every((file) => {
    const parts = file.replace(/\.dcm$/, '').split('/')
    return parts.length === 3 && parts.every((part) => parseUid(part) === part)
  })
}

export const filesIn = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
