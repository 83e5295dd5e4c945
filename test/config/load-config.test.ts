/** The configuration: where values come from, and what the person who wrote a wrong one reads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, type Environment, type LoadedConfig, loadConfig } from '../../src/config/load-config.ts'
import { SETTINGS } from '../../src/config/settings.ts'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-config-'))
})

afterEach(() => {
  rmSync(cwd, { recursive: true })
})

function write(text: string | Buffer, file = 'config/ariane.yaml'): void {
  mkdirSync(dirname(join(cwd, file)), { recursive: true })
  writeFileSync(join(cwd, file), text)
}

function load(env: Environment = {}, file?: string): LoadedConfig {
  return loadConfig({ cwd, env, file })
}

/** What is reported, line by line. */
function mistakes(text: string | Buffer | undefined, env: Environment = {}): readonly string[] {
  if (text !== undefined) write(text)
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

describe('without a file', () => {
  it('has a complete configuration of defaults', () => {
    const { config, sources, file } = load()
    expect(config).toMatchObject({
      aeTitle: 'ARIANE',
      dicom: {
        host: '0.0.0.0',
        port: 11112,
        maxAssociations: 64,
        maxPduLength: 131072,
        timeouts: { associateSeconds: 5, idleSeconds: 300, writeSeconds: 60 },
      },
      storage: { path: join(cwd, 'storage'), duplicates: 'keep' },
      peers: [],
      unknownCallers: 'local',
      manifest: { quietSeconds: 60, listed: false },
      publish: [{ name: 'drop', kind: 'folder', path: join(cwd, 'storage', 'outbox') }],
      log: { level: 'info', format: 'text' },
    })
    expect(config.storage.maxTotalBytes).toBeUndefined()
    expect(config.manifest.retrieveLocationUid).toBeUndefined()
    expect(() => new Intl.DateTimeFormat('en', { timeZone: config.manifest.timezone })).not.toThrow()
    expect(new Set(sources.values())).toEqual(new Set(['default']))
    expect(file).toBeUndefined()
  })

  it('cannot be changed by anybody', () => {
    const { config } = load()
    expect(() => Object.assign(config.dicom.timeouts, { idleSeconds: 1 })).toThrow(TypeError)
    expect(() => (config.peers as unknown[]).push({})).toThrow(TypeError)
    expect(() => Object.assign(config.publish[0]!, { path: '/' })).toThrow(TypeError)
  })
})

describe('with a file', () => {
  it('takes config/ariane.yaml where no file is named, and says from which line', () => {
    write('# ours\naeTitle: NODE1\ndicom:\n  timeouts:\n    idleSeconds: 7\npeers:\n  - { aeTitle: CT }\n')
    const { config, sources, file } = load()
    expect(config.aeTitle).toBe('NODE1')
    expect(config.dicom.timeouts).toMatchObject({ idleSeconds: 7, writeSeconds: 60 })
    expect(sources.get('aeTitle')).toBe('config/ariane.yaml:2')
    expect(sources.get('dicom.timeouts.idleSeconds')).toBe('config/ariane.yaml:5')
    expect(sources.get('dicom.timeouts.writeSeconds')).toBe('default')
    expect(sources.get('peers')).toBe('config/ariane.yaml:6')
    expect(file).toBe(join(cwd, 'config/ariane.yaml'))
  })

  it('takes the named file instead', () => {
    write('aeTitle: USUAL')
    write('aeTitle: NAMED', 'other.yaml')
    expect(load({}, 'other.yaml').config.aeTitle).toBe('NAMED')
  })

  it('fills the entries of a list with their own defaults', () => {
    write(
      'peers: [ { aeTitle: WEASIS, host: 10.1.2.3, port: 11113 }, { aeTitle: CT, allow: [ store ], transferSyntaxes: [ 1.2.840.10008.1.2.4.70 ] } ]',
    )
    expect(load().config.peers).toEqual([
      {
        aeTitle: 'WEASIS',
        host: '10.1.2.3',
        port: 11113,
        allow: ['echo', 'store', 'find', 'move', 'get', 'mpps'],
        transferSyntaxes: [],
        levels: ['N'],
        characterSet: 'ISO_IR 192',
        parallelAssociations: 1,
      },
      {
        aeTitle: 'CT',
        allow: ['store'],
        levels: ['N'],
        transferSyntaxes: ['1.2.840.10008.1.2.4.70'],
        characterSet: 'ISO_IR 192',
        parallelAssociations: 1,
      },
    ])
  })

  it.each([
    ['empty', ''],
    ['only comments', '# nothing\n'],
    ['sections commented out line by line', 'dicom:\n  # port: 4\npeers:\nmanifest: { institution: }\n'],
  ])('is all defaults where it is %s', (_, text) => {
    write(text)
    expect([...new Set(load().sources.values())]).toEqual(['default'])
  })

  it.each([
    ['manifst:', 'config/ariane.yaml:1:1 manifst: unknown key, did you mean manifest?'],
    ['manifest: { quietSecond: }', 'config/ariane.yaml:1:13 manifest.quietSecond: unknown key, did you mean quietSeconds?'],
  ])('tells of an unknown key that has no value: %s', (text, expected) => {
    expect(mistakes(text)).toEqual([expected])
  })

  it('does not take 11,112 for 11', () => {
    const [told, ...others] = mistakes('dicom: { port: 11,112 }')
    expect(told).toMatch(/^config\/ariane\.yaml:1:19 dicom\.112: unknown key, expected one of host, port, /)
    expect(others).toEqual([])
  })

  it('does not let in everybody, or delete everything, where an entry names nobody by mistake', () => {
    expect(mistakes('peers: [ { aeTitle: CT1, host: , allow: [ echo ] } ]')[0]).toMatch(
      /:1:32 peers\[0\]\.host: found an empty value, expected /,
    )
    expect(mistakes('retention: { rules: [ { name: old, olderThanDays: 30, modality: } ] }')[0]).toMatch(
      /retention\.rules\[0\]\.modality: found an empty value, expected /,
    )
  })

  it('reads sizes with a binary unit', () => {
    write('storage: { reserveBytes: 2 GiB, maxInstanceBytes: 1048576 }')
    expect(load().config.storage).toMatchObject({ reserveBytes: 2 * 1024 ** 3, maxInstanceBytes: 1048576 })
  })

  it('follows an alias', () => {
    write('dicom: { host: &here 10.0.0.1 }\npeers: [ { aeTitle: A, host: *here, port: 104 } ]')
    expect(load().config.peers[0]?.host).toBe('10.0.0.1')
  })
})

describe('relative paths', () => {
  const paths = 'storage: { path: ./data }\npublish: [ { name: out, kind: folder, path: out } ]'

  it('start above the folder config, so that a first config/ariane.yaml does not move the storage', () => {
    const before = load().config.storage.path
    write('aeTitle: X')
    expect(load().config.storage.path).toBe(before)
    write(paths)
    expect(load().config).toMatchObject({ storage: { path: join(cwd, 'data') }, publish: [{ path: join(cwd, 'out') }] })
  })

  it('start at the folder of any other file', () => {
    write(paths, 'etc/ariane.yaml')
    expect(load({}, 'etc/ariane.yaml').config).toMatchObject({
      storage: { path: join(cwd, 'etc/data') },
      publish: [{ path: join(cwd, 'etc/out') }],
    })
  })

  it('start at the working directory in a variable, and absolute ones stay', () => {
    write(paths, 'etc/ariane.yaml')
    expect(load({ ARIANE_STORAGE_PATH: 'here' }, 'etc/ariane.yaml').config.storage.path).toBe(join(cwd, 'here'))
    expect(load({ ARIANE_STORAGE_PATH: '/var/lib/ariane' }).config).toMatchObject({
      storage: { path: '/var/lib/ariane' },
      publish: [{ path: '/var/lib/ariane/outbox' }],
    })
  })
})

describe('environment', () => {
  it('goes before the file', () => {
    write('dicom: { port: 104, timeouts: { idleSeconds: 5, writeSeconds: 6 } }')
    const { config, sources } = load({ ARIANE_DICOM_PORT: '0', ARIANE_DICOM_TIMEOUTS_IDLESECONDS: '30', PATH: '/bin' })
    expect(config.dicom).toMatchObject({ port: 0, timeouts: { idleSeconds: 30, writeSeconds: 6 } })
    expect(sources.get('dicom.port')).toBe('ARIANE_DICOM_PORT')
    expect(sources.get('dicom.timeouts.idleSeconds')).toBe('ARIANE_DICOM_TIMEOUTS_IDLESECONDS')
    expect(sources.get('dicom.timeouts.writeSeconds')).toBe('config/ariane.yaml:1')
  })

  it('gives each kind of value', () => {
    const { config } = load({
      ARIANE_AETITLE: '12',
      ARIANE_STORAGE_RESERVEBYTES: '1 GiB',
      ARIANE_MANIFEST_LISTED: 'true',
      ARIANE_MANIFEST_QUIETSECONDS: '5',
      ARIANE_MANIFEST_INSTITUTION: 'Hôpital',
      ARIANE_MANIFEST_TIMEZONE: 'Asia/Tokyo',
      ARIANE_DICOM_PRIVATESTORAGECLASSES: '["1.2.3.4"]',
      ARIANE_PEERS: '[{"aeTitle":"A","host":"::1","port":104,"allow":["echo"]}]',
      ARIANE_PUBLISH: '[]',
      ARIANE_LOG_LEVEL: 'debug',
    })
    expect(config).toMatchObject({
      aeTitle: '12',
      storage: { reserveBytes: 1024 ** 3 },
      manifest: { listed: true, quietSeconds: 5, institution: 'Hôpital', timezone: 'Asia/Tokyo' },
      dicom: { privateStorageClasses: ['1.2.3.4'] },
      peers: [{ aeTitle: 'A', host: '::1', port: 104, allow: ['echo'] }],
      publish: [],
      log: { level: 'debug' },
    })
  })

  it('replaces a whole list of the file', () => {
    write('peers: [ { aeTitle: A }, { aeTitle: B } ]')
    expect(load({ ARIANE_PEERS: '[{"aeTitle":"C"}]' }).config.peers.map((peer) => peer.aeTitle)).toEqual(['C'])
  })

  it('does not count where empty, nor where it belongs to the start scripts', () => {
    expect(load({ ARIANE_DICOM_PORT: '', ARIANE_HOME: '/opt/ariane', ARIANE_NODE: '/usr/bin/node' }).sources.get('dicom.port')).toBe(
      'default',
    )
  })

  it.each([
    [{ ARIANE_DICOM_PORT: 'abc' }, 'ARIANE_DICOM_PORT: found "abc", expected a whole number from 0 to 65535'],
    [{ ARIANE_DICOM_PORT: '65536' }, 'ARIANE_DICOM_PORT: found "65536", expected a whole number from 0 to 65535'],
    [{ ARIANE_DICOM_PORT: '1e3' }, 'ARIANE_DICOM_PORT: found "1e3", expected a whole number from 0 to 65535'],
    [{ ARIANE_MANIFEST_LISTED: 'yes' }, 'ARIANE_MANIFEST_LISTED: found "yes", expected true or false'],
    [{ ARIANE_UNKNOWNCALLERS: 'all' }, 'ARIANE_UNKNOWNCALLERS: found "all", expected one of local, refuse, accept'],
    [{ ARIANE_AETITLE: 'A\nB' }, 'ARIANE_AETITLE: found "A\\nB", expected an AE title (1 to 16 ASCII characters, no backslash)'],
    [
      { ARIANE_DICOM_PRIVATESTORAGECLASSES: '1.2.3' },
      'ARIANE_DICOM_PRIVATESTORAGECLASSES: found "1.2.3", expected a list of UIDs, each at most once, as JSON',
    ],
    [{ ARIANE_DICOM_PROT: '1' }, 'ARIANE_DICOM_PROT: no setting has this variable, did you mean ARIANE_DICOM_PORT?'],
    [{ ARIANE_SOMETHING_ELSE: '1' }, 'ARIANE_SOMETHING_ELSE: no setting has this variable'],
  ])('names the variable of a mistake: %j', (env, message) => {
    expect(mistakes(undefined, env as Environment)).toEqual([message])
  })

  it('says where in a list the mistake is', () => {
    const [message] = mistakes(undefined, { ARIANE_PEERS: '[{"aeTitle":"A"},{"aeTitle":"B","prot":1}]' })
    expect(message).toMatch(/^ARIANE_PEERS: found .* expected a list of entries .* as JSON \(wrong at 1: prot\)$/)
    expect(mistakes(undefined, { ARIANE_PEERS: '[{"aeTitle":"A"},{"aeTitle":"A"}]' })).toEqual([
      'ARIANE_PEERS peers[1].aeTitle: found "A" again (first in entry 1), expected a peer of its own',
    ])
  })

  it('does not hide a mistake of the file that it overrides', () => {
    expect(mistakes('dicom: { port: x }', { ARIANE_DICOM_PORT: '104' })).toHaveLength(1)
    expect(mistakes('dicom: 5', { ARIANE_DICOM_PORT: '104' })).toHaveLength(1)
  })
})

const AE = 'an AE title (1 to 16 ASCII characters, no backslash)'
const PEER_KEYS = SETTINGS.find((row) => row.key === 'peers')!
  .rows.map(({ key }) => key)
  .join(', ')
const TOP_KEYS = [...new Set(SETTINGS.map(({ key }) => key.split('.')[0]!))].join(', ')

describe('a mistake in the file', () => {
  it.each([
    // wrong type
    ['dicom:\n  port: high', '2:9 dicom.port: found "high", expected a whole number from 0 to 65535'],
    ['dicom:\n  port: "104"', '2:9 dicom.port: found "104", expected a whole number from 0 to 65535'],
    ['dicom: { port: 1.5 }', '1:16 dicom.port: found 1.5, expected a whole number from 0 to 65535'],
    ['dicom: { port: .nan }', '1:16 dicom.port: found NaN, expected a whole number from 0 to 65535'],
    ['manifest: { listed: yes }', '1:21 manifest.listed: found "yes", expected true or false'],
    ['aeTitle: 12', `1:10 aeTitle: found 12 (put it in quotes), expected ${AE}`],
    ['aeTitle: [ A ]', `1:10 aeTitle: found a list of 1, expected ${AE}`],
    [
      'storage: ./storage',
      '1:10 storage: found "./storage", expected a section with the keys path, reserveBytes, maxInstanceBytes, maxTotalBytes, duplicates',
    ],
    ['peers: { aeTitle: A }', `1:8 peers: found a section, expected a list of entries with the keys ${PEER_KEYS}`],
    ['peers:\n  - CT1', `2:5 peers[0]: found "CT1", expected an entry with the keys ${PEER_KEYS}`],
    [
      'peers: [ { aeTitle: A, allow: store } ]',
      '1:31 peers[0].allow: found "store", expected a list of echo, store, find, move, get, mpps, each at most once',
    ],
    // out of range
    ['dicom:\n  port: 70000', '2:9 dicom.port: found 70000, expected a whole number from 0 to 65535'],
    ['dicom:\n  port: -1', '2:9 dicom.port: found -1, expected a whole number from 0 to 65535'],
    ['dicom: { maxPduLength: 4095 }', '1:24 dicom.maxPduLength: found 4095, expected a whole number from 4096 to 1048576'],
    [
      'storage: { maxInstanceBytes: 5 KiB }',
      '1:30 storage.maxInstanceBytes: found "5 KiB", expected a size in bytes from 1048576 to 1099511627776, as a number or such as 512 MiB',
    ],
    [
      'storage: { reserveBytes: 5 GB }',
      '1:26 storage.reserveBytes: found "5 GB", expected a size in bytes from 0 to 1099511627776, as a number or such as 512 MiB',
    ],
    ['aeTitle: ABCDEFGHIJKLMNOPQ', `1:10 aeTitle: found "ABCDEFGHIJKLMNOPQ", expected ${AE}`],
    ['aeTitle: "A\\\\B"', `1:10 aeTitle: found "A\\\\B", expected ${AE}`],
    ['aeTitle: ""', `1:10 aeTitle: found "", expected ${AE}`],
    ['unknownCallers: all', '1:17 unknownCallers: found "all", expected one of local, refuse, accept'],
    [
      'peers: [ { aeTitle: A, parallelAssociations: 9 } ]',
      '1:46 peers[0].parallelAssociations: found 9, expected a whole number from 1 to 8',
    ],
    ['peers: [ { aeTitle: A, host: 10.1.2.300 } ]', '1:30 peers[0].host: found "10.1.2.300", expected a host name or IP address'],
    [
      'peers: [ { aeTitle: A, allow: [ echo, stroe ] } ]',
      '1:39 peers[0].allow[1]: found "stroe", expected one of echo, store, find, move, get, mpps',
    ],
    [
      'peers: [ { aeTitle: A, allow: [ echo, echo ] } ]',
      '1:31 peers[0].allow: found a list of 2, expected a list of echo, store, find, move, get, mpps, each at most once',
    ],
    [
      'peers: [ { aeTitle: A, transferSyntaxes: [ JPEG ] } ]',
      '1:44 peers[0].transferSyntaxes[0]: found "JPEG", expected a UID (digits and dots, in quotes where it looks like a number)',
    ],
    [
      'manifest: { retrieveLocationUid: 2.25 }',
      '1:34 manifest.retrieveLocationUid: found 2.25 (put it in quotes), expected a UID (digits and dots, at most 64 characters, no leading zeros)',
    ],
    [
      'manifest: { retrieveLocationUid: 1.02.3 }',
      '1:34 manifest.retrieveLocationUid: found "1.02.3", expected a UID (digits and dots, at most 64 characters, no leading zeros)',
    ],
    [
      'manifest: { timezone: Europe/Pariss }',
      '1:23 manifest.timezone: found "Europe/Pariss", expected an IANA time zone such as Europe/Paris',
    ],
    [
      'publish: [ { name: a/b, kind: folder } ]',
      '1:20 publish[0].name: found "a/b", expected a name (1 to 64 letters, digits, dots, hyphens or underscores)',
    ],
    [
      'publish: [ { name: a, kind: folder, dialect: mad } ]',
      '1:46 publish[0].dialect: found "mad", expected one of xds-i, mado, mado-fhir, drimbox',
    ],
    [
      'publish: [ { name: a, kind: folder, dialect: drimbox } ]',
      '1:46 publish[0].dialect: found drimbox, expected manifest.retrieveUrl or web.publicUrl to be set: such a manifest is read by its URLs',
    ],
    [
      'manifest: { retrieveUrl: "ftp://host/rs" }',
      '1:26 manifest.retrieveUrl: found "ftp://host/rs", expected a URL that begins with http:// or https://, without spaces, query, fragment, user name or password',
    ],
    [
      'manifest: { retrieveUrl: "http://host/r s" }',
      '1:26 manifest.retrieveUrl: found "http://host/r s", expected a URL that begins with http:// or https://, without spaces, query, fragment, user name or password',
    ],
    [
      'manifest: { retrieveUrl: "https://host/rs/studies/" }',
      '1:26 manifest.retrieveUrl: found an address that ends in /studies, expected the part before it',
    ],
    ['publish: [ { name: a, kind: ftp } ]', '1:29 publish[0].kind: found "ftp", expected one of folder'],
    // something missing
    ['peers:\n  - { host: 10.1.2.3 }', `2:5 peers[0].aeTitle: found nothing, expected ${AE}`],
    // unknown keys
    ['dicom:\n  prot: 104', '2:3 dicom.prot: unknown key, did you mean port?'],
    ['aetitle: X', '1:1 aetitle: unknown key, did you mean aeTitle?'],
    ['port: 104', '1:1 port: unknown key, did you mean dicom.port or web.port?'],
    ['dicom: { aeTitle: X }', '1:10 dicom.aeTitle: unknown key, did you mean aeTitle, which stands in no section?'],
    ['dicom:\n  timeouts: { idelSeconds: 4 }', '2:15 dicom.timeouts.idelSeconds: unknown key, did you mean idleSeconds?'],
    ['peers: [ { aeTitle: A, hots: b } ]', '1:24 peers[0].hots: unknown key, did you mean host?'],
    ['log: { colour: true }', '1:8 log.colour: unknown key, expected one of level, format'],
    ['__proto__: { a: 1 }', `1:1 __proto__: unknown key, expected one of ${TOP_KEYS}`],
    ['"a\\u001b[31m\\n": 1', `1:1 a\\u001b[31m\\u000a: unknown key, expected one of ${TOP_KEYS}`],
    // together
    [
      'peers:\n  - { aeTitle: A }\n  - { aeTitle: B }\n  - { aeTitle: "A " }',
      '4:16 peers[2].aeTitle: found "A" again (first in entry 1), expected a peer of its own',
    ],
    ['peers: [ { aeTitle: A, port: 104 } ]', '1:30 peers[0].port: found a port without a host, expected both or neither'],
    [
      'publish: [ { name: a, kind: folder, path: x }, { name: a, kind: folder, path: y } ]',
      '1:56 publish[1].name: found "a" again (first in entry 1), expected a target of its own',
    ],
    [
      'publish:\n - { name: a, kind: folder, path: ./storage/instances/x }',
      '2:35 publish[0].path: found a folder that the storage uses itself, expected another, such as ./storage/outbox',
    ],
    // not a configuration at all
    ['- a\n- b', `1:1 found a list of 2, expected the keys ${TOP_KEYS}`],
    ['hello', `1:1 found "hello", expected the keys ${TOP_KEYS}`],
  ])('%j', (text, message) => {
    expect(mistakes(text)).toEqual([`config/ariane.yaml:${message}`])
  })

  it.each([
    ['a bracket that is not closed', 'dicom: { port: 104\naeTitle: X', /^config\/ariane\.yaml:2:\d+ /],
    ['a tab', 'dicom:\n\tport: 104', /^config\/ariane\.yaml:2:1 .*tab/i],
    ['a key given twice', 'aeTitle: A\ndicom: {}\naeTitle: B', /^config\/ariane\.yaml:3:1 .*unique/],
    ['a second document', 'aeTitle: A\n---\naeTitle: B', /^config\/ariane\.yaml:2:1 .*multiple documents/],
    ['an unknown tag', 'aeTitle: !secret A', /^config\/ariane\.yaml:1:10 .*!secret/],
    ['an alias without anchor', 'aeTitle: *nobody', /^config\/ariane\.yaml:?.*nobody/],
    [
      'an alias that grows without end',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
      /alias/i,
    ],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0xfe]), /^config\/ariane\.yaml: cannot be read: it is not UTF-8 text$/],
  ])('names the place of %s', (_, text, message) => {
    expect(mistakes(text)[0]).toMatch(message)
  })

  it('is reported with all others at once, in the order of the file', () => {
    const found = mistakes('log: { level: loud }\ndicom:\n  prot: 1\n  port: x\naeTitle: ""\n', { ARIANE_STORAGE_DUPLICATES: 'never' })
    expect(found.map((line) => line.split(' ')[0])).toEqual([
      'config/ariane.yaml:1:15',
      'config/ariane.yaml:3:3',
      'config/ariane.yaml:4:9',
      'config/ariane.yaml:5:10',
      'ARIANE_STORAGE_DUPLICATES:',
    ])
  })

  it('stays short, however long the value is', () => {
    expect(mistakes(`aeTitle: ${'x'.repeat(100_000)}`)[0]!.length).toBeLessThan(250)
    expect(mistakes(`${'x'.repeat(1000)}: 1`)[0]!.length).toBeLessThan(1500)
  })

  it('says why a file cannot be read', () => {
    expect(() => load({}, 'nowhere.yaml')).toThrow('nowhere.yaml: cannot be read: no such file')
    mkdirSync(join(cwd, 'folder.yaml'))
    expect(() => load({}, 'folder.yaml')).toThrow('folder.yaml: cannot be read: it is a folder')
  })
})
