/** The view Now of a node at which a study is arriving: a technician recognises it, in both languages, both colours, on a desk and on a telephone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DESK, openBrowser, openPage, overflowOf, seriousFindings, TELEPHONE } from '../support/browser.ts'
import { buildPage } from '../support/built-page.ts'
import { part10, TAG, testUid } from '../support/data-sets.ts'
import { storescu } from '../support/dcmtk.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { bodySlice } from '../support/phantom.ts'

let node: NodeProcess
let browser: Browser
const folder = mkdtempSync(join(tmpdir(), 'ariane-now-'))
const study = testUid()

beforeAll(async () => {
  await buildPage()
  ;[node, browser] = await Promise.all([
    startNode({ settings: { manifest: { quietSeconds: 3600, associationEndSeconds: 3600, maxWaitSeconds: 7200 } } }),
    openBrowser(),
  ])
  const files = [0.2, 0.4, 0.6].map((at, index) => {
    const file = join(folder, `${index}.dcm`)
    const slice = bodySlice(at, 64, {
      [TAG.PatientName]: ['PN', 'MARTIN^CLAIRE'],
      [TAG.PatientID]: ['LO', 'P-004711'],
      [TAG.AccessionNumber]: ['SH', 'A26-0301'],
      [TAG.StudyInstanceUID]: ['UI', study],
      528432: ['LO', 'CT thorax'],
    })
    writeFileSync(file, part10(slice))
    return file
  })
  await storescu(node, files)
  await eventually('the study is there', async () => {
    const { collecting } = (await (await fetch(`${node.webUrl}/api/now`)).json()) as { collecting: { instances: number }[] }
    return collecting[0]?.instances === 3
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await node?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const SHAPES = (['en-GB', 'fr-FR'] as const).flatMap((locale) =>
  (['light', 'dark'] as const).flatMap((colorScheme) => [DESK, TELEPHONE].map((viewport) => ({ locale, colorScheme, viewport }))),
)

it.each(SHAPES)('says whose study arrives: $locale, $colorScheme, $viewport.width', async (shape) => {
  const { page, visit, complaints, close } = await openPage(browser, node.webUrl, shape)
  await visit('#/')
  const row = page.getByRole('row', { name: /MARTIN, CLAIRE/ })
  await row.waitFor()
  const text = (await row.innerText()).replace(/\s+/g, ' ')
  expect(text).toMatch(/MARTIN, CLAIRE P-004711 A26-0301 CT CT thorax 3 /)
  expect(text).toMatch(shape.locale === 'fr-FR' ? /rien reçu.* : encore \d+/ : /quiet .*: \d+ (h|min)/)
  expect(text).not.toContain(study)
  expect(await page.locator('main [lang=""]').allInnerTexts()).toEqual([])
  expect(await overflowOf(page)).toBe(0)
  expect(await seriousFindings(page)).toEqual([])
  await row.getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: 'MARTIN, CLAIRE' }).waitFor()
  expect(complaints()).toEqual([])
  await close()
})
