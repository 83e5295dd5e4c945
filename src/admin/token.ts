/** `ariane token …`: tokens with which programs and people say on the web who they are. A running node takes a change at once. */
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { loadConfig } from '../config/load-config.ts'
import { CONFIDENTIALITY_LEVELS, type Confidentiality, isConfidentiality } from '../dicom/confidentiality.ts'
import { isWebRight, WEB_RIGHTS, type WebRight } from '../dicom/web-rights.ts'
import { changeTokens, hashOfToken, newToken, readTokens, readTokenUse, type WebToken } from '../storage/web-tokens.ts'
import { CommandFailure, inColumns, loadOptionsOf, timeInUtc } from './command-line.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const DAY_MS = 86_400_000

export function tokenCommand(): Command {
  return new Command('token')
    .description('create, list and revoke tokens for the web (DICOMweb, the page, /api)')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
}

interface CreateFlags {
  readonly rights: readonly string[]
  readonly levels: readonly string[]
  readonly expires?: string
  readonly json?: boolean
}

function createCommand(): Command {
  return new Command('create')
    .description('make a token; it is shown this once, and kept nowhere')
    .argument('<name>', 'who or what will use it, for the log')
    .requiredOption('--rights <rights...>', `what it may do: ${WEB_RIGHTS.join(', ')}`)
    .option('--levels <levels...>', `confidentiality levels that it may see: ${CONFIDENTIALITY_LEVELS.join(', ')}`, ['N'])
    .option('--expires <days>', 'it holds so many days (default: until it is revoked)')
    .option('--json', 'as JSON')
    .action(async (name: string, flags: CreateFlags, command: Command) => {
      const folder = storageOf(command)
      const token = newToken()
      const entry = entryOf(name, flags, token)
      await changeTokens(folder, (tokens) => {
        if (tokens.some((one) => one.name === name))
          throw new CommandFailure(`there is a token ${name}; ariane token revoke ${name} ends it`)
        return [...tokens, entry]
      })
      const { sha256: _hash, ...told } = entry
      process.stdout.write(flags.json ? `${JSON.stringify({ ...told, token }, null, 2)}\n` : `${token}\n`)
      if (!flags.json)
        process.stderr.write(
          `${name} may ${entry.rights.join(', ')} at level ${entry.levels.join(', ')}${until(entry)}. Shown this once: send it as "Authorization: Bearer …".\n`,
        )
    })
}

function listCommand(): Command {
  return new Command('list')
    .description('list the tokens, what each may do, and when it was last used')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const folder = storageOf(command)
      const [tokens, used] = await Promise.all([readTokens(folder), readTokenUse(folder)])
      const rows = tokens.map(({ sha256, ...token }) => ({ ...token, lastUsedAt: used.get(sha256) }))
      if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
      else process.stdout.write(printed(rows))
    })
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('end a token, and every session that was opened with it, at once')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await changeTokens(storageOf(command), (tokens) => {
        const left = tokens.filter((token) => token.name !== name)
        if (left.length === tokens.length) throw new CommandFailure(`there is no token ${JSON.stringify(name)}; ariane token list`)
        return left
      })
      process.stdout.write(`Revoked ${name}.\n`)
    })
}

function storageOf(command: Command): string {
  const { path } = loadConfig(loadOptionsOf(command)).config.storage
  if (!existsSync(path)) throw new CommandFailure(`there is no storage at ${path} yet; start the node once (ariane serve)`)
  return path
}

function entryOf(name: string, flags: CreateFlags, token: string): WebToken {
  if (!NAME.test(name)) throw usage(`found name ${JSON.stringify(name)}, expected 1 to 64 letters, digits, dots, hyphens or underscores`)
  const rights = wordsOf<WebRight>('--rights', flags.rights, isWebRight, WEB_RIGHTS)
  const levels = wordsOf<Confidentiality>('--levels', flags.levels, isConfidentiality, CONFIDENTIALITY_LEVELS)
  const createdAt = Date.now()
  const days = flags.expires === undefined ? undefined : daysFrom(flags.expires)
  return {
    name,
    sha256: hashOfToken(token),
    rights,
    levels,
    createdAt,
    ...(days === undefined ? {} : { expiresAt: createdAt + days * DAY_MS }),
  }
}

/** Words apart by spaces or commas, each once. */
function wordsOf<Word extends string>(
  option: string,
  given: readonly string[],
  isOne: (text: string) => text is Word,
  all: readonly string[],
): Word[] {
  const words = [...new Set(given.flatMap((text) => text.split(',')).filter((text) => text !== ''))]
  const wrong = words.find((word) => !isOne(word))
  if (wrong !== undefined) throw usage(`${option}: found ${JSON.stringify(wrong)}, expected some of ${all.join(', ')}`)
  if (words.length === 0) throw usage(`${option}: found nothing, expected some of ${all.join(', ')}`)
  return words.filter(isOne)
}

function daysFrom(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days < 1 || days > 36_500) throw usage(`--expires: found ${JSON.stringify(text)}, expected days, from 1 to 36500`)
  return days
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: 2 })
}

function until({ expiresAt }: Pick<WebToken, 'expiresAt'>): string {
  return expiresAt === undefined ? '' : ` until ${timeInUtc(expiresAt)} UTC`
}

function printed(tokens: readonly (Omit<WebToken, 'sha256'> & { readonly lastUsedAt?: number })[]): string {
  if (tokens.length === 0) return 'No tokens. Make one: ariane token create VIEWER --rights find get\n'
  const rows = tokens.map(({ name, rights, levels, createdAt, expiresAt, lastUsedAt }) => [
    name,
    rights.join(' '),
    levels.join(' '),
    timeInUtc(createdAt),
    expiresAt === undefined ? 'never' : `${timeInUtc(expiresAt)}${expiresAt <= Date.now() ? ' (over)' : ''}`,
    lastUsedAt === undefined ? 'never' : timeInUtc(lastUsedAt),
  ])
  return inColumns([['NAME', 'MAY', 'SEES', 'CREATED (UTC)', 'EXPIRES', 'LAST USED'], ...rows])
}
