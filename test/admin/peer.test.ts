/** `ariane peer list | add | remove`, run as a person would. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { runAriane } from './run-ariane.ts'

let cwd: string
const file = () => join(cwd, 'config', 'ariane.yaml')

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-peer-'))
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

it('adds, lists and removes', async () => {
  expect((await runAriane(cwd, ['peer', 'list'])).stdout).toBe('No peers. Add one: ariane peer add AETITLE HOST PORT\n')

  const added = await runAriane(cwd, ['peer', 'add', 'WEASIS', '10.1.2.3', '11113', '--allow', 'echo,find', 'move'])
  expect(added).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: 'Added WEASIS to config/ariane.yaml. A running node takes it at SIGHUP (systemctl reload ariane).\n',
  })
  await runAriane(cwd, ['peer', 'add', 'CT'])
  expect(readFileSync(file(), 'utf8')).toBe(
    'peers:\n  - { aeTitle: WEASIS, host: 10.1.2.3, port: 11113, allow: [ echo, find, move ] }\n  - { aeTitle: CT }\n',
  )

  const listed = await runAriane(cwd, ['peer', 'list'])
  expect(listed.stdout).toBe(
    'AE TITLE  HOST      PORT   SEES  MAY\nWEASIS    10.1.2.3  11113  N     echo find move\nCT        any       -      N     echo store find move get mpps\n',
  )
  expect(JSON.parse((await runAriane(cwd, ['peer', 'list', '--json'])).stdout)).toMatchObject([
    { aeTitle: 'WEASIS', port: 11113 },
    { aeTitle: 'CT' },
  ])

  expect((await runAriane(cwd, ['peer', 'remove', 'WEASIS'])).exitCode).toBe(0)
  expect(readFileSync(file(), 'utf8')).toBe('peers:\n  - { aeTitle: CT }\n')
})

it('says what is wrong with a peer, and writes nothing', async () => {
  const { exitCode, stderr } = await runAriane(cwd, ['peer', 'add', 'TOO_LONG_AN_AE_TITLE', '10.1.2.300', '1e3', '--allow', 'stroe'])
  expect(exitCode).toBe(2)
  expect(stderr.split('\n')).toEqual([
    'aeTitle: found "TOO_LONG_AN_AE_TITLE", expected an AE title (1 to 16 ASCII characters, no backslash)',
    'host: found "10.1.2.300", expected a host name or IP address',
    'port: found "1e3", expected a whole number from 1 to 65535',
    'allow[0]: found "stroe", expected one of echo, store, find, move, get, mpps',
    '',
  ])
  expect(existsSync(file())).toBe(false)
})

it('refuses the same AE title again, and suggests one where it is mistyped', async () => {
  await runAriane(cwd, ['peer', 'add', 'CT1'])
  expect(await runAriane(cwd, ['peer', 'add', 'CT1'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^CT1 is already a peer \(config\/ariane\.yaml:1\)/),
  })
  expect(await runAriane(cwd, ['peer', 'remove', 'ct1'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'ariane: the configuration file has no peer "ct1"; did you mean CT1?\n',
  })
})

it('warns where the environment hides the file', async () => {
  const { exitCode, stderr } = await runAriane(cwd, ['peer', 'add', 'CT1'], { ARIANE_PEERS: '[]' })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'Without effect while ARIANE_PEERS is set: it goes before the file.\n' })
})

it('the doctor says what is wrong with a peer, and what helps', async () => {
  await runAriane(cwd, ['peer', 'add', 'MOVER', '127.0.0.1', '--allow', 'move'])
  const noStorage = await runAriane(cwd, ['peer', 'doctor', 'MOVER'])
  expect(noStorage).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no catalog at') })
  mkdirSync(join(cwd, 'storage'))
  openCatalog(join(cwd, 'storage', 'catalog.sqlite')).close()
  const { exitCode, stdout } = await runAriane(cwd, ['peer', 'doctor', 'MOVER'])
  expect(stdout).toBe(`warning it may ask for C-MOVE, but nobody said where it listens: nothing can be sent to it
        ariane peer remove MOVER, then ariane peer add MOVER HOST PORT --allow move
note    it may retrieve, but not search (find)
        ariane peer remove MOVER, then ariane peer add MOVER 127.0.0.1 --allow move find
note    its test button (C-ECHO) is refused
        ariane peer remove MOVER, then ariane peer add MOVER 127.0.0.1 --allow move echo
note    it has never called
        tell it: AE title ARIANE, port 11112
`)
  expect(exitCode).toBe(0)
  await runAriane(cwd, ['peer', 'add', 'GONE', '127.0.0.1', '1'])
  expect(await runAriane(cwd, ['peer', 'doctor', 'GONE'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^error {3}it does not answer at 127\.0\.0\.1:1: .*ECONNREFUSED/m),
  })
  expect(await runAriane(cwd, ['peer', 'doctor', 'NOBODY'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('"NOBODY" is not a peer'),
  })
})
