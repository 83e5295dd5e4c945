/** `ariane manifest …` and `ariane study …` beside a running node: what is printed, and the exit code. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { manifestCommand } from '../../src/admin/manifest.ts'
import { studyCommand } from '../../src/admin/study.ts'
import { encodeManifest } from '../../src/manifest/dialects.ts'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import { CT_IMAGE, ct, EXPLICIT_LE, encode, TAG, testUid, textOf } from '../support/data-sets.ts'
import { manifestVersion } from '../support/manifests.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { sendFiles } from '../support/sender.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'
import { contentOf } from './dialect-samples.ts'
import { identity } from './sample-study.ts'

let node: NodeProcess
let study: StudyFiles
let manifestUid: string
const made: StudyFiles[] = []

beforeAll(async () => {
  node = await startNode({ settings: { manifest: { quietSeconds: 1 } } })
  study = await send()
  manifestUid = readManifest(readFileSync(await manifestVersion(node, study.studyInstanceUid, 1))).sopInstanceUid
})

afterEach(() => {
  process.exitCode = undefined
  vi.unstubAllEnvs()
})

afterAll(async () => {
  await node?.stop()
  for (const one of made) await one.remove()
})

async function send(shape: Parameters<typeof studyFiles>[0] = { series: [2, 7] }): Promise<StudyFiles> {
  const files = await studyFiles(shape)
  made.push(files)
  const sent = await runCommand('dcmsend', ['-aet', 'CT1', '-aec', node.aeTitle, '127.0.0.1', String(node.port), ...files.files])
  if (sent.code !== 0) throw new Error(sent.output)
  return files
}

/** The node listens at a free port, which its configuration file does not name. */
async function ariane(...args: string[]): Promise<{ output: string; exitCode: number; error?: string }> {
  vi.stubEnv('ARIANE_DICOM_PORT', String(node.port))
  let output = ''
  const print = (text: string): boolean => {
    output += text
    return true
  }
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void print(`${line}\n`))
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => print(String(text)))
  const program = new Command('ariane').option('--config <file>').addCommand(manifestCommand()).addCommand(studyCommand())
  try {
    process.exitCode = undefined
    await program.parseAsync(['--config', node.configFile, ...args], { from: 'user' })
    return { output, exitCode: Number(process.exitCode ?? 0) }
  } catch (error) {
    return { output, exitCode: (error as { exitCode?: number }).exitCode ?? 1, error: (error as Error).message }
  } finally {
    log.mockRestore()
    write.mockRestore()
  }
}

it('list: one line for each manifest, or JSON', async () => {
  const { output, exitCode } = await ariane('manifest', 'list', '--study', study.studyInstanceUid)
  expect(exitCode).toBe(0)
  expect(output.split('\n')[0]).toMatch(/^MADE +VERSION +STATE/)
  expect(output).toMatch(new RegExp(`1 +in force +N +xds-i +9 +${study.studyInstanceUid}  ${manifestUid}  quiet for 1 s`))
  const json = JSON.parse((await ariane('manifest', 'list', '--json')).output.trim().split('\n')[0]!) as { sopInstanceUid: string }
  expect(json.sopInstanceUid).toBe(manifestUid)
})

it('show: by UID of manifest or study, or from a file', async () => {
  const byUid = await ariane('manifest', 'show', manifestUid)
  expect(byUid.output).toContain(`Manifest, version 1  ${manifestUid}`)
  expect(byUid.output).toContain('state     in force')
  expect(byUid.output).toMatch(/├─ series {2}CT #1/)
  expect(byUid.output).toContain('… 3 more')
  expect((await ariane('manifest', 'show', study.studyInstanceUid)).output).toBe(byUid.output)
  const all = await ariane('manifest', 'show', manifestUid, '--all')
  for (const uid of study.sopInstanceUids) expect(all.output).toContain(uid)
  const fromFile = await ariane('manifest', 'show', await manifestVersion(node, study.studyInstanceUid, 1))
  expect(fromFile.output).toContain(manifestUid)
})

it('show: says so where there is no such thing', async () => {
  expect(await ariane('manifest', 'show', '1.2.3.4.5')).toMatchObject({ exitCode: 1, error: expect.stringContaining('no manifest') })
  expect(await ariane('manifest', 'show', '/no/such/file')).toMatchObject({
    exitCode: 1,
    error: expect.stringContaining('neither a UID nor a file'),
  })
})

describe('show --dialect: what would be sent, before anything is', () => {
  const errors = vi.spyOn(console, 'error')
  beforeEach(() => void errors.mockReset().mockImplementation(() => undefined))
  afterAll(() => errors.mockRestore())

  for (const [dialect, title] of [
    ['xds-i', 'Manifest, version 2'],
    ['mado', 'Manifest with Description, version 1'],
    ['drimbox', 'Manifest, version 1'],
  ] as const) {
    it(`${dialect}, as a tree; nothing is kept`, async () => {
      const { output, exitCode } = await ariane('manifest', 'show', study.studyInstanceUid, '--dialect', dialect)
      expect(exitCode).toBe(0)
      expect(output).toContain(title)
      expect(output).toContain(`state     preview in ${dialect}, not kept`)
      expect(output).toContain('9 instances in 2 series')
      expect((await ariane('manifest', 'list', '--study', study.studyInstanceUid)).output.trim().split('\n')).toHaveLength(2)
    })
  }

  it('says what the dialect asks for and nobody knows', async () => {
    await ariane('manifest', 'show', manifestUid, '--dialect', 'mado')
    expect(errors.mock.calls.flat().join('\n')).toMatch(/^mado asks for what nobody knows here: .*InstitutionName/)
  })

  it('mado-fhir: the FHIR document, also of a file', async () => {
    const { output } = await ariane('manifest', 'show', study.studyInstanceUid, '--dialect', 'mado-fhir')
    expect(JSON.parse(output).entry[1].resource).toMatchObject({ resourceType: 'ImagingStudy', numberOfInstances: 9 })
    const file = join(node.folder, 'preview.dcm')
    const { header, dataSet } = await encodeManifest('mado', contentOf(), identity)
    writeFileSync(file, Buffer.concat([header, dataSet]))
    expect(JSON.parse((await ariane('manifest', 'show', file, '--dialect', 'mado-fhir')).output).identifier.value).toBe('2.25.1')
    const kept = await ariane('manifest', 'show', await manifestVersion(node, study.studyInstanceUid, 1), '--dialect', 'mado-fhir')
    expect(kept).toMatchObject({ exitCode: 1, error: expect.stringContaining('no Image Library') })
  })

  it('as JSON, or as bytes', async () => {
    const [json] = JSON.parse((await ariane('manifest', 'show', manifestUid, '--dialect', 'drimbox', '--json')).output)
    expect(json['0040A043'].Value[0]['00080100'].Value).toEqual(['113030'])
    expect((await ariane('manifest', 'show', manifestUid, '--raw')).output.slice(128, 132)).toBe('DICM')
    expect((await ariane('manifest', 'show', manifestUid, '--dialect', 'mado', '--raw')).output.slice(128, 132)).toBe('DICM')
  })

  it('says what cannot be', async () => {
    expect(await ariane('manifest', 'show', '1.2.3.4.5', '--dialect', 'mado')).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('no manifest and no study here'),
    })
    const file = await manifestVersion(node, study.studyInstanceUid, 1)
    expect(await ariane('manifest', 'show', file, '--dialect', 'mado')).toMatchObject({
      exitCode: 2,
      error: expect.stringContaining('needs the UID of a study'),
    })
  })
})

it('export: the very bytes, never over another file', async () => {
  const file = join(node.folder, 'exported.dcm')
  expect((await ariane('manifest', 'export', study.studyInstanceUid, file)).exitCode).toBe(0)
  expect(readFileSync(file).equals(readFileSync(await manifestVersion(node, study.studyInstanceUid, 1)))).toBe(true)
  expect(await ariane('manifest', 'export', manifestUid, file)).toMatchObject({
    exitCode: 1,
    error: expect.stringContaining('exists already'),
  })
})

it('build: nothing new to say; and without waiting for quiet', async () => {
  expect((await ariane('manifest', 'build', study.studyInstanceUid)).output).toBe(`version 1 says the same already: ${manifestUid}\n`)
  const other = await send({ series: [2] })
  const { output, exitCode } = await ariane('manifest', 'build', other.studyInstanceUid)
  expect(exitCode).toBe(0)
  expect(output).toMatch(/^(made version 1 with 2 instances|version 1 says the same already)/)
  expect(await ariane('manifest', 'build', '1.2.3.4.5')).toMatchObject({ exitCode: 1, output: 'no such study here\n' })
  expect(await ariane('manifest', 'build', 'no uid')).toMatchObject({ exitCode: 2 })
  expect(existsSync(await manifestVersion(node, other.studyInstanceUid, 1))).toBe(true)
})

it('verify: exit code 0 when every reference leads back', async () => {
  const { output, exitCode } = await ariane('manifest', 'verify', manifestUid)
  expect(output).toContain('9 of 9 references retrieved: every reference leads back')
  expect(exitCode).toBe(0)
})

it('verify: a data set of odd length comes mended, which is no fault', async () => {
  const uid = testUid()
  const odd = ct({ [TAG.StudyInstanceUID]: ['UI', uid], [TAG.PatientName]: ['PN', Buffer.from('Doe^Joe')] })
  const sopInstanceUid = textOf(odd, TAG.SOPInstanceUID)
  const file = { name: 'odd', sopClassUid: CT_IMAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE, dataSet: encode(odd) }
  expect(file.dataSet.length % 2).toBe(1)
  expect([...(await sendFiles(node, [file])).values()]).toEqual([0])
  await manifestVersion(node, uid, 1)
  const { output, exitCode } = await ariane('manifest', 'verify', uid)
  expect(output).toContain('1 of 1 references retrieved: every reference leads back')
  expect(exitCode).toBe(0)
})

it('verify: exit code 1 when one does not', async () => {
  const lost = node.files('instances')
  const other = await send({ series: [1, 1] })
  await manifestVersion(node, other.studyInstanceUid, 1)
  const fresh = node.files('instances').filter((file) => !lost.includes(file))
  const { rmSync } = await import('node:fs')
  rmSync(join(node.storagePath, 'instances', fresh[0]!))
  const { output, exitCode } = await ariane('manifest', 'verify', other.studyInstanceUid)
  expect(exitCode).toBe(1)
  expect(output).toMatch(/MISSING series/)
  expect(output).toContain('1 of 2 references retrieved: references are broken')
})

it('study: a conflict is listed, resolved, and its manifest follows', async () => {
  const first = await send({ series: [1] })
  await send({ series: [1], studyInstanceUid: first.studyInstanceUid, overrides: { [TAG.PatientID]: ['LO', 'OTHER-PATIENT'] } })
  const listed = await ariane('study', 'list', '--conflicts')
  expect(listed.output).toContain(first.studyInstanceUid)
  expect(listed.output).toContain('OTHER-PATIENT')
  expect(node.log()).not.toContain('OTHER-PATIENT')
  expect((await ariane('manifest', 'build', first.studyInstanceUid)).exitCode).toBe(1)
  expect((await ariane('study', 'resolve', first.studyInstanceUid)).exitCode).toBe(2)
  expect((await ariane('study', 'resolve', first.studyInstanceUid, '--identity', '9')).exitCode).toBe(2)
  expect((await ariane('study', 'resolve', first.studyInstanceUid, '--identity', '2')).exitCode).toBe(0)
  expect((await ariane('study', 'list')).output).toContain('no study is in conflict')
  expect((await ariane('manifest', 'build', first.studyInstanceUid)).exitCode).toBe(0)
  expect((await ariane('manifest', 'list', '--study', first.studyInstanceUid)).output).toContain('in force')
})
