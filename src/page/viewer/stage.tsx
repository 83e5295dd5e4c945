/** The picture, and what hand and keys do to it: scroll through the stack, window and level, zoom, move.
 *
 *  Promises: a change of window or view is painted with the next picture of the screen; frames that are not there yet are waited for, the
 *  former one stays meanwhile. Does not: choose the tool, nor show words (see viewer.tsx). */
import { useEffect, useRef } from 'preact/hooks'
import type { Frame } from './frame-store.ts'
import { Painter, type Sight } from './paint.ts'
import type { Window } from './window.ts'

export const TOOLS = ['scroll', 'window', 'zoom', 'pan'] as const
export type Tool = (typeof TOOLS)[number]

export interface View {
  readonly index: number
  readonly window: Window
  readonly invert: boolean
  readonly sight: Sight
}

export interface StageProps {
  readonly label: string
  readonly count: number
  readonly view: View
  readonly tool: Tool
  readonly frame?: Frame
  change(change: Partial<View>): void
  toggleCine(): void
  reset(): void
}

const STEP = 20
const ZOOM_STEP = 1.2
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

export function Stage(props: StageProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<Painter>(undefined)
  const latest = useRef(props)
  latest.current = props

  const paint = (): void => {
    const { frame, view } = latest.current
    painter.current ??= new Painter(canvas.current!)
    if (frame === undefined) painter.current.clear()
    else painter.current.paint(frame, view.window, view.invert, view.sight)
  }
  useEffect(() => {
    const drawing = requestAnimationFrame(paint)
    return () => cancelAnimationFrame(drawing)
  }, [props.frame, props.view])
  useEffect(() => {
    const watcher = new ResizeObserver(paint)
    watcher.observe(canvas.current!)
    return () => watcher.disconnect()
  }, [])
  useGestures(canvas, latest)

  // It takes keys of its own: what they do is said beside it.
  return (
    <div
      class="stage"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is interactive
      tabIndex={0}
      aria-label={props.label}
      aria-describedby="viewer-keys"
      onKeyDown={(event) => pressed(event, latest.current)}
    >
      <canvas ref={canvas} />
    </div>
  )
}

function pressed(event: KeyboardEvent, props: StageProps): void {
  const { view, count, change } = props
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const go = (index: number): void => change({ index: clamp(index, 0, count - 1) })
  const turn = (center: number, width: number): void => change({ window: turned(view.window, center, width) })
  const move = (x: number, y: number): void => change({ sight: { ...view.sight, x: view.sight.x + x, y: view.sight.y + y } })
  const keys: Readonly<Record<string, () => void>> = event.shiftKey
    ? {
        ArrowUp: () => turn(STEP, 0),
        ArrowDown: () => turn(-STEP, 0),
        ArrowRight: () => turn(0, STEP),
        ArrowLeft: () => turn(0, -STEP),
        '+': () => change({ sight: zoomed(view.sight, ZOOM_STEP) }),
      }
    : {
        ArrowUp: () => go(view.index - 1),
        ArrowDown: () => go(view.index + 1),
        ArrowLeft: () => go(view.index - 1),
        ArrowRight: () => go(view.index + 1),
        PageUp: () => go(view.index - 10),
        PageDown: () => go(view.index + 10),
        Home: () => go(0),
        End: () => go(count - 1),
        '+': () => change({ sight: zoomed(view.sight, ZOOM_STEP) }),
        '=': () => change({ sight: zoomed(view.sight, ZOOM_STEP) }),
        '-': () => change({ sight: zoomed(view.sight, 1 / ZOOM_STEP) }),
        a: () => move(STEP, 0),
        d: () => move(-STEP, 0),
        w: () => move(0, STEP),
        s: () => move(0, -STEP),
        i: () => change({ invert: !view.invert }),
        r: props.reset,
        ' ': props.toggleCine,
      }
  const act = keys[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
}

const turned = ({ center, width }: Window, moreCenter: number, moreWidth: number): Window => ({
  center: center + moreCenter,
  width: Math.max(1, width + moreWidth),
})

const zoomed = (sight: Sight, factor: number): Sight => {
  const zoom = clamp(sight.zoom * factor, 0.2, 20)
  const by = zoom / sight.zoom
  return { zoom, x: sight.x * by, y: sight.y * by }
}

/** Wheel, mouse and fingers. Two fingers zoom and move, whatever the tool. */
function useGestures(canvas: { readonly current: HTMLCanvasElement | null }, latest: { readonly current: StageProps }): void {
  useEffect(() => {
    const element = canvas.current!
    const fingers = new Map<number, { x: number; y: number }>()
    let travelled = 0

    const wheel = (event: WheelEvent): void => {
      event.preventDefault()
      const { view, change, count } = latest.current
      if (event.ctrlKey) change({ sight: zoomed(view.sight, event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP) })
      else change({ index: clamp(view.index + Math.sign(event.deltaY), 0, count - 1) })
    }
    const down = (event: PointerEvent): void => {
      element.setPointerCapture(event.pointerId)
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
      travelled = 0
    }
    const move = (event: PointerEvent): void => {
      const before = fingers.get(event.pointerId)
      if (before === undefined) return
      const [dx, dy] = [event.clientX - before.x, event.clientY - before.y]
      if (fingers.size === 2) pinch(fingers, event, dx, dy)
      else travelled = drag(event.buttons === 2 ? 'window' : event.buttons === 4 ? 'pan' : latest.current.tool, dx, dy, travelled)
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    }
    const drag = (tool: Tool, dx: number, dy: number, before: number): number => {
      const { view, change, count } = latest.current
      if (tool === 'window') {
        const pace = Math.max(0.5, view.window.width / 400)
        change({ window: turned(view.window, Math.round(dy * pace), Math.round(dx * pace)) })
      } else if (tool === 'zoom') change({ sight: zoomed(view.sight, Math.exp(-dy / 150)) })
      else if (tool === 'pan') change({ sight: { ...view.sight, x: view.sight.x + dx, y: view.sight.y + dy } })
      else return scrolled(before + dy, view.index, count, change)
      return 0
    }
    const pinch = (touching: Map<number, { x: number; y: number }>, event: PointerEvent, dx: number, dy: number): void => {
      const { view, change } = latest.current
      const [, other] = [...touching].find(([id]) => id !== event.pointerId)!
      const mine = touching.get(event.pointerId)!
      const [was, is] = [Math.hypot(mine.x - other.x, mine.y - other.y), Math.hypot(event.clientX - other.x, event.clientY - other.y)]
      const next = zoomed(view.sight, is / Math.max(1, was))
      change({ sight: { ...next, x: next.x + dx / 2, y: next.y + dy / 2 } })
    }
    const up = (event: PointerEvent): void => void fingers.delete(event.pointerId)
    const none = (event: Event): void => event.preventDefault()
    const listeners = { wheel, pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, contextmenu: none }
    for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener as EventListener, { passive: false })
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener as EventListener)
    }
  }, [])
}

/** One image for each 8 pixels. @returns what is left of the way */
function scrolled(way: number, index: number, count: number, change: StageProps['change']): number {
  const images = Math.trunc(way / 8)
  if (images !== 0) change({ index: clamp(index + images, 0, count - 1) })
  return way - images * 8
}
