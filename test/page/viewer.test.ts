/** The viewer in a real browser: from the wire to pixels on the canvas, by mouse, wheel and keys. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenPage, openBrowser, openPage } from '../support/browser.ts'
import { type Material, pageMaterial } from './page-material.ts'

let material: Material
let browser: Browser
let opened: OpenPage
let page: Page
beforeAll(async () => {
  ;[material, browser] = await Promise.all([pageMaterial({ slices: 12, size: 128 }), openBrowser()])
  opened = await openPage(browser, material.node.webUrl)
  page = opened.page
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await material?.stop()
})

/** Mean grey of what the canvas shows, and of its middle. */
const greys = (): Promise<{ all: number; middle: number }> =>
  page.evaluate(() => {
    interface Canvas {
      readonly width: number
      readonly height: number
      getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } }
    }
    const canvas = (globalThis as unknown as { document: { querySelector(of: string): Canvas } }).document.querySelector('.stage canvas')
    const mean = (x: number, y: number, width: number, height: number): number => {
      const { data } = canvas.getContext('2d').getImageData(x, y, width, height)
      let sum = 0
      for (let at = 0; at < data.length; at += 4) sum += data[at]!
      return sum / (data.length / 4)
    }
    const { width, height } = canvas
    return { all: mean(0, 0, width, height), middle: mean(width / 2 - 5, height / 2 - 5, 10, 10) }
  })

const place = () => page.locator('[data-test=place]').innerText()
const windowed = () => page.locator('[data-test=window]').innerText()
const isDrawn = () => expect.poll(async () => (await greys()).all, { timeout: 15_000 }).toBeGreaterThan(5)

async function look({ study, series }: { study: string; series: string }): Promise<void> {
  await opened.visit(`#/view/${study}/${series}`)
  await page.locator('[data-test=place]').waitFor()
  await isDrawn()
}

it('shows an image, whose it is, and that it is not for diagnosis', async () => {
  await look(material.body)
  await page.getByText('Not for diagnosis').waitFor()
  const corners = await page.locator('.corners').innerText()
  for (const words of ['MARTIN, CLAIRE', 'P-004711', '12 Apr 1968', 'CT thorax', 'Thorax 1.0', '1 / 12', 'W 400 L 40'])
    expect(corners).toContain(words)
  // Tissue of about 45 HU under a window of 400 around 40.
  expect((await greys()).middle).toBeGreaterThan(100)
  expect((await greys()).middle).toBeLessThan(160)
})

it('goes through the stack by wheel, keys and slider', async () => {
  await look(material.body)
  const stage = page.getByRole('application')
  await stage.focus()
  for (const [key, there] of [
    ['ArrowDown', '2 / 12'],
    ['ArrowRight', '3 / 12'],
    ['ArrowUp', '2 / 12'],
    ['PageDown', '12 / 12'],
    ['ArrowDown', '12 / 12'],
    ['Home', '1 / 12'],
    ['End', '12 / 12'],
  ] as const) {
    await page.keyboard.press(key)
    await expect.poll(place).toBe(there)
  }
  await stage.hover()
  await page.mouse.wheel(0, -120)
  await expect.poll(place).toBe('11 / 12')
  await page.getByRole('slider').fill('4')
  await expect.poll(place).toBe('4 / 12')
})

it('windows at once, without asking the node again', async () => {
  await look(material.body)
  await page.waitForLoadState('networkidle')
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  const before = await greys()
  await page.getByRole('application').focus()
  for (let times = 0; times < 8; times++) await page.keyboard.press('Shift+ArrowUp')
  await expect.poll(windowed).toBe('W 400 L 200')
  await expect.poll(async () => (await greys()).middle).toBeLessThan(before.middle - 60)
  await page.keyboard.press('r')
  await expect.poll(windowed).toBe('W 400 L 40')
  await expect.poll(async () => Math.abs((await greys()).middle - before.middle)).toBeLessThan(3)
  await page.keyboard.press('i')
  await expect.poll(async () => (await greys()).all).toBeGreaterThan(before.all + 40)
  await page.keyboard.press('r')
  expect(asked.filter((url) => url.includes('dicom-web'))).toEqual([])
})

it('windows, zooms and moves by dragging with the tool that is chosen', async () => {
  await look(material.body)
  const drag = async (dx: number, dy: number): Promise<void> => {
    const box = (await page.getByRole('application').boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + dx, y + dy, { steps: 4 })
    await page.mouse.up()
  }
  await page.getByRole('button', { name: 'Window', exact: true }).click()
  await drag(0, 60)
  await expect.poll(windowed).toMatch(/^W 400 L ([5-9]\d|1\d\d)$/)
  await page.getByRole('button', { name: 'Zoom', exact: true }).click()
  await drag(0, -100)
  await expect.poll(() => page.locator('.corners').innerText()).toMatch(/19\d %/)
  await page.getByRole('button', { name: 'Move', exact: true }).click()
  const before = await greys()
  await drag(500, 0)
  await expect.poll(async () => (await greys()).all).not.toBeCloseTo(before.all, 0)
  await page.getByRole('button', { name: 'Reset' }).click()
  await expect.poll(() => page.locator('.corners').innerText()).toContain('100 %')
})

it('plays the frames of a loop', async () => {
  await look(material.heart)
  expect(await place()).toBe('1 / 8')
  await page.getByRole('button', { name: 'Play' }).click()
  const seen = new Set<string>()
  await expect
    .poll(
      async () => {
        seen.add(await place())
        return seen.size
      },
      { timeout: 10_000, interval: 30 },
    )
    .toBeGreaterThan(4)
  await page.getByRole('button', { name: 'Stop' }).click()
  const stopped = await place()
  await page.waitForTimeout(200)
  expect(await place()).toBe(stopped)
})

it('is one stop for Tab in its tools, arrows go between them', async () => {
  await look(material.body)
  await page.getByRole('button', { name: 'Scroll' }).focus()
  await page.keyboard.press('ArrowRight')
  expect(await page.evaluate('document.activeElement.innerText')).toBe('Window')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('application')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.type')).toBe('range')
})

it('complains of nothing', () => expect(opened.complaints()).toEqual([]))
