/** Each view of the page in a real browser, on a real node: without errors, readable by all, in both colours, on a desk and on a telephone. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StudyDetails } from '../../src/endpoints/api/api-contract.ts'
import { DESK, openBrowser, openPage, overflowOf, type PageOptions, seriousFindings, TELEPHONE } from '../support/browser.ts'
import { startNode } from '../support/node-process.ts'
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

/** View, where it is, and what shows that it is there. */
const VIEWS: readonly (readonly [name: string, address: () => Promise<string>, (page: Page) => Promise<unknown>])[] = [
  ['now', async () => '#/', (page) => page.locator('.verdict').first().waitFor()],
  ['studies', async () => '#/studies', (page) => page.getByRole('link', { name: 'MARTIN, CLAIRE' }).waitFor()],
  ['study', async () => `#/studies/${material.body.study}`, (page) => page.locator('.timeline li').first().waitFor()],
  ['study in conflict', async () => `#/studies/${material.conflict.study}`, (page) => page.getByText('P-8').waitFor()],
  ['manifest', manifestAddress, (page) => page.locator('[role=tabpanel] pre').waitFor()],
  ['viewer', async () => `#/view/${material.body.study}/${material.body.series}`, (page) => page.locator('[data-test=window]').waitFor()],
  ['open a manifest', async () => '#/open', (page) => page.locator('input[type=file]').waitFor()],
  ['deliveries', async () => '#/deliveries', (page) => page.getByText('registry').first().waitFor()],
  ['peers', async () => '#/peers', (page) => page.getByRole('rowheader', { name: 'SCANNER9' }).waitFor()],
  ['settings', async () => '#/settings', (page) => page.getByText('manifest.quietSeconds').first().waitFor()],
]

async function manifestAddress(): Promise<string> {
  const { manifests } = await material.api<StudyDetails>(`api/studies/${material.body.study}`)
  return `#/manifests/${manifests[0]!.sopInstanceUid}`
}

/** Each with each for the views of whoever looks after the node; elsewhere each pair of language, colour and width once. */
const SHAPES: readonly (PageOptions & { readonly locale: 'en-GB' | 'fr-FR'; readonly width: string; readonly all: boolean })[] = (
  ['en-GB', 'fr-FR'] as const
).flatMap((locale, language) =>
  (['light', 'dark'] as const).flatMap((colorScheme, colour) =>
    [DESK, TELEPHONE].map((viewport, size) => ({
      locale,
      colorScheme,
      viewport,
      width: size === 0 ? 'a desk' : 'a telephone',
      all: (language + colour + size) % 2 === 0,
    })),
  ),
)
const EVERY_SHAPE: readonly string[] = ['deliveries', 'peers', 'settings']

describe.each(SHAPES)('$locale, $colorScheme, on $width', ({ all, width: _width, ...shape }) => {
  it.each(VIEWS.filter(([name]) => all || EVERY_SHAPE.includes(name)))(
    '%s: no error, nothing of elsewhere, no serious finding of axe-core, nothing over the edge, nothing in another language',
    async (_name, address, shown) => {
      const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl, shape)
      await visit(await address())
      await shown(page)
      expect(await page.locator('h1').count()).toBe(1)
      expect(await page.title()).toContain('Ariane')
      expect(await page.locator('html').getAttribute('lang')).toBe(shape.locale.slice(0, 2))
      expect(await page.locator('main [lang=""]').allInnerTexts()).toEqual([])
      expect(await seriousFindings(page)).toEqual([])
      expect(await overflowOf(page)).toBe(0)
      if (shape.viewport === TELEPHONE)
        expect((await page.locator('.head nav').boundingBox())?.height, 'two lines of places').toBeLessThan(80)
      expect(complaints()).toEqual([])
      await close()
    },
  )
})

it('speaks the language of the browser, and the other one when told so, from then on', async () => {
  const { page, visit, close } = await openPage(browser, material.node.webUrl, { locale: 'fr-FR' })
  await visit('#/')
  await page.getByRole('heading', { name: 'Les images arrivent' }).waitFor()
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Receiving images' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Receiving images' }).waitFor()
  expect(await page.locator('html').getAttribute('lang')).toBe('en')
  await close()
})

it('does not say that images arrive where nobody has called yet', async () => {
  const silent = await startNode()
  const { page, visit, close } = await openPage(browser, silent.webUrl)
  await visit('#/')
  await page.getByRole('heading', { name: 'Ready to receive images' }).waitFor()
  await page.getByText('Nobody has called yet.').waitFor()
  await close()
  await silent.stop()
})

it('says that an address leads nowhere', async () => {
  const { page, visit, close } = await openPage(browser, material.node.webUrl)
  await visit('#/nowhere/%E0%A4%A')
  await page.getByRole('heading', { name: 'No such view' }).waitFor()
  await visit('#/studies/1.2.3')
  await page.getByRole('alert').waitFor()
  await close()
})
