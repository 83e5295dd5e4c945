/** The kinds of a single value: how each is checked, what is said where the check fails, how it is read from an environment variable.
 *
 *  Does not: know keys or positions. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { parseAeTitle } from '../dicom/ae-title.ts'
import { isStrictUid, type Uid } from '../dicom/uid.ts'
import type { EntryField, KindValues, Setting, SingleSetting } from './setting.ts'

interface Kind<Value> {
  /** @returns a schema whose output is the value as it is used */
  schema(row: SingleSetting): z.ZodType<Value>
  /** What is expected, to follow "expected …". */
  expects(row: SingleSetting): string
  /** An environment variable's text as the file would hold it; text that does not fit comes back as it is, for the schema to refuse. */
  fromText?(text: string): unknown
}

const BYTES_TEXT = /^(\d{1,12}) ?(KiB|MiB|GiB|TiB)$/
const BYTES_UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const BASE_URL = /^https?:\/\/[^\s?#\\]{1,1000}$/
const LINE = /^[^\x00-\x1f\x7f-\x9f]{1,250}$/
/** PS3.5 6.2, VR LO: no backslash, no control characters, 64 at most. */
const LONG_STRING = /^[^\\\x00-\x1f\x7f-\x9f]{1,64}$/

export const KINDS: { readonly [Name in keyof KindValues]: Kind<KindValues[Name]> } = {
  address: {
    schema: () => z.string().refine((text) => isIP(text) !== 0),
    expects: () => 'an IP address',
  },
  aeTitle: {
    schema: () =>
      z
        .string()
        .refine((text) => parseAeTitle(text) !== undefined)
        .transform((text) => parseAeTitle(text)!)
        .meta({ minLength: 1, maxLength: 16 }),
    expects: () => 'an AE title (1 to 16 ASCII characters, no backslash)',
  },
  boolean: {
    schema: () => z.boolean(),
    expects: () => 'true or false',
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  },
  bytes: {
    schema: (row) => {
      const number = bounded(row)
      const text = z
        .string()
        .regex(BYTES_TEXT)
        .refine((size) => number.safeParse(bytesOf(size)).success)
      return z.union([number, text.transform(bytesOf)])
    },
    expects: (row) => `a size in bytes${limits(row)}, as a number or such as 512 MiB`,
    fromText: integerFromText,
  },
  host: {
    schema: () => z.string().refine(isHost),
    expects: () => 'a host name or IP address',
  },
  integer: {
    schema: bounded,
    expects: (row) => `a whole number${limits(row)}`,
    fromText: integerFromText,
  },
  line: {
    schema: () => z.string().regex(LINE),
    expects: () => 'text of 1 to 250 characters on one line',
  },
  name: {
    schema: () => z.string().regex(NAME),
    expects: () => 'a name (1 to 64 letters, digits, dots, hyphens or underscores)',
  },
  origin: {
    schema: () =>
      z
        .string()
        .refine((text) => originOf(text) !== undefined)
        .transform((text) => originOf(text)!),
    expects: () => 'the origin of a web page such as https://viewer.example.org, without a path',
  },
  path: {
    schema: () =>
      z
        .string()
        .min(1)
        .refine((text) => !text.includes('\0')),
    expects: () => 'a path',
  },
  text: {
    schema: () => z.string().regex(LONG_STRING),
    expects: () => 'text of 1 to 64 characters without backslash or control characters',
  },
  timeZone: {
    schema: () => z.string().refine(isTimeZone),
    expects: () => 'an IANA time zone such as Europe/Paris',
  },
  uid: {
    schema: uidSchema,
    expects: () => 'a UID (digits and dots, at most 64 characters, no leading zeros)',
  },
  url: {
    schema: () =>
      z
        .string()
        .refine((text) => BASE_URL.test(text) && isAnonymousUrl(text))
        .meta({ pattern: BASE_URL.source })
        .transform((text) => text.replace(/\/+$/, '')),
    expects: () => 'a URL that begins with http:// or https://, without spaces, query, fragment, user name or password',
  },
}

/** What is expected of a row, to follow "expected …". */
export function expectationOf(row: Setting): string {
  if (row.type === 'choice') return `one of ${row.of.join(', ')}`
  if (row.type === 'choices') return `a list of ${row.of.join(', ')}, each at most once`
  if (row.type === 'uids') return 'a list of UIDs, each at most once'
  if (row.type === 'list') return `a list, each at most once: ${KINDS[row.of].expects({ ...row, type: row.of, default: undefined })}`
  if (row.type === 'entries') return `a list of entries with the keys ${row.rows.map((field) => field.key).join(', ')}`
  return KINDS[row.type].expects(row)
}

/** What is expected of one value in the list of a row. */
export function elementExpectationOf(row: Setting): string {
  if (row.type === 'choices') return `one of ${row.of.join(', ')}`
  if (row.type === 'uids') return 'a UID (digits and dots, in quotes where it looks like a number)'
  if (row.type === 'list') return KINDS[row.of].expects({ ...row, type: row.of, default: undefined })
  if (row.type === 'entries') return `an entry with the keys ${row.rows.map((field) => field.key).join(', ')}`
  return expectationOf(row)
}

/** The schema of a row that is no list of entries, without its default. */
export function schemaOfField(row: EntryField): z.ZodType {
  if (row.type === 'choice') return z.enum(row.of as readonly [string, ...string[]])
  if (row.type === 'choices')
    return z
      .array(z.enum(row.of as readonly [string, ...string[]]))
      .refine(eachOnce)
      .meta({ uniqueItems: true })
  if (row.type === 'uids') return z.array(uidSchema()).refine(eachOnce).meta({ uniqueItems: true })
  if (row.type === 'list')
    return z
      .array(KINDS[row.of].schema({ ...row, type: row.of, default: undefined }))
      .refine(eachOnce)
      .meta({ uniqueItems: true })
  return KINDS[row.type].schema(row)
}

function bounded(row: SingleSetting): z.ZodType<number> {
  return z
    .int()
    .min(row.min ?? 0)
    .max(row.max ?? Number.MAX_SAFE_INTEGER)
}

function limits(row: SingleSetting): string {
  return row.max === undefined ? ` from ${row.min ?? 0}` : ` from ${row.min ?? 0} to ${row.max}`
}

function uidSchema(): z.ZodType<Uid> {
  return z
    .string()
    .refine((text) => isStrictUid(text) && text.includes('.'))
    .transform((text) => text as Uid)
    .meta({ pattern: '^[0-9]+(\\.[0-9]+)+$', maxLength: 64 })
}

function bytesOf(text: string): number {
  const match = BYTES_TEXT.exec(text)
  return match === null ? Number.NaN : Number(match[1]) * (BYTES_UNITS[match[2]!] ?? Number.NaN)
}

function integerFromText(text: string): unknown {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text
}

/** What consists of numbers and dots only must be a right IPv4 address: 10.1.2.300 is no host name that anybody means. */
function isHost(text: string): boolean {
  return isIP(text) !== 0 || (HOST_NAME.test(text) && !/^[0-9.]+$/.test(text))
}

function isAnonymousUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && url.username === '' && url.password === ''
}

function originOf(text: string): string | undefined {
  const url = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) ? URL.parse(text) : null
  return url?.origin
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }) !== undefined
  } catch {
    return false
  }
}

function eachOnce(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}
