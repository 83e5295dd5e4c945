/** Certificates as openssl makes them, of an authority of the test's own. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Pair {
  readonly certificate: string
  readonly key: string
}

const openssl = (folder: string, ...args: string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 })
}

/** @param name  of the files, and the CN */
export function makeAuthority(folder: string, name: string): Pair {
  openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
  )
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}

/** @param subject  `/C=FR/O=Hospital/CN=viewer`
 *  @param days     negative: over already */
export function makeCertificate(folder: string, name: string, authority: string, subject: string, days = 20): Pair {
  writeFileSync(join(folder, `${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
  openssl(
    folder,
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-utf8',
    '-subj',
    subject,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  )
  const signed = [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${authority}.pem`,
    '-CAkey',
    `${authority}.key`,
    '-CAcreateserial',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  ]
  openssl(folder, ...signed, '-days', String(days))
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}
