/** What a row of the settings table is, and which type its value has. No rows here (settings.ts), no checking (kinds.ts). */
import type { AeTitle } from '../dicom/ae-title.ts'
import type { Uid } from '../dicom/uid.ts'

/** The kinds of a single value; kinds.ts has one entry for each. */
export interface KindValues {
  /** An IP address. */
  address: string
  aeTitle: AeTitle
  boolean: boolean
  /** A size in bytes. */
  bytes: number
  /** A host name or IP address. */
  host: string
  integer: number
  /** Text of one line. */
  line: string
  /** A short name of the configuration itself. */
  name: string
  /** Scheme, host and port of a web page, as browsers write it. */
  origin: string
  /** A file system path; absolute once loaded. */
  path: string
  /** Text that goes into a DICOM element of VR LO. */
  text: string
  /** An IANA time zone. */
  timeZone: string
  uid: Uid
  /** An http or https address without query, fragment and slash at its end. */
  url: string
}

interface Common {
  /** The path in the file, joined by dots. */
  readonly key: string
  /** Why it exists and why the default is what it is: one or two sentences for the reference. */
  readonly reason: string
  readonly unit?: string
  /** Takes effect at SIGHUP; everything else at the next start. */
  readonly live?: true
  /** Within an entry of a list: must be given. */
  readonly required?: true
  /** May be absent from the loaded configuration: has no default. */
  readonly optional?: true
  /** The default depends on the machine or on other settings: how, in words. */
  readonly derived?: string
}

export interface SingleSetting extends Common {
  readonly type: keyof KindValues
  readonly default?: string | number | boolean
  readonly min?: number
  readonly max?: number
}

/** One of a few words. */
export interface ChoiceSetting extends Common {
  readonly type: 'choice'
  readonly of: readonly string[]
  readonly default?: string
}

/** Several of a few words, each once. */
export interface ChoicesSetting extends Common {
  readonly type: 'choices'
  readonly of: readonly string[]
  readonly default?: readonly string[]
}

export interface UidsSetting extends Common {
  readonly type: 'uids'
  readonly default?: readonly string[]
}

/** Several values of one kind, each once. */
export interface ListSetting extends Common {
  readonly type: 'list'
  readonly of: keyof KindValues
  readonly default?: readonly string[]
}

/** A list of entries, each with settings of its own; their keys are relative to the entry. */
export interface EntriesSetting extends Common {
  readonly type: 'entries'
  readonly rows: readonly EntryField[]
  readonly default: readonly Readonly<Record<string, unknown>>[]
}

export type EntryField = SingleSetting | ChoiceSetting | ChoicesSetting | UidsSetting | ListSetting
export type Setting = EntryField | EntriesSetting

/** One row; keeps the literal types, from which {@link ConfigOf} is made. */
export function setting<const Row extends Setting>(row: Row): Row {
  return row
}

type Present<Row extends Setting, Value> = Row extends { readonly optional: true } ? Value | undefined : Value

export type ValueOf<Row extends Setting> = Row extends EntriesSetting
  ? readonly ConfigOf<Row['rows']>[]
  : Row extends { readonly type: 'choice'; readonly of: infer Words extends readonly string[] }
    ? Present<Row, Words[number]>
    : Row extends { readonly type: 'choices'; readonly of: infer Words extends readonly string[] }
      ? Present<Row, readonly Words[number][]>
      : Row extends { readonly type: 'uids' }
        ? Present<Row, readonly Uid[]>
        : Row extends { readonly type: 'list'; readonly of: infer Kind extends keyof KindValues }
          ? Present<Row, readonly KindValues[Kind][]>
          : Row extends { readonly type: infer Kind extends keyof KindValues }
            ? Present<Row, KindValues[Kind]>
            : never

type Head<Key> = Key extends `${infer First}.${string}` ? First : Key
type Rest<Key, First extends string> = Key extends `${First}.${infer Following}` ? Following : never
type Nested<Values> = {
  readonly [First in Head<keyof Values> & string]: First extends keyof Values
    ? Values[First]
    : Nested<{ [Key in keyof Values as Rest<Key, First>]: Values[Key] }>
}

/** The nested, deeply readonly type of a configuration that has these rows. */
export type ConfigOf<Rows extends readonly Setting[]> = Nested<{ [Row in Rows[number] as Row['key']]: ValueOf<Row> }>
