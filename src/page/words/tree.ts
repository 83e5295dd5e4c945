/** The tree of a manifest (src/manifest/manifest-tree.ts) in the reader's language: its labels; what the manifest itself says stays as it is. */
import { type Language, number } from '../format.ts'
import { nodeSays } from './said.ts'
import { phrase, say, stateKey } from './words.ts'

/** In English: label, and in French with the same width or more. */
const LABELS: readonly (readonly [RegExp, string])[] = [
  [/^study {5}/, 'examen    '],
  [/^made {6}/, 'produit   '],
  [/^requests {2}/, 'demandes  '],
]

export function treeIn(tree: string, language: Language): string {
  if (language === 'en') return tree
  return tree
    .split('\n')
    .map((line, at) => {
      const [, branch = '', text = ''] = /^([│├└─ ]*)(.*)$/u.exec(line) ?? []
      return branch + (at === 0 ? text.replace(/^Key Object Selection without title\b/, 'Key Object Selection sans titre') : leaf(text))
    })
    .join('\n')
}

function leaf(text: string): string {
  const [, state] = /^state {5}(.+)$/.exec(text) ?? []
  if (state !== undefined) {
    const key = stateKey(state)
    return `état      ${key === undefined ? nodeSays(state, 'fr').text : say('fr', key)}`
  }
  const [, instances, series] = /^refers to (\d+) instances? in (\d+) series$/.exec(text) ?? []
  if (instances !== undefined)
    return `référence ${say('fr', 'series.instances', { n: Number(instances) })} ${say('fr', 'studies.inSeries', { n: Number(series) })}`
  const [, more] = /^… (\d+) more$/.exec(text) ?? []
  if (more !== undefined) return phrase('fr', '… et {count} de plus', { count: number(Number(more), 'fr') })
  if (text === 'does not say where to retrieve from') return 'ne dit pas d’où récupérer'
  if (text.startsWith('retrieve from '))
    return text.replace(/^retrieve from /, 'à récupérer de ').replace(/(?<=[ ])location (?=[\d.]+(?: |$))/, 'lieu ')
  if (text.startsWith('series  ')) return text.replace(/^series/, 'série').replace(/ {2}study (?=[\d.]+ )/, '  examen ')
  return LABELS.reduce((line, [english, french]) => line.replace(english, french), text)
}
