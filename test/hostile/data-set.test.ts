/** Data sets that are malformed, odd or meant to hurt (PS3.5 7, PS3.3 C.12), each sent by C-STORE, then everything that must still hold.
 *  S26 and S30, and S29 as a disk that fills up, are in test/crash.
 *  What is merely odd is kept byte for byte; what cannot be understood is refused with C000 to CFFF (PS3.4 B.2.3) or A700, A900. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import {
  CT_IMAGE,
  ct,
  DEFLATED_LE,
  dataSet,
  dataSetOffset,
  decode,
  EXPLICIT_BE,
  EXPLICIT_LE,
  elementHeader,
  encode,
  encodeElement,
  encodeItem,
  IMPLICIT_LE,
  type Overrides,
  TAG,
  type TestDataSet,
  testUid,
  textOf,
} from '../support/data-sets.ts'
import { hostileFile, STORE_CONTEXTS, type World } from '../support/hostile-case.ts'
import { expectAlive, expectCleanLog, expectExactlyKept, expectOthersServed, holdings } from '../support/invariants.ts'
import { eventually, pause, startNode } from '../support/node-process.ts'
import { findRequest, type ReceivedCommand, storeRequest } from '../support/raw-command.ts'
import { CT, IMPLICIT, JPEG_BASELINE, STUDY_FIND } from '../support/raw-pdu.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'

const KOS = '1.2.840.10008.5.1.4.1.1.88.59'
const EXPLICIT_CONTEXT = 3
const IMPLICIT_CONTEXT = 5
const DEFLATED_CONTEXT = 7
const BIG_ENDIAN_CONTEXT = 9
const JPEG_CONTEXT = 11
const KOS_CONTEXT = 13
const FIND = 15
const contexts = [
  ...STORE_CONTEXTS,
  { id: DEFLATED_CONTEXT, abstractSyntax: CT, transferSyntaxes: [DEFLATED_LE] },
  { id: BIG_ENDIAN_CONTEXT, abstractSyntax: CT, transferSyntaxes: [EXPLICIT_BE] },
  { id: JPEG_CONTEXT, abstractSyntax: CT, transferSyntaxes: [JPEG_BASELINE] },
  { id: KOS_CONTEXT, abstractSyntax: KOS, transferSyntaxes: [EXPLICIT_LE] },
  { id: FIND, abstractSyntax: STUDY_FIND, transferSyntaxes: [IMPLICIT] },
]
const { hostile } = hostileFile()

interface Outcome {
  readonly response: ReceivedCommand
  readonly uid: string
  readonly sent: Buffer
}

/** Sends one data set on an association of its own. `bytes` goes as it is; `uid` is what the command names. */
async function send(world: World, bytes: Buffer, uid: string, contextId = EXPLICIT_CONTEXT, sopClass = CT_IMAGE): Promise<Outcome> {
  const peer = await world.associate({ contexts })
  const response = await world.storeBytes(peer, uid, bytes, { contextId, sopClass })
  await peer.release()
  return { response, uid, sent: bytes }
}

const sendElements = (world: World, elements: TestDataSet, contextId = EXPLICIT_CONTEXT, syntax = EXPLICIT_LE) =>
  send(world, encode(elements, syntax), textOf(elements, TAG.SOPInstanceUID), contextId, textOf(elements, TAG.SOPClassUID))

interface Row {
  readonly storage_key: string
  readonly transfer_syntax_uid: string
  readonly study: string
  readonly series: string
  readonly patientId: string | null
  readonly patientName: string | null
}

/** What the catalog says of an instance. */
function rowOf(world: World, uid: string): Row | undefined {
  const database = new Database(join(world.node.storagePath, 'catalog.sqlite'), { readonly: true })
  try {
    return database
      .prepare(
        `SELECT i.storage_key, i.transfer_syntax_uid, t."StudyInstanceUID" AS study, s."SeriesInstanceUID" AS series
           FROM instances i JOIN series s ON s.id = i.series_id JOIN studies t ON t.id = s.study_id WHERE i."SOPInstanceUID" = ?`,
      )
      .get(uid) as Row | undefined
  } finally {
    database.close()
  }
}

/** What the catalog holds of some values of an instance: as received, and what was made of them to sort and compare. */
function indexedValues(world: World, uid: string) {
  const database = new Database(join(world.node.storagePath, 'catalog.sqlite'), { readonly: true })
  const columns = (names: string) =>
    database
      .prepare(
        `SELECT ${names} FROM instances i JOIN series s ON s.id = i.series_id JOIN studies t ON t.id = s.study_id WHERE i."SOPInstanceUID" = ?`,
      )
      .get(uid) as Record<string, string | number | null>
  try {
    return {
      attributes: columns('t."StudyDate", t."StudyTime", i."InstanceNumber", t."PatientWeight"'),
      derived: columns('t."StudyDateNorm", t."StudyTimeNorm", i."InstanceOrder"'),
    }
  } finally {
    database.close()
  }
}

/** The kept data set, without its Part 10 header. */
function keptBytes(world: World, uid: string): Buffer {
  const file = readFileSync(join(world.node.storagePath, rowOf(world, uid)!.storage_key))
  return file.subarray(dataSetOffset(file))
}

/** Taken, and kept byte for byte under the negotiated transfer syntax. */
function expectKept(world: World, { response, uid, sent }: Outcome, syntax = EXPLICIT_LE): void {
  expect(response.status, `status ${response.status.toString(16)} ${response.errorComment ?? ''}`).toBe(0)
  expect(rowOf(world, uid)?.transfer_syntax_uid).toBe(syntax)
  expect(keptBytes(world, uid).equals(sent), 'the bytes as sent').toBe(true)
}

const UNREADABLE = 0xc000
const INVALID_UID = 0xc001
const OUT_OF_RESOURCES = 0xa700

/** No row either: that of another one under the UID would be no refusal. */
function expectRefused(world: World, { response, uid }: Outcome, status: number): void {
  expect(response.status.toString(16)).toBe(status.toString(16))
  expect(response.errorComment).toBeTruthy()
  expect(rowOf(world, uid)).toBeUndefined()
}

/** Taken, and entered under the study that its good part names. */
function expectKeptInItsStudy(world: World, outcome: Outcome, elements: TestDataSet, syntax = EXPLICIT_LE): void {
  expectKept(world, outcome, syntax)
  const { study, series } = rowOf(world, outcome.uid)!
  expect([study, series]).toEqual([textOf(elements, TAG.StudyInstanceUID), textOf(elements, TAG.SeriesInstanceUID)])
}

/** C-FIND of one study by its UID; the values of the match as bytes. */
async function findStudy(world: World, study: string, keys: Overrides): Promise<Map<number, Buffer>[]> {
  const peer = await world.associate({ contexts })
  const identifier = encode(
    dataSet({ [TAG.QueryRetrieveLevel]: ['CS', 'STUDY'], [TAG.StudyInstanceUID]: ['UI', study], ...keys }),
    IMPLICIT_LE,
  )
  const { last, pending } = await peer.query(FIND, findRequest(2, STUDY_FIND), identifier)
  expect(last.command.status).toBe(0)
  return pending.map((message) => decode(message.dataSet, IMPLICIT_LE))
}

/** The elements before and from `tag` on, encoded: to put something wrong between them. */
function splitAt(elements: TestDataSet, tag: number, syntax = EXPLICIT_LE): [Buffer, Buffer] {
  const before = new Map([...elements].filter(([one]) => one < tag))
  const rest = new Map([...elements].filter(([one]) => one >= tag))
  return [encode(before, syntax), encode(rest, syntax)]
}

/** A CT data set with bytes put in before the element `tag`. */
function withBytes(
  tag: number,
  bytes: Buffer,
  overrides: Overrides = {},
  syntax = EXPLICIT_LE,
): { bytes: Buffer; uid: string; elements: TestDataSet } {
  const elements = ct(overrides)
  const [before, rest] = splitAt(elements, tag, syntax)
  return { bytes: Buffer.concat([before, bytes, rest]), uid: textOf(elements, TAG.SOPInstanceUID), elements }
}

describe('identity', () => {
  for (const [name, tag] of [
    ['SOP Class UID', TAG.SOPClassUID],
    ['SOP Instance UID', TAG.SOPInstanceUID],
    ['Study Instance UID', TAG.StudyInstanceUID],
    ['Series Instance UID', TAG.SeriesInstanceUID],
  ] as const) {
    for (const [what, element] of [
      ['missing', undefined],
      ['empty', ['UI', ''] as const],
      ['of spaces and NUL', ['UI', Buffer.from('  \0\0')] as const],
    ] as const) {
      hostile('S1', `${name} ${what}: refused, the reason in Error Comment`, async (world) => {
        const outcome = await send(world, encode(ct({ [tag]: element })), testUid())
        expectRefused(world, outcome, INVALID_UID)
        expect(outcome.response.errorComment).toBe(`${name.replaceAll(' ', '')} is missing or invalid`)
      })
    }
  }

  for (const study of [
    `2.25.${'1'.repeat(60)}`,
    `2.25.${'1'.repeat(123)}`,
    '1.'.repeat(8000),
    '1.2.3.',
    '1.2.a.4',
    '../../x',
    '1.2\\3.4',
  ]) {
    hostile('S2', `Study Instance UID ${JSON.stringify(study.slice(0, 20))} (${study.length} characters): refused`, async (world) => {
      expectRefused(world, await sendElements(world, ct({ [TAG.StudyInstanceUID]: ['UI', study] })), INVALID_UID)
    })
  }
  hostile('S2', 'Study Instance UID 1.02.3, with a leading zero as some modalities write it: kept as it is', async (world) => {
    const elements = ct({ [TAG.StudyInstanceUID]: ['UI', `1.02.3.${Date.now()}`] })
    expectKeptInItsStudy(world, await sendElements(world, elements), elements)
  })

  hostile('S3', 'one SOP Instance UID in two studies: the row does not move', async (world) => {
    const uid = testUid()
    const first = ct({ [TAG.SOPInstanceUID]: ['UI', uid] })
    expectKept(world, await sendElements(world, first))
    const second = await sendElements(world, ct({ [TAG.SOPInstanceUID]: ['UI', uid] }))
    expect(second.response.status).toBe(0xb000)
    expect(rowOf(world, uid)?.study).toBe(textOf(first, TAG.StudyInstanceUID))
  })
  hostile('S3', 'one Series Instance UID under two studies: both instances are kept, each in its own study', async (world) => {
    const series = testUid()
    for (const elements of [ct({ [TAG.SeriesInstanceUID]: ['UI', series] }), ct({ [TAG.SeriesInstanceUID]: ['UI', series] })]) {
      expectKeptInItsStudy(world, await sendElements(world, elements), elements)
    }
  })
  hostile('S3', 'one study with two Patient IDs: both instances are kept, no manifest is made of the two', async (world) => {
    const study = testUid()
    for (const id of ['PAT-A', 'PAT-B']) {
      expectKept(world, await sendElements(world, ct({ [TAG.StudyInstanceUID]: ['UI', study], [TAG.PatientID]: ['LO', id] })))
    }
    await pause(2500)
    const database = new Database(join(world.node.storagePath, 'catalog.sqlite'), { readonly: true })
    const made = database.prepare('SELECT count(*) AS n FROM manifests WHERE study_instance_uid = ? AND instance_count > 1').get(study) as {
      n: number
    }
    database.close()
    expect(made.n).toBe(0)
  })

  for (const [what, element] of [
    ['absent', undefined],
    ['empty', ['LO', ''] as const],
    ['an asterisk', ['LO', '*'] as const],
    ['of 64,000 characters', ['LO', 'x'.repeat(64_000)] as const],
    ['of several values', ['LO', 'A\\B\\C'] as const],
    ['with control characters', ['LO', Buffer.from('A\x00\x1b[31m\r\nB\x07')] as const],
  ] as const) {
    hostile('S4', `Patient ID ${what}: kept and found by its study`, async (world) => {
      const elements = ct({ [TAG.PatientID]: element })
      expectKept(world, await sendElements(world, elements))
      expect((await findStudy(world, textOf(elements, TAG.StudyInstanceUID), { [TAG.PatientID]: ['LO', ''] })).length).toBe(1)
    })
  }

  hostile('S11', 'elements out of order: kept', async (world) => {
    const elements = ct()
    const entries = [...elements]
    const shuffled = Buffer.concat(
      [...entries.slice(10), ...entries.slice(0, 10)].map(([tag, [vr, value]]) => encodeElement(tag, vr, value)),
    )
    expectKeptInItsStudy(world, await send(world, shuffled, textOf(elements, TAG.SOPInstanceUID)), elements)
  })
  hostile('S11', 'two SOP Instance UIDs: the first counts', async (world) => {
    const second = testUid()
    const { bytes, uid, elements } = withBytes(TAG.StudyDate, encodeElement(TAG.SOPInstanceUID, 'UI', second))
    expectKeptInItsStudy(world, await send(world, bytes, uid), elements)
    expect(rowOf(world, second)).toBeUndefined()
    // The second alone names an instance that the data set is not.
    const other = withBytes(TAG.StudyDate, encodeElement(TAG.SOPInstanceUID, 'UI', second))
    expectRefused(world, await send(world, other.bytes, second), 0xa900)
  })
  hostile('S11', 'another Study Instance UID behind the pixel data: the first counts', async (world) => {
    const elements = ct()
    const bytes = Buffer.concat([encode(elements), encodeElement(TAG.StudyInstanceUID, 'UI', testUid())])
    expectKeptInItsStudy(world, await send(world, bytes, textOf(elements, TAG.SOPInstanceUID)), elements)
  })

  for (const [what, before, behind] of [
    ['group 0002, with another transfer syntax, in front of', encodeElement(0x00020010, 'UI', JPEG_BASELINE), Buffer.alloc(0)],
    ['group 0000 in front of', encodeElement(0x00000100, 'US', 1), Buffer.alloc(0)],
    ['group FFFF behind', Buffer.alloc(0), encodeElement(0xffff1000, 'LO', 'END')],
  ] as const) {
    hostile('S12', `${what} the data set: refused`, async (world) => {
      const elements = ct()
      const bytes = Buffer.concat([before, encode(elements), behind])
      expectRefused(world, await send(world, bytes, textOf(elements, TAG.SOPInstanceUID)), UNREADABLE)
    })
  }
})

describe('encoding', () => {
  for (const vr of ['??', '\0\0', '  ', 'lo', 'ZZ']) {
    hostile('S5', `an element of VR ${JSON.stringify(vr)}: kept, what follows is read rightly`, async (world) => {
      const { bytes, uid, elements } = withBytes(TAG.PatientName, Buffer.concat([elementHeader(0x00091001, vr, 4), Buffer.from('ABCD')]))
      expectKeptInItsStudy(world, await send(world, bytes, uid), elements)
    })
  }

  hostile('S6', 'an element in the header longer than the data set: refused', async (world) => {
    const { bytes, uid } = withBytes(TAG.StudyInstanceUID, Buffer.concat([elementHeader(0x00101000, 'LO', 0x7fff), Buffer.from('X')]))
    expectRefused(world, await send(world, bytes, uid), UNREADABLE)
  })
  hostile('S6', 'pixel data longer than the data set: refused', async (world) => {
    const elements = ct()
    const whole = encode(elements)
    expectRefused(world, await send(world, whole.subarray(0, whole.length - 10), textOf(elements, TAG.SOPInstanceUID)), UNREADABLE)
  })
  hostile('S6', 'a data set cut in the middle of an element header: refused', async (world) => {
    const [before] = splitAt(ct(), TAG.StudyInstanceUID)
    expectRefused(world, await send(world, Buffer.concat([before, Buffer.from([0x20, 0x00, 0x0d])]), testUid()), UNREADABLE)
  })

  hostile('S7', 'undefined length of an LO element, implicit VR: refused', async (world) => {
    const { bytes, uid } = withBytes(TAG.StudyInstanceUID, elementHeader(0x00101000, 'LO', 0xffffffff, IMPLICIT_LE), {}, IMPLICIT_LE)
    expectRefused(world, await send(world, bytes, uid, IMPLICIT_CONTEXT), UNREADABLE)
  })
  hostile('S7', 'undefined length of a UT element, explicit VR: refused', async (world) => {
    const { bytes, uid } = withBytes(TAG.StudyInstanceUID, elementHeader(0x00104000, 'UT', 0xffffffff))
    expectRefused(world, await send(world, bytes, uid), UNREADABLE)
  })

  const undefinedItem = Buffer.from('feff00e0ffffffff', 'hex')
  hostile('S8', 'a sequence of undefined length without an end: refused', async (world) => {
    const { bytes, uid } = withBytes(TAG.PatientName, elementHeader(0x00081140, 'SQ', 0xffffffff))
    expectRefused(world, await send(world, bytes, uid), UNREADABLE)
  })
  hostile('S8', 'an item without an end: refused', async (world) => {
    const { bytes, uid } = withBytes(TAG.PatientName, Buffer.concat([elementHeader(0x00081140, 'SQ', 0xffffffff), undefinedItem]))
    expectRefused(world, await send(world, bytes, uid), UNREADABLE)
  })
  hostile('S8', 'a stray item delimiter between elements: kept, what follows is read rightly', async (world) => {
    const { bytes, uid, elements } = withBytes(TAG.PatientName, Buffer.from('feff0de000000000', 'hex'))
    expectKeptInItsStudy(world, await send(world, bytes, uid), elements)
  })

  hostile('S9', 'an item longer than its sequence: refused', async (world) => {
    const item = encodeItem(encodeElement(0x00081150, 'UI', '1.2.3'))
    item.writeUInt32LE(5000, 4)
    const { bytes, uid } = withBytes(TAG.PatientName, Buffer.concat([elementHeader(0x00081140, 'SQ', item.length), item]))
    expectRefused(world, await send(world, bytes, uid), UNREADABLE)
  })
  hostile('S9', 'a million items of no length: kept, in linear time', async (world) => {
    const items = Buffer.concat(Array.from({ length: 1_000_000 }, () => encodeItem(Buffer.alloc(0))))
    const { bytes, uid } = withBytes(TAG.PatientName, Buffer.concat([elementHeader(0x00081140, 'SQ', items.length), items]))
    const since = Date.now()
    const sending = send(world, bytes, uid)
    await pause(50)
    await expectOthersServed(world.node)
    expectKept(world, await sending)
    expect(Date.now() - since).toBeLessThan(8000)
  })

  for (const depth of [300, 10_000, 100_000]) {
    hostile('S10', `sequences ${depth} deep: refused, no overflow`, async (world) => {
      const level = Buffer.concat([elementHeader(0x00081140, 'SQ', 0xffffffff), undefinedItem])
      const { bytes, uid } = withBytes(TAG.PatientName, Buffer.concat(Array.from({ length: depth }, () => level)))
      expectRefused(world, await send(world, bytes, uid), UNREADABLE)
    })
  }
  hostile('S10', 'sequences 40 deep, with their ends: kept', async (world) => {
    let nested = encodeElement(0x00081150, 'UI', '1.2.3')
    for (let depth = 0; depth < 40; depth++) nested = encodeElement(0x00081140, 'SQ', encodeItem(nested))
    const { bytes, uid } = withBytes(TAG.PatientName, nested)
    expectKept(world, await send(world, bytes, uid))
  })

  hostile('S13', 'values of odd length: kept as they are', async (world) => {
    const odd = (tag: number, vr: string, text: string) => Buffer.concat([elementHeader(tag, vr, text.length), Buffer.from(text)])
    const { bytes, uid } = withBytes(0x00100030, odd(0x00100021, 'LO', 'ABCDE'))
    expectKept(world, await send(world, bytes, uid))
  })

  for (const [what, sent, contextId] of [
    ['implicit VR although explicit', IMPLICIT_LE, EXPLICIT_CONTEXT],
    ['explicit VR although implicit', EXPLICIT_LE, IMPLICIT_CONTEXT],
  ] as const) {
    hostile('S21', `${what} was negotiated: refused`, async (world) => {
      const elements = ct()
      const outcome = await send(world, encode(elements, sent), textOf(elements, TAG.SOPInstanceUID), contextId)
      expectRefused(world, outcome, UNREADABLE)
    })
  }
  hostile('S22', 'big endian although little endian was negotiated: refused', async (world) => {
    const elements = ct()
    expectRefused(world, await send(world, encode(elements, EXPLICIT_BE), textOf(elements, TAG.SOPInstanceUID)), UNREADABLE)
  })
  hostile('S22', 'little endian although big endian was negotiated: refused', async (world) => {
    const elements = ct()
    expectRefused(
      world,
      await send(world, encode(elements, EXPLICIT_LE), textOf(elements, TAG.SOPInstanceUID), BIG_ENDIAN_CONTEXT),
      UNREADABLE,
    )
  })
  hostile('S22', 'big endian where it was negotiated: kept', async (world) => {
    const elements = ct()
    expectKept(world, await sendElements(world, elements, BIG_ENDIAN_CONTEXT, EXPLICIT_BE), EXPLICIT_BE)
  })

  hostile('S23', 'deflated, as it should be: kept', async (world) => {
    expectKept(world, await sendElements(world, ct(), DEFLATED_CONTEXT, DEFLATED_LE), DEFLATED_LE)
  })
  for (const [what, spoil] of [
    ['corrupt from its first byte', (bytes: Buffer) => Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), bytes])],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))],
    ['not deflated at all', () => encode(ct())],
  ] as const) {
    hostile('S23', `a deflated data set that is ${what}: refused`, async (world) => {
      const elements = ct()
      expectRefused(
        world,
        await send(world, spoil(encode(elements, DEFLATED_LE)), textOf(elements, TAG.SOPInstanceUID), DEFLATED_CONTEXT),
        UNREADABLE,
      )
    })
  }
  hostile('S23', 'bytes behind a deflated data set: kept', async (world) => {
    const elements = ct()
    const bytes = Buffer.concat([encode(elements, DEFLATED_LE), Buffer.from('trailing')])
    expectKept(world, await send(world, bytes, textOf(elements, TAG.SOPInstanceUID), DEFLATED_CONTEXT), DEFLATED_LE)
  })
  hostile('S23', 'a deflated header that expands to 400 MB: refused, memory stays flat, others served', async (world) => {
    const before = world.node.rssBytes()
    const { bytes, uid } = withBytes(
      TAG.StudyInstanceUID,
      Buffer.concat([elementHeader(0x00191001, 'OB', 400_000_000), Buffer.alloc(400_000_000)]),
    )
    const bomb = deflateRawSync(bytes)
    const sending = send(world, bomb, uid, DEFLATED_CONTEXT)
    await expectOthersServed(world.node)
    expectRefused(world, await sending, OUT_OF_RESOURCES)
    expect(world.node.rssBytes() - before).toBeLessThan(150 * 1024 * 1024)
  })

  hostile(
    'S24',
    'private elements without their creator, UN of undefined length, a private sequence in UN: kept byte for byte',
    async (world) => {
      const implicitItem = encodeItem(encodeElement(0x00091002, 'LO', 'inside', IMPLICIT_LE))
      const odd = Buffer.concat([
        encodeElement(0x00091001, 'LO', 'no creator'),
        elementHeader(0x00091010, 'UN', 0xffffffff),
        implicitItem,
        Buffer.from('feffdde000000000', 'hex'),
        encodeElement(0x00091020, 'UN', implicitItem),
      ])
      const { bytes, uid } = withBytes(TAG.PatientName, odd)
      expectKept(world, await send(world, bytes, uid))
    },
  )

  for (const [what, bytes] of [
    ['trailing padding (FFFC,FFFC)', encodeElement(0xfffcfffc, 'OB', Buffer.alloc(1000))],
    ['a megabyte of zeros', Buffer.alloc(1_000_000)],
  ] as const) {
    hostile('S28', `${what} behind the last element: kept with it`, async (world) => {
      const elements = ct()
      expectKept(world, await send(world, Buffer.concat([encode(elements), bytes]), textOf(elements, TAG.SOPInstanceUID)))
    })
  }
  hostile('S28', 'zeros and then something else behind the last element: refused', async (world) => {
    const elements = ct()
    const bytes = Buffer.concat([encode(elements), Buffer.alloc(1000), Buffer.from('x')])
    expectRefused(world, await send(world, bytes, textOf(elements, TAG.SOPInstanceUID)), UNREADABLE)
  })
})

describe('values', () => {
  for (const [what, charset, name] of [
    ['Latin-1 bytes declared as UTF-8', 'ISO_IR 192', Buffer.from('M\xfcller', 'latin1')],
    ['no declaration, bytes above 7F', undefined, Buffer.from('M\xfcller', 'latin1')],
    ['an escape sequence cut short', '\\ISO 2022 IR 87', Buffer.from('A\x1b$', 'latin1')],
    ['a GB18030 character cut short', 'GB18030', Buffer.from([0x41, 0x81, 0x30])],
    ['ISO_IR 6', 'ISO_IR 6', Buffer.from('M\xfcller', 'latin1')],
    ['ISO-IR 192', 'ISO-IR 192', Buffer.from('Müller')],
    ['UTF-8', 'UTF-8', Buffer.from('Müller')],
    ['NUL and controls', 'ISO_IR 100', Buffer.from('A\0B\x07\x9fC', 'latin1')],
  ] as const) {
    hostile('S14', `a character set that lies (${what}): kept, found, answered in valid text`, async (world) => {
      const elements = ct({
        [TAG.SpecificCharacterSet]: charset === undefined ? undefined : ['CS', charset],
        [TAG.PatientName]: ['PN', name],
      })
      expectKept(world, await sendElements(world, elements))
      const [match] = await findStudy(world, textOf(elements, TAG.StudyInstanceUID), { [TAG.PatientName]: ['PN', ''] })
      const answered = match?.get(TAG.PatientName)
      expect(answered).toBeDefined()
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(answered)).not.toThrow()
    })
  }

  for (const name of ['A=B=C=D=E', '^^^^^^^^^^', `${'x'.repeat(4000)}^y`, '^', '=', 'A\\B\\C']) {
    hostile('S15', `Patient's Name ${JSON.stringify(name.slice(0, 12))}: kept`, async (world) => {
      expectKept(world, await sendElements(world, ct({ [TAG.PatientName]: ['PN', name] })))
    })
  }

  for (const [vr, keyword, tag, values] of [
    ['DA', 'StudyDate', TAG.StudyDate, ['20260230', '2026.02.03', '00000000', '20260101-20260202', 'today', '']],
    ['TM', 'StudyTime', TAG.StudyTime, ['25:61', '256100', '-1', '1015.5', '101500.1234567']],
    ['IS', 'InstanceNumber', TAG.InstanceNumber, ['99999999999999999999', '1.0', '-5', 'abc', '1\\2']],
    ['DS', 'PatientWeight', 0x00101030, ['1e9999', 'NaN', '1,5', 'Infinity', '-0']],
  ] as const) {
    for (const value of values) {
      hostile('S16', `${vr} ${JSON.stringify(value)}: kept and found, in the catalog as it came`, async (world) => {
        const elements = ct({ [tag]: [vr, value] })
        expectKept(world, await sendElements(world, elements))
        const found = await findStudy(world, textOf(elements, TAG.StudyInstanceUID), {
          [TAG.StudyDate]: ['DA', ''],
          [TAG.StudyTime]: ['TM', ''],
        })
        expect(found.length).toBe(1)
        const { attributes, derived } = indexedValues(world, textOf(elements, TAG.SOPInstanceUID))
        const indexed: Record<string, string | null> = {
          StudyDate: '20260301',
          StudyTime: '101500',
          InstanceNumber: '1',
          PatientWeight: null,
        }
        expect(attributes).toEqual({ ...indexed, [keyword]: value === '' ? null : value })
        // What sorts and compares is of its own kind or says that there is nothing: SQLite would turn NaN into NULL.
        expect(derived.StudyDateNorm).toMatch(/^(\d{8})?$/)
        expect(derived.StudyTimeNorm).toMatch(/^(\d{6}.*)?$/)
        expect(Number.isInteger(derived.InstanceOrder)).toBe(true)
      })
    }
  }

  hostile('S17', 'a picture of 65535 × 65535 in 2147483647 frames, of 4 bytes: kept, nothing is allocated', async (world) => {
    const before = world.node.rssBytes()
    const elements = ct({
      [TAG.Rows]: ['US', 65535],
      [TAG.Columns]: ['US', 65535],
      [TAG.NumberOfFrames]: ['IS', '2147483647'],
      [TAG.PixelData]: ['OW', Buffer.alloc(4)],
    })
    expectKept(world, await sendElements(world, elements))
    expect(world.node.rssBytes() - before).toBeLessThan(64 * 1024 * 1024)
  })
  for (const [what, overrides] of [
    ['Number of Frames -1', { [TAG.NumberOfFrames]: ['IS', '-1'] }],
    ['Number of Frames abc', { [TAG.NumberOfFrames]: ['IS', 'abc'] }],
    ['Number of Frames of two values', { [TAG.NumberOfFrames]: ['IS', '1\\2'] }],
    ['Bits Allocated 0', { 2621696: ['US', 0] }],
    ['Bits Allocated 1', { 2621696: ['US', 1] }],
    ['Bits Allocated 12', { 2621696: ['US', 12] }],
    ['Bits Allocated 64', { 2621696: ['US', 64] }],
    ['Samples per Pixel 0', { 2621442: ['US', 0] }],
    ['Samples per Pixel 255', { 2621442: ['US', 255] }],
  ] as const) {
    hostile('S18', `${what}: kept`, async (world) => {
      expectKept(world, await sendElements(world, ct(overrides as Overrides)))
    })
  }

  for (const [what, tag, vr, value] of [
    ['an AT value of 3 bytes', 0x00280009, 'AT', Buffer.alloc(3)],
    ['an AT value of 6 bytes', 0x00280009, 'AT', Buffer.alloc(6)],
    ['an FD value of 7 bytes', 0x00189301, 'FD', Buffer.alloc(7)],
    ['a UL value of 1 byte', 0x00081161, 'UL', Buffer.alloc(1)],
    ['a US value of 1 byte', TAG.Rows, 'US', Buffer.alloc(1)],
    ['an OW value of odd length', TAG.PixelData, 'OW', Buffer.alloc(31)],
  ] as const) {
    hostile('S27', `${what}: kept, the index is not affected`, async (world) => {
      const elements = ct({ [tag]: [vr, value] })
      expectKept(world, await sendElements(world, elements))
      expect((await findStudy(world, textOf(elements, TAG.StudyInstanceUID), {})).length).toBe(1)
    })
  }
})

describe('encapsulated pixel data', () => {
  const END = Buffer.from('feffdde000000000', 'hex')
  const fragment = (bytes: Buffer, length = bytes.length) => {
    const item = encodeItem(bytes)
    item.writeUInt32LE(length >>> 0, 4)
    return item
  }
  const jpeg = Buffer.from('ffd8ffd9', 'hex')
  const offsets = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4)
    for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4)
    return fragment(bytes)
  }
  const bot = fragment(Buffer.alloc(0))

  for (const [what, content, status] of [
    ['no offset table item', [fragment(jpeg), END], 0],
    ['an offset past the end', [offsets(0x7fffffff), fragment(jpeg), END], 0],
    ['no fragment', [bot, END], 0],
    ['no item at all', [END], 0],
    ['more frames than fragments', [offsets(0, 100, 200), fragment(jpeg), END], 0],
    ['a fragment of odd length', [bot, fragment(Buffer.from('ffd8ffd9ff', 'hex')), END], 0],
    ['a fragment longer than the data set', [bot, fragment(jpeg, 0x7ffffff0)], UNREADABLE],
    ['no delimiter at the end', [bot, fragment(jpeg)], UNREADABLE],
    ['something other than an item', [bot, encodeElement(0x00100010, 'PN', 'Evil^Name'), END], UNREADABLE],
    ['a fragment of undefined length', [bot, fragment(jpeg, 0xffffffff), END], UNREADABLE],
  ] as const) {
    hostile('S19', `${what}: ${status === 0 ? 'kept byte for byte' : 'refused'}`, async (world) => {
      const elements = ct()
      const [header] = splitAt(elements, TAG.PixelData)
      const bytes = Buffer.concat([header, elementHeader(TAG.PixelData, 'OB', 0xffffffff), ...content])
      const outcome = await send(world, bytes, textOf(elements, TAG.SOPInstanceUID), JPEG_CONTEXT)
      if (status === 0) expectKeptInItsStudy(world, outcome, elements, JPEG_BASELINE)
      else expectRefused(world, outcome, status)
    })
  }

  hostile('S20', 'native pixel data where JPEG was negotiated: kept under the negotiated syntax', async (world) => {
    expectKept(world, await sendElements(world, ct(), JPEG_CONTEXT), JPEG_BASELINE)
  })
  hostile('S20', 'encapsulated pixel data where explicit little endian was negotiated: kept under the negotiated syntax', async (world) => {
    const elements = ct()
    const [header] = splitAt(elements, TAG.PixelData)
    const bytes = Buffer.concat([header, elementHeader(TAG.PixelData, 'OB', 0xffffffff), bot, fragment(jpeg), END])
    expectKept(world, await send(world, bytes, textOf(elements, TAG.SOPInstanceUID)))
  })
})

describe('key objects', () => {
  const kos = (overrides: Overrides = {}) =>
    ct({
      [TAG.SOPClassUID]: ['UI', KOS],
      [TAG.Modality]: ['CS', 'KO'],
      [TAG.PixelData]: undefined,
      [TAG.Rows]: undefined,
      [TAG.Columns]: undefined,
      4235331: ['SQ', [dataSet({ 524544: ['SH', '113030'], 524546: ['SH', 'DCM'], 524548: ['LO', 'Manifest'] })]],
      ...overrides,
    })
  const reference = (uid: string) => dataSet({ 528720: ['UI', CT_IMAGE], 528725: ['UI', uid] })
  /** Items of one length, made from the first: to encode a million one by one would take longer than all the rest. */
  const manyReferences = (count: number) => {
    const first = encodeItem(encode(reference('2.25.1234567890.1000000')))
    const items = Buffer.alloc(first.length * count, first)
    for (let at = 1; at < count; at++) items.write(String(1_000_000 + at), (at + 1) * first.length - 8, 'latin1')
    return items
  }

  hostile(
    'S25',
    'a KOS with 1,000,000 references: kept in linear time, others served',
    async (world) => {
      const msFor = async (references: number) => {
        const elements = kos({ 4236149: ['SQ', [dataSet({ 528661: ['SQ', [dataSet({ 528793: ['SQ', manyReferences(references)] })]] })]] })
        const bytes = encode(elements)
        const since = performance.now()
        const sending = send(world, bytes, textOf(elements, TAG.SOPInstanceUID), KOS_CONTEXT, KOS)
        await pause(20)
        await expectOthersServed(world.node)
        const outcome = await sending
        const took = performance.now() - since
        expectKept(world, outcome)
        return took
      }
      // The same work in ten parts: one part alone may fit into buffers and caches, or meet the disk at a bad moment.
      let parts = 0
      for (let part = 0; part < 10; part++) parts += await msFor(100_000)
      const whole = await msFor(1_000_000)
      // About as long; the square would be ten times.
      expect(whole, `ms for what took ${Math.round(parts)} in ten parts`).toBeLessThan(2.5 * parts)
    },
    90_000,
    // 80 MB go through in fragments faster than the collector comes: what it has not freed yet.
    100 * 1024 * 1024,
  )

  hostile('S25', 'a KOS that references itself: kept, no loop', async (world) => {
    const uid = testUid()
    const elements = kos({ [TAG.SOPInstanceUID]: ['UI', uid], 528793: ['SQ', [reference(uid)]] })
    expectKept(world, await sendElements(world, elements, KOS_CONTEXT))
  })

  let ownManifest: { uid: string; study: string } | undefined
  hostile('S25', 'the study whose manifest is attacked below', async (world) => {
    const elements = ct()
    expectKept(world, await sendElements(world, elements))
    const study = textOf(elements, TAG.StudyInstanceUID)
    const made = () => [...holdings(world.node).manifests].find(([, of]) => of === study)
    await eventually('the manifest is made', () => made() !== undefined, 15_000)
    ownManifest = { uid: made()![0], study }
  })
  // A case of its own: it is acknowledged nothing, so its study may not get another manifest either.
  hostile('S25', "a KOS under the SOP Instance UID of one of the node's own: the node's stays as it is", async (world) => {
    const { uid, study } = ownManifest!
    const before = keptBytes(world, uid)
    const intruder = kos({ [TAG.SOPInstanceUID]: ['UI', uid], [TAG.StudyInstanceUID]: ['UI', study] })
    const peer = await world.associate({ contexts })
    const response = await peer.store(KOS_CONTEXT, KOS, uid, encode(intruder))
    expect(response.status).toBe(0xb000)
    expect(keptBytes(world, uid).equals(before)).toBe(true)
  })
})

describe('trouble of our own', () => {
  hostile(
    'S29',
    'the catalog locked by somebody else: A700 and nothing kept, others served; taken in again afterwards',
    async (world) => {
      const peer = await world.associate({ contexts })
      const database = new Database(join(world.node.storagePath, 'catalog.sqlite'))
      database.exec('BEGIN IMMEDIATE')
      try {
        const elements = ct()
        peer.sendMessage(EXPLICIT_CONTEXT, storeRequest(1, CT, textOf(elements, TAG.SOPInstanceUID)), encode(elements))
        await pause(100)
        await expectOthersServed(world.node)
        const { command } = await peer.readMessage(20_000)
        expect(command.status).toBe(0xa700)
        expect(command.errorComment).toBeTruthy()
      } finally {
        database.exec('ROLLBACK')
        database.close()
      }
      expectKept(world, await sendElements(world, ct()))
    },
    60_000,
  )

  it.skipIf(!mayMount())(
    `S29 a storage that is mounted read-only: A700 and nothing kept, others served; taken in again afterwards`,
    async () => {
      const disk = smallDisk(40)!
      const node = await startNode({ folder: disk.folder })
      try {
        const peer = await RawPeer.associate(node.port, { called: node.aeTitle, contexts: STORE_CONTEXTS })
        const store = async () => {
          const elements = ct()
          const uid = textOf(elements, TAG.SOPInstanceUID)
          const { status, errorComment } = await peer.store(EXPLICIT_CONTEXT, CT, uid, encode(elements))
          return { uid, status, errorComment }
        }
        const first = await store()
        expect(first.status).toBe(0)
        const before = holdings(node)
        const writable = disk.makeReadOnly(node.storagePath)
        try {
          for (let attempt = 0; attempt < 3; attempt++) {
            expect(await store()).toMatchObject({ status: OUT_OF_RESOURCES, errorComment: 'Out of resources: storage not writable' })
            await expectOthersServed(node)
          }
        } finally {
          writable()
        }
        const again = await store()
        expect(again.status).toBe(0)
        await expectExactlyKept(node, before, new Map([[again.uid, undefined]]))
        expectAlive(node)
        expectCleanLog(node)
      } finally {
        await node.stop()
        disk.remove()
      }
    },
  )
})
