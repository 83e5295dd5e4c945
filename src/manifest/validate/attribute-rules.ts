/** The tables of iod-tables.ts as values. A bad line is a bug, and throws when the tables are first asked for. */
import { tagText } from '../../dicom/dictionary.ts'
import { CONDITIONS, type ConditionName } from './conditions.ts'
import { MACROS, MODULES, type ModuleText } from './iod-tables.ts'

export type AttributeType = '1' | '1C' | '2' | '2C' | '3'

export interface AttributeRule {
  readonly tag: number
  readonly keyword: string
  readonly type: AttributeType
  /** VM 1-n. */
  readonly several: boolean
  readonly oneItem: boolean
  readonly enumerated?: ReadonlySet<string>
  readonly condition?: ConditionName
  /** What an item of it holds; undefined where nothing is said about it. */
  readonly items?: Table
}

export interface Table {
  readonly section: string
  readonly rules: readonly AttributeRule[]
  readonly tags: ReadonlySet<number>
  /** Those of {@link rules} whose attributes hold items that are looked into. */
  readonly nested: readonly AttributeRule[]
}

export interface Module extends Table {
  readonly name: string
  readonly usage: ModuleText['usage']
}

let modules: readonly Module[] | undefined
const macros = new Map<string, Table>()

export function kosModules(): readonly Module[] {
  modules ??= MODULES.map(({ name, usage, section, text }) => ({ name, usage, ...table(section, text) }))
  return modules
}

export function macroNamed(name: string): Table {
  let macro = macros.get(name)
  if (macro === undefined) {
    const source = MACROS[name]
    if (source === undefined) throw new TypeError(`no macro ${name}`)
    macro = table(source.section, source.text)
    macros.set(name, macro)
  }
  return macro
}

function table(section: string, text: string): Table {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim())
  return tableOf(section, rulesFrom(section, lines, 0))
}

function tableOf(section: string, rules: readonly AttributeRule[]): Table {
  return { section, rules, tags: new Set(rules.map((rule) => rule.tag)), nested: rules.filter(({ items }) => items !== undefined) }
}

/** Lines of one depth with those below each. */
function rulesFrom(section: string, lines: readonly string[], depth: number): readonly AttributeRule[] {
  const rules: AttributeRule[] = []
  for (let at = 0; at < lines.length; ) {
    let next = at + 1
    while (next < lines.length && depthOf(lines[next]!) > depth) next++
    const below = lines.slice(at + 1, next)
    const inner = below.length === 0 ? undefined : tableOf(section, rulesFrom(section, below, depth + 1))
    rules.push(ruleFrom(lines[at]!.slice(depth), inner))
    at = next
  }
  return rules
}

function depthOf(line: string): number {
  return /^>*/.exec(line)![0].length
}

const LINE = /^([0-9A-F]{8}) (1|1C|2|2C|3) (\w+)((?: (?:n|one))*)(?: & (\w+))?(?: if (\w+))?(?: = ([\w|]+))?$/

function ruleFrom(line: string, inner: Table | undefined): AttributeRule {
  const [, tag, type, keyword, flags = '', macro, condition, enumerated] = LINE.exec(line) ?? []
  if (tag === undefined || (condition !== undefined && !(condition in CONDITIONS))) throw new TypeError(`no rule: ${line}`)
  return {
    tag: Number.parseInt(tag, 16),
    keyword: keyword!,
    type: type as AttributeType,
    several: flags.split(' ').includes('n'),
    oneItem: flags.split(' ').includes('one'),
    enumerated: enumerated === undefined ? undefined : new Set(enumerated.split('|')),
    condition: condition as ConditionName | undefined,
    items: macro === undefined ? inner : macroNamed(macro),
  }
}

/** "ggggeeee Keyword" of each rule, with those below it, for whoever compares them with the dictionary. */
export function* namesIn({ rules }: Table): Generator<string> {
  for (const { tag, keyword, items } of rules) {
    yield `${tagText(tag)} ${keyword}`
    if (items !== undefined) yield* namesIn(items)
  }
}
