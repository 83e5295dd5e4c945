/** The report of `ariane manifest open` for people: series by series what was promised, what came, by which way, and why not by another. */
import type { OpenedSeries, OpenReport, WayTaken } from '../manifest/open/open-manifest.ts'

const PROBLEMS_SHOWN = 10

export function openReportText(report: OpenReport, folder: string | undefined, directory: string | undefined): string {
  const kept =
    folder === undefined
      ? 'nothing was kept (--to keeps it)'
      : `kept in ${folder}${directory === undefined ? '' : ', listed in its DICOMDIR'}`
  const verdict = report.complete ? 'everything promised is there' : 'something is missing'
  const { received, promised, bytes, seconds } = report
  const total = `${received} of ${promised} instances, ${sizeInWords(bytes)} in ${seconds.toFixed(1)} s: ${verdict}; ${kept}`
  return [...report.series.flatMap(seriesLines), total].join('\n')
}

function seriesLines(series: OpenedSeries): readonly string[] {
  const { seriesInstanceUid, received, promised, bytes, seconds } = series
  const verdict = received === promised ? 'ok     ' : received === 0 ? 'MISSING' : 'PARTIAL'
  const head = `${verdict} series ${seriesInstanceUid}: ${received} of ${promised}, ${sizeInWords(bytes)} in ${seconds.toFixed(1)} s`
  return [head, ...series.ways.map(wayLine), ...problemLines(series), ...oddLines(series)].map((line, at) =>
    at === 0 ? line : `          ${line}`,
  )
}

function wayLine({ way, namedBy, outcome, instances, why }: WayTaken): string {
  const named = namedBy === undefined ? '' : ` (${namedBy})`
  const came = instances === undefined || instances === 0 ? '' : `, ${instances} came`
  switch (outcome) {
    case 'taken':
      return `by ${way}${named}`
    case 'failed':
      return `not by ${way}${named}: ${why}${came}`
    case 'impossible':
      return `no way: ${way}: ${why}`
    case 'unneeded':
      return `not needed: ${way}${named}`
  }
}

function problemLines({ missing, wrong }: OpenedSeries): readonly string[] {
  const all = [...wrong.map((one) => `wrong ${one.sopInstanceUid}: ${one.problem}`), ...missing.map((uid) => `missing ${uid}`)]
  const rest = all.length - PROBLEMS_SHOWN
  return [...all.slice(0, PROBLEMS_SHOWN), ...(rest > 0 ? [`… ${rest} more`] : [])]
}

function oddLines({ unusable, excess, duplicates }: OpenedSeries): readonly string[] {
  return [
    ...(unusable > 0 ? [`${unusable} references of the manifest are no UID`] : []),
    ...(excess > 0 ? [`${excess} came that are not in the manifest, and were not kept`] : []),
    ...(duplicates > 0 ? [`${duplicates} came twice`] : []),
  ]
}

/** Decimal units: `3.4 MB`. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let at = 0
  for (; value >= 1000 && at < units.length - 1; at++) value /= 1000
  return `${value.toFixed(1)} ${units[at]}`
}
