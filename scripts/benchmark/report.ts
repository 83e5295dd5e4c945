/** Values of all rounds, as a table and as JSON. */
import { cpus, release, totalmem } from 'node:os'
import { type Figures, median } from './figures.ts'
import { run } from './processes.ts'
import type { Name } from './servers.ts'

const PEERS = ['orthanc', 'storescp'] as const
/** Rates count to the lower digit; small figures keep three. */
const DIGITS = 3

export class Results {
  /** "Group: measure" → figure → server → one value a round; NaN where there is none. */
  readonly #values = new Map<string, Map<string, Map<Name, number[]>>>()
  readonly #failures: string[] = []

  add(measure: string, server: Name, round: number, figures: Figures): void {
    const byFigure = this.#values.get(measure) ?? new Map<string, Map<Name, number[]>>()
    this.#values.set(measure, byFigure)
    for (const [figure, value] of Object.entries(figures)) {
      const byServer = byFigure.get(figure) ?? new Map<Name, number[]>()
      byFigure.set(figure, byServer)
      const values = byServer.get(server) ?? []
      byServer.set(server, values)
      while (values.length < round) values.push(Number.NaN)
      values.push(value)
    }
  }

  fail(measure: string, server: Name, round: number, error: unknown): void {
    this.#failures.push(`${measure}, ${server}, round ${round + 1}: ${(error as Error).message}`)
  }

  json(about: Readonly<Record<string, unknown>>): string {
    const measures = Object.fromEntries(
      [...this.#values].map(([measure, byFigure]) => [
        measure,
        Object.fromEntries([...byFigure].map(([figure, byServer]) => [figure, Object.fromEntries(byServer)])),
      ]),
    )
    return `${JSON.stringify({ about, measures, failures: this.#failures }, undefined, 1)}\n`
  }

  /** Markdown: a table for each measure, a row for each figure. A ratio is the median of those of each round, for the two were measured one after the other. */
  markdown(servers: readonly Name[]): string {
    const peers = PEERS.filter((peer) => servers.includes('ariane') && servers.includes(peer))
    const parts: string[] = []
    for (const [measure, byFigure] of this.#values) {
      const there = servers.filter((name) => [...byFigure.values()].some((byServer) => byServer.has(name)))
      const against = peers.filter((peer) => there.includes(peer) && there.includes('ariane'))
      const head = ['', ...there, ...against.map((peer) => `Ariane to ${peer}`)]
      const lines = [`### ${measure}`, '', row(head), `|---|${'---|'.repeat(head.length - 1)}`]
      for (const [figure, byServer] of byFigure) {
        const cells = there.map((name) => spread(byServer.get(name)))
        const ratios = against.map((peer) => spread(quotients(byServer.get('ariane'), byServer.get(peer))))
        lines.push(row([figure, ...cells, ...ratios]))
      }
      parts.push(lines.join('\n'))
    }
    if (this.#failures.length > 0) parts.push(`### Failed\n\n${this.#failures.map((one) => `- ${one}`).join('\n')}`)
    return `${parts.join('\n\n')}\n`
  }
}

/** What a reader of the figures must know of the machine. */
export async function surroundings(): Promise<Readonly<Record<string, unknown>>> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
  const format = '${Version}'
  const version = async (name: string): Promise<string> =>
    (await run('dpkg-query', ['-W', '-f', format, name]).catch(() => 'unknown')).trim()
  const peers = { orthanc: await version('orthanc'), dcmtk: await version('dcmtk') }
  const here = { date: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), kernel: release() }
  return { ...here, node: process.version, ...peers }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function quotients(ours: readonly number[] | undefined, theirs: readonly number[] | undefined): number[] {
  return (ours ?? []).map((value, round) => value / (theirs?.[round] ?? Number.NaN))
}

/** Median (lowest–highest). */
function spread(all: readonly number[] | undefined): string {
  const values = (all ?? []).filter(Number.isFinite)
  if (values.length === 0) return ''
  const middle = text(median(values))
  return values.length === 1 ? middle : `${middle} (${text(Math.min(...values))}–${text(Math.max(...values))})`
}

function text(value: number): string {
  const whole = Math.max(1, Math.floor(Math.log10(Math.abs(value) || 1)) + 1)
  return value.toFixed(Math.max(0, DIGITS - whole))
}
