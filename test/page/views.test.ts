/** Each view of the page in a real browser, on a real node: without errors, readable by all, in both colours, on a desk and on a telephone. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StudyDetails } from '../../src/endpoints/api/api-contract.ts'
import { openBrowser, openPage, overflowOf, seriousFindings, TELEPHONE } from '../support/browser.ts'
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

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it.each(VIEWS)('%s: no error, nothing of elsewhere, no serious finding of axe-core', async (_name, address, shown) => {
    const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl, { colorScheme })
    await visit(await address())
    await shown(page)
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.title()).toContain('Ariane')
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints()).toEqual([])
    await close()
  })
})

it.each(VIEWS)('%s: on a telephone, in French, nothing goes over the edge, nothing is in English', async (_name, address, shown) => {
  const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl, { viewport: TELEPHONE, locale: 'fr-FR' })
  await visit(await address())
  await shown(page)
  expect(await overflowOf(page)).toBe(0)
  expect((await page.locator('.head nav').boundingBox())?.height, 'two lines of places').toBeLessThan(80)
  expect(await page.locator('html').getAttribute('lang')).toBe('fr')
  expect(await page.locator('main [lang=""]').allInnerTexts()).toEqual([])
  expect(complaints()).toEqual([])
  await close()
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
