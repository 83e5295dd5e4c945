/** What people do on the page, from beginning to end, in a real browser on a real node. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ManifestDetails, StudyDetails } from '../../src/endpoints/api/api-contract.ts'
import { type OpenPage, openBrowser, openPage } from '../support/browser.ts'
import { eventually, pause } from '../support/node-process.ts'
import { type Material, pageMaterial } from './page-material.ts'

let material: Material
let browser: Browser
let opened: OpenPage
let page: Page
beforeAll(async () => {
  ;[material, browser] = await Promise.all([pageMaterial(), openBrowser()])
  opened = await openPage(browser, material.node.webUrl)
  page = opened.page
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await material?.stop()
})

const details = (study: string) => material.api<StudyDetails>(`api/studies/${study}`)
const notice = () => page.locator('.notice')

/** The button, then the one of its question. */
async function act(name: string, within = page.locator('main')): Promise<void> {
  await within.getByRole('button', { name, exact: false }).first().click()
  const question = page.getByRole('dialog')
  await question.getByRole('button').last().click()
  await question.waitFor({ state: 'detached' })
}

it('shows what arrives while it arrives', async () => {
  await opened.visit('#/')
  await page.getByRole('heading', { name: 'Receiving images' }).waitFor()
  await page.getByRole('heading', { name: 'Manifests leave late' }).waitFor()
  await page.getByText('not a directory').first().waitFor()
  await expect
    .poll(() => page.locator('.chart svg').first().getAttribute('aria-label'))
    .toMatch(/^Instances, the last two minutes: at most [\d.]+ \/ s, now/)
})

it('finds a study by the keyboard alone, opens it, and makes its manifest again', async () => {
  await opened.visit('#/')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.className')).toBe('skip')
  await page.keyboard.press('Tab')
  // Brand, then the places.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor()
  expect(await page.evaluate('document.activeElement.id')).toBe('main')
  await page.keyboard.press('Tab')
  await page.keyboard.type('martin*')
  await page.keyboard.press('Enter')
  await page.getByText('1 study', { exact: true }).waitFor()
  await tabUntil('MARTIN, CLAIRE')
  expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'MARTIN, CLAIRE' }).waitFor()
  await tabUntil('Make the manifest again')
  await page.keyboard.press('Enter')
  const question = page.getByRole('dialog', { name: 'Make the manifest again' })
  await question.waitFor()
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'detached' })
  // Back where it was asked from; the question can be asked again, and answered.
  expect(await focused()).toContain('Make the manifest again')
  await page.keyboard.press('Enter')
  await question.waitFor()
  for (let stop = 0; stop < 4 && !(await focused()).includes('Make the manifest again'); stop++) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await notice().waitFor()
  expect((await notice().innerText()).length).toBeGreaterThan(10)
})

it('asks again where the answer was taken back a moment before', async () => {
  const question = page.getByRole('dialog', { name: 'Make the manifest again' })
  await page.getByRole('button', { name: 'Make the manifest again' }).click()
  await question.waitFor()
  // The browser tells of the closing later.
  await page.evaluate(`{
    const dialog = document.querySelector('dialog')
    const button = [...document.querySelectorAll('button')].find((one) => one.textContent === 'Make the manifest again' && !dialog.contains(one))
    dialog.close()
    button.click()
  }`)
  await pause(300)
  expect(await question.isVisible()).toBe(true)
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'detached' })
})

const focused = (): Promise<string> => page.evaluate('document.activeElement.innerText ?? ""')

/** Forward, never trapped. */
async function tabUntil(name: string): Promise<void> {
  for (let stop = 0; stop < 80; stop++) {
    if ((await focused()).trim() === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`80 stops, and never at ${name}`)
}

it('settles a conflict with two clicks', async () => {
  const { study } = material.conflict
  await opened.visit(`#/studies/${study}`)
  await act('This patient', page.getByRole('row', { name: /P-8/ }))
  await notice().waitFor()
  await eventually('the study has its manifest', async () => (await details(study)).state === 'in force', 20_000)
  expect((await details(study)).identities.find(({ inForce }) => inForce)?.patientId).toBe('P-8')
})

it('validates, verifies and downloads a manifest, and shows it in two ways', async () => {
  const { manifests } = await details(material.body.study)
  const uid = manifests[0]!.sopInstanceUid
  await opened.visit(`#/manifests/${uid}`)
  await act('Validate')
  await expect.poll(() => notice().innerText()).toMatch(/^Validated: /)
  await act('Verify')
  const { slices } = material.body
  await expect.poll(() => notice().innerText(), { timeout: 20_000 }).toContain(`${slices} of ${slices} references lead to their instances`)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()])
  expect(readFileSync(await download.path()).toString('latin1', 128, 132)).toBe('DICM')
  const manifest = await material.api<ManifestDetails>(`api/manifests/${uid}`)
  const reading = page.getByRole('tabpanel')
  expect(await reading.locator('pre').innerText()).toBe(manifest.tree.trimEnd())
  await page.getByRole('tab', { name: 'Readable' }).focus()
  await page.keyboard.press('ArrowRight')
  expect(await page.getByRole('tab', { name: 'Elements' }).getAttribute('aria-selected')).toBe('true')
  await expect.poll(() => reading.innerText()).toContain(material.body.study)
})

it('withdraws a manifest for a reason, which the history then tells', async () => {
  const { study } = material.heart
  await opened.visit(`#/studies/${study}`)
  await page.getByRole('button', { name: 'Withdraw' }).click()
  const question = page.getByRole('dialog')
  await question.getByRole('button', { name: 'Withdraw' }).click()
  expect(await question.isVisible(), 'a reason is asked for').toBe(true)
  await question.getByLabel('Why').fill('sent by mistake')
  await question.getByRole('button', { name: 'Withdraw' }).click()
  await notice().waitFor()
  await expect.poll(() => page.locator('.timeline').innerText(), { timeout: 15_000 }).toContain('sent by mistake')
  expect((await details(study)).manifests.map(({ state }) => state)).toEqual(['withdrawn'])
})

it('tells why a delivery failed, and tries it again', async () => {
  await opened.visit('#/deliveries?state=waiting')
  const row = page.getByRole('row', { name: /registry/ }).first()
  expect(await row.innerText()).toContain('not a directory')
  await act('Try again now', row)
  await notice().waitFor()
})

it('lets a refused caller in, from the row that says why it was refused', async () => {
  await opened.visit('#/peers')
  const row = page.getByRole('row', { name: /SCANNER9/ })
  expect(await row.innerText()).toMatch(/127\.0\.0\.1[\s\S]*\w+/)
  await row.getByRole('button', { name: /Allow/ }).click()
  const form = page.locator('form.add')
  expect(await form.getByLabel('AE title').inputValue()).toBe('SCANNER9')
  expect(await form.getByLabel('Address').inputValue()).toBe('127.0.0.1')
  await form.getByRole('button', { name: 'Allow' }).click()
  await notice().waitFor()
  const known = page.locator('section.panel', { has: page.getByRole('heading', { name: 'Known peers' }) })
  await known.getByRole('rowheader', { name: 'SCANNER9' }).waitFor()
  await known
    .getByRole('row', { name: /SCANNER9/ })
    .getByRole('button', { name: /Diagnose/ })
    .click()
  await known.locator('.findings li').first().waitFor()
})

it('opens a manifest from a file, says what of it is missing, and shows the rest', async () => {
  const { manifests } = await details(material.body.study)
  const answer = await fetch(`${material.node.webUrl}/api/manifests/${manifests[0]!.sopInstanceUid}/file`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  // A reference to an instance that nobody has: one digit of one UID.
  const series = await material.api<Record<string, { Value: string[] }>[]>(
    `dicom-web/studies/${material.body.study}/series/${material.body.series}/instances`,
  )
  const gone = series[2]!['00080018']!.Value[0]!
  const other = gone.slice(0, -1) + (gone.endsWith('1') ? '2' : '1')
  const changed = Buffer.from(bytes.toString('latin1').replaceAll(gone, other), 'latin1')
  const file = join(material.node.folder, 'manifest.dcm')
  writeFileSync(file, changed)
  await opened.visit('#/open')
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByText('Missing here').waitFor()
  expect(await page.locator('.facts').first().innerText()).toMatch(/Missing here\s+1/)
  await page.getByRole('link', { name: material.body.series }).click()
  const slider = page.getByRole('slider')
  await slider.waitFor()
  const words: string[] = []
  for (let place = 1; place <= material.body.slices; place++) {
    await slider.fill(String(place))
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe(`${place} / ${material.body.slices}`)
    words.push(...(await page.locator('.stage-word.bad').allInnerTexts()))
  }
  expect(words).toHaveLength(1)
  expect(words[0]).toMatch(/^Missing: the manifest refers to 2\.25\./)
})

it('says of a file that is no manifest what it is', async () => {
  const file = join(material.node.folder, 'letter.txt')
  writeFileSync(file, 'Dear colleague')
  await opened.visit('#/open')
  await page.locator('input[type=file]').setInputFiles(file)
  await page.locator('.notice.bad').waitFor()
})

it('shows what is in force and from where', async () => {
  await opened.visit('#/settings')
  await page.getByLabel('Only what was set').check()
  await page.getByLabel('Filter by name').fill('quiet')
  const row = page.getByRole('row', { name: /manifest\.quietSeconds/ })
  expect(await row.innerText()).toMatch(/1\s*s[\s\S]*60[\s\S]*ariane\.yaml/)
  await page.getByText('1 setting', { exact: true }).waitFor()
})

it('did all that without a word of complaint', () => expect(opened.complaints()).toEqual([]))
