/** Every sentence that the node says to a reader of the page has its French: read out of the sources, so that a new one is missed at once. */
import { describe, expect, it } from 'vitest'
import type { Setting } from '../../src/config/setting.ts'
import { SETTINGS } from '../../src/config/settings.ts'
import { ERRORS } from '../../src/errors.ts'
import { RULES } from '../../src/manifest/validate/rules.ts'
import { VALUE_RULES } from '../../src/manifest/validate/value-rules.ts'
import { SENTENCES } from '../../src/page/words/said/patterns.ts'
import { nodeSays } from '../../src/page/words/said.ts'
import { SETTINGS_IN_FRENCH } from '../../src/page/words/settings-fr.ts'
import { anywhere, givenTo, named, type Place, sentencesIn } from '../support/said-sentences.ts'

const unknown = (texts: Iterable<string>): string[] => [...texts].filter((text) => !nodeSays(text, 'fr').known)

/** What is said, where, and what of it no reader of the page sees. */
const SAID: Readonly<Record<string, { files: readonly string[]; places?: readonly Place[]; not?: RegExp }>> = {
  'answers of the API, and its refusals': {
    files: ['src/endpoints/api/!(api-contract|openapi).ts'],
    // Headers and lines of the protocol.
    not: /^attachment|^text\/event|^no-store|^event: |^: still|^\(not shown\)$|^in trouble$/,
  },
  'what actions did': { files: ['src/manifest/outcome-in-words.ts', 'src/manifest/study-actions.ts', 'src/manifest/verify-*.ts'] },
  'what studies wait for': {
    files: ['src/manifest/due-reason.ts'],
    // Parts that are joined: said.test.ts has the whole.
    not: /^7 s after its first change, at the latest7$|^MPPS 7: 7 of 7 series|^ \(7 since 7 UTC\)$/,
  },
  'what the history says': {
    files: ['src/{catalog,manifest,receive,admin}/**/*.ts'],
    places: [named('reason'), givenTo('whyNow', 'changed', 'finish', 'reviseStudy', 'buildManifest')],
    // Of files to import, of the demonstration, and of what the log tells; the notes' further words are joined (said.test.ts).
    not: /^rejection note 7: 7 of 7 instances hidden7$|^Ariane demo$|^Scanner thoracique$|schema$|come meanwhile$|UID taken$|has no row$|symbolic link|regular file|DICOMDIR|cannot be read|^no file in|^no Content Date|^no Image Library|put the former one back|^the storage is not there$|^the row keeps|^its manifests cannot be revised$|^a patient cannot be merged|^no such (study|identity|delivery)$|quarantine/,
  },
  'why a delivery failed': { files: ['src/publish/**/*.ts'], places: [givenTo('Error'), named('reason', 'step')] },
  'how the node does': { files: ['src/endpoints/status/health.ts', 'src/manifest/audit-worker.ts'], not: /^the audit cannot go on/ },
  'why a caller was refused': {
    files: ['src/endpoints/access.ts', 'src/dimse/negotiation.ts', 'src/dimse/listener.ts', 'src/dimse/acceptor.ts'],
    places: [named('why')],
  },
  'what the doctor finds': { files: ['src/serve/peer-*.ts'], not: /^echo store$/ },
  'how an association failed': {
    files: ['src/dimse/{connect,requestor,upper-layer}.ts'],
    places: [givenTo('Error', 'limit', 'end', 'lost')],
  },
  'who may in': {
    files: ['src/endpoints/web/*.ts'],
    places: [givenTo('WebRefusal', 'badToken'), named('why')],
    not: /^Bearer realm|error="/,
  },
  'why there is no picture': {
    files: [
      'src/serve/rendering/!(wado-uri|thumbnails|encapsulated-pdf|rendering-parameters).ts',
      'src/serve/wado-{frames,target}.ts',
      'src/serve/web-body.ts',
    ],
    places: [givenTo('WebRefusal', 'RenderFailure', 'refusal'), named('why')],
  },
  'what is found in a manifest': {
    files: ['src/manifest/validate/{check-*,dialect-*,read-*,finding,codes}.ts'],
    not: /^(Manifest with Description|ISO 2022 IR 7|data set|no rule: 7|no macro 7)$/,
  },
}

describe('a French reader is told in French', () => {
  it.each(Object.entries(SAID))('%s', (_name, { files, places = [anywhere], not }) => {
    const said = sentencesIn(files, places)
    expect(said.size).toBeGreaterThan(2)
    expect(unknown(said.keys()).filter((text) => not?.test(text) !== true)).toEqual([])
  })

  it('what a peer is told', () => expect(unknown(Object.values(ERRORS).map(({ tell }) => tell))).toEqual([]))

  it('what a rule expects', () => {
    const expected = [...Object.values(RULES), ...Object.values(VALUE_RULES)].map((rule) => rule.expected)
    expect(unknown(expected)).toEqual([])
    expect(unknown(expected.map((one) => `the attribute is absent; expected: ${one}`))).toEqual([])
  })

  it('what each setting is for, and nothing of one that is gone', () => {
    expect(Object.keys(SETTINGS_IN_FRENCH).sort()).toEqual(SETTINGS.map(({ key }) => key).sort())
    const words = (SETTINGS as readonly Setting[]).flatMap(({ unit, derived }) => [unit, derived]).filter((one) => one !== undefined)
    expect(unknown(words.filter((one) => !/^(s|h|min)$/.test(one)))).toEqual([])
  })
})

describe('the sentences', () => {
  it('stand there once', () => {
    const english = SENTENCES.map(([one]) => one)
    expect(english.filter((one, at) => english.indexOf(one) !== at)).toEqual([])
  })

  it('say in French every value that they take, and nothing else', () => {
    const taken = (words: string) => [...new Set(words.match(/\{\w+\}/g))].sort().join()
    expect(SENTENCES.filter(([english, french]) => french.split(' | ').some((form) => taken(form) !== taken(english)))).toEqual([])
  })
})
