/** Text of patients and of peers that would like to be more than text: names, descriptions, AE titles, addresses. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StudyDetails } from '../../src/endpoints/api/api-contract.ts'
import { openBrowser, openPage } from '../support/browser.ts'
import { HOSTILE_TITLE, type Material, pageMaterial } from './page-material.ts'

let material: Material
let browser: Browser
beforeAll(async () => {
  ;[material, browser] = await Promise.all([pageMaterial({ slices: 1, frames: 2 }), openBrowser()])
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await material?.stop()
})

const VIEWS: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
  ['callers', async () => '#/', /<b>CT<\/b>/],
  ['studies', async () => '#/studies', /<svg onload=document\.title=1>/],
  ['a study', async () => `#/studies/${material.hostile.study}`, /<\/td><script>document\.title=1<\/script>/],
  ['a manifest', manifest, /<svg onload=document\.title=1>/],
  ['the viewer', viewer, /<svg onload=document\.title=1>/],
  ['peers', async () => '#/peers', /<i>NEW<\/i>/],
  ['an address', async () => '#/studies?patientName=%22%3E%3Cscript%3Edocument.title%3D1%3C%2Fscript%3E', /studies/],
]

const study = () => material.api<StudyDetails>(`api/studies/${material.hostile.study}`)

async function manifest(): Promise<string> {
  return `#/manifests/${(await study()).manifests[0]!.sopInstanceUid}`
}

async function viewer(): Promise<string> {
  return `#/view/${material.hostile.study}/${(await study()).seriesList[0]!.seriesInstanceUid}`
}

it.each(VIEWS)('%s: shown as it is, and does nothing', async (_name, address, shown) => {
  const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl)
  await visit(await address())
  await expect.poll(() => page.locator('main').innerText(), { timeout: 15_000 }).toMatch(shown)
  expect(await page.locator('main script, main b, main i, main svg[onload], main img[src="x"], [onerror], [onload]').count()).toBe(0)
  expect(await page.title()).not.toBe('1')
  expect(complaints()).toEqual([])
  await close()
})

it('lets a hostile name no further than its row: searched, found, opened', async () => {
  const { page, visit, complaints, close } = await openPage(browser, material.node.webUrl)
  await visit('#/studies')
  await page.getByLabel('Patient’s name').fill('<img*')
  await page.keyboard.press('Enter')
  await page.getByText('1 study', { exact: true }).waitFor()
  await page.getByRole('link', { name: '<img src' }).click()
  await page.getByRole('heading', { level: 1, name: '<img src' }).waitFor()
  expect(HOSTILE_TITLE.length).toBeLessThanOrEqual(16)
  expect(complaints()).toEqual([])
  await close()
})
