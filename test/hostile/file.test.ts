/** Files that are malformed, odd or no DICOM at all, taken in with `ariane import` (PS3.10 7): each is taken, refused or skipped, nothing
 *  hangs, and what is kept is whole. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
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
  type TestDataSet,
  testUid,
  textOf,
} from '../support/data-sets.ts'
import { cleanEnvironment, filesBelow, PROJECT, residentBytes } from '../support/node-process.ts'
import { type RunOptions, runCommand } from '../support/run-command.ts'

/** For F12: 50,000 take minutes. */
const FILES = process.env.ARIANE_LONG_TESTS === undefined ? 3_000 : 50_000
/** Each file is synced: 5 ms on a quiet machine. */
const MOST_MS_PER_FILE = 40
/** Caches of SQLite and heap that is not collected yet; 10 KB for each of 3,000 files would be seen. */
const GROWTH_MIB = 30

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

interface Row {
  readonly uid: string
  readonly study: string
  readonly syntax: string
  /** Of the data set, as the catalog says. */
  readonly sha256: string
}

interface Imported {
  readonly code: number
  readonly output: string
  readonly rows: readonly Row[]
}

async function importAll(options: { arguments?: string[]; withinMs?: number; onOutput?: RunOptions['onOutput'] } = {}): Promise<Imported> {
  const env = cleanEnvironment() as Record<string, string>
  const command = [join(PROJECT, 'src/main.ts'), 'import', '--config', config, ...(options.arguments ?? []), inbox]
  const { withinMs = 20_000, onOutput } = options
  const result = await runCommand(process.execPath, command, { env, cwd: folder, withinMs, onOutput })
  expect(result.code, `the import did not end by itself\n${result.output}`).toBeGreaterThanOrEqual(0)
  expect(result.output).not.toMatch(/\b(TypeError|RangeError|ReferenceError|Unhandled|uncaught)/i)
  const rows = rowsNow()
  expect(filesBelow(join(folder, 'storage/instances')).length, 'as many files as rows').toBe(rows.length)
  expect(filesBelow(join(folder, 'storage/drafts'))).toEqual([])
  return { ...result, rows }
}

function rowsNow(): Row[] {
  const database = new Database(join(folder, 'storage/catalog.sqlite'), { readonly: true })
  try {
    return database
      .prepare(
        `SELECT i."SOPInstanceUID" AS uid, i.transfer_syntax_uid AS syntax, i.sha256, t."StudyInstanceUID" AS study
           FROM instances i JOIN series s ON s.id = i.series_id JOIN studies t ON t.id = s.study_id ORDER BY 1`,
      )
      .all() as Row[]
  } finally {
    database.close()
  }
}

/** What the catalog must say of a data set that is kept as it is. */
const rowFor = (elements: TestDataSet, syntax: string, bytes = encode(elements, syntax)): Row => ({
  uid: textOf(elements, TAG.SOPInstanceUID),
  study: textOf(elements, TAG.StudyInstanceUID),
  syntax,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})
const byUid = (rows: readonly Row[]) => [...rows].sort((a, b) => (a.uid < b.uid ? -1 : 1))

/** One good file beside the bad ones, which must always get in. */
const good = () => {
  const elements = ct()
  writeFileSync(join(inbox, 'good.dcm'), part10(elements))
  return textOf(elements, TAG.SOPInstanceUID)
}
/** Every file but the good one was refused, for this reason. */
function expectRefused({ code, output, rows }: Imported, goodUid: string, reason: string): void {
  expect(rows.map((row) => row.uid)).toEqual([goodUid])
  expect(code).toBe(1)
  expect(output).toMatch(new RegExp(`^refused: .*: ${reason}$`, 'm'))
  expect(output).toContain('1 taken in, 0 already here, 1 refused, 0 skipped')
}
const put = (name: string, bytes: Buffer | string) => writeFileSync(join(inbox, name), bytes)

/** A file whose group 0002 is written by the case. */
function withMeta(meta: Buffer, data: Buffer, preamble = Buffer.alloc(128)): Buffer {
  return Buffer.concat([preamble, Buffer.from('DICM'), meta, data])
}
const metaOf = (elements: TestDataSet, syntax: string | undefined, more: { sopClass?: string; sopInstance?: string } = {}) =>
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

  it('F10 a file that changes while it is read: refused', async () => {
    const uid = good()
    const changing = ct({ [TAG.PixelData]: ['OW', Buffer.alloc(64 * 1024 * 1024)] })
    put('changing.dcm', part10(changing))
    const file = openSync(join(inbox, 'changing.dcm'), 'r+')
    let written = 0
    // In the middle of the pixels and of the same size: what is read is a whole data set whenever it is read.
    const timer = setInterval(() => writeSync(file, Buffer.from([++written & 0xff]), 0, 1, 32 * 1024 * 1024), 2)
    try {
      expectRefused(await importAll(), uid, 'changed while it was read')
    } finally {
      clearInterval(timer)
      closeSync(file)
    }
  })
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

  it('F3 no preamble, group 0002 first: taken as it says', async () => {
    const elements = ct()
    put('bare.dcm', part10(elements).subarray(132))
    expect((await importAll()).rows).toEqual([rowFor(elements, EXPLICIT_LE)])
  })

  for (const syntax of [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE]) {
    it(`F3 a bare data set of ${syntax}: refused`, async () => {
      const uid = good()
      put('bare.dcm', encode(ct(), syntax))
      expectRefused(await importAll(), uid, 'names no transfer syntax: --guess would take it')
    })
    it(`F3 a bare data set of ${syntax}, guessing asked for: taken under this syntax`, async () => {
      const elements = ct()
      put('bare.dcm', encode(elements, syntax))
      expect((await importAll({ arguments: ['--guess'] })).rows).toEqual([rowFor(elements, syntax)])
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

  for (const [what, syntax, reason] of [
    ['absent', undefined, 'names no transfer syntax: --guess would take it'],
    ['no UID', '../../x', 'TransferSyntaxUID is missing or invalid \\(C001H\\)'],
  ] as const) {
    it(`F5 a transfer syntax that is ${what}: refused`, async () => {
      const uid = good()
      const elements = ct()
      put('file.dcm', withMeta(metaOf(elements, syntax), encode(elements)))
      expectRefused(await importAll(), uid, reason)
    })
  }
  it('F5 a transfer syntax that is absent, guessing asked for: taken', async () => {
    const elements = ct()
    put('file.dcm', withMeta(metaOf(elements, undefined), encode(elements)))
    expect((await importAll({ arguments: ['--guess'] })).rows).toEqual([rowFor(elements, EXPLICIT_LE)])
  })
  for (const [what, syntax] of [
    ['unknown', '1.2.3'],
    ['private of GE', '1.2.840.113619.5.2'],
    ['compressed, with native pixel data', '1.2.840.10008.1.2.4.50'],
  ] as const) {
    it(`F5 a transfer syntax that is ${what}: kept byte for byte under what it says`, async () => {
      const elements = ct()
      put('file.dcm', withMeta(metaOf(elements, syntax), encode(elements)))
      expect((await importAll()).rows).toEqual([rowFor(elements, syntax, encode(elements))])
    })
  }

  it('F6 UIDs that differ between file meta information and data set: the data set wins, with a warning', async () => {
    const one = ct()
    put('one.dcm', withMeta(metaOf(one, EXPLICIT_LE, { sopInstance: testUid() }), encode(one)))
    const two = ct()
    put('two.dcm', withMeta(metaOf(two, EXPLICIT_LE, { sopClass: '1.2.840.10008.5.1.4.1.1.4' }), encode(two)))
    const { rows, output } = await importAll()
    expect(rows).toEqual(byUid([rowFor(one, EXPLICIT_LE), rowFor(two, EXPLICIT_LE)]))
    expect(output.match(/ warn {2}.*the data set counts/g)?.length).toBe(2)
  })

  for (const syntax of [IMPLICIT_LE, EXPLICIT_BE]) {
    it(`F7 file meta information encoded as ${syntax}: refused, the good file beside it taken`, async () => {
      const uid = good()
      const elements = ct()
      const meta = Buffer.concat([
        encodeElement(0x00020002, 'UI', textOf(elements, TAG.SOPClassUID), syntax),
        encodeElement(0x00020003, 'UI', textOf(elements, TAG.SOPInstanceUID), syntax),
        encodeElement(0x00020010, 'UI', EXPLICIT_LE, syntax),
      ])
      put('file.dcm', withMeta(meta, encode(elements)))
      expectRefused(await importAll(), uid, 'names no transfer syntax')
    })
  }
})

describe('whole and many', () => {
  it('F8 a file cut at every element boundary and at every 100 bytes: kept only where the rest is a whole data set', async () => {
    const study = testUid()
    const series = testUid()
    // One UID per cut, all of one length, so that every outcome is seen and every file has the same boundaries.
    const cutFile = (cut: number) => {
      const uid = `1.2.826.0.1.3680043.9.9999.8.${1_000_000 + cut}`
      const elements = ct(
        { [TAG.SOPInstanceUID]: ['UI', uid], [TAG.StudyInstanceUID]: ['UI', study], [TAG.SeriesInstanceUID]: ['UI', series] },
        32,
      )
      return { uid, elements, file: part10(elements) }
    }
    const { elements, file } = cutFile(0)
    const boundaries: number[] = []
    const whole: number[] = []
    let at = dataSetOffset(file)
    for (const [tag, [vr, value]] of elements) {
      boundaries.push(at)
      // What has its four UIDs and ends with an element is a whole data set: nothing tells that something is missing.
      if (tag > TAG.SeriesInstanceUID) whole.push(at)
      at += encodeElement(tag, vr, value).length
    }
    expect(at).toBe(file.length)
    const cuts = new Set(boundaries)
    for (let cut = 100; cut < file.length; cut += 100) cuts.add(cut)
    for (const cut of cuts) put(`cut-${cut}.dcm`, cutFile(cut).file.subarray(0, cut))
    const { rows, output } = await importAll()
    expect(whole.length).toBeGreaterThan(5)
    expect(rows.map((row) => row.uid)).toEqual(whole.map((cut) => cutFile(cut).uid).sort())
    expect(output).toContain(`${whole.length} taken in, 0 already here, ${cuts.size - whole.length} refused, 0 skipped`)
  }, 40_000)

  it('F9 a DICOMDIR: refused, it is no storage instance', async () => {
    const uid = good()
    const directory = ct({ [TAG.SOPClassUID]: ['UI', '1.2.840.10008.1.3.10'] })
    put('DICOMDIR', part10(directory))
    expect((await importAll()).rows.map((row) => row.uid)).toEqual([uid])
  })

  for (const [what, studyOf] of [
    ['of one study', (study: string) => study],
    ['each of a study of its own', () => testUid()],
  ] as const) {
    it(
      `F12 ${FILES} files, ${what}: all taken, in linear time and bounded memory`,
      async () => {
        const study = testUid()
        const series = testUid()
        for (let number = 1; number <= FILES; number++) {
          const uids = { [TAG.StudyInstanceUID]: ['UI', studyOf(study)], [TAG.SeriesInstanceUID]: ['UI', series] } as const
          put(`${number}.dcm`, part10(ct({ ...uids, [TAG.InstanceNumber]: ['IS', String(number)] })))
        }
        const halves = new Halves(FILES)
        const { rows } = await importAll({
          arguments: ['--verbose'],
          withinMs: FILES * MOST_MS_PER_FILE,
          onOutput: (text, pid) => halves.saw(text, pid),
        })
        expect(rows.length).toBe(FILES)
        const [first, second] = halves.done()
        expect(second.msPerFile, `ms per file in the second half, after ${first.msPerFile} in the first`).toBeLessThan(3 * first.msPerFile)
        // Where each file takes as long as there are files before it, the second half takes three times the first: a bound of 3 alone would
        // never see it.
        const cpu = `ms of processor per file in the second half, after ${first.cpuMsPerFile} in the first`
        expect(second.cpuMsPerFile, cpu).toBeLessThan(1.8 * first.cpuMsPerFile)
        const grown = (second.peakBytes - first.peakBytes) / 1024 / 1024
        expect(grown, 'MiB of resident memory that the second half took above the first').toBeLessThan(GROWTH_MIB)
      },
      FILES * MOST_MS_PER_FILE + 60_000,
    )
  }
})

interface Half {
  readonly msPerFile: number
  /** Of processor time, which other programs on the machine do not lengthen. */
  readonly cpuMsPerFile: number
  readonly peakBytes: number
}

/** How fast and how large an import is, in the first and in the second half of its files. It prints one line for each. */
class Halves {
  readonly #files: number
  readonly #marks: { files: number; at: number; cpuMs: number }[] = []
  readonly #peaks = [0, 0]
  #seen = 0

  constructor(files: number) {
    this.#files = files
  }

  saw(text: string, pid: number): void {
    this.#seen += text.match(/^new: /gm)?.length ?? 0
    const half = this.#seen < this.#files / 2 ? 0 : 1
    // The last lines may come when the process has gone.
    if (this.#seen >= this.#files) return
    const mark = { files: this.#seen, at: performance.now(), cpuMs: processorMs(pid) }
    this.#marks[0] ??= mark
    if (half === 1) this.#marks[1] ??= mark
    this.#marks[2] = mark
    this.#peaks[half] = Math.max(this.#peaks[half]!, residentBytes(pid))
  }

  done(): readonly [Half, Half] {
    const half = (number: 0 | 1): Half => {
      const [from, to] = [this.#marks[number]!, this.#marks[number + 1]!]
      const files = to.files - from.files
      return { msPerFile: (to.at - from.at) / files, cpuMsPerFile: (to.cpuMs - from.cpuMs) / files, peakBytes: this.#peaks[number]! }
    }
    return [half(0), half(1)]
  }
}

/** User and system time of a process so far: proc(5), fields 14 and 15 of stat, in ticks of 10 ms. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
