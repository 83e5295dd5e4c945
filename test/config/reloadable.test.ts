import { expect, it } from 'vitest'
import { loadFrom } from '../../src/config/load-config.ts'
import { reloadable } from '../../src/config/reloadable.ts'

const configured = (text: string) => loadFrom('/a/ariane.yaml', text, { env: {}, cwd: '/a' }).config

it('takes peers, unknown callers, log level and quiet time at once, and leaves the rest as it was', () => {
  const former = configured('aeTitle: A\nmanifest: { quietSeconds: 60 }')
  const next = configured(
    'aeTitle: B\npeers: [ { aeTitle: CT } ]\nunknownCallers: refuse\nmanifest: { quietSeconds: 5, listed: true, institution: X }\nlog: { level: debug, format: json }\ndicom: { timeouts: { idleSeconds: 9 } }',
  )
  const { config, atOnce, needRestart } = reloadable(former, next)
  expect(atOnce).toEqual(['peers', 'unknownCallers', 'manifest.quietSeconds', 'log.level'])
  expect(needRestart).toEqual(['aeTitle', 'dicom.timeouts.idleSeconds', 'manifest.listed', 'manifest.institution', 'log.format'])
  expect(config).toEqual({
    ...former,
    peers: next.peers,
    unknownCallers: 'refuse',
    manifest: { ...former.manifest, quietSeconds: 5 },
    log: { level: 'debug', format: 'text' },
  })
  expect(Object.isFrozen(config.manifest)).toBe(true)
})

it('finds nothing where nothing changed', () => {
  const text = 'peers: [ { aeTitle: CT } ]\nmanifest: { institution: X }'
  expect(reloadable(configured(text), configured(`# moved\n${text}`))).toMatchObject({ atOnce: [], needRestart: [] })
})

it('can be told again after the restart-only keys went back', () => {
  const former = configured('aeTitle: A')
  const { config } = reloadable(former, configured('aeTitle: B'))
  expect(reloadable(config, former)).toMatchObject({ atOnce: [], needRestart: [] })
})
