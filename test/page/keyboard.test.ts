/** The views of whoever looks after the node, by the keyboard alone: all that can be pressed is reached in its order, seen where one is, and left again. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESK, type OpenPage, openBrowser, openPage, TELEPHONE } from '../support/browser.ts'
import { type Material, pageMaterial } from './page-material.ts'

let material: Material
let browser: Browser
beforeAll(async () => {
  ;[material, browser] = await Promise.all([pageMaterial(), openBrowser()])
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await material?.stop()
})

const VIEWS = [
  ['#/deliveries', (page: Page) => page.getByRole('rowheader', { name: 'registry' }).first().waitFor()],
  ['#/peers', (page: Page) => page.getByRole('rowheader', { name: 'SCANNER9' }).waitFor()],
  ['#/settings', (page: Page) => page.getByText('manifest.quietSeconds').first().waitFor()],
] as const
const SHAPES = [
  { locale: 'en-GB', viewport: DESK, colorScheme: 'light' },
  { locale: 'fr-FR', viewport: DESK, colorScheme: 'dark' },
  { locale: 'en-GB', viewport: TELEPHONE, colorScheme: 'dark' },
  { locale: 'fr-FR', viewport: TELEPHONE, colorScheme: 'light' },
] as const

/** Numbers all that Tab should stop at, in the order of the document. @returns how many there are */
const NUMBERED = `{
  const wanted = 'a[href], button:not([disabled]), input:not([disabled]), select, textarea, [tabindex="0"]'
  const all = [...document.querySelectorAll(wanted)].filter((one) => one.tabIndex >= 0 && one.getClientRects().length > 0)
  all.forEach((one, at) => one.setAttribute('data-stop', String(at)))
  all.length
}`
interface Stop {
  readonly at: number
  readonly outline: string
  readonly isInView: boolean
}
const HERE = `{
  const here = document.activeElement
  const { top, bottom, left, right } = here.getBoundingClientRect()
  const style = getComputedStyle(here)
  const isInView = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth
  ;({ at: Number(here.getAttribute('data-stop') ?? -1), outline: style.outlineStyle === 'none' ? '' : style.outlineWidth, isInView })
}`

describe.each(SHAPES)('$locale, $colorScheme, $viewport.width pixels wide', (shape) => {
  it.each(VIEWS)('%s: each stop once, in order, seen, and none is a trap', async (address, shown) => {
    const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl, shape)
    await visit(address)
    await shown(page)
    const count = await page.evaluate<number>(NUMBERED)
    expect(count).toBeGreaterThan(10)
    await page.locator('[data-stop="0"]').focus()
    const stops: Stop[] = []
    for (let stop = 1; stop < count; stop++) {
      await page.keyboard.press('Tab')
      stops.push(await page.evaluate<Stop>(HERE))
    }
    expect(stops.map(({ at }) => at)).toEqual(Array.from({ length: count - 1 }, (_, at) => at + 1))
    expect(stops.filter(({ outline, isInView }) => outline === '' || !isInView)).toEqual([])
    // And back from the last one.
    await page.keyboard.press('Shift+Tab')
    expect((await page.evaluate<Stop>(HERE)).at).toBe(count - 2)
    expect(complaints()).toEqual([])
    await close()
  })
})

describe.each([
  { locale: 'en-GB', retry: 'Try again now', letIn: 'Allow …', title: 'AE title', changed: 'Only what was set', filter: 'Filter by name' },
  {
    locale: 'fr-FR',
    retry: 'Réessayer maintenant',
    letIn: 'Autoriser…',
    title: 'AE title',
    changed: 'Seulement ce qui a été réglé',
    filter: 'Filtrer par nom',
  },
] as const)('$locale', (words) => {
  const at = async (address: string, work: (opened: OpenPage) => Promise<void>): Promise<void> => {
    const opened = await openPage(browser, material.node.webUrl, { locale: words.locale })
    await opened.visit(address)
    await work(opened)
    expect(opened.complaints()).toEqual([])
    await opened.close()
  }

  it('a delivery is tried again: asked, taken back, asked and done, and the focus is where it was', () =>
    at('#/deliveries?state=waiting', async ({ page }) => {
      const button = page
        .getByRole('row', { name: /registry/ })
        .first()
        .getByRole('button', { name: words.retry })
      await button.focus()
      await page.keyboard.press('Enter')
      const question = page.getByRole('dialog', { name: words.retry })
      await question.waitFor()
      await page.keyboard.press('Escape')
      await question.waitFor({ state: 'detached' })
      expect(await button.evaluate((one) => one.ownerDocument.activeElement === one)).toBe(true)
      await page.keyboard.press('Space')
      await question.waitFor()
      // Inside of the question the focus goes round: what is behind it is not reached.
      for (let stop = 0; stop < 6; stop++) {
        await page.keyboard.press('Tab')
        expect(await page.evaluate('document.activeElement === document.body || document.activeElement.closest("dialog") !== null')).toBe(
          true,
        )
      }
      await question.getByRole('button', { name: words.retry }).focus()
      await page.keyboard.press('Enter')
      await page.locator('.notice').waitFor()
    }))

  it('a refused caller leads into the form, filled in, and the form is sent by Enter', () =>
    at('#/peers', async ({ page }) => {
      await page
        .getByRole('row', { name: /<i>NEW<\/i>/ })
        .getByRole('button', { name: words.letIn })
        .focus()
      await page.keyboard.press('Enter')
      const title = page.locator('form.add').getByLabel(words.title)
      await expect.poll(() => title.evaluate((one) => one.ownerDocument.activeElement === one)).toBe(true)
      expect(await title.inputValue()).toBe('<i>NEW</i>')
      await title.fill(words.locale === 'fr-FR' ? 'NOUVEAU' : 'NEW')
      await page.keyboard.press('Enter')
      await page.locator('.notice').waitFor()
      await page.getByRole('rowheader', { name: words.locale === 'fr-FR' ? 'NOUVEAU' : 'NEW', exact: true }).waitFor()
    }))

  it('settings are filtered, and how many are left is told', () =>
    at('#/settings', async ({ page }) => {
      await page.getByLabel(words.filter).focus()
      await page.keyboard.type('quiet')
      await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
      await page.keyboard.press('Tab')
      expect(await page.getByLabel(words.changed).evaluate((one) => one.ownerDocument.activeElement === one)).toBe(true)
      await page.keyboard.press('Space')
      await page
        .getByRole('status')
        .filter({ hasText: words.locale === 'fr-FR' ? '1 réglage' : '1 setting' })
        .waitFor()
    }))
})
