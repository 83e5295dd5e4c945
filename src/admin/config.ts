/** `ariane config`: what is in force and where each value comes from. */
import { Command } from 'commander'
import { type InForce, inForce } from '../config/in-force.ts'
import { loadConfig } from '../config/load-config.ts'
import { inColumns, loadOptionsOf } from './command-line.ts'

interface ConfigOptions {
  readonly changed?: boolean
  readonly json?: boolean
}

export function configCommand(): Command {
  return new Command('config')
    .description('print the configuration in force and where each value comes from')
    .option('--changed', 'only what is not a default')
    .option('--json', 'as JSON')
    .action((options: ConfigOptions, command: Command) => {
      const loaded = loadConfig(loadOptionsOf(command))
      const settings = inForce(loaded).filter(({ source }) => !options.changed || source !== 'default')
      process.stdout.write(
        options.json ? `${JSON.stringify({ file: loaded.file ?? null, settings }, null, 2)}\n` : printed(settings, options),
      )
    })
}

/** One line per setting; the entries of a list follow its key, one per line. */
function printed(settings: readonly InForce[], options: ConfigOptions): string {
  if (settings.length === 0) return options.changed ? 'Everything is at its default.\n' : ''
  const lines = inColumns(settings.map(({ key, value, unit, source }) => [key, shownValue(value, unit), source])).split('\n')
  return settings
    .flatMap(({ value }, at) => [lines[at], ...entriesOf(value)])
    .join('\n')
    .concat('\n')
}

function shownValue(value: unknown, unit: string | undefined): string {
  if (value === null) return '(none)'
  if (!Array.isArray(value)) return unit === undefined ? String(value) : `${value} ${unit}`
  if (value.length === 0) return '(none)'
  return entriesOf(value).length === 0 ? value.join(' ') : `${value.length} ${value.length === 1 ? 'entry' : 'entries'}`
}

/** The entries of a list of entries, indented; nothing for other values. */
function entriesOf(value: unknown): string[] {
  return Array.isArray(value) && typeof value[0] === 'object' ? value.map((entry) => `  - ${shownEntry(entry)}`) : []
}

function shownEntry(entry: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(entry).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
  return given.map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(' ') : String(value)}`).join(', ')
}
