/** TLS of the web: reads certificate, key and authorities, and again when they change.
 *
 *  Promises: only TLS 1.2 and later; a new certificate takes effect for the next connection, those that stand go on; one that cannot be used
 *  (unreadable, over, not that of the key) leaves the former one in force, and the log says why. Files are looked at every
 *  {@link LOOK_EVERY_MS}, and used once they rest: certificate and key are rarely replaced at the same moment.
 *  Does not: ask whether a client certificate was revoked; `web.auth.certificates` is the list of those that hold. */
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import type { Config } from '../../config/settings.ts'
import { log } from '../../log.ts'

type Tls = Config['web']['tls']

const LOOK_EVERY_MS = 2_000
const DAY_MS = 86_400_000
const SOON_DAYS = 14

export interface TlsReload {
  /** Reads the files now. */
  reload(): Promise<void>
  stop(): void
}

/** @returns undefined where the web is served without TLS
 *  @throws Error in words, where a file cannot be used */
export async function readTls(tls: Tls): Promise<TlsOptions | undefined> {
  if (tls.certificate === undefined || tls.key === undefined) return undefined
  const context = await readContext(tls)
  tellExpiry(tls, context)
  return {
    ...context,
    requestCert: tls.clientCertificates !== 'off',
    rejectUnauthorized: tls.clientCertificates === 'require',
  }
}

export function keepTlsFresh(server: Pick<Server, 'setSecureContext'>, tls: Tls): TlsReload {
  let used: Promise<string> = stampOf(tls)
  let seen = used
  const reload = async (): Promise<void> => {
    used = stampOf(tls)
    seen = used
    await used
    try {
      const context = await readContext(tls)
      if (expiryOf(context) <= Date.now()) throw new Error(`${tls.certificate} is over since ${new Date(expiryOf(context)).toISOString()}`)
      server.setSecureContext(context)
      log.info('certificate of the web read again', { validTo: new Date(expiryOf(context)).toISOString() })
      tellExpiry(tls, context)
    } catch (error) {
      log.error('new certificate of the web cannot be used, the former one stays', { error: (error as Error).message })
    }
  }
  const look = async (): Promise<void> => {
    const stamp = await stampOf(tls)
    const [before, inForce] = [await seen, await used]
    seen = Promise.resolve(stamp)
    if (stamp === before && stamp !== inForce) await reload()
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref()
  return { reload, stop: () => clearInterval(timer) }
}

async function readContext(tls: Tls): Promise<SecureContextOptions> {
  const [cert, key, ca] = await Promise.all([
    readNamed('web.tls.certificate', tls.certificate!),
    readNamed('web.tls.key', tls.key!),
    tls.clientCertificates === 'off' ? undefined : readNamed('web.tls.clientAuthorities', tls.clientAuthorities!),
  ])
  const context: SecureContextOptions = { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2', honorCipherOrder: true }
  try {
    new X509Certificate(cert)
    if (ca !== undefined) new X509Certificate(ca)
    createSecureContext(context)
  } catch (error) {
    throw new Error(`web.tls: certificate, key or authorities cannot be used: ${(error as Error).message}`)
  }
  return context
}

async function readNamed(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`${setting}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function expiryOf({ cert }: SecureContextOptions): number {
  return Date.parse(new X509Certificate(cert as Buffer).validTo)
}

function tellExpiry(tls: Tls, context: SecureContextOptions): void {
  const expiry = expiryOf(context)
  if (expiry - Date.now() < SOON_DAYS * DAY_MS)
    log.warn('certificate of the web is over soon, or already', { file: tls.certificate, validTo: new Date(expiry).toISOString() })
}

/** Through symbolic links: what renews certificates often moves those. */
async function stampOf({ certificate, key, clientAuthorities }: Tls): Promise<string> {
  const files = [certificate, key, clientAuthorities].filter((file) => file !== undefined)
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
        () => 'not there',
      ),
    ),
  )
  return stamps.join('; ')
}
