/** Callers that show a client certificate (mutual TLS): which entry of `web.auth.certificates` one is.
 *
 *  Promises: a certificate counts only where the TLS layer has found that an authority of `web.tls.clientAuthorities` signed it and that it
 *  is in its time; its subject must be the whole of what the entry says, in any order of its parts. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Config } from '../../config/settings.ts'

type Entry = Config['web']['auth']['certificates'][number]

export interface ShownCertificate {
  readonly isValid: boolean
  /** `CN=…` in lines, as X509Certificate has it; special characters have a backslash before them. */
  readonly subject: string
  /** SHA-256, hexadecimal with colons. */
  readonly fingerprint: string
}

/** @returns undefined where none was shown */
export function certificateOf(socket: Socket): ShownCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  return { isValid: socket.authorized, subject: certificate.subject, fingerprint: certificate.fingerprint256 }
}

export function entryOf(shown: ShownCertificate, entries: readonly Entry[]): Entry | undefined {
  if (!shown.isValid) return undefined
  const subject = canonicalSubject(shown.subject.split('\n'))
  return entries.find(
    (entry) =>
      (entry.fingerprint !== undefined && plain(entry.fingerprint) === plain(shown.fingerprint)) ||
      (entry.subject !== undefined && canonicalSubject(partsOf(entry.subject)) === subject),
  )
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

/** `CN=a\, b,O=c` in its parts: a comma behind a backslash is none that separates. */
function partsOf(subject: string): string[] {
  return subject.match(/(?:\\.|[^,\\])+/gs) ?? []
}

function canonicalSubject(parts: readonly string[]): string {
  return JSON.stringify(parts.map((part) => part.trim()).sort())
}
