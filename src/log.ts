/** The node's log: one line per event, on standard error (standard output is for what commands print).
 *
 *  Promises: a line stays one line, whatever a peer put into a value (control characters, line and direction marks are escaped); a
 *  disabled level costs one comparison; a broken log stream never stops the node.
 *  Does not: rotate, or decide what may be said. A line carries association ids, AE titles and UIDs, never a patient's name or identifier.
 *
 *  text: `2026-11-23T10:00:00.123Z info  study is due StudyInstanceUID=1.2.3 instances=12 why="quiet for 60 s"`
 *  json: `{"time":"2026-11-23T10:00:00.123Z","level":"info","text":"study is due","StudyInstanceUID":"1.2.3","instances":12}` */
import type { Writable } from 'node:stream'
import winston from 'winston'

/** Most serious first; a level includes those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]
export type LogFields = Readonly<Record<string, unknown>>

export interface LogOptions {
  readonly level?: LogLevel
  readonly format?: LogFormat
  /** Default: standard error. */
  readonly stream?: Writable
}

/** Longest value written, in characters: no peer's text is worth more. */
const LONGEST_VALUE = 2000
/** Control characters (C0, DEL, C1), line and paragraph separators, marks that change the direction of text, half surrogate pairs. */
const UNSAFE =
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
/** A value that needs no quotes in text format. */
const PLAIN = /^[^\s"'=\\]+$/

class Log {
  #threshold = LOG_LEVELS.indexOf('info')
  #format: LogFormat = 'text'
  #winston: winston.Logger | undefined

  get level(): LogLevel {
    return LOG_LEVELS[this.#threshold]!
  }

  set level(level: LogLevel) {
    this.#threshold = LOG_LEVELS.indexOf(level)
  }

  /** Whether a line of this level would be written: ask before gathering costly fields. */
  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= this.#threshold
  }

  error(text: string, fields?: LogFields): void {
    this.#write('error', text, fields)
  }

  warn(text: string, fields?: LogFields): void {
    if (this.#threshold >= 1) this.#write('warn', text, fields)
  }

  info(text: string, fields?: LogFields): void {
    if (this.#threshold >= 2) this.#write('info', text, fields)
  }

  debug(text: string, fields?: LogFields): void {
    if (this.#threshold >= 3) this.#write('debug', text, fields)
  }

  configure(options: LogOptions): void {
    if (options.level !== undefined) this.level = options.level
    if (options.format !== undefined) this.#format = options.format
    if (options.stream !== undefined || this.#winston === undefined) {
      this.#winston?.close()
      this.#winston = createWinston(options.stream ?? process.stderr)
    }
  }

  #write(level: LogLevel, text: string, fields: LogFields = {}): void {
    if (this.#winston === undefined) this.configure({})
    const time = new Date().toISOString()
    this.#winston?.log(level, this.#format === 'json' ? jsonLine(time, level, text, fields) : textLine(time, level, text, fields))
  }
}

export const log = new Log()

/** Sets what is given, leaves the rest; before the first call: info, text, standard error. */
export function configureLog(options: LogOptions): void {
  log.configure(options)
}

/** Winston carries whole lines: levels are checked and lines are made here, which is what makes a disabled level free. */
function createWinston(stream: Writable): winston.Logger {
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore)
  const line = winston.format((info) => Object.assign(info, { [Symbol.for('message')]: info.message }))
  return winston.createLogger({ level: 'debug', format: line(), transports: [new winston.transports.Stream({ stream })] })
}

/** Whoever read our log has gone (EPIPE): we go on. */
function ignore(): void {}

function textLine(time: string, level: LogLevel, text: string, fields: LogFields): string {
  let line = `${time} ${level.padEnd(5)} ${escapeUnsafe(text)}`
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${escapeUnsafe(key)}=${textValue(value)}`
  }
  return line
}

function textValue(value: unknown): string {
  const simple = simplified(value)
  const text = typeof simple === 'string' ? simple : stringify(simple)
  const quote = typeof simple === 'string' && (!PLAIN.test(text) || text.search(UNSAFE) >= 0)
  return escapeUnsafe(quote ? JSON.stringify(text) : text)
}

/** The three fixed names come first, and win over fields of the same name. */
function jsonLine(time: string, level: LogLevel, text: string, fields: LogFields): string {
  const fixed = { time, level, text }
  const entries = Object.entries(fields).map(([key, value]) => [key, simplified(value)])
  return escapeUnsafe(stringify(Object.assign({ ...fixed }, Object.fromEntries(entries), fixed)))
}

/** What a value is written as: text, number, boolean, null, or something that JSON can hold. */
function simplified(value: unknown): unknown {
  if (typeof value === 'string') return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value)
  if (value instanceof Error) return simplified(describeError(value))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  return value
}

/** The message and those of its causes; at level debug the stack too. */
function describeError(error: Error): string {
  const messages: string[] = []
  for (let at: unknown = error; at !== undefined && messages.length < 5; at = at instanceof Error ? at.cause : undefined) {
    messages.push(at instanceof Error ? at.message || at.name : String(at))
  }
  const text = messages.join(': ')
  return log.enabled('debug') && error.stack !== undefined ? `${text}\n${error.stack}` : text
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (inner === value ? inner : simplified(inner))) ?? 'undefined'
  } catch {
    return '"not writable"'
  }
}

function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
