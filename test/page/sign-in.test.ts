/** A node that wants to know who looks: a token once, then a cookie; what its rights do not hold is not offered. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, openPage, seriousFindings } from '../support/browser.ts'
import { buildPage } from '../support/built-page.ts'
import { type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

let node: NodeProcess
let browser: Browser
let token: string
beforeAll(async () => {
  await buildPage()
  ;[node, browser] = await Promise.all([startNode({ settings: { web: { auth: { local: 'refuse' } } } }), openBrowser()])
  const options = ['--rights', 'find', 'get', 'status']
  const { output } = await runCommand(
    process.execPath,
    [join(PROJECT, 'src/main.ts'), '--config', node.configFile, 'token', 'create', 'NIGHT', ...options],
    {
      cwd: node.folder,
    },
  )
  const told = /^ariane_\S{20,}$/m.exec(output)
  if (told === null) throw new Error(`no token was made: ${output}`)
  token = told[0]
})
afterAll(async () => {
  await browser?.close()
  await node?.stop()
})

it('asks for a token, refuses a wrong one in words, lets the right one in until it signs out', async () => {
  const { page, visit, complaints, close } = await openPage(browser, node.webUrl)
  await visit('#/studies')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(await seriousFindings(page)).toEqual([])
  await page.getByLabel('Token').fill('ariane-nobody-has-this-one')
  await page.keyboard.press('Enter')
  await page.getByText('Refused:').waitFor()
  await page.getByLabel('Token').fill(token)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Studies' }).waitFor()
  await page.getByText('0 studies').waitFor()
  expect(await page.evaluate('document.cookie')).toBe('')
  expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain(token)
  await page.reload()
  await page.getByText('0 studies').waitFor()
  await page.getByRole('link', { name: 'Peers' }).click()
  await page.getByRole('heading', { name: 'Known peers' }).waitFor()
  expect(await page.getByRole('button', { name: 'Allow' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(complaints()).toEqual([])
  await close()
})
