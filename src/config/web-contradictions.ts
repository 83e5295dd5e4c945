/** Settings of the web that are right each by itself but not together, or that would open it to everybody without anybody having said so. */
import type { Mistake, TreePath } from './mistakes.ts'
import type { Config } from './settings.ts'

type Web = Config['web']

export function webContradictions(web: Web): Mistake[] {
  return [...tlsMistakes(web), ...openidMistakes(web), ...certificateMistakes(web)]
}

/** @param host  as in `web.host` or an address: a name or an IP address */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function tlsMistakes({ enabled, host, allowPlain, tls }: Web): Mistake[] {
  if (!enabled) return []
  const { certificate, key, clientAuthorities, clientCertificates } = tls
  if ((certificate === undefined) !== (key === undefined))
    return [
      certificate === undefined
        ? mistake(['tls', 'key'], 'found a key without its certificate, expected both or neither')
        : mistake(['tls', 'certificate'], 'found a certificate without its key, expected both or neither'),
    ]
  if (certificate === undefined && clientCertificates !== 'off')
    return [
      mistake(['tls', 'clientCertificates'], `found ${clientCertificates}, expected web.tls.certificate and web.tls.key to be set, too`),
    ]
  if (clientAuthorities === undefined && clientCertificates !== 'off')
    return [
      mistake(['tls', 'clientCertificates'], `found ${clientCertificates}, expected web.tls.clientAuthorities to be set: who signs them`),
    ]
  if (certificate === undefined && !isLoopbackHost(host) && !allowPlain)
    return [
      mistake(
        ['host'],
        `found ${host}, which others reach, without TLS: expected web.tls.certificate and web.tls.key, or web.allowPlain: true where a TLS proxy stands in front`,
      ),
    ]
  return []
}

function openidMistakes({ auth }: Web): Mistake[] {
  const { issuer, audience, jwksUrl } = auth.openid
  const unsafe = (['issuer', 'jwksUrl'] as const).filter((name) => auth.openid[name] !== undefined && !isSafeAddress(auth.openid[name]))
  return [
    ...unsafe.map((name) =>
      mistake(
        ['auth', 'openid', name],
        'found http to another machine, expected https: whoever answers there decides who may see patients',
      ),
    ),
    ...(issuer !== undefined && audience === undefined
      ? [mistake(['auth', 'openid', 'issuer'], 'expected web.auth.openid.audience, too: a token for another service is not for us')]
      : []),
    ...(issuer === undefined && (audience !== undefined || jwksUrl !== undefined)
      ? [mistake(['auth', 'openid', audience === undefined ? 'jwksUrl' : 'audience'], 'expected web.auth.openid.issuer, too')]
      : []),
  ]
}

/** An address to which keys can be asked without somebody in between: https, or of this machine. */
export function isSafeAddress(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''))))
}

function certificateMistakes({ auth, tls }: Web): Mistake[] {
  const found = auth.certificates.flatMap(({ subject, fingerprint }, at) => {
    if ((subject === undefined) === (fingerprint === undefined))
      return [mistake(['auth', 'certificates', at], 'expected either subject or fingerprint')]
    if (fingerprint !== undefined && !/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(fingerprint))
      return [
        mistake(
          ['auth', 'certificates', at, 'fingerprint'],
          'expected a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
        ),
      ]
    return []
  })
  const unused =
    auth.certificates.length > 0 && tls.clientCertificates === 'off'
      ? [mistake(['auth', 'certificates'], 'expected web.tls.clientCertificates: ask or require, else nobody is asked for a certificate')]
      : []
  return [...found, ...unused]
}

function mistake(path: TreePath, text: string): Mistake {
  return { path: ['web', ...path], at: 'value', text }
}
