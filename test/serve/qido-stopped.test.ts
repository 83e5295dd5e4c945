/** A search whose caller has gone away is not counted to its end. */
import { expect, it } from 'vitest'
import { QidoRs } from '../../src/serve/qido-rs.ts'
import { ct, TAG } from '../support/data-sets.ts'
import { EVERY_LEVEL } from '../support/levels.ts'
import { openHome } from './support.ts'

it('passes over no page more', async () => {
  const home = await openHome()
  try {
    for (const number of [1, 2, 3]) expect(await home.keep(ct({ [TAG.InstanceNumber]: ['IS', String(number)] }))).toBe(0)
    const gone = new AbortController()
    let pages = 0
    const serving = home.serving()
    const find: typeof serving.catalog.find = (query, _size, after) => {
      pages++
      gone.abort()
      return serving.catalog.find(query, 1, after)
    }
    const qido = new QidoRs({ ...serving, catalog: { ...serving.catalog, find }, mostResults: () => 1000 })
    const caller = { name: 'reader', rights: new Set(['find'] as const), levels: EVERY_LEVEL }
    const query = new URLSearchParams('offset=999999')
    const request = { method: 'GET', params: {}, query, headers: {}, caller, stopped: gone.signal, base: 'http://127.0.0.1' }
    await expect(qido.search('IMAGE', request)).rejects.toMatchObject({ status: 499 })
    expect(pages).toBe(1)
  } finally {
    await home.close()
  }
})
