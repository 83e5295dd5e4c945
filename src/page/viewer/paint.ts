/** A frame on a canvas: windowed, zoomed, moved. One pass over the pixels where the window changed, none where only the view did. */
import type { Frame } from './frame-store.ts'
import { greyTable, type Window } from './window.ts'

export interface Sight {
  /** 1 fits the picture into the canvas. */
  readonly zoom: number
  /** Of its middle from the middle of the canvas, in CSS pixels. */
  readonly x: number
  readonly y: number
}

export const WHOLE: Sight = { zoom: 1, x: 0, y: 0 }

export class Painter {
  readonly #canvas: HTMLCanvasElement
  readonly #sheet = document.createElement('canvas')
  #shown?: { frame: Frame; window: Window; invert: boolean }
  #image?: ImageData

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas
  }

  /** @param window  used where the frame's values are here */
  paint(frame: Frame, window: Window, invert: boolean, { zoom, x, y }: Sight): void {
    const context = this.#cleared()
    const picture = 'picture' in frame ? frame.picture : this.#windowed(frame.pixels, frame, window, invert)
    const { width, height } = this.#canvas
    const scale = Math.min(width / picture.width, height / picture.height) * zoom
    const ratio = devicePixelRatio
    context.imageSmoothingEnabled = scale < 3
    context.imageSmoothingQuality = 'high'
    context.filter = 'picture' in frame && invert ? 'invert(1)' : 'none'
    context.drawImage(
      picture,
      width / 2 + x * ratio - (picture.width * scale) / 2,
      height / 2 + y * ratio - (picture.height * scale) / 2,
      picture.width * scale,
      picture.height * scale,
    )
  }

  clear(): void {
    this.#cleared()
    this.#shown = undefined
  }

  #cleared(): CanvasRenderingContext2D {
    const canvas = this.#canvas
    const [width, height] = [Math.round(canvas.clientWidth * devicePixelRatio), Math.round(canvas.clientHeight * devicePixelRatio)]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    const context = canvas.getContext('2d', { alpha: false })!
    context.filter = 'none'
    context.fillStyle = '#000'
    context.fillRect(0, 0, width, height)
    return context
  }

  #windowed(pixels: ArrayLike<number>, frame: Frame, window: Window, invert: boolean): HTMLCanvasElement {
    const { facts } = frame
    const sheet = this.#sheet
    const shown = this.#shown
    if (shown?.frame === frame && shown.window.center === window.center && shown.window.width === window.width && shown.invert === invert)
      return sheet
    if (sheet.width !== facts.columns || sheet.height !== facts.rows || this.#image === undefined) {
      Object.assign(sheet, { width: facts.columns, height: facts.rows })
      this.#image = new ImageData(facts.columns, facts.rows)
    }
    const table = greyTable(facts, window, invert)
    const shades = new Uint32Array(this.#image.data.buffer)
    for (let at = 0; at < shades.length; at++) shades[at] = table[pixels[at]!]!
    sheet.getContext('2d')!.putImageData(this.#image, 0, 0)
    this.#shown = { frame, window, invert }
    return sheet
  }
}
