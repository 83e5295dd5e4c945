/** What the node was called in the manifests that are out, and what follows where it is called otherwise now. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, afterEach, expect, it } from 'vitest'
import { newUid, uid } from '../../src/dicom/uid.ts'
import { configureLog } from '../../src/log.ts'
import { buildManifest } from '../../src/manifest/build-manifest.ts'
import { publishedNames, tellChangedNames } from '../../src/manifest/published-names.ts'
import { retrieveLocationUid } from '../../src/storage/node-identity.ts'
import { closeAll, silenceLog } from '../receive/sample-instances.ts'
import { holdNothing, LOCATION, receive } from './held-studies.ts'

silenceLog()
afterEach(silenceLog)
afterAll(closeAll)

it('are those of the newest manifest; none where there is no manifest', async () => {
  const held = await holdNothing()
  expect(await publishedNames(held)).toEqual({})
  const study = newUid()
  await receive(held, { study })
  await buildManifest(held.parts, study, 'test')
  expect(await publishedNames(held)).toEqual({ aeTitle: 'ARIANE', retrieveLocationUid: LOCATION })
})

it('bring back a Retrieve Location UID whose file is lost', async () => {
  const { path } = await holdNothing()
  const drawn = await retrieveLocationUid(path)
  rmSync(join(path, 'retrieve-location-uid.txt'))
  expect(await retrieveLocationUid(path, LOCATION)).toBe(LOCATION)
  expect(await retrieveLocationUid(path, drawn)).toBe(LOCATION)
})

it('are told where they have changed, and only then', () => {
  let lines = ''
  configureLog({
    stream: new Writable({
      write: (chunk, _encoding, done) => {
        lines += String(chunk)
        done()
      },
    }),
  })
  const now = { aeTitle: 'ARIANE', retrieveLocationUid: LOCATION }
  tellChangedNames({}, now)
  tellChangedNames(now, now)
  expect(lines).toBe('')
  tellChangedNames({ aeTitle: 'OLD', retrieveLocationUid: uid('2.25.7') }, now)
  expect(lines).toMatch(/another AE title.*published=OLD now=ARIANE/)
  expect(lines).toMatch(/another Retrieve Location UID.*published=2\.25\.7/)
})
