/** Loads the configuration: file, then environment, then defaults; everything checked before anything starts.
 *
 *  Promises: what is returned is complete, checked, frozen, and has absolute paths only; every mistake is reported at once.
 *  Does not: create folders, look up hosts, or watch the file.
 *
 *  Relative paths start at the node's home: the folder of the configuration file, or the one above where that folder is called `config`;
 *  where no file is named, the folder in ARIANE_HOME (the start script says the program's own), else the working directory. So a first
 *  `config/ariane.yaml` does not move the storage, and a command means the same node wherever it is called from. In an environment variable
 *  relative paths start at the working directory. */
import { existsSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { contradictionsIn } from './contradictions.ts'
import { type Environment, readEnvironment, variableOf } from './environment.ts'
import { ConfigError, keyOf, type Mistake, mistakesIn, type TreePath } from './mistakes.ts'
import { inWords, parseYaml, readText, type YamlFile } from './read-yaml.ts'
import { FILE_SCHEMA } from './schema.ts'
import { type Config, SETTINGS, type SettingKey } from './settings.ts'
import { isLoopbackHost } from './web-contradictions.ts'

export type { Environment } from './environment.ts'
export { ConfigError } from './mistakes.ts'
export type { Config, Peer, PeerService, PublishTarget } from './settings.ts'

/** Looked for in the node's home where no file is named. */
export const USUAL_FILE = join('config', 'ariane.yaml')

export interface LoadOptions {
  /** From `--config`; relative to `cwd`. */
  readonly file?: string
  readonly env: Environment
  readonly cwd: string
}

export interface LoadedConfig {
  readonly config: Config
  /** Where each value comes from: `default`, `config/ariane.yaml:12`, or `ARIANE_DICOM_PORT`. */
  readonly sources: ReadonlyMap<SettingKey, string>
  /** Absolute; undefined where there is none. */
  readonly file?: string
}

/** @throws ConfigError with every mistake, one per line */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = fileOf(options)
  return loadFrom(file, file === undefined ? undefined : readText(file, shownAs(file, options.cwd)), options)
}

/** The same with the file's text handed in: what an edit would give.
 *  @throws ConfigError */
export function loadFrom(file: string | undefined, text: string | undefined, options: LoadOptions): LoadedConfig {
  const name = file === undefined ? 'defaults' : shownAs(file, options.cwd)
  const yaml = parseYaml(text ?? '', name)
  const overrides = readEnvironment(options.env)
  const inFile = inFileOrder(mistakesIn(yaml.tree, yaml.asWritten), yaml).map((mistake) => located(mistake, yaml, name))
  report([...inFile, ...overrides.mistakes])

  const tree = structuredClone(yaml.tree) as Record<string, unknown>
  for (const [key, { value }] of overrides.values) setAt(tree, key, value)
  const home = homeOf(file, options)
  const config = completed(FILE_SCHEMA.parse(tree) as Config, (key) => (overrides.values.has(key) ? options.cwd : home))
  const sources = new Map(
    SETTINGS.map((row) => [row.key, overrides.values.get(row.key)?.variable ?? sourceOf(row.key, yaml, name)] as const),
  )
  report(
    contradictionsIn(config).map((mistake) =>
      isOverridden(mistake.path) ? `${overridden(mistake.path)}: ${mistake.text}` : located(mistake, yaml, name),
    ),
  )
  return { config: deepFreeze(config), sources, file }

  function isOverridden(path: TreePath): boolean {
    return overrides.values.has(String(path[0]))
  }
  function overridden(path: TreePath): string {
    return `${variableOf(String(path[0]))} ${keyOf(path)}`
  }
}

/** The file that is used, or that an edit would create: absolute. */
export function fileToEdit(options: LoadOptions): string {
  return options.file === undefined ? join(usualHome(options), USUAL_FILE) : resolve(options.cwd, options.file)
}

/** Short where it lies below the working directory. */
export function shownAs(file: string, cwd: string): string {
  const short = relative(cwd, file)
  return short.startsWith('..') || isAbsolute(short) ? file : short
}

function fileOf(options: LoadOptions): string | undefined {
  const file = fileToEdit(options)
  return options.file !== undefined || existsSync(file) ? file : undefined
}

function usualHome({ env, cwd }: LoadOptions): string {
  return resolve(cwd, env.ARIANE_HOME || '.')
}

function homeOf(file: string | undefined, options: LoadOptions): string {
  if (file === undefined) return usualHome(options)
  const folder = dirname(file)
  return basename(folder) === 'config' ? dirname(folder) : folder
}

function located(mistake: Mistake, yaml: YamlFile, name: string): string {
  const key = keyOf(mistake.path)
  return `${name}:${inWords(yaml.placeOf(mistake.path, mistake.at))} ${key === '' ? '' : `${key}: `}${mistake.text}`
}

function inFileOrder(mistakes: readonly Mistake[], yaml: YamlFile): Mistake[] {
  const placed = mistakes.map((mistake) => ({ mistake, place: yaml.placeOf(mistake.path, mistake.at) }))
  return placed.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column).map(({ mistake }) => mistake)
}

function sourceOf(key: string, yaml: YamlFile, name: string): string {
  const path = key.split('.')
  let value: unknown = yaml.tree
  for (const step of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined
  return value === undefined ? 'default' : `${name}:${yaml.placeOf(path, 'name').line}`
}

function report(mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

function setAt(tree: Record<string, unknown>, key: string, value: unknown): void {
  const path = key.split('.')
  const last = path.pop()!
  let section = tree
  for (const step of path) {
    section[step] ??= {}
    section = section[step] as Record<string, unknown>
  }
  section[last] = value
}

/** Fills what depends on the machine or on other settings, and makes paths absolute.
 *  @param baseOf where a relative path of this setting starts */
function completed(config: Config, baseOf: (key: SettingKey) => string): Config {
  const storagePath = resolve(baseOf('storage.path'), config.storage.path)
  return {
    ...config,
    storage: { ...config.storage, path: storagePath },
    manifest: { ...config.manifest, timezone: config.manifest.timezone ?? machineTimeZone() },
    web: { ...config.web, tls: withAbsolutePaths(config.web.tls, baseOf), auth: { ...config.web.auth, local: localRights(config.web) } },
    publish: config.publish.map((target) => ({
      ...target,
      path: target.path === undefined ? join(storagePath, 'outbox') : resolve(baseOf('publish'), target.path),
    })),
  }
}

/** Who has a public address has a proxy, perhaps on this machine, and perhaps one that does not say so. */
function localRights({ publicUrl, auth }: Config['web']): Config['web']['auth']['local'] {
  const isPublic = publicUrl !== undefined && !isLoopbackHost(new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''))
  return auth.local ?? (isPublic ? 'refuse' : 'everything')
}

function withAbsolutePaths(tls: Config['web']['tls'], baseOf: (key: SettingKey) => string): Config['web']['tls'] {
  const absolute = (name: 'certificate' | 'key' | 'clientAuthorities'): string | undefined =>
    tls[name] === undefined ? undefined : resolve(baseOf(`web.tls.${name}`), tls[name])
  return { ...tls, certificate: absolute('certificate'), key: absolute('key'), clientAuthorities: absolute('clientAuthorities') }
}

function machineTimeZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return zone === undefined || zone === 'Etc/Unknown' ? 'UTC' : zone
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
