/** Pictures of the page for README and docs/page.md, of a real node with made-up patients. Written where asked for:
 *  ARIANE_PICTURES=1 npx vitest run --config test/vitest.config.ts test/page/pictures.test.ts */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, openPage, type PageOptions, TELEPHONE } from '../support/browser.ts'
import { PROJECT } from '../support/node-process.ts'
import { type Material, pageMaterial } from './page-material.ts'

const FOLDER = join(PROJECT, 'docs/pictures')
const LARGEST = 150_000
const WINDOW = { width: 1280, height: 800 } as const

let material: Material
let browser: Browser

const views = (): readonly (readonly [string, string, PageOptions, number?])[] => [
  ['now', '#/', { viewport: WINDOW }],
  ['now-telephone', '#/', { viewport: TELEPHONE, locale: 'fr-FR', colorScheme: 'dark' }],
  ['study', `#/studies/${material.body.study}`, { viewport: { ...WINDOW, height: 1080 } }],
  ['viewer', `#/view/${material.body.study}/${material.body.series}`, { viewport: WINDOW, colorScheme: 'dark' }, 12],
]

const isAskedFor = process.env.ARIANE_PICTURES !== undefined

beforeAll(async () => {
  if (isAskedFor) [material, browser] = await Promise.all([pageMaterial({ slices: 24, size: 256, frames: 20, plain: true }), openBrowser()])
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await material?.stop()
})

it.skipIf(!isAskedFor)('takes them', { timeout: 120_000 }, async () => {
  mkdirSync(FOLDER, { recursive: true })
  await material.busy(60)
  for (const [name, address, options, place] of views()) {
    const { page, visit, close } = await openPage(browser, material.node.webUrl, options)
    await visit(address)
    await page.waitForTimeout(1500)
    if (place !== undefined) await page.getByRole('slider').fill(String(place))
    await page.waitForTimeout(500)
    const picture = await sharp(await page.screenshot())
      .png({ palette: true, colours: 128, compressionLevel: 9, effort: 10 })
      .toBuffer()
    expect(picture.length, name).toBeLessThan(LARGEST)
    writeFileSync(join(FOLDER, `${name}.png`), picture)
    await close()
  }
})
