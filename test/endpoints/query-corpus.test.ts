/** The corpus by STOW-RS and by C-STORE: the same bytes are kept, the same statuses answered; QIDO-RS and findscu find the same in it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPart10Header } from '../../src/dicom/part10.ts'
import { transferSyntax } from '../../src/dicom/transfer-syntaxes.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { dataSetOffset } from '../support/data-sets.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { type SentFile, sendFiles, sentFile } from '../support/sender.ts'
import { stowFiles } from '../support/stow.ts'

/** What findscu says of each answer: its own files would have to be read one by one. */
async function foundByDimse(node: NodeProcess, tag: string, keys: readonly string[]): Promise<string[]> {
  const asked = keys.flatMap((key) => ['-k', key])
  const { output } = await runCommand('findscu', ['-v', '-S', '-aec', node.aeTitle, ...asked, '127.0.0.1', String(node.port)])
  const name = `${tag.slice(0, 4)},${tag.slice(4)}`.toLowerCase()
  return [...output.matchAll(new RegExp(`\\(${name}\\) UI \\[([0-9.]+)`, 'g'))].map((found) => found[1]!)
}

describeCorpus('the corpus', () => {
  let byWeb: NodeProcess
  let byDimse: NodeProcess
  let files: { sent: SentFile; bytes: Buffer }[]

  beforeAll(async () => {
    const settings = { unknownCallers: 'accept', manifest: { quietSeconds: 3600 }, web: { qido: { maxResults: 500 } } }
    ;[byWeb, byDimse] = await Promise.all([startNode({ settings }), startNode({ settings })])
    files = corpusFiles().flatMap(({ path, name, sopClassUid, sopInstanceUid }) => {
      const bytes = readFileSync(path)
      const meta = readPart10Header(bytes)
      const hasPreamble = bytes.toString('latin1', 128, 132) === 'DICM'
      // What only says by its association what it is cannot come by the web.
      if (!hasPreamble || meta?.sopClassUid === undefined || meta.sopInstanceUid === undefined || meta.transferSyntaxUid === undefined)
        return []
      if (transferSyntax(meta.transferSyntaxUid) === undefined) return []
      return [{ sent: sentFile(path, name, { sopClassUid, sopInstanceUid, rawSyntax: '' }), bytes }]
    })
  }, 60_000)
  afterAll(async () => {
    await byWeb?.stop()
    await byDimse?.stop()
  })

  const digests = (node: NodeProcess) =>
    node
      .files('instances')
      .map((name) => readFileSync(join(node.storagePath, 'instances', name)))
      .map((bytes) =>
        createHash('sha256')
          .update(bytes.subarray(dataSetOffset(bytes)))
          .digest('hex'),
      )
      .sort()

  it('is kept byte for byte as C-STORE keeps it, with the same statuses', async () => {
    expect(files.length).toBeGreaterThan(400)
    const statuses = await sendFiles(
      byDimse,
      files.map(({ sent }) => sent),
      'local',
    )
    const differences: string[] = []
    for (const { sent, bytes } of files) {
      const result = await stowFiles(byWeb, [bytes])
      const web = [...result.kept.values(), ...result.failed.values()][0]
      const dimse = statuses.get(sent.name)
      // A class that no context was accepted for is refused before it comes.
      if (web !== (dimse === -1 ? 0x0122 : dimse)) differences.push(`${sent.name}: ${web} by the web, ${dimse} by DIMSE`)
    }
    expect(differences).toEqual([])
    expect(digests(byWeb)).toEqual(digests(byDimse))
    expect(digests(byWeb).length).toBeGreaterThan(300)
    expect(byWeb.files('drafts')).toEqual([])
  }, 240_000)

  it.each([
    ['STUDY', 'studies', '0020000D', [], ''],
    ['STUDY', 'studies', '0020000D', ['0010,0010=*a*'], 'PatientName=*a*'],
    ['STUDY', 'studies', '0020000D', ['0008,0061=MR'], 'ModalitiesInStudy=MR'],
    ['STUDY', 'studies', '0020000D', ['0008,0020=19900101-20051231'], 'StudyDate=19900101-20051231'],
    ['STUDY', 'studies', '0020000D', ['0008,0062=1.2.840.10008.5.1.4.1.1.2'], 'SOPClassesInStudy=1.2.840.10008.5.1.4.1.1.2'],
    ['SERIES', 'series', '0020000E', [], ''],
    ['SERIES', 'series', '0020000E', ['0008,0060=CT'], 'Modality=CT'],
    ['IMAGE', 'instances', '00080018', [], ''],
    ['IMAGE', 'instances', '00080018', ['0008,0016=1.2.840.10008.5.1.4.1.1.4'], 'SOPClassUID=1.2.840.10008.5.1.4.1.1.4'],
  ])(
    '%s: %s by %s %j is found as findscu finds it, in its order',
    async (level, path, tag, keys, parameters) => {
      const unique = { STUDY: ['0020,000D'], SERIES: ['0020,000D', '0020,000E'], IMAGE: ['0020,000D', '0020,000E', '0008,0018'] }[level]!
      const dimse = await foundByDimse(byWeb, tag, [`0008,0052=${level}`, ...unique, ...keys])
      const found: unknown[] = []
      for (let offset = 0; ; offset += 100) {
        const answer = await fetch(`${byWeb.webUrl}/dicom-web/${path}?limit=100&offset=${offset}&${parameters}`)
        found.push(...((await answer.json()) as Record<string, { Value: unknown[] }>[]).map((one) => one[tag]!.Value[0]))
        if (answer.headers.get('warning') === null) break
      }
      expect(found).toEqual(dimse)
      expect(found.length).toBeGreaterThan(0)
      // In one stream of pages too.
      const whole = await fetch(`${byWeb.webUrl}/dicom-web/${path}?${parameters}`)
      const values = ((await whole.json()) as Record<string, { Value: unknown[] }>[]).map((one) => one[tag]!.Value[0])
      expect(values).toEqual(found.slice(0, 500))
    },
    60_000,
  )

  it('is readable whole: every attribute that the index has', async () => {
    for (const path of ['studies', 'series', 'instances']) {
      const answer = await fetch(`${byWeb.webUrl}/dicom-web/${path}?includefield=all`)
      expect([path, answer.status]).toEqual([path, 200])
      expect(((await answer.json()) as unknown[]).length).toBeGreaterThan(50)
    }
  })
})
