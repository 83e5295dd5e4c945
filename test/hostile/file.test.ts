/** Files that are malformed, odd or no DICOM at all, taken in with `ariane import` (PS3.10 7): each is taken, refused or skipped, nothing
 *  hangs, and what is kept is whole. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ct,
  dataSetOffset,
  EXPLICIT_BE,
  EXPLICIT_LE,
  encode,
  encodeElement,
  IMPLICIT_LE,
  part10,
  TAG,
  testUid,
  textOf,
} from '../support/data-sets.ts'
import { cleanEnvironment, filesBelow, PROJECT } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'

let folder: string
let inbox: string
let config: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ariane-import-'))
  inbox = join(folder, 'inbox')
  mkdirSync(inbox)
  config = join(folder, 'ariane.yaml')
  writeFileSync(config, JSON.stringify({ storage: { path: join(folder, 'storage'), reserveBytes: 0 } }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Imported {
  readonly code: number
  readonly output: string
  readonly rows: readonly { uid: string; study: string; syntax: string }[]
}

async function importAll(withinMs = 20_000): Promise<Imported> {
  const env = cleanEnvironment() as Record<string, string>
  const result = await runCommand(process.execPath, [join(PROJECT, 'src/main.ts'), 'import', '--config', config, inbox], {
    env,
    cwd: folder,
    withinMs,
  })
  expect(result.code, `the import did not end by itself\n${result.output}`).toBeGreaterThanOrEqual(0)
  expect(result.output).not.toMatch(/\b(TypeError|RangeError|ReferenceError|Unhandled|uncaught)/i)
  const rows = rowsNow()
  expect(filesBelow(join(folder, 'storage/instances')).length, 'as many files as rows').toBe(rows.length)
  expect(filesBelow(join(folder, 'storage/drafts'))).toEqual([])
  return { ...result, rows }
}

function rowsNow(): { uid: string; study: string; syntax: string }[] {
  const database = new Database(join(folder, 'storage/catalog.sqlite'), { readonly: true })
  try {
    return database
      .prepare(
        `SELECT i."SOPInstanceUID" AS uid, i.transfer_syntax_uid AS syntax, t."StudyInstanceUID" AS study
           FROM instances i JOIN series s ON s.id = i.series_id JOIN studies t ON t.id = s.study_id ORDER BY 1`,
      )
      .all() as { uid: string; study: string; syntax: string }[]
  } finally {
    database.close()
  }
}

/** One good file beside the bad ones, which must always get in. */
const good = () => {
  const elements = ct()
  writeFileSync(join(inbox, 'good.dcm'), part10(elements))
  return textOf(elements, TAG.SOPInstanceUID)
}
const put = (name: string, bytes: Buffer | string) => writeFileSync(join(inbox, name), bytes)

/** A file whose group 0002 is written by the case. */
function withMeta(meta: Buffer, data: Buffer, preamble = Buffer.alloc(128)): Buffer {
  return Buffer.concat([preamble, Buffer.from('DICM'), meta, data])
}
const metaOf = (elements: ReturnType<typeof ct>, syntax: string | undefined, more: { sopClass?: string; sopInstance?: string } = {}) =>
  Buffer.concat([
    encodeElement(0x00020001, 'OB', Buffer.from([0, 1])),
    encodeElement(0x00020002, 'UI', more.sopClass ?? textOf(elements, TAG.SOPClassUID)),
    encodeElement(0x00020003, 'UI', more.sopInstance ?? textOf(elements, TAG.SOPInstanceUID)),
    ...(syntax === undefined ? [] : [encodeElement(0x00020010, 'UI', syntax)]),
  ])

describe('files that are no DICOM', () => {
  for (const [what, bytes] of [
    ['of no bytes', Buffer.alloc(0)],
    ['of 131 bytes', Buffer.alloc(131)],
    ['of 132 bytes that end in DICM', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])],
    ['that begin with DICM', Buffer.concat([Buffer.from('DICM'), Buffer.alloc(500)])],
  ] as const) {
    it(`F1 files ${what}: refused`, async () => {
      const uid = good()
      put('bad.dcm', bytes)
      expect((await importAll()).rows.map((row) => row.uid)).toEqual([uid])
    })
  }

  it('F11 a compressed file, a picture and a document under a name of DICOM: refused', async () => {
    const uid = good()
    put('zipped.dcm', gzipSync(part10(ct())))
    put('picture.dcm', Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'))
    put('document.dcm', '%PDF-1.7\n%EOF')
    expect((await importAll()).rows.map((row) => row.uid)).toEqual([uid])
  })

  it('F10 a link, a pipe, a folder with a name of DICOM, names with odd bytes: nothing hangs', async () => {
    const uid = good()
    symlinkSync('/dev/zero', join(inbox, 'zero.dcm'))
    symlinkSync('nowhere', join(inbox, 'dangling.dcm'))
    symlinkSync('..', join(inbox, 'loop'))
    expect(spawnSync('mkfifo', [join(inbox, 'pipe.dcm')]).status).toBe(0)
    mkdirSync(join(inbox, 'folder.dcm'))
    const inside = ct()
    writeFileSync(join(inbox, 'folder.dcm', 'line\nbreak.dcm'), part10(inside))
    const odd = ct()
    writeFileSync(Buffer.concat([Buffer.from(`${inbox}/`), Buffer.from([0xff, 0xfe, 0x41])]), part10(odd))
    const { rows, output } = await importAll()
    const uids = rows.map((row) => row.uid)
    expect(uids).toContain(uid)
    expect(uids).toContain(textOf(inside, TAG.SOPInstanceUID))
    expect(output).not.toMatch(/[\x00-\x09\x0b\x0c\x0e-\x1f]/)
  }, 40_000)
})

describe('preamble and file meta information', () => {
  for (const [what, start] of [
    ['a Windows program', '4d5a'],
    ['a Linux program', '7f454c46'],
    ['a shell script', '23212f62696e2f7368'],
    ['a web page', '3c68746d6c3e'],
    ['a TIFF image', '49492a0008000000'],
  ] as const) {
    it(`F2 a preamble like ${what}: taken as DICOM`, async () => {
      const elements = ct()
      const file = part10(elements)
      Buffer.from(start, 'hex').copy(file)
      put('dual.dcm', file)
      expect((await importAll()).rows.map((row) => row.uid)).toEqual([textOf(elements, TAG.SOPInstanceUID)])
    })
  }

  for (const [what, bytesOf] of [
    ['no preamble, group 0002 first', (elements: ReturnType<typeof ct>) => part10(elements).subarray(132)],
    ['a bare data set, implicit', (elements: ReturnType<typeof ct>) => encode(elements, IMPLICIT_LE)],
    ['a bare data set, explicit', (elements: ReturnType<typeof ct>) => encode(elements, EXPLICIT_LE)],
    ['a bare data set, big endian', (elements: ReturnType<typeof ct>) => encode(elements, EXPLICIT_BE)],
  ] as const) {
    it(`F3 ${what}: taken rightly, or refused`, async () => {
      const uid = good()
      const elements = ct()
      put('bare.dcm', bytesOf(elements))
      const allowed = new Map([
        [uid, ''],
        [textOf(elements, TAG.SOPInstanceUID), textOf(elements, TAG.StudyInstanceUID)],
      ])
      for (const row of (await importAll()).rows) {
        expect(allowed.has(row.uid)).toBe(true)
        if (row.uid !== uid) expect(row.study).toBe(allowed.get(row.uid))
      }
    })
  }

  for (const [what, groupLength] of [
    ['too small', 10],
    ['too large', 100_000],
    ['FFFFFFFF', 0xffffffff],
    ['absent', undefined],
  ] as const) {
    it(`F4 a group length that is ${what}: read by group`, async () => {
      const elements = ct()
      const length = groupLength === undefined ? [] : [encodeElement(0x00020000, 'UL', groupLength)]
      put('file.dcm', withMeta(Buffer.concat([...length, metaOf(elements, EXPLICIT_LE)]), encode(elements)))
      expect((await importAll()).rows.map((row) => row.uid)).toEqual([textOf(elements, TAG.SOPInstanceUID)])
    })
  }

  for (const [what, syntax] of [
    ['absent', undefined],
    ['unknown', '1.2.3'],
    ['private of GE', '1.2.840.113619.5.2'],
    ['no UID', '../../x'],
  ] as const) {
    it(`F5 a transfer syntax that is ${what}: refused, or kept under right UIDs`, async () => {
      const elements = ct()
      put('file.dcm', withMeta(metaOf(elements, syntax), encode(elements)))
      for (const row of (await importAll()).rows) expect(row.study).toBe(textOf(elements, TAG.StudyInstanceUID))
    })
  }
  it('F5 a compressed transfer syntax with native pixel data: refused, or kept as it says', async () => {
    const elements = ct()
    put('file.dcm', withMeta(metaOf(elements, '1.2.840.10008.1.2.4.50'), encode(elements)))
    for (const row of (await importAll()).rows) expect(row.syntax).toBe('1.2.840.10008.1.2.4.50')
  })

  it('F6 UIDs that differ between file meta information and data set: the data set wins, or refused; never two identities', async () => {
    const elements = ct()
    const meta = testUid()
    put('one.dcm', withMeta(metaOf(elements, EXPLICIT_LE, { sopInstance: meta }), encode(elements)))
    const other = ct()
    put('two.dcm', withMeta(metaOf(other, EXPLICIT_LE, { sopClass: '1.2.840.10008.5.1.4.1.1.4' }), encode(other)))
    const uids = (await importAll()).rows.map((row) => row.uid)
    expect(uids).not.toContain(meta)
    for (const uid of uids) expect([textOf(elements, TAG.SOPInstanceUID), textOf(other, TAG.SOPInstanceUID)]).toContain(uid)
  })

  for (const syntax of [IMPLICIT_LE, EXPLICIT_BE]) {
    it(`F7 file meta information encoded as ${syntax}: refused, or read rightly`, async () => {
      const elements = ct()
      const meta = Buffer.concat([
        encodeElement(0x00020002, 'UI', textOf(elements, TAG.SOPClassUID), syntax),
        encodeElement(0x00020003, 'UI', textOf(elements, TAG.SOPInstanceUID), syntax),
        encodeElement(0x00020010, 'UI', EXPLICIT_LE, syntax),
      ])
      put('file.dcm', withMeta(meta, encode(elements)))
      for (const row of (await importAll()).rows) expect(row.study).toBe(textOf(elements, TAG.StudyInstanceUID))
    })
  }
})

describe('whole and many', () => {
  it('F8 a file cut at every element boundary and at every 100 bytes: never kept', async () => {
    const elements = ct({}, 32)
    const file = part10(elements)
    const cuts = new Set<number>()
    for (let at = 100; at < file.length; at += 100) cuts.add(at)
    let at = dataSetOffset(file)
    for (const [tag, [vr, value]] of elements) {
      cuts.add(at)
      at += encodeElement(tag, vr, value).length
    }
    const whole = encode(elements).length + dataSetOffset(file)
    expect(at).toBe(whole)
    for (const cut of cuts) put(`cut-${cut}.dcm`, file.subarray(0, cut))
    const { rows } = await importAll()
    // Cut right before the pixel data, the rest is a whole data set: nothing tells that something is missing.
    const withoutPixels = at - encodeElement(TAG.PixelData, 'OW', elements.get(TAG.PixelData)![1]).length
    expect(cuts.has(withoutPixels)).toBe(true)
    expect(rows.length).toBeLessThanOrEqual(1)
  }, 40_000)

  it('F9 a DICOMDIR: refused, it is no storage instance', async () => {
    const uid = good()
    const directory = ct({ [TAG.SOPClassUID]: ['UI', '1.2.840.10008.1.3.10'] })
    put('DICOMDIR', part10(directory))
    expect((await importAll()).rows.map((row) => row.uid)).toEqual([uid])
  })

  it('F12 2,000 files of one study: all taken, in linear time', async () => {
    const study = testUid()
    const series = testUid()
    for (let number = 1; number <= 2_000; number++) {
      put(
        `${number}.dcm`,
        part10(
          ct({
            [TAG.StudyInstanceUID]: ['UI', study],
            [TAG.SeriesInstanceUID]: ['UI', series],
            [TAG.InstanceNumber]: ['IS', String(number)],
          }),
        ),
      )
    }
    const { rows } = await importAll(60_000)
    expect(rows.length).toBe(2_000)
  }, 90_000)
})
