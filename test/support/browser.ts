/** A real browser (Debian package chromium) for the page: what it complains of, and what axe-core finds wrong for those who do not see or use a mouse. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { PROJECT } from './node-process.ts'

const AXE = readFileSync(join(PROJECT, 'node_modules/axe-core/axe.min.js'), 'utf8')

export const DESK = { width: 1280, height: 860 } as const
export const TELEPHONE = { width: 360, height: 740 } as const

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark'
  readonly locale?: 'en-GB' | 'fr-FR'
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly hasTouch?: boolean
}

export interface OpenPage {
  readonly page: Page
  /** Errors of scripts, violations of the content security policy, requests to elsewhere. What the node refuses is not one of them. */
  complaints(): string[]
  /** To a view, loaded anew: `#/studies`. */
  visit(view: string): Promise<void>
  close(): Promise<void>
}

export async function openPage(browser: Browser, base: string, options: PageOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: DESK, locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(base)) complaints.push(`request to elsewhere: ${request.url()}`)
  })
  return {
    page,
    complaints: () => complaints,
    visit: async (view) => {
      await page.goto(`${base}/`)
      await page.goto(`${base}/${view}`)
      await page.locator('main h1').waitFor()
    },
    close: () => context.close(),
  }
}

/** Serious and critical findings, each in a line. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    interface Violation {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string }[]
    }
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html.slice(0, 200)}`)
  })
}

/** Pixels that the view is wider than the screen. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}
