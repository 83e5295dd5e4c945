/** What the node says, as the page tells it: known sentences in French, all others as they came. */
import { describe, expect, it } from 'vitest'
import type { DueRules, StepsProgress } from '../../src/catalog/contract-due.ts'
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

describe('sentences that are put together', () => {
  const rules: DueRules = { quietSeconds: 60, associationEndSeconds: 20, maxWaitSeconds: 7200, mppsMaxWaitSeconds: 3600 }
  const progress = (state: 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED'): StepsProgress => ({
    states: [{ state, isAwaited: true, source: 'CT1', beganAt: 1_000 }] as unknown as StepsProgress['states'],
    series: 3,
    seriesHere: 2,
    instances: 5,
    instancesHere: 4,
    missing: [],
  })
  const signals = ['urgent', 'steps complete', 'maximum wait', 'quiet', 'association end'] as const
  const cases = signals.flatMap((signal) =>
    [undefined, progress('IN PROGRESS'), progress('COMPLETED'), progress('DISCONTINUED')].flatMap((steps) =>
      [false, true].map((stepsSilent) => ({ signal, steps, stepsSilent })),
    ),
  )

  it.each(cases)('$signal, steps silent: $stepsSilent, $steps.states', ({ signal, steps, stepsSilent }) => {
    for (const ended of ['ended', 'in progress'] as const) {
      const study = { due: { at: 6_061_000, signal, stepsSilent }, steps: ended } as unknown as Parameters<typeof dueReason>[0]
      for (const said of [dueReason(study, rules, steps), waitsFor(study, 1_000, steps), waitsFor(study, 7_000_000, steps)])
        expect({ said, known: french(said).known }).toEqual({ said, known: true })
    }
  })

  it.each([
    'rejection note 113001: 3 of 7 instances hidden, 2 were hidden already, 2 are not here',
    'rejection note 113001: 3 of 7 instances hidden, 4 are not here',
    'confidentiality of 3 instances is V; two records of its patient became one; quiet for 60 s',
    'retention rule old: 12 instances (4096 bytes) are removed',
    'made version 3 (V, mado) with 12 instances: 2.25.1\nversion 2 says the same already: 2.25.9\nwithdrawn: version 1: 2.25.4',
    '(0040,A375)[1]: the attribute is absent; expected: type 2: present, empty where unknown (PS3.5 7.4.3); file: there is none; expected: one study (PS3.3 C.17.6.2.1); 3 more',
    'Invalid argument value (reason=superseded before it was delivered, manifestUid=2.25.4)',
    'it does not answer at 10.0.0.1:104: Peer cannot be reached: connect ECONNREFUSED 10.0.0.1:104',
    'the DICOM port is not open; no room: 974848 bytes are free, 20000000 are kept in reserve (storage.reserveBytes)',
  ])('%s', (said) => expect(french(said)).toMatchObject({ known: true, text: expect.not.stringMatching(/\b(the|of|is|with)\b/) }))

  it('one and many', () => {
    expect(french('made version 3 with 1 instances: 2.25.1').text).toBe('version 3 produite avec 1 instance : 2.25.1')
    expect(french('made version 3 with 2 instances: 2.25.1').text).toBe('version 3 produite avec 2 instances : 2.25.1')
  })

  it('says what it knows in the midst of what somebody wrote', () => {
    expect(french('no manifest is made of the study: bad scan; quiet for 60 s')).toEqual({
      text: 'aucun manifeste n’est produit pour cet examen : bad scan ; rien reçu depuis 60 s',
      known: false,
    })
  })
})

// Each joint could be taken in several ways: without memory of what was looked for that is more ways than there is time.
it.each([
  'at once or at once: ',
  'version 1: to a: ',
  'at once; expected: at once: ',
  'C-GET: C-FIND: ',
  'a, no more heard of it within 7 s; expected: ',
])('comes to an end with "%s", however often it is written', (joint) => {
  for (const times of [2, 40, 400]) expect(french(joint.repeat(times)).text.length).toBeGreaterThan(times)
})

it('tells a long list of findings, each of them', () => {
  const finding = '(0040,A375)[1] > (0008,1115)[2]: the attribute is absent or empty; expected: type 1: present, with a value (PS3.5 7.4.1)'
  const said = french(`${Array.from({ length: 5 }, () => finding).join('; ')}; 12 more`)
  expect(said.known).toBe(true)
  expect(said.text.split('l’attribut est absent ou vide')).toHaveLength(6)
})

it('tells room in sizes that are read at night', () => {
  const said = 'no room: 974848 bytes are free, 20000000 are kept in reserve (storage.reserveBytes)'
  expect(nodeSays(said, 'en').text).toBe('no room on the disk: 975 kB are free, 20 MB must stay free (storage.reserveBytes)')
  expect(french(said).text).toMatch(/^plus de place sur le disque : 975\sko libres, 20\sMo doivent le rester/)
})

it('leaves a sentence alone that it does not know, text of a peer too', () => {
  expect(french('moved by the night shift')).toEqual({ text: 'moved by the night shift', known: false, lang: '' })
  expect(nodeSays("<b>ENOTDIR: '", 'en').text).toBe("<b>ENOTDIR: '")
})
