/** What people decide on the page, in French, in a real browser on a real node: each act asks once, does it, and says so in French; and long lists. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Deliveries, StudyDetails } from '../../src/endpoints/api/api-contract.ts'
import { type OpenPage, openBrowser, openPage, seriousFindings } from '../support/browser.ts'
import { buildPage } from '../support/built-page.ts'
import { part10, TAG, testUid } from '../support/data-sets.ts'
import { echoscu, type Storescp, startStorescp, storescu } from '../support/dcmtk.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { bodySlice } from '../support/phantom.ts'

/** More than a page of 50, and with two targets more than two pages of deliveries. */
const STUDIES = 60
const study = testUid()
const REASON = 'mauvais examen'
const folder = mkdtempSync(join(tmpdir(), 'ariane-decisions-'))

let node: NodeProcess
let viewer: Storescp
let browser: Browser
let opened: OpenPage
let page: Page

beforeAll(async () => {
  await buildPage()
  ;[viewer, browser] = await Promise.all([startStorescp({ aeTitle: 'VIEWER' }), openBrowser()])
  node = await startNode({
    settings: {
      peers: [
        { aeTitle: 'VIEWER', host: '127.0.0.1', port: viewer.port },
        { aeTitle: 'GONE', host: '127.0.0.1', port: 1 },
        { aeTitle: 'MOVER', host: 'nowhere.invalid', allow: ['move'] },
      ],
      web: { auth: { localLevels: ['N', 'R'] } },
      publish: [
        { kind: 'folder', name: 'outbox', path: join(folder, 'outbox') },
        { kind: 'folder', name: 'registry', path: join(folder, 'registry'), levels: ['N', 'R'] },
      ],
    },
  })
  const files = Array.from({ length: STUDIES }, (_, index) => {
    const file = join(folder, `${index}.dcm`)
    const slice = bodySlice(0.5, 16, {
      [TAG.PatientName]: ['PN', index === 0 ? 'MARTIN^CLAIRE' : `PATIENT^${index}`],
      [TAG.PatientID]: ['LO', `P-${index}`],
      [TAG.StudyInstanceUID]: ['UI', index === 0 ? study : testUid()],
    })
    writeFileSync(file, part10(slice))
    return file
  })
  await storescu(node, files)
  await echoscu({ port: node.port, aeTitle: 'WRONG' }, { calling: 'SCANNER9' })
  await eventually('its manifest is made', async () => (await details()).state === 'in force', 30_000)
  opened = await openPage(browser, node.webUrl, { locale: 'fr-FR' })
  page = opened.page
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await node?.stop()
  await viewer?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const api = async <T>(path: string): Promise<T> => (await (await fetch(`${node.webUrl}/api/${path}`)).json()) as T
const details = () => api<StudyDetails>(`studies/${study}`)
/** What the page has no French for; what the operator of this test has written stays as it is. */
const unknown = () => page.locator('main [lang=""], .notice [lang=""]').allInnerTexts()
const inEnglish = async () => (await unknown()).filter((text) => text !== REASON)

/** The button, then the one of its question. @returns what the page says of it */
async function act(name: string, answer: (question: Locator) => Promise<unknown> = async () => undefined): Promise<string> {
  await page.locator('main').getByRole('button', { name, exact: true }).first().click()
  const question = page.getByRole('dialog', { name })
  await question.waitFor()
  expect(await seriousFindings(page)).toEqual([])
  await answer(question)
  await question.getByRole('button', { name, exact: true }).click()
  await question.waitFor({ state: 'detached' })
  const notice = page.locator('.notice')
  await notice.waitFor()
  const said = await notice.locator('p').innerText()
  expect(await inEnglish(), said).toEqual([])
  await notice.getByRole('button').click()
  await notice.waitFor({ state: 'detached' })
  return said
}

const history = () => page.locator('.timeline').innerText()

describe('a study', () => {
  it('is published again: each target is given its manifest once more', async () => {
    await eventually('both have it', async () => (await deliveriesOf()).every(({ state }) => state === 'done'))
    await opened.visit(`#/studies/${study}`)
    expect(await act('Publier de nouveau')).toBe('la version 1 (N, xds-i) est envoyée de nouveau à outbox, registry')
    await expect.poll(history).toContain('version 1 : envoyée de nouveau à outbox, registry')
    await eventually('both have it again', async () => (await deliveriesOf()).every(({ state }) => state === 'done'))
    expect((await details()).history.at(-1)).toMatchObject({ state: 'published again', actor: 'local' })
  })

  it('is withdrawn, and let out again: a manifest follows', async () => {
    const said = await act('Retirer', (question) => question.getByLabel('Motif').fill(REASON))
    expect(said).toMatch(/^retirée : version 1 \(N, xds-i\) : [\d.]+\naucun manifeste n’est produit pour cet examen/)
    await expect.poll(() => page.locator('.title').innerText()).toContain('retenu')
    await expect.poll(() => page.locator('.facts').innerText()).toContain(REASON)
    expect(await unknown()).toContain(REASON)
    expect(await act('Libérer')).toBe('un manifeste peut de nouveau en être produit ; il suit dans la minute')
    await expect.poll(history).toContain('un manifeste en est de nouveau produit')
    await eventually('its manifest is there', async () => (await details()).state === 'in force', 30_000)
    const { manifests } = await details()
    expect(manifests.map(({ state }) => state)).toEqual(['in force', 'withdrawn'])
  })

  it('gets another confidentiality, which its manifest then has; what the caller may not see cannot be chosen', async () => {
    await opened.visit(`#/studies/${study}`)
    const choose = (level: string) => (question: Locator) => question.getByLabel('Niveau').selectOption(level)
    expect(await act('Fixer la confidentialité', choose('V'))).toBe(
      'niveau : V est un niveau que vous ne pouvez pas voir : vous ne pourriez pas revenir en arrière',
    )
    expect((await details()).manifests[0]).toMatchObject({ confidentiality: 'N', state: 'in force' })
    const said = await act('Fixer la confidentialité', choose('R'))
    expect(said).toMatch(/^son niveau est R\nversion 1 \(R, xds-i\) produite avec 1 instance : [\d.]+\nretirée : version 2/)
    const row = page.getByRole('row', { name: /en vigueur/ })
    await row.waitFor()
    expect(await row.innerText()).toMatch(/xds-i\s+R\s/)
    await expect.poll(history).toContain('confidentialité de 1 instance : R')
    expect((await details()).manifests.filter(({ state }) => state === 'in force').map((one) => one.confidentiality)).toEqual(['R'])
    expect(await act('Fixer la confidentialité', choose('rules'))).toMatch(
      /^les règles fixent de nouveau son niveau, pour ce qui arrivera\n/,
    )
  })

  it('is made again, validated and verified, all in French', async () => {
    expect(await act('Refaire le manifeste')).toMatch(/^la version 1 \(R, xds-i\) dit déjà la même chose : /)
    await page.getByRole('button', { name: 'Valider Version 1' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Valider' }).click()
    await expect.poll(() => page.locator('.notice p').innerText()).toMatch(/^Validé : /)
    expect(await inEnglish()).toEqual([])
  })

  const deliveriesOf = async () =>
    (await api<Deliveries>('deliveries?limit=200')).items.filter((one) => one.studyInstanceUid === study && one.action === 'publish')
})

describe('a peer', () => {
  const row = (name: string) =>
    page
      .locator('section.panel', { has: page.getByRole('heading', { name: 'Équipements connus' }) })
      .getByRole('row', { name: new RegExp(name) })

  it('is called by C-ECHO: one answers, one does not, and one has no address', async () => {
    await opened.visit('#/peers')
    const echo = async (name: string): Promise<string> => {
      await row(name).getByRole('button', { name: 'C-ECHO' }).click()
      await row(name).locator('.good-text, .bad-text').waitFor()
      return row(name).getByRole('status').innerText()
    }
    expect(await echo('VIEWER')).toMatch(/^Répond, en [\d\s]+ ms\.$/)
    expect(await echo('GONE')).toBe('Ne répond pas. équipement injoignable : connexion refusée par 127.0.0.1:1')
    expect(await echo('MOVER')).toBe('Ne répond pas. on ne sait pas où il écoute : il n’a ni adresse ni port')
    expect(await inEnglish()).toEqual([])
  })

  it.each(['VIEWER', 'GONE', 'MOVER'])('%s: what the doctor finds, and its remedy, is in French', async (name) => {
    await row(name).getByRole('button', { name: 'Diagnostiquer' }).click()
    await row(name).locator('.findings li').first().waitFor()
    expect(await row(name).locator('.findings').innerText()).toMatch(/\bil\b/)
    expect(await inEnglish()).toEqual([])
    expect(await seriousFindings(page)).toEqual([])
  })

  it('that was refused: by which rule, in French', async () => {
    const refused = page.getByRole('row', { name: /SCANNER9/ })
    expect(await refused.innerText()).toContain('l’AE title appelé n’est pas le nôtre (ARIANE)')
  })
})

describe('a long list', () => {
  const rows = () => page.locator('tbody tr').count()
  const keysOf = (part: string) =>
    page.locator(`tbody a[href*="/${part}/"]`).evaluateAll((links) => links.map((link) => (link as unknown as { href: string }).href))

  it('of studies goes on where it ended, by keyboard too, each once', async () => {
    await opened.visit('#/studies')
    await page.getByText('Les 50 premiers examens', { exact: true }).waitFor()
    expect(await rows()).toBe(50)
    await page.getByRole('button', { name: 'En voir plus' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(`${STUDIES} examens`, { exact: true }).waitFor()
    expect(await rows()).toBe(STUDIES)
    expect(new Set(await keysOf('studies')).size).toBe(STUDIES)
    await page.getByRole('button', { name: 'En voir plus' }).waitFor({ state: 'detached' })
    // The button is gone: who was on it is at the list, not at the beginning of the page.
    expect(await page.evaluate('document.activeElement.className')).toBe('count')
  })

  it('of deliveries too; as many stay shown when one is tried again', async () => {
    await eventually('all is made', async () => (await api<Deliveries>('deliveries?limit=200')).items.length >= 2 * STUDIES, 60_000)
    const total = (await api<Deliveries>('deliveries?limit=200')).items.length
    rmSync(join(folder, 'registry'), { recursive: true, force: true })
    writeFileSync(join(folder, 'registry'), '')
    expect((await fetch(`${node.webUrl}/api/studies/${study}/publish`, { method: 'POST' })).ok).toBe(true)
    await eventually('one has failed', async () =>
      (await api<Deliveries>('deliveries?state=waiting')).items.some((one) => one.attempts > 0),
    )
    await opened.visit('#/deliveries')
    await page.getByText('Les 50 derniers envois', { exact: true }).waitFor()
    const first = await keysOf('manifests')
    await page.getByRole('button', { name: 'En voir plus' }).click()
    await page.getByText('Les 100 derniers envois', { exact: true }).waitFor()
    expect(await rows()).toBe(100)
    expect((await keysOf('manifests')).slice(0, 50)).toEqual(first)
    await page.getByRole('button', { name: 'En voir plus' }).click()
    await page.getByText(`${total} envois`, { exact: true }).waitFor()
    expect(await rows()).toBe(total)
    expect(await inEnglish()).toEqual([])
    const failed = page.getByRole('row', { name: /n’est pas un dossier/ })
    await failed.getByRole('button', { name: 'Réessayer maintenant' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Réessayer maintenant' }).click()
    await expect.poll(() => page.locator('.notice p').innerText()).toBe('tenté maintenant : le manifeste vers registry')
    await eventually('it is tried', async () => (await api<Deliveries>('deliveries?state=waiting')).items.some((one) => one.attempts > 1))
    await failed.waitFor()
    expect(await rows()).toBe(total)
    // Another choice begins anew.
    await page.getByRole('link', { name: 'en échec' }).click()
    await page.getByText('Aucun envoi de ce genre.').waitFor()
    expect(await page.getByRole('button', { name: 'En voir plus' }).count()).toBe(0)
  })
})

it('complained of nothing', () => expect(opened.complaints()).toEqual([]))
