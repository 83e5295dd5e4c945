/** What the node says, as the page tells it: known sentences in French, all others as they came. */
import { expect, it } from 'vitest'
import { dueReason, waitsFor } from '../../src/manifest/due-reason.ts'
import { nodeSays } from '../../src/page/words/said.ts'

const french = (text: string) => nodeSays(text, 'fr')

it.each([
  ['version 3: quiet for 60 s', 'version 3 : rien reçu depuis 60 s'],
  ['calling AE title not known', 'AE title appelant inconnu'],
  ["ENOTDIR: not a directory, mkdir '/srv/registry'", 'n’est pas un dossier : /srv/registry'],
  ["EACCES: permission denied, open '/srv/registry/a.dcm'", 'accès refusé : /srv/registry/a.dcm'],
])('%s', (english, words) => expect(french(english)).toEqual({ text: words, known: true }))

it('knows what a study waits for, in the words in which the node says it', () => {
  const due = { at: 61_000, signal: 'quiet', stepsSilent: false }
  const study = { due, steps: 'nothing' } as unknown as Parameters<typeof waitsFor>[0]
  const rules = { quietSeconds: 60 } as Parameters<typeof dueReason>[1]
  expect(french(waitsFor(study, 1_000, undefined))).toEqual({ text: 'rien reçu : encore 1 min', known: true })
  expect(french(dueReason(study, rules, undefined))).toEqual({ text: 'rien reçu depuis 60 s', known: true })
})

it('tells room in sizes that are read at night', () => {
  const said = 'no room: 974848 bytes are free, 20000000 are kept in reserve (storage.reserveBytes)'
  expect(nodeSays(said, 'en').text).toBe('no room on the disk: 975 kB are free, 20 MB must stay free (storage.reserveBytes)')
  expect(french(said).text).toMatch(/^plus de place sur le disque : 975\sko libres, 20\sMo doivent le rester/)
})

it('leaves a sentence alone that it does not know, text of a peer too', () => {
  expect(french('moved by the night shift')).toEqual({ text: 'moved by the night shift', known: false })
  expect(nodeSays("<b>ENOTDIR: '", 'en').text).toBe("<b>ENOTDIR: '")
})
