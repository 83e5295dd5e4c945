/** The language of the page, for every part of it: chosen by the browser, or by hand and then remembered. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect, useMemo, useState } from 'preact/hooks'
import { absolute, dicomDate, type Language, number, relative, size } from '../format.ts'
import { type Key, preferredLanguage, say, type Values } from '../words/words.ts'

export interface Words {
  readonly language: Language
  choose(language: Language): void
  say(key: Key, values?: Values): string
  number(value: number, digits?: number): string
  size(bytes: number): string
  relative(at: number, now: number): string
  absolute(at: number, now: number): string
  date(dicom: string): string
}

const REMEMBERED = 'ariane.language'
const Chosen = createContext<Words | undefined>(undefined)

export const useWords = (): Words => useContext(Chosen)!

export function InLanguage({ children }: { children: ComponentChildren }) {
  const [language, choose] = useState<Language>(startingLanguage)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const words = useMemo(() => wordsIn(language, choose), [language])
  return <Chosen.Provider value={words}>{children}</Chosen.Provider>
}

function startingLanguage(): Language {
  const kept = localStorage.getItem(REMEMBERED)
  return kept === 'fr' || kept === 'en' ? kept : preferredLanguage(navigator.languages)
}

function wordsIn(language: Language, set: (language: Language) => void): Words {
  return {
    language,
    choose: (next) => {
      localStorage.setItem(REMEMBERED, next)
      set(next)
    },
    say: (key, values) => say(language, key, values),
    number: (value, digits) => number(value, language, digits),
    size: (bytes) => size(bytes, language),
    relative: (at, now) => relative(at, now, language),
    absolute: (at, now) => absolute(at, now, language),
    date: (dicom) => dicomDate(dicom, language),
  }
}
