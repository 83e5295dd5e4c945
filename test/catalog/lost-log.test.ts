/** S30: a catalog whose write-ahead log was taken away after a crash, just when part of it had been copied to the file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Catalog } from '../../src/catalog/contract.ts'
import { isLogLost, openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { uid } from '../../src/dicom/uid.ts'
import { NodeError } from '../../src/errors.ts'
import { instance, pendingStudies, temporaryFile } from './catalog-material.ts'

const PAGE_BYTES = 4096
const STUDY = uid('1.1')

it.each([50, 51, 52, 53, 54, 55, 56, 57, 58, 59])(
  'S30 with any part of the log of instance %d copied: found damaged, or whole once the files are entered again, and the study due',
  async (count) => {
    const file = temporaryFile()
    const facts = Array.from({ length: count }, (_, at) => instance(1, 1, at + 1))
    const first = openCatalog(file)
    await Promise.all(facts.slice(0, -1).map((one) => first.keep(one)))
    await first.settleStudy(STUDY, (await first.findStudy(STUDY))!.revision)
    await first.close()
    const before = readFileSync(file)
    const second = openCatalog(file)
    await second.keep(facts.at(-1)!)
    await second.close()
    const after = readFileSync(file)

    let sound = 0
    for (let copied = 0; copied <= after.length; copied += PAGE_BYTES) {
      writeFileSync(file, Buffer.concat([after.subarray(0, copied), before.subarray(copied)]))
      expect(isLogLost(file)).toBe(true)
      const catalog = openedUnlessDamaged(file)
      if (catalog === undefined) continue
      sound++
      expect(isLogLost(file)).toBe(false)
      // as a start does with every file
      for (const one of facts) await catalog.keep(one)
      const [series] = await catalog.evidence(STUDY)
      expect(series?.instances.length, `instances with ${copied} bytes copied`).toBe(facts.length)
      expect(await pendingStudies(catalog)).toEqual([STUDY])
      await catalog.close()
    }
    expect(sound).toBeGreaterThan(0)
  },
)

function openedUnlessDamaged(file: string): Catalog | undefined {
  try {
    return openCatalog(file, { verify: 'thoroughly' })
  } catch (error) {
    expect(error).toBeInstanceOf(NodeError)
    expect((error as NodeError).details.reason).toBe('damaged')
    return undefined
  }
}
