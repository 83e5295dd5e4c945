/** What the commands share: the options given before any of them, and how a command says that it failed.
 *
 *  Exit codes: 0 done; 1 the command found something wrong; 2 wrong usage or a mistake in the configuration. */
import type { Command } from 'commander'
import type { LoadOptions } from '../config/load-config.ts'

/** Options of `ariane` itself, given before or after the command's name. */
export interface GlobalOptions {
  /** `--config FILE` */
  readonly config?: string
  /** `--debug` */
  readonly debug?: boolean
}

/** The command could not do what was asked, or found something wrong. Its message is the one line that is printed. */
export class CommandFailure extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'CommandFailure'
    this.exitCode = options.exitCode ?? 1
  }
}

/** Where the configuration of this run comes from; for `loadConfig` and for edits. */
export function loadOptionsOf(command: Command): LoadOptions {
  const { config } = command.optsWithGlobals<GlobalOptions>()
  return { file: config, env: process.env, cwd: process.cwd() }
}

/** A sender's text, or a file's name, stays in its place and moves no cursor. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd')
}

/** As {@link printable}, of a text of several lines in which peers have a say. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** One word of a command, for a shell. */
export function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** `2026-01-31 23:59:59`
 *  @param at  milliseconds since 1970 */
export function timeInUtc(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

/** Rows of text in columns, two spaces apart. */
export function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
