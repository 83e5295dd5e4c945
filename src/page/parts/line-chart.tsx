/** A line over the last two minutes, and in words what it shows. */
import { useWords } from './language.tsx'

const WIDTH = 600
const HEIGHT = 120

export interface LineChartProps {
  readonly label: string
  /** Oldest first, equally spaced. */
  readonly values: readonly number[]
  /** A value in words, with its unit. */
  written(value: number): string
}

export function LineChart({ label, values, written }: LineChartProps) {
  const { say } = useWords()
  const top = Math.max(...values, 0)
  const x = (index: number): number => (index / Math.max(1, values.length - 1)) * WIDTH
  const y = (value: number): number => HEIGHT - 2 - (top === 0 ? 0 : (value / top) * (HEIGHT - 8))
  const line = values.map((value, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('')
  const described = say('chart.described', { label, top: written(top), last: written(values.at(-1) ?? 0) })
  return (
    <figure class="chart">
      <figcaption>
        <span>{label}</span> <strong>{written(values.at(-1) ?? 0)}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={described}>
        <path class="grid" d={`M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 2}H${WIDTH}`} />
        {values.length > 1 && <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />}
        {values.length > 1 && <path class="line" d={line} />}
      </svg>
      <div class="axis" aria-hidden="true">
        <span>{say('chart.from')}</span>
        <span>{say('chart.top', { top: written(top) })}</span>
        <span>{say('chart.now')}</span>
      </div>
    </figure>
  )
}
