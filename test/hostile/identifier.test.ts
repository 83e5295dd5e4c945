/** Identifiers of C-FIND that are wrong, odd or meant to hurt (PS3.4 C.2.2.2, C.4.1): each case one attack, then everything that must
 *  still hold. */
import { describe, expect } from 'vitest'
import { ct, dataSet, decode, encode, IMPLICIT_LE, type Overrides, TAG, testUid } from '../support/data-sets.ts'
import { hostileFile, STORE_CONTEXTS, type World } from '../support/hostile-case.ts'
import { findRequest } from '../support/raw-command.ts'
import { IMPLICIT, STUDY_FIND } from '../support/raw-pdu.ts'
import type { RawPeer } from '../support/raw-peer.ts'

const FIND = 7
const contexts = [...STORE_CONTEXTS, { id: FIND, abstractSyntax: STUDY_FIND, transferSyntaxes: [IMPLICIT] }]
const { hostile } = hostileFile()

/** Patient's Name as stored (bytes), its character set, date and time of its study. */
const STORED = [
  { name: Buffer.from("O'Brien^Pat "), charset: 'ISO_IR 100', date: '20260101', time: '235900' },
  { name: Buffer.from('Müller^Jörg ', 'latin1'), charset: 'ISO_IR 100', date: '20260201', time: '000500' },
  { name: Buffer.from('ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'), charset: 'ISO_IR 192', date: '20260301', time: '120000' },
  { name: Buffer.from('Hundred%^Per_Cent[a-z] '), charset: 'ISO_IR 100', date: '20261231', time: '103000' },
  { name: Buffer.from('Plain^Person'), charset: undefined, date: '19991231', time: '' },
].map((one, index) => ({ ...one, study: testUid(), id: `ID${index}` }))
const NAMES = ["O'Brien^Pat", 'Müller^Jörg', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう', 'Hundred%^Per_Cent[a-z]', 'Plain^Person']

interface Found {
  readonly status: number
  readonly names: string[]
  readonly matches: readonly Map<number, Buffer>[]
}

/** C-FIND at STUDY level unless the keys say otherwise; names of the matches, as text, sorted. */
async function find(peer: RawPeer, keys: Overrides): Promise<Found> {
  const asked = dataSet({
    [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'],
    [TAG.PatientName]: ['PN', ''],
    [TAG.StudyInstanceUID]: ['UI', ''],
    ...keys,
  })
  return await findBytes(peer, encode(asked, IMPLICIT_LE))
}

async function findBytes(peer: RawPeer, identifier: Buffer): Promise<Found> {
  const { last, pending } = await peer.query(FIND, findRequest(2, STUDY_FIND), identifier, { withinMs: 15_000 })
  const matches = pending.map((message) => decode(message.dataSet, IMPLICIT_LE))
  const names = matches.map((match) => match.get(TAG.PatientName)?.toString('utf8').trimEnd() ?? '').sort()
  return { status: last.command.status, names, matches }
}

const ask = (world: World) => world.associate({ contexts })
const isRefusal = (status: number) => status === 0xa900 || status === 0xa700 || (status & 0xf000) === 0xc000

hostile('Q0', 'the studies that are asked for below', async (world) => {
  const peer = await world.associate()
  for (const { name, charset, date, time, study, id } of STORED) {
    const response = await world.store(
      peer,
      ct({
        [TAG.SpecificCharacterSet]: charset === undefined ? undefined : ['CS', charset],
        [TAG.PatientName]: ['PN', name],
        [TAG.PatientID]: ['LO', id],
        [TAG.StudyInstanceUID]: ['UI', study],
        [TAG.StudyDate]: ['DA', date],
        [TAG.StudyTime]: ['TM', time],
      }),
    )
    expect(response.status).toBe(0)
  }
  expect((await find(await ask(world), {})).names).toEqual([...NAMES].sort())
})

describe('levels and unique keys', () => {
  for (const level of [undefined, '', 'FOO', 'study', 'STUDY\\SERIES', '*']) {
    hostile('Q1', `level ${JSON.stringify(level)}: A900`, async (world) => {
      const { status, matches } = await find(await ask(world), {
        [TAG.QueryRetrieveLevel]: level === undefined ? undefined : ['CS', level],
      })
      expect([status, matches.length]).toEqual([0xa900, 0])
    })
  }
  hostile('Q1', 'level with a space behind it: the same as without', async (world) => {
    const { status, names } = await find(await ask(world), { [TAG.QueryRetrieveLevel]: ['CS', 'STUDY '] })
    expect([status, names.length]).toEqual([0, STORED.length])
  })
  // The hierarchical model alone would have it refused with A900; the node takes relational queries also where they were not negotiated, as
  // docs/conformance.md says.
  hostile('Q2', 'IMAGE level without the unique keys above it: answered as a relational query, every instance once', async (world) => {
    const { status, names } = await find(await ask(world), {
      [TAG.QueryRetrieveLevel]: ['CS', 'IMAGE'],
      [TAG.SOPInstanceUID]: ['UI', ''],
      [TAG.StudyInstanceUID]: undefined,
    })
    expect([status, names]).toEqual([0, [...NAMES].sort()])
  })
  hostile('Q3', 'a list of 10,000 Study Instance UIDs: the one that is here is found', async (world) => {
    const list = Array.from({ length: 9_999 }, (_, index) => `2.25.9${String(index).padStart(58, '0')}`)
    const since = performance.now()
    const { status, names } = await find(await ask(world), { [TAG.StudyInstanceUID]: ['UI', [...list, STORED[4]!.study].join('\\')] })
    expect([status, names]).toEqual([0, ['Plain^Person']])
    expect(performance.now() - since).toBeLessThan(5000)
  })
  hostile('Q3', 'a list of things that are no UIDs: no match', async (world) => {
    const { status, names } = await find(await ask(world), { [TAG.StudyInstanceUID]: ['UI', "1' OR '1'='1\\..\\%\\*x"] })
    expect([status, names]).toEqual([0, []])
  })
})

describe('names', () => {
  for (const [pattern, wanted] of [
    ['%', []],
    ['_', []],
    ['[a-z]', []],
    ['[a-z]*', []],
    ["'", []],
    ['"', []],
    ['(a+)+$', []],
    ["x' OR '1'='1", []],
    ['*%*', ['Hundred%^Per_Cent[a-z]']],
    ['*_*', ['Hundred%^Per_Cent[a-z]']],
    ['*[[]*', []],
    ['*[a-z]*', ['Hundred%^Per_Cent[a-z]']],
    ["*'*", ["O'Brien^Pat"]],
    ["O'Brien^Pat", ["O'Brien^Pat"]],
    ['*', NAMES],
    // At least 32 characters: nobody here has such a name.
    ['*?*?'.repeat(16), []],
    [`${'*a'.repeat(32)}*b`, []],
    ['?'.repeat(64), []],
    // Delimiters alone are no value: as if nothing had been asked for.
    ['^', NAMES],
    ['=', NAMES],
    ['\\', []],
  ] as const) {
    hostile('Q4', `Patient's Name ${JSON.stringify(pattern.slice(0, 24))}: literal but for * and ?, in no time`, async (world) => {
      const since = performance.now()
      const { status, names } = await find(await ask(world), { [TAG.PatientName]: ['PN', pattern] })
      expect(performance.now() - since).toBeLessThan(1000)
      expect([status, names]).toEqual([0, [...wanted].sort()])
    })
  }

  for (const [what, charset, pattern, wanted] of [
    ['in Latin-1', 'ISO_IR 100', Buffer.from('Müller*', 'latin1'), 'Müller^Jörg'],
    ['in UTF-8', 'ISO_IR 192', Buffer.from('Müller*'), 'Müller^Jörg'],
    ['in UTF-8, ideographic group', 'ISO_IR 192', Buffer.from('山田^太郎'), NAMES[2]!],
    ['in UTF-8, phonetic group with wild card', 'ISO_IR 192', Buffer.from('やまだ*'), NAMES[2]!],
    ['in UTF-8, other case', 'ISO_IR 192', Buffer.from('MÜLLER^JÖRG'), 'Müller^Jörg'],
  ] as const) {
    hostile('Q5', `a name ${what}: found whatever it is stored in`, async (world) => {
      const { status, names } = await find(await ask(world), {
        [TAG.SpecificCharacterSet]: ['CS', charset],
        [TAG.PatientName]: ['PN', pattern],
      })
      expect([status, names]).toEqual([0, [wanted]])
    })
  }

  for (const [charset, name, wanted] of [
    ['ISO_IR 999', Buffer.from('Plain*'), ['Plain^Person']],
    ['\\\\\\', Buffer.from('Plain*'), ['Plain^Person']],
    // Two-byte characters up to the end: no asterisk among them.
    ['ISO 2022 IR 6\\ISO 2022 IR 87', Buffer.from('\x1b$BPlain*', 'latin1'), []],
    // Nothing is left behind the escape character: as if nothing had been asked for.
    ['ISO 2022 IR 6\\garbage\\ISO 2022 IR 149', Buffer.from('\x1b', 'latin1'), NAMES],
    ['ISO_IR 192', Buffer.from('Plain\xff\xfe*', 'latin1'), []],
    ['GB18030', Buffer.from([0x81, 0x30, 0x81]), []],
  ] as const) {
    hostile('Q10', `character set ${JSON.stringify(charset)}: ${wanted.length} matches on what can be read of the name`, async (world) => {
      const { status, names } = await find(await ask(world), {
        [TAG.SpecificCharacterSet]: ['CS', charset],
        [TAG.PatientName]: ['PN', name],
      })
      expect([status, names]).toEqual([0, [...wanted].sort()])
    })
  }
})

describe('dates and times', () => {
  for (const [range, wanted] of [
    ['20260201-', ['20260201', '20260301', '20261231']],
    ['-20260101', ['19991231', '20260101']],
    ['20260101-20260301', ['20260101', '20260201', '20260301']],
    ['20261231-20260101', []],
    ['19000101-99991231', ['19991231', '20260101', '20260201', '20260301', '20261231']],
    ['20260101', ['20260101']],
    ['-', ['19991231', '20260101', '20260201', '20260301', '20261231']],
    ['2026.01.01', ['20260101']],
    ['2026', []],
    ['20260230', []],
    ["20260101' OR 1=1", []],
    ['????????', []],
    ['20260101-20260201-20260301', 0xa900],
  ] as const) {
    const isRefused = typeof wanted === 'number'
    hostile('Q6', `Study Date ${range}: ${isRefused ? 'refused' : `${wanted.length} matches`}`, async (world) => {
      const { status, matches } = await find(await ask(world), { [TAG.StudyDate]: ['DA', range] })
      const dates = matches.map((match) => match.get(TAG.StudyDate)?.toString('latin1').trim()).sort()
      expect([status, dates]).toEqual(isRefused ? [wanted, []] : [0, wanted])
    })
  }

  hostile('Q7', 'Study Time across midnight, alone: no match, a range does not wrap around', async (world) => {
    const { status, names } = await find(await ask(world), { [TAG.StudyTime]: ['TM', '230000-010000'] })
    expect([status, names]).toEqual([0, []])
  })
  hostile('Q7', 'Study Time and Study Date, not negotiated as combined: each matches on its own', async (world) => {
    const { status, matches } = await find(await ask(world), {
      [TAG.StudyDate]: ['DA', '20260101-20260301'],
      [TAG.StudyTime]: ['TM', '100000-130000'],
    })
    expect(status).toBe(0)
    expect(matches.map((match) => match.get(TAG.StudyDate)?.toString('latin1'))).toEqual(['20260301'])
  })
  for (const [time, wanted] of [
    ['2561', []],
    ['25:61', []],
    ['240000', []],
    ['abc', []],
    ['-', [0, 1, 2, 3, 4]],
    ['10', [3]],
    ['1030-', [0, 2, 3]],
  ] as const) {
    hostile('Q7', `Study Time ${time}: ${wanted.length} matches`, async (world) => {
      const { status, names } = await find(await ask(world), { [TAG.StudyTime]: ['TM', time] })
      expect([status, names]).toEqual([0, wanted.map((index) => NAMES[index]).sort()])
    })
  }
})

describe('sequences and many keys', () => {
  const item = dataSet({ 4194313: ['SH', 'STEP1'] })
  for (const [what, items, wanted] of [
    ['no item', [], [0, 1]],
    ['one empty item', [dataSet({})], [0, 1]],
    ['an item with an empty key', [dataSet({ 4194313: ['SH', ''] })], [0, 1]],
    ['an item with a key that nothing has', [item], [0, 0]],
    ['two items', [item, item], [0xa900, 0]],
    // A sequence within the sequence is no matching key of ours.
    ['an item within an item within an item', [dataSet({ 4194312: ['SQ', [dataSet({ 524544: ['SH', 'X'] })]] })], [0, 1]],
  ] as const) {
    hostile('Q8', `Request Attributes Sequence with ${what}: ${wanted[0] === 0 ? `${wanted[1]} matches` : 'refused'}`, async (world) => {
      const { status, matches } = await find(await ask(world), {
        [TAG.QueryRetrieveLevel]: ['CS', 'SERIES'],
        [TAG.StudyInstanceUID]: ['UI', STORED[0]!.study],
        [TAG.SeriesInstanceUID]: ['UI', ''],
        4194933: ['SQ', items],
      })
      expect([status, matches.length]).toEqual(wanted)
    })
  }

  hostile('Q9', '5,000 return keys, private and unknown ones among them: answered, never with group 0000 or 0002', async (world) => {
    const keys: Record<number, readonly ['LO', string]> = {}
    for (let number = 0; number < 4_000; number++) keys[0x00110000 + 0x1000 + number] = ['LO', '']
    for (let number = 0; number < 990; number++) keys[0x00400000 + 0x8000 + number] = ['LO', '']
    const since = performance.now()
    const { status, matches } = await find(await ask(world), {
      ...keys,
      524288: ['UL', 0],
      1048576: ['UL', 0],
      131088: ['UI', ''],
      131075: ['UI', ''],
    })
    expect(status).toBe(0)
    expect(matches.length).toBe(STORED.length)
    for (const match of matches) expect([...match.keys()].filter((tag) => tag < 0x00080000)).toEqual([])
    expect(performance.now() - since).toBeLessThan(5000)
  })

  for (const [what, bytes] of [
    ['no bytes', Buffer.alloc(0)],
    ['random bytes', Buffer.from('4f8e21c77a01b3d9e5f60718293a4b5c', 'hex')],
    ['an element past the end', Buffer.from('0800520053545544', 'hex')],
    [
      'a length of FFFFFFFF',
      Buffer.concat([encode(dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'] }), IMPLICIT_LE), Buffer.from('10001000ffffffff', 'hex')]),
    ],
    [
      'a sequence without an end',
      Buffer.concat([
        encode(dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'] }), IMPLICIT_LE),
        Buffer.from('40007502fffffffffeff00e0ffffffff', 'hex'),
      ]),
    ],
  ] as const) {
    hostile('Q13', `an identifier of ${what}: refused`, async (world) => {
      const peer = await ask(world)
      const { status, matches } = await findBytes(peer, bytes)
      expect(isRefusal(status), status.toString(16)).toBe(true)
      expect(matches).toEqual([])
      expect(await peer.echo(1, 9)).toBe(0)
    })
  }

  hostile('Q13', 'an identifier nested 10,000 deep: refused, no overflow', async (world) => {
    const deep = Buffer.concat([
      encode(dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'] }), IMPLICIT_LE),
      ...Array.from({ length: 10_000 }, () => Buffer.from('40007502fffffffffeff00e0ffffffff', 'hex')),
    ])
    expect(isRefusal((await findBytes(await ask(world), deep)).status)).toBe(true)
  })
})
