/** Peers in the configuration file: replaced at once or not at all. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/load-config.ts'
import { addPeer, removePeer } from '../../src/config/peers-file.ts'

let cwd: string
let file: string
const options = () => ({ cwd, env: {} })

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-peers-'))
  file = join(cwd, 'config', 'ariane.yaml')
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

function write(text: string): void {
  mkdirSync(join(cwd, 'config'), { recursive: true })
  writeFileSync(file, text)
}

it('makes the file where there is none, and leaves nothing else', () => {
  expect(addPeer(options(), { aeTitle: 'WEASIS', host: '10.1.2.3', port: 11113, allow: ['echo', 'find'] })).toBe(file)
  expect(loadConfig(options()).config.peers).toMatchObject([{ aeTitle: 'WEASIS', host: '10.1.2.3', port: 11113, allow: ['echo', 'find'] }])
  expect(readdirSync(join(cwd, 'config'))).toEqual(['ariane.yaml'])
})

it('keeps comments, layout, mode and owner', () => {
  const text = '# hospital\naeTitle:   A    # us\npeers:\n  - { aeTitle: CT }   # scanner\n'
  write(text)
  chmodSync(file, 0o664)
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(file, 1234, 1235)
  addPeer(options(), { aeTitle: 'WEASIS' })
  expect(readFileSync(file, 'utf8')).toBe(`${text}  - { aeTitle: WEASIS }\n`)
  expect(statSync(file).mode & 0o777).toBe(0o664)
  if (isRoot) expect(statSync(file)).toMatchObject({ uid: 1234, gid: 1235 })
  removePeer(options(), 'WEASIS')
  expect(readFileSync(file, 'utf8')).toBe(text)
})

it('edits what a link leads to', () => {
  mkdirSync(join(cwd, 'config'))
  writeFileSync(join(cwd, 'real.yaml'), 'aeTitle: A\n')
  symlinkSync('../real.yaml', file)
  addPeer(options(), { aeTitle: 'CT' })
  expect(readFileSync(join(cwd, 'real.yaml'), 'utf8')).toBe('aeTitle: A\npeers:\n  - { aeTitle: CT }\n')
})

it.each([
  [{ aeTitle: 'CT' }, 'CT is already a peer (config/ariane.yaml:1): remove it first, or edit the file'],
  [{ aeTitle: ' CT ' }, ' CT  is already a peer'],
  [{ aeTitle: 'A\\B' }, 'aeTitle: found "A\\\\B", expected an AE title'],
  [{ aeTitle: 'B', host: 'x', port: 0 }, 'port: found 0, expected a whole number from 1 to 65535'],
  [{ aeTitle: 'B', port: 104 }, 'found a port without a host'],
  [{ aeTitle: 'B', host: 'not a host', port: 104 }, 'host: found "not a host", expected a host name or IP address'],
])('refuses %j and leaves the file as it was', (peer, message) => {
  const text = 'peers: [ { aeTitle: CT } ]'
  write(text)
  expect(() => addPeer(options(), peer)).toThrow(ConfigError)
  expect(() => addPeer(options(), peer)).toThrow(message)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(readdirSync(join(cwd, 'config'))).toEqual(['ariane.yaml'])
})

it('does not touch a file with mistakes', () => {
  write('peers: [ { aetitle: CT } ]')
  expect(() => addPeer(options(), { aeTitle: 'B' })).toThrow('did you mean aeTitle?')
  expect(() => removePeer(options(), 'CT')).toThrow(ConfigError)
})

it('looks at the file, not at the environment', () => {
  write('peers: [ { aeTitle: CT } ]')
  const env = { ARIANE_PEERS: '[{"aeTitle":"OTHER"}]', ARIANE_DICOM_PORT: 'x' }
  expect(removePeer({ cwd, env }, 'OTHER')).toBeUndefined()
  expect(removePeer({ cwd, env }, 'CT')).toBe(file)
  expect(readFileSync(file, 'utf8')).toBe('peers: [  ]')
})
