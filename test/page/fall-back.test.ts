/** The viewer where an image does not come as values to be windowed: then as the node draws it; and where the node cannot draw it: words, and the
 *  images around it all the same. By touch too: two fingers zoom and move. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type OpenPage, openBrowser, openPage, seriousFindings, TELEPHONE } from '../support/browser.ts'
import { buildPage } from '../support/built-page.ts'
import { type Overrides, part10, TAG, testUid } from '../support/data-sets.ts'
import { dcmsend } from '../support/dcmtk.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { bodySlice } from '../support/phantom.ts'

const [study, series] = [testUid(), testUid()]
const folder = mkdtempSync(join(tmpdir(), 'ariane-fall-back-'))
const SIZE = 64

let node: NodeProcess
let browser: Browser
let opened: OpenPage

beforeAll(async () => {
  await buildPage()
  ;[node, browser] = await Promise.all([startNode(), openBrowser()])
  const file = (index: number, overrides: Overrides = {}): string => {
    const path = join(folder, `${index}.dcm`)
    const named: Overrides = {
      [TAG.StudyInstanceUID]: ['UI', study],
      [TAG.SeriesInstanceUID]: ['UI', series],
      [TAG.InstanceNumber]: ['IS', String(index)],
    }
    writeFileSync(path, part10(bodySlice(index / 5, SIZE, { ...named, ...overrides })))
    return path
  }
  // Values of 32 bits are windowed by the node alone, those of 64 by nobody.
  const files = [file(1), file(2, wide(2 / 5, 32)), file(3, wide(3 / 5, 64)), file(4)]
  expect(await dcmsend(node, files)).toMatchObject({ code: 0 })
  await eventually('all are here', async () => {
    const answer = await fetch(`${node.webUrl}/dicom-web/studies/${study}/instances`)
    return answer.ok && ((await answer.json()) as unknown[]).length === 4
  })
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await node?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The slice, with so many bits for each pixel. */
function wide(at: number, bits: 32 | 64): Overrides {
  const narrow = bodySlice(at, SIZE).get(TAG.PixelData)![1] as Buffer
  const pixels = Buffer.alloc(SIZE * SIZE * (bits / 8))
  for (let pixel = 0; pixel < SIZE * SIZE; pixel++) pixels.writeUInt16LE(narrow.readUInt16LE(pixel * 2), pixel * (bits / 8))
  return {
    2621696: ['US', bits],
    2621697: ['US', bits],
    2621698: ['US', bits - 1],
    [TAG.PixelData]: ['OW', pixels],
  }
}

/** What is asked for of pixels, with what it is answered. */
let asked: { path: string; status: number }[]
beforeEach(async () => {
  opened = await openPage(browser, node.webUrl, { locale: 'fr-FR', viewport: TELEPHONE, hasTouch: true })
  asked = []
  opened.page.on('response', (answer) => {
    if (answer.url().includes('/frames/')) asked.push({ path: answer.url().replace(/^.*\/frames\//, ''), status: answer.status() })
  })
})
afterEach(async () => {
  expect(opened.complaints()).toEqual([])
  await opened.close()
})

async function look(image: number): Promise<void> {
  await opened.visit(`#/view/${study}/${series}`)
  await opened.page.getByRole('slider').fill(String(image))
  await expect.poll(() => place()).toBe(`${image} / 4`)
}

/** Of the slider: the corners say nothing of an image that is not shown. */
const place = () => opened.page.getByRole('slider').getAttribute('aria-valuetext')

/** Mean grey of the middle of what is shown. */
const middle = (): Promise<number> =>
  opened.page.evaluate(`{
    const canvas = document.querySelector('.stage canvas')
    const { data } = canvas.getContext('2d').getImageData(canvas.width / 2 - 5, canvas.height / 2 - 5, 10, 10)
    let sum = 0
    for (let at = 0; at < data.length; at += 4) sum += data[at]
    sum / (data.length / 4)
  }`)
/** An image is on the screen. */
const isShown = () => expect.poll(middle, { timeout: 15_000 }).toBeGreaterThan(20)
const corners = () => opened.page.locator('.corners').innerText()

it('shows a picture of the node where the values do not come, and asks for another when the window changes', async () => {
  await look(2)
  await isShown()
  await expect.poll(() => asked.filter(({ path, status }) => path.startsWith('1/rendered') && status === 200).length).toBeGreaterThan(0)
  const before = await middle()
  await opened.page.getByRole('application').focus()
  for (let times = 0; times < 8; times++) await opened.page.keyboard.press('Shift+ArrowUp')
  await expect.poll(() => asked.some(({ path, status }) => /^1\/rendered\?window=200,/.test(path) && status === 200)).toBe(true)
  await expect.poll(middle, { timeout: 15_000 }).toBeLessThan(before - 60)
})

it('shows one where the values of an image are refused that could be windowed here', async () => {
  const { page } = opened
  await page.route(/\/frames\/1$/, (route) =>
    route.fulfill({ status: 406, json: { status: 406, detail: 'none of what is accepted can be sent' } }),
  )
  await look(1)
  await isShown()
  expect(asked.filter(({ path, status }) => path === '1' && status === 200)).toEqual([])
  expect(asked.some(({ path, status }) => path.startsWith('1/rendered') && status === 200)).toBe(true)
  expect(await page.locator('.stage-word.bad').count()).toBe(0)
})

it('says in words, in the language of the reader, why there is no picture; the images around it are shown', async () => {
  const { page } = opened
  await look(3)
  const word = page.locator('.stage-word.bad')
  await word.waitFor()
  expect(await word.innerText()).toBe(
    'Affichage impossible : il n’y a rien à montrer : les données sont illisibles : les entiers de 64 bits ne sont pas dessinés',
  )
  expect(asked.filter(({ status }) => status === 406).map(({ path }) => path)).toContain('1/rendered')
  expect(await seriousFindings(page)).toEqual([])
  await page.getByRole('slider').fill('4')
  await word.waitFor({ state: 'detached' })
  await isShown()
})

it('says that the node does not answer, and goes on when it does', async () => {
  const { page } = opened
  await look(1)
  await isShown()
  await page.route('**/frames/**', (route) => route.abort())
  await page.reload()
  const word = page.locator('.stage-word.bad')
  await word.waitFor()
  expect(await word.innerText()).toBe('Affichage impossible : Le nœud ne répond pas.')
  await page.unroute('**/frames/**')
  await page.getByRole('slider').fill('4')
  await isShown()
  await page.getByRole('slider').fill('1')
  await word.waitFor({ state: 'detached' })
  await isShown()
})

it('zooms and moves by two fingers, whatever the tool; one finger goes through the images', async () => {
  const { page } = opened
  await look(1)
  await isShown()
  const box = (await page.locator('.stage canvas').boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const session = await page.context().newCDPSession(page)
  type Finger = { id: number; x: number; y: number }
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: readonly Finger[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: [...touchPoints] })
  const apart = (distance: number, dx = 0): Finger[] => [
    { id: 1, x: x - distance / 2 + dx, y },
    { id: 2, x: x + distance / 2 + dx, y },
  ]
  expect(await corners()).toContain('100 %')
  await touch('touchStart', apart(40))
  for (const distance of [50, 60, 70, 80]) await touch('touchMove', apart(distance))
  await touch('touchEnd', [])
  await expect.poll(corners).toMatch(/\b(19\d|20\d) %/)
  expect(await page.evaluate('visualViewport.scale'), 'the picture, not the page').toBe(1)
  // Together again: back to where it was.
  await touch('touchStart', apart(80))
  for (const distance of [70, 60, 50, 40]) await touch('touchMove', apart(distance))
  await touch('touchEnd', [])
  await expect.poll(corners).toMatch(/\b(9\d|10\d) %/)
  // Both to the side: the body leaves the middle.
  await touch('touchStart', apart(60))
  for (let dx = 20; dx <= 120; dx += 20) await touch('touchMove', apart(60, dx))
  await touch('touchEnd', [])
  await expect.poll(middle).toBeLessThan(20)
  expect(await place()).toBe('1 / 4')
  // One finger down, with the tool that scrolls.
  await touch('touchStart', [{ id: 1, x, y }])
  for (let dy = 4; dy <= 20; dy += 4) await touch('touchMove', [{ id: 1, x, y: y + dy }])
  await touch('touchEnd', [])
  await expect.poll(place).toBe('3 / 4')
})
