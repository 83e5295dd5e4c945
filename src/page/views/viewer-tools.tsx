/** The viewer's buttons: one stop for Tab, arrows go between them (ARIA toolbar). */
import { useRef } from 'preact/hooks'
import { useWords } from '../parts/language.tsx'
import type { Frame } from '../viewer/frame-store.ts'
import { TOOLS, type Tool, type View } from '../viewer/stage.tsx'

export interface ToolbarProps {
  readonly tool: Tool
  readonly view: View
  readonly playing: boolean
  readonly frame?: Frame
  /** Whether there is more than one picture. */
  readonly many: boolean
  choose(tool: Tool): void
  change(change: Partial<View>): void
  reset(): void
  play(playing: boolean): void
}

export function Toolbar({ tool, choose, view, change, reset, playing, play, frame, many }: ToolbarProps) {
  const { say, number } = useWords()
  const bar = useRef<HTMLDivElement>(null)
  const windows = frame?.facts.windows ?? []
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const buttons = [...bar.current!.querySelectorAll('button')]
    const next = buttons[(buttons.indexOf(document.activeElement as HTMLButtonElement) + step + buttons.length) % buttons.length]!
    for (const one of buttons) one.tabIndex = one === next ? 0 : -1
    next.focus()
    event.preventDefault()
  }
  return (
    <div class="toolbar" role="toolbar" aria-label={say('viewer.tools')} ref={bar} onKeyDown={move} tabIndex={-1}>
      {TOOLS.filter((one) => many || one !== 'scroll').map((one, index) => (
        <button key={one} type="button" tabIndex={index === 0 ? 0 : -1} aria-pressed={one === tool} onClick={() => choose(one)}>
          {say(`tool.${one}`)}
        </button>
      ))}
      <button type="button" tabIndex={-1} aria-pressed={view.invert} onClick={() => change({ invert: !view.invert })}>
        {say('tool.invert')}
      </button>
      {many && (
        <button type="button" tabIndex={-1} aria-pressed={playing} onClick={() => play(!playing)}>
          {say(playing ? 'tool.stop' : 'tool.play')}
        </button>
      )}
      {windows.slice(0, 3).map((one) => (
        <button
          key={`${one.center} ${one.width}`}
          type="button"
          tabIndex={-1}
          onClick={() => change({ window: { center: one.center, width: one.width } })}
        >
          {one.name || say('tool.preset', { center: number(one.center), width: number(one.width) })}
        </button>
      ))}
      <button type="button" tabIndex={-1} onClick={reset}>
        {say('tool.reset')}
      </button>
    </div>
  )
}
