/** The OHIF viewer in a real browser, from its own origin: the list of studies, a CT series opened, and its pixels compared with those that DCMTK
 *  renders from the same file. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { storescu } from '../support/dcmtk.ts'
import { eventually, type NodeProcess, startNode } from '../support/node-process.ts'
import { fetchOhif, OHIF_VERSION, type Ohif, startOhif } from '../support/ohif.ts'

/** Compared at this size: what is drawn over the image in its corners is then little. */
const SIDE = 64
/** Of the part of the image in its middle that is compared. */
const MIDDLE = { left: 16, top: 16, width: 32, height: 32 }
const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']

const isHere = await fetchOhif()

describeCorpus(isHere ? `OHIF ${OHIF_VERSION}` : `OHIF (skipped: npm does not give @ohif/app@${OHIF_VERSION} here)`, () => {
  let node: NodeProcess
  let ohif: Ohif
  let browser: Browser
  let page: Page
  const folder = mkdtempSync(join(tmpdir(), 'ariane-ohif-'))
  const errors: string[] = []
  const ct = corpusFiles().find(({ row, transferSyntaxUid }) => row.modality === 'CT' && NATIVE.includes(transferSyntaxUid))!
  const others = corpusFiles().filter(({ row, studyInstanceUid }) => row.modality === 'MR' && studyInstanceUid !== ct.studyInstanceUid)

  beforeAll(async () => {
    if (!isHere) return
    ohif = await startOhif(() => `${node.webUrl}/dicom-web`)
    node = await startNode({ settings: { web: { cors: [ohif.url] } } })
    await storescu(node, [ct.path, others[0]!.path])
    browser = await openBrowser()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('response', (answer) => {
      if (answer.status() >= 400 && answer.url().startsWith(node.webUrl)) errors.push(`${answer.status()} ${answer.url()}`)
    })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    ohif?.close()
    await node?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it.skipIf(!isHere)('lists the studies', async () => {
    await page.goto(ohif.url)
    await page.getByText('1-2 of 2').waitFor()
    expect(errors).toEqual([])
  })

  it.skipIf(!isHere)(
    'opens a CT series and shows the pixels that DCMTK renders',
    async () => {
      await page.goto(`${ohif.url}/viewer?StudyInstanceUIDs=${ct.studyInstanceUid}`)
      const reference = await renderedByDcmtk()
      let difference = Number.NaN
      await eventually(
        'OHIF shows the image',
        async () => {
          await endTour()
          difference = meanDifference(await shown(), reference)
          return difference < 6
        },
        30_000,
      ).catch((error: Error) => {
        throw new Error(`${error.message}: mean difference of grey values is ${difference}`)
      })
      expect(errors).toEqual([])
    },
    120_000,
  )

  /** It explains itself to whoever comes for the first time, in front of the image. */
  const endTour = async (): Promise<void> => {
    const skip = page.getByText('Skip all')
    if (await skip.isVisible()) await skip.click()
  }

  const shown = async (): Promise<Buffer> => {
    const canvas = page.locator('canvas.cornerstone-canvas').first()
    const box = (await canvas.boundingBox())!
    // A square image fills the height of its viewport.
    const side = Math.min(box.width, box.height)
    const clip = { x: box.x + (box.width - side) / 2, y: box.y + (box.height - side) / 2, width: side, height: side }
    return grey(await page.screenshot({ clip }))
  }

  const renderedByDcmtk = async (): Promise<Buffer> => {
    const file = join(folder, 'reference.png')
    execFileSync('dcm2pnm', ['+on', '+Wm', ct.path, file])
    return grey(readFileSync(file))
  }
})

async function grey(image: Buffer): Promise<Buffer> {
  const small = await sharp(image).resize(SIDE, SIDE, { fit: 'fill' }).toBuffer()
  return sharp(small).extract(MIDDLE).removeAlpha().toColourspace('b-w').raw().toBuffer()
}

function meanDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length)
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length
}
