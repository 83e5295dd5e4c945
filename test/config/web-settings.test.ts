/** Settings of the web as they are once loaded. */
import { expect, it } from 'vitest'
import { ConfigError, loadFrom } from '../../src/config/load-config.ts'

const load = (web: object, env: Record<string, string> = {}) =>
  loadFrom('/etc/ariane/ariane.yaml', JSON.stringify({ web }), { env, cwd: '/work' }).config.web

it('is for this machine only, unless told otherwise', () => {
  expect(load({})).toMatchObject({
    host: '127.0.0.1',
    allowPlain: false,
    cors: [],
    hosts: [],
    auth: { local: 'everything', localLevels: ['N'] },
  })
})

it('lets nobody in for being local where others have an address for it, unless that is said', () => {
  const local = (web: object) => load(web).auth.local
  expect(local({ publicUrl: 'https://pacs.example/a' })).toBe('refuse')
  expect(local({ publicUrl: 'https://pacs.example/a', auth: { local: 'read' } })).toBe('read')
  for (const publicUrl of ['http://127.0.0.1:8112', 'http://localhost', 'http://[::1]:1/x']) expect(local({ publicUrl })).toBe('everything')
})

it('makes paths absolute, where the file lies', () => {
  expect(load({ tls: { certificate: 'web.pem', key: '/k/web.key' } }).tls).toMatchObject({
    certificate: '/etc/ariane/web.pem',
    key: '/k/web.key',
  })
  expect(load({}, { ARIANE_WEB_TLS_CERTIFICATE: 'a.pem', ARIANE_WEB_TLS_KEY: 'a.key' }).tls).toMatchObject({
    certificate: '/work/a.pem',
    key: '/work/a.key',
  })
})

it('writes origins as browsers do', () => {
  expect(load({ cors: ['HTTPS://Viewer.Example:443/', 'http://localhost:3000'] }).cors).toEqual([
    'https://viewer.example',
    'http://localhost:3000',
  ])
})

it('takes lists from the environment', () => {
  expect(load({}, { ARIANE_WEB_CORS: '["https://a.example"]', ARIANE_WEB_HOSTS: '["pacs"]' })).toMatchObject({
    cors: ['https://a.example'],
    hosts: ['pacs'],
  })
  expect(() => load({}, { ARIANE_WEB_CORS: 'https://a.example' })).toThrow(/ARIANE_WEB_CORS: found .*expected a list, each at most once/)
})

it.each([
  [{ cors: ['null'] }, 'web.cors[0]: found "null", expected the origin'],
  [{ cors: ['https://a.example', 'https://a.example'] }, 'web.cors: found a list of 2, expected a list, each at most once'],
  [{ cors: ['https://user@a.example'] }, 'web.cors[0]'],
  [{ hosts: ['a b'] }, 'web.hosts[0]: found "a b", expected a host name or IP address'],
  [{ host: '10.1.2.3' }, 'web.allowPlain: true'],
  [{ host: '::' }, 'web.allowPlain: true'],
  [{ tls: { key: 'k' } }, 'web.tls.key: found a key without its certificate'],
  [{ tls: { certificate: 'c', key: 'k', clientCertificates: 'require' } }, 'expected web.tls.clientAuthorities'],
  [{ auth: { openid: { audience: 'a' } } }, 'web.auth.openid.audience: expected web.auth.openid.issuer'],
  [
    { auth: { openid: { issuer: 'https://a.example', audience: 'a', jwksUrl: 'http://b.example' } } },
    'jwksUrl: found http to another machine',
  ],
  [{ tls: { certificate: 'c' } }, 'web.tls.certificate: found a certificate without its key'],
  [{ tls: { clientCertificates: 'ask' } }, 'web.tls.clientCertificates: found ask'],
  [{ auth: { certificates: [{ name: 'A', subject: 'CN=a' }] } }, 'web.auth.certificates: expected web.tls.clientCertificates'],
  [{ auth: { openid: { issuer: 'https://id.example' } } }, 'web.auth.openid.issuer: expected web.auth.openid.audience'],
  [{ auth: { openid: { issuer: 'http://id.example', audience: 'a' } } }, 'issuer: found http to another machine'],
  [{ cors: ['https://viewer.example/path'] }, 'web.cors[0]'],
  [{ cors: ['*'] }, 'web.cors[0]'],
  [{ trustedProxies: ['proxy.example'] }, 'web.trustedProxies[0]: found "proxy.example", expected an IP address'],
  [{ auth: { localLevels: ['X'] } }, 'web.auth.localLevels[0]'],
])('%j is a mistake', (web, words) => {
  expect(() => load(web)).toThrow(ConfigError)
  expect(() => load(web)).toThrow(words)
})

it('needs for a client certificate its subject or its fingerprint', () => {
  const tls = { certificate: 'c', key: 'k', clientAuthorities: 'a', clientCertificates: 'ask' }
  const entry = (fields: object) => load({ tls, auth: { certificates: [{ name: 'A', ...fields }] } })
  expect(entry({ subject: 'CN=a' }).auth.certificates).toEqual([{ name: 'A', subject: 'CN=a', rights: ['find', 'get'], levels: ['N'] }])
  expect(() => entry({})).toThrow('expected either subject or fingerprint')
  expect(() => entry({ fingerprint: 'ab' })).toThrow('64 hexadecimal digits')
})
