/** The page's words, in the language of whoever reads: one dictionary per language, the same keys in each.
 *
 *  `{name}` takes a value; `one | several` is chosen by `{n}`. What the node says itself (reasons, what an action did) goes through said.ts. */
import type { Language } from '../format.ts'
import { localeOf, number } from '../format.ts'
import { EN } from './en.ts'
import { FR } from './fr.ts'

export type Key = keyof typeof EN
export type Values = Readonly<Record<string, string | number>>

export const DICTIONARIES: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en: EN, fr: FR }

export const say = (language: Language, key: Key, values: Values = {}): string => phrase(language, DICTIONARIES[language][key], values)

export function phrase(language: Language, text: string, values: Values): string {
  const [one, several = one] = text.split(' | ')
  const form = typeof values.n === 'number' && new Intl.PluralRules(localeOf(language)).select(values.n) === 'one' ? one : several
  return form!.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    return typeof value === 'number' ? number(value, language) : (value ?? '')
  })
}

/** French where the browser asks for it before English, else English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const first = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === 'fr' || tag === 'en')
  return first === 'fr' ? 'fr' : 'en'
}

/** `in force` has the key `state.inForce`; a state that we have no word for is shown as it is. */
export function stateKey(state: string): Key | undefined {
  const key = `state.${state.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())}`
  return key in EN ? (key as Key) : undefined
}
