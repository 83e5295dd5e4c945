/** The viewer: enough to see that a reference leads to its image. Not for diagnosis, and it says so.
 *
 *  Shows a series of a study, or of the manifest that was opened: then what it promises and is not here has its place, marked as missing. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useWords } from '../parts/language.tsx'
import { Failure, Name, Nothing, Title, Waiting, Why } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'
import { type Frame, FrameStore } from '../viewer/frame-store.ts'
import type { ImageFacts } from '../viewer/image-facts.ts'
import { WHOLE } from '../viewer/paint.ts'
import { loadStack, type Slot } from '../viewer/stack.ts'
import { Stage, type Tool, type View } from '../viewer/stage.tsx'
import { type Window, wholeRange } from '../viewer/window.ts'
import { type Promised, promisedIn } from './opened.ts'
import { Toolbar } from './viewer-tools.tsx'

interface ViewerProps {
  readonly study: string
  readonly series: string
  /** Of the manifest that was opened. */
  readonly opened: boolean
}

export function ViewerView({ study, series, opened }: ViewerProps) {
  const { say } = useWords()
  const promised = useMemo(() => (opened ? promisedIn(study, series) : undefined), [study, series, opened])
  const [slots, setSlots] = useState<readonly Slot[]>()
  const [failure, setFailure] = useState<Error>()
  const [round, setRound] = useState(0)
  useEffect(() => {
    const asked = new AbortController()
    setFailure(undefined)
    loadStack(study, series, promised as readonly Promised[] | undefined, asked.signal).then(
      setSlots,
      (error: Error) => asked.signal.aborted || setFailure(error),
    )
    return () => asked.abort()
  }, [study, series, promised, round])
  return (
    <>
      <nav aria-label={say('nav.back')} class="back">
        {opened ? <a href="#/open">{say('open.title')}</a> : <a href={addressOf(['studies', study])}>{say('study.title')}</a>}
      </nav>
      <Title aside={<p class="warning-line">{say('viewer.notForDiagnosis')}</p>}>{say('viewer.title')}</Title>
      {opened && promised === undefined && <Nothing>{say('viewer.notOpen')}</Nothing>}
      {failure !== undefined && <Failure failure={failure} again={() => setRound(round + 1)} />}
      {slots === undefined && failure === undefined && <Waiting />}
      {slots?.length === 0 && <Nothing>{say('viewer.nothing')}</Nothing>}
      {slots !== undefined && slots.length > 0 && <Viewer study={study} series={series} slots={slots} />}
    </>
  )
}

const START: View = { index: 0, window: { center: 128, width: 256 }, invert: false, sight: WHOLE }
/** Milliseconds between frames where they do not say, and between images of a stack. */
const USUAL_FRAME_TIME = 66
/** A rendered picture with another window is asked for when the hand rests. */
const REST = 120

function Viewer({ study, series, slots }: { study: string; series: string; slots: readonly Slot[] }) {
  const { say } = useWords()
  const store = useMemo(() => new FrameStore(study, series, slots), [study, series, slots])
  const [view, setView] = useState<View>(START)
  const [tool, setTool] = useState<Tool>(slots.length > 1 ? 'scroll' : 'window')
  const [playing, play] = useState(false)
  /** Whether a hand has set the window: then the next image keeps it. */
  const [own, setOwn] = useState(false)
  const { frame, failure } = useFrame(store, slots, view, own)
  const usual = useRef<Window>(START.window)

  useEffect(() => () => store.end(), [store])
  useEffect(() => {
    if (frame === undefined) return
    usual.current = usualWindow(frame)
    if (!own) setView((before) => ({ ...before, window: usual.current }))
  }, [frame, own])
  const slot = slots[view.index]!
  useCine(playing && slots.length > 1, frame?.facts.frameTime ?? USUAL_FRAME_TIME, store, setView, slots)

  const change = (changed: Partial<View>): void => {
    if (changed.window !== undefined) setOwn(true)
    setView((before) => ({ ...before, ...changed }))
  }
  const reset = (): void => {
    setOwn(false)
    setView(({ index }) => ({ ...START, index, window: usual.current }))
  }
  const facts = frame?.facts
  const label = say('viewer.image', { n: view.index + 1, of: slots.length, name: facts?.seriesDescription ?? '' })
  return (
    <div class="viewer">
      <Toolbar
        tool={tool}
        choose={setTool}
        view={view}
        change={change}
        reset={reset}
        playing={playing}
        play={play}
        frame={frame}
        many={slots.length > 1}
      />
      <div class="stage-place">
        <Stage
          label={label}
          count={slots.length}
          view={view}
          tool={tool}
          frame={slot.missing ? undefined : frame}
          change={change}
          toggleCine={() => play(!playing)}
          reset={reset}
        />
        {facts !== undefined && (
          <Corners facts={facts} view={view} count={slots.length} slot={slot} grey={frame !== undefined && 'pixels' in frame} />
        )}
        {slot.missing && <p class="stage-word bad">{say('viewer.missing', { uid: slot.sopInstanceUid })}</p>}
        {failure !== undefined && !slot.missing && (
          <p class="stage-word bad" role="alert">
            {say('viewer.failed')} <Why failure={failure} />
          </p>
        )}
        {frame === undefined && failure === undefined && !slot.missing && <p class="stage-word">{say('loading')}</p>}
      </div>
      {slots.length > 1 && (
        <input
          type="range"
          class="stack-slider"
          min={1}
          max={slots.length}
          value={view.index + 1}
          aria-label={say('viewer.position')}
          aria-valuetext={say('viewer.place', { n: view.index + 1, of: slots.length })}
          onInput={(event) => change({ index: Number(event.currentTarget.value) - 1 })}
        />
      )}
      <p class="hint" id="viewer-keys">
        {say('viewer.keys')}
      </p>
    </div>
  )
}

/** The frame to be shown: the kept one at once, else the former one until it comes. */
function useFrame(store: FrameStore, slots: readonly Slot[], view: View, own: boolean): { frame?: Frame; failure?: Error } {
  const [shown, setShown] = useState<{ index: number; frame?: Frame; failure?: Error }>({ index: -1 })
  const { index, window } = view
  useEffect(() => {
    if (slots[index]!.missing) return setShown({ index })
    let over = false
    const show = (frame: Frame): void => void (over || setShown({ index, frame }))
    const kept = store.kept(index)
    if (kept !== undefined) show(kept)
    else
      store.load(index).then(show, (failure: Error) => {
        if (!over) setShown({ index, failure })
      })
    store.lookAt(index)
    return () => {
      over = true
    }
  }, [store, index])
  const isPicture = shown.frame !== undefined && 'picture' in shown.frame && shown.frame.facts.windows.length > 0
  useEffect(() => {
    if (!isPicture || !own) return
    let over = false
    const asked = { center: Math.round(window.center), width: Math.round(window.width) }
    const timer = setTimeout(
      () =>
        void store.load(index, asked).then(
          (frame) => over || setShown({ index, frame }),
          () => undefined,
        ),
      REST,
    )
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [store, index, isPicture, own, window.center, window.width])
  return shown
}

function usualWindow(frame: Frame): Window {
  const { facts } = frame
  const first = facts.windows[0]
  if (first !== undefined) return { center: first.center, width: first.width }
  return 'pixels' in frame ? wholeRange(frame.pixels, facts) : START.window
}

/** A frame that has not come is waited for: none is left out. */
function useCine(
  running: boolean,
  frameTime: number,
  store: FrameStore,
  setView: (change: (before: View) => View) => void,
  slots: readonly Slot[],
): void {
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => {
      setView((before) => {
        const next = (before.index + 1) % slots.length
        if (!slots[next]!.missing && store.kept(next) === undefined) {
          void store.load(next).catch(() => undefined)
          return before
        }
        return { ...before, index: next }
      })
    }, frameTime)
    return () => clearInterval(timer)
  }, [running, frameTime, store, slots])
}

function Corners({ facts, view, count, slot, grey }: { facts: ImageFacts; view: View; count: number; slot: Slot; grey: boolean }) {
  const { say, date, number } = useWords()
  return (
    <div class="corners">
      <div>
        <strong>
          <Name>{facts.patientName}</Name>
        </strong>
        <span>{facts.patientId}</span>
        <span>{date(facts.birthDate)}</span>
      </div>
      <div>
        <span>{date(facts.studyDate)}</span>
        <span>{facts.studyDescription}</span>
        <span>
          {facts.modality} {facts.seriesDescription}
        </span>
      </div>
      <div>
        <span data-test="place">{say('viewer.place', { n: view.index + 1, of: count })}</span>
        {slot.frames > 1 && <span>{say('viewer.frame', { n: slot.frame, of: slot.frames })}</span>}
      </div>
      <div>
        {(grey || facts.windows.length > 0) && (
          <span data-test="window">{say('viewer.windowed', { center: number(view.window.center), width: number(view.window.width) })}</span>
        )}
        <span>{say('viewer.zoomed', { percent: number(view.sight.zoom * 100) })}</span>
      </div>
    </div>
  )
}
