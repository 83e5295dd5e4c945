/** A manifest as a tree that a person can read. Text only, no colours; nothing of the patient.
 *
 *  Modality, number and description of a series are not in the document: they come from whoever knows them, if anybody does. */
import { sopClassName } from '../dicom/sop-classes.ts'
import type { ReadManifest, ReadSeries } from './read-manifest.ts'

export interface SeriesDescription {
  readonly modality?: string
  readonly number?: string
  readonly description?: string
}

export interface TreeOptions {
  /** Every instance; else at most {@link FOLDED} of each series. */
  readonly all?: boolean
  readonly describe?: (seriesInstanceUid: string) => SeriesDescription | undefined
  /** What the catalog adds: "in force", "superseded by …". */
  readonly state?: string
}

/** Instances of one series that are shown before the rest is folded. */
const FOLDED = 4

interface Node {
  readonly text: string
  readonly children: readonly Node[]
}

/** @returns lines joined by line feeds, none at the end */
export function manifestTree(manifest: ReadManifest, options: TreeOptions = {}): string {
  const root: Node = {
    text: heading(manifest),
    children: [...facts(manifest, options), ...manifest.series.map((one) => seriesNode(manifest, one, options))],
  }
  return [root.text, ...below(root.children, '')].map(oneLine).join('\n')
}

function heading({ title, version, sopInstanceUid }: ReadManifest): string {
  const name = title.meaning || title.value || 'Key Object Selection without title'
  return `${name}${version === undefined ? '' : `, version ${version}`}  ${sopInstanceUid}`
}

function facts(manifest: ReadManifest, options: TreeOptions): readonly Node[] {
  const instances = manifest.series.reduce((sum, series) => sum + series.instances.length, 0)
  const accessions = manifest.requests.map((request) => request.accessionNumber).filter((number) => number !== undefined)
  const lines = [
    ['state', options.state],
    ['study', [manifest.studyInstanceUid, manifest.studyDate, manifest.studyDescription].filter(Boolean).join('  ')],
    ['made', [madeAt(manifest), manifest.manufacturer, manifest.institution].filter(Boolean).join('  ')],
    ['requests', [...new Set(accessions)].join(', ')],
    ['refers to', `${count(instances, 'instance')} in ${count(manifest.series.length, 'series', 'series')}`],
  ] as const
  return lines.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [leaf(`${name.padEnd(9)} ${text}`)]))
}

function madeAt({ contentDate: date, contentTime: time, timezoneOffset }: ReadManifest): string {
  if (date === undefined) return ''
  const day = date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  return [day, time?.replace(/^(\d\d)(\d\d)(\d\d).*$/, '$1:$2:$3'), timezoneOffset].filter(Boolean).join(' ')
}

function seriesNode(manifest: ReadManifest, series: ReadSeries, options: TreeOptions): Node {
  const known = options.describe?.(series.seriesInstanceUid)
  const number = known?.number ?? series.seriesNumber
  const words = [known?.modality, number === undefined ? undefined : `#${number}`, known?.description].filter(Boolean).join(' ')
  const elsewhere = series.studyInstanceUid === manifest.studyInstanceUid ? undefined : `study ${series.studyInstanceUid}`
  const text = ['series', words || undefined, elsewhere, series.seriesInstanceUid].filter(Boolean).join('  ')
  return { text, children: [leaf(whereFrom(series)), ...instanceNodes(series, options.all ?? false)] }
}

function whereFrom({ retrieveAeTitles, retrieveLocationUid, retrieveUrl }: ReadSeries): string {
  const places = [retrieveAeTitles.join(', '), retrieveLocationUid && `location ${retrieveLocationUid}`, retrieveUrl].filter(Boolean)
  return places.length === 0 ? 'does not say where to retrieve from' : `retrieve from ${places.join('  ')}`
}

function instanceNodes({ instances }: ReadSeries, all: boolean): readonly Node[] {
  const shown = all || instances.length <= FOLDED + 1 ? instances.length : FOLDED
  const nodes = instances.slice(0, shown).map((one) => leaf(`${sopClassName(one.sopClassUid)}  ${one.sopInstanceUid}`))
  return shown === instances.length ? nodes : [...nodes, leaf(`… ${instances.length - shown} more`)]
}

function leaf(text: string): Node {
  return { text, children: [] }
}

function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`
}

function below(nodes: readonly Node[], indent: string): string[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1
    return [`${indent}${isLast ? '└─ ' : '├─ '}${node.text}`, ...below(node.children, `${indent}${isLast ? '   ' : '│  '}`)]
  })
}

/** Another maker's text stays on its line and moves no cursor. */
function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '�')
}
