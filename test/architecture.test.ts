/** The levels of the design, kept by a machine: a file imports from its own folder and from lower levels, never sideways, never up. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const PROJECT = new URL('..', import.meta.url).pathname
const SRC = join(PROJECT, 'src')

/** Level of each part of src/; a part is a folder or a file right below it. */
const LEVELS: Readonly<Record<string, number>> = {
  dicom: 0,
  'errors.ts': 0,
  'log.ts': 0,
  catalog: 1,
  dimse: 1,
  dicomweb: 1,
  config: 1,
  storage: 2,
  receive: 3,
  manifest: 3,
  publish: 3,
  serve: 3,
  endpoints: 4,
  admin: 4,
  'main.ts': 5,
  'node.ts': 5,
  page: 5,
}
/** Sideways, and meant so: the words that every part needs, and the two files at the top. */
const SIDEWAYS = new Set(['dicom>errors.ts', 'dicom>log.ts', 'main.ts>node.ts'])

/** Packages, and what of Node, belong to one part. */
const OWNERS: readonly { readonly module: RegExp; readonly parts: readonly string[] }[] = [
  { module: /^dcmjs-dimse$/, parts: ['dimse'] },
  { module: /^better-sqlite3$/, parts: ['catalog'] },
  { module: /^winston$/, parts: ['log.ts'] },
  { module: /^sharp$/, parts: ['serve'] },
  { module: /^commander$/, parts: ['admin', 'main.ts'] },
  { module: /^(fastify|@fastify\/.+|jose|prom-client)$/, parts: ['endpoints'] },
  { module: /^preact(\/.+)?$/, parts: ['page'] },
  { module: /^node:https?$/, parts: ['dicomweb', 'endpoints'] },
  { module: /^node:(net|tls|dgram)$/, parts: ['dimse', 'storage', 'endpoints', 'config'] },
  {
    module: /^node:fs(\/promises)?$/,
    parts: ['storage', 'config', 'receive', 'publish', 'endpoints', 'admin', 'main.ts', 'node.ts', 'catalog'],
  },
]

interface Import {
  readonly file: string
  readonly module: string
}

const filesIn = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/node_modules/'))
    .sort()

const sources = filesIn(SRC, /\.tsx?$/)
const textOf = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]))
const named = (file: string) => relative(PROJECT, file)
const partOf = (file: string) => relative(SRC, file).split('/')[0]!

/** Static and dynamic imports, re-exports, and types imported in place. */
function importsOf(file: string): Import[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*)(['"])([\w@./:-]+)\1/g
  return [...withoutComments(textOf.get(file)!).matchAll(pattern)].map((found) => ({ file, module: found[2]! }))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

function levelBreach({ file, module }: Import): string | undefined {
  const from = partOf(file)
  const target = resolve(dirname(file), module)
  const into = partOf(target)
  if (target.startsWith(`${SRC}/`) === false) return `${named(file)} reaches outside src: ${module}`
  if (from === into || SIDEWAYS.has(`${from}>${into}`)) return undefined
  const [fromLevel, intoLevel] = [LEVELS[from], LEVELS[into]]
  if (fromLevel === undefined || intoLevel === undefined) return `${named(file)}: no level for ${fromLevel === undefined ? from : into}`
  if (intoLevel < fromLevel) return undefined
  return `${named(file)} (level ${fromLevel}) imports ${intoLevel > fromLevel ? 'upward' : 'sideways'} ${named(target)} (level ${intoLevel})`
}

/** Every chain of imports that comes back to where it began, named once. */
function cycles(): string[] {
  const graph = new Map(
    sources.map((file) => [
      file,
      importsOf(file)
        .filter(({ module }) => module.startsWith('.'))
        .filter(({ module }) => !isTypeOnly(file, module))
        .map(({ module }) => resolve(dirname(file), module)),
    ]),
  )
  const found = new Set<string>()
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      const ring = path.slice(at).map(named)
      const first = ring.indexOf([...ring].sort()[0]!)
      found.add([...ring.slice(first), ...ring.slice(0, first), ring[first]].join(' > '))
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of sources) walk(file, [])
  return [...found]
}

function isTypeOnly(file: string, module: string): boolean {
  const escaped = module.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const statements = [
    ...withoutComments(textOf.get(file)!).matchAll(new RegExp(`(?:import|export)\\s+(type\\s)?[^;'"]*?from\\s*['"]${escaped}['"]`, 'g')),
  ]
  return statements.length > 0 && statements.every((statement) => statement[1] !== undefined)
}

describe('the levels of src', () => {
  it('finds the sources', () => expect(sources.length).toBeGreaterThan(20))

  it('imports only from the own folder and from lower levels', () => {
    const breaches = sources.flatMap((file) =>
      importsOf(file)
        .filter(({ module }) => module.startsWith('.'))
        .map(levelBreach),
    )
    expect(breaches.filter((breach) => breach !== undefined)).toEqual([])
  })

  it('has no import cycle', () => expect(cycles()).toEqual([]))

  it('keeps each package, and sockets and files, to the parts that own them', () => {
    const breaches = sources.flatMap((file) =>
      importsOf(file)
        .filter(({ module }) => OWNERS.some((owner) => owner.module.test(module) && !owner.parts.includes(partOf(file))))
        .map(({ module }) => `${named(file)} imports ${module}`),
    )
    expect(breaches).toEqual([])
  })

  it('imports only packages that package.json names for production', () => {
    const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
    const packageOf = (module: string) =>
      module
        .split('/')
        .slice(0, module.startsWith('@') ? 2 : 1)
        .join('/')
    const unknown = sources.flatMap((file) =>
      importsOf(file)
        // The page's are built into it.
        .filter(() => partOf(file) !== 'page')
        .filter(({ module }) => !module.startsWith('.') && !module.startsWith('node:') && dependencies[packageOf(module)] === undefined)
        .map(({ module }) => `${named(file)} imports ${module}`),
    )
    expect(unknown).toEqual([])
  })
})

describe('the page', () => {
  const ofPage = sources.filter((file) => partOf(file) === 'page').flatMap(importsOf)
  const isInside = ({ file, module }: Import) => resolve(dirname(file), module).startsWith(join(SRC, 'page/'))

  it('takes of the node what both agree on, as types, and nothing else', () => {
    const taken = ofPage.filter((one) => one.module.startsWith('.') && !isInside(one))
    expect(taken.filter(({ file, module }) => !isTypeOnly(file, module) || basename(module) !== 'api-contract.ts')).toEqual([])
  })

  it('is made of Preact alone', () => {
    const packages = ofPage.map(({ module }) => module).filter((module) => !module.startsWith('.'))
    expect([...new Set(packages)].sort()).toEqual(['preact', 'preact/hooks'])
  })
})

describe('the style of src, test and scripts', () => {
  const everything = [...sources, ...filesIn(join(PROJECT, 'test'), /\.ts$/), ...filesIn(join(PROJECT, 'scripts'), /\.(ts|mjs)$/)]
  const lines = everything
    .filter((file) => file !== new URL(import.meta.url).pathname)
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((text, index) => ({ where: `${named(file)}:${index + 1}`, text })),
    )
  const withPattern = (pattern: RegExp) =>
    lines.filter(({ text }) => pattern.test(text)).map(({ where, text }) => `${where} ${text.trim()}`)

  it('names no file utils, helpers or common', () => {
    expect(everything.filter((file) => /^(utils?|helpers?|common|misc|shared)\./.test(basename(file))).map(named)).toEqual([])
  })

  it('has no any', () => expect(withPattern(/(:|<|\bas|\|)\s*any\b(?!\s+\w)/)).toEqual([]))
  it('silences no compiler', () => expect(withPattern(/@ts-(ignore|expect-error|nocheck)/)).toEqual([]))
  it('leaves no loose end', () => expect(withPattern(/\b(TODO|FIXME|XXX)\b/)).toEqual([]))
  it('runs every test that it has', () => expect(withPattern(/\b(it|test|describe)\.only\b/)).toEqual([]))

  it('opens each source with what it promises', () => {
    expect(sources.filter((file) => !/^(#!.*\n)?\/\*\*/.test(textOf.get(file)!)).map(named)).toEqual([])
  })

  // A length is a question, not a rule: listed, never failed.
  it('lists files over 300 lines', () => {
    const long = sources.map((file) => ({ file, count: textOf.get(file)!.split('\n').length })).filter(({ count }) => count > 300)
    for (const { file, count } of long) console.info(`${count} lines: ${named(file)} (does it hold two things?)`)
    expect(long.length).toBeLessThan(sources.length / 10)
  })
})
