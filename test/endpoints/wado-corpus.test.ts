/** WADO-RS of everything in the corpus that a real node has accepted: byte for byte, by instance and by study, and metadata as pydicom reads them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDataSet } from '../../src/dicom/element-reader.ts'
import { encodingOf } from '../../src/dicom/transfer-syntaxes.ts'
import { corpusFiles, describeCorpus } from '../support/corpus.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { sendFiles, sentFile } from '../support/sender.ts'
import { ask, fileFacts, partsOf } from '../support/web-parts.ts'

interface Kept {
  readonly path: string
  readonly study: string
  readonly series: string
  readonly uid: string
  readonly sha256: string
  readonly isOdd: boolean
  readonly syntax: string
  readonly isCompressed: boolean
}

describeCorpus('WADO-RS of the corpus', () => {
  let node: NodeProcess
  const kept: Kept[] = []

  beforeAll(async () => {
    node = await startNode({ settings: { manifest: { quietSeconds: 3600, associationEndSeconds: 3600 } } })
    const files = corpusFiles().filter(({ name }) => !/DICOMDIR/.test(name))
    await sendFiles(
      node,
      files.map((file) =>
        sentFile(file.path, file.name, {
          sopClassUid: file.sopClassUid,
          sopInstanceUid: file.sopInstanceUid,
          rawSyntax: '1.2.840.10008.1.2',
        }),
      ),
    )
    for (const name of node.files('instances')) {
      const path = join(node.storagePath, 'instances', name)
      const { uid, syntax, sha256, dataSet } = fileFacts(readFileSync(path))
      const header = readDataSet(dataSet, syntax, { untilTag: 0x00200010 })
      kept.push({
        path,
        uid,
        sha256,
        study: header.text(0x0020000d)!,
        series: header.text(0x0020000e)!,
        isOdd: dataSet.length % 2 === 1,
        syntax,
        isCompressed: encodingOf(syntax).encapsulated,
      })
    }
  }, 120_000)
  afterAll(() => node?.stop())

  const studyUrl = (study: string) => `${node.webUrl}/dicom-web/studies/${study}`
  const urlOf = ({ study, series, uid }: Kept) => `${studyUrl(study)}/series/${series}/instances/${uid}`

  it('gives every instance as it is stored, but for odd lengths', { timeout: 60_000 }, async () => {
    const others: string[] = []
    const hidden: string[] = []
    for (const one of kept) {
      const answer = await ask(urlOf(one), 'application/dicom; transfer-syntax=*')
      if (answer.status === 404) {
        hidden.push(one.uid)
        continue
      }
      const body = Buffer.from(await answer.arrayBuffer())
      const found = answer.status === 200 ? fileFacts(body) : undefined
      const isSame = found?.uid === one.uid && (one.isOdd ? found.dataSet.length % 2 === 0 : found.sha256 === one.sha256)
      if (!isSame) others.push(`${one.path} ${answer.status} ${answer.status === 200 ? found?.sha256 : body.toString()}`)
      if (!one.isOdd) expect(answer.headers.get('content-length')).toBe(String(body.length))
    }
    expect(others).toEqual([])
    expect(hidden).toEqual([])
    expect(kept.length).toBeGreaterThan(300)
  })

  it('gives every study whole', { timeout: 60_000 }, async () => {
    for (const [study, instances] of Map.groupBy(kept, (one) => one.study)) {
      const parts = await partsOf(await ask(studyUrl(study), 'multipart/related; type="application/dicom"; transfer-syntax=*'))
      const came = parts.map(({ body }) => fileFacts(body))
      expect(came.map(({ uid }) => uid).sort()).toEqual(instances.map(({ uid }) => uid).sort())
      const digests = new Set(came.map((one) => one.sha256))
      expect(instances.filter((one) => !one.isOdd && !digests.has(one.sha256))).toEqual([])
      expect(parts.map(({ headers }) => headers['content-type'])).toEqual(
        came.map(({ syntax }) => `application/dicom; transfer-syntax=${syntax}`),
      )
    }
  })

  it('gives frames decoded as the whole image is, or compressed as they are', { timeout: 120_000 }, async () => {
    const others: string[] = []
    let decoded = 0
    for (const one of kept.filter(({ isCompressed }) => isCompressed)) {
      const frame = await ask(`${urlOf(one)}/frames/1`, 'multipart/related; type="application/octet-stream"')
      if (frame.status !== 200) continue
      const [part] = await partsOf(frame)
      const isNative = part!.headers['content-type'] === 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1'
      const whole = await ask(urlOf(one), 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
      if (!isNative || whole.status !== 200) {
        if (isNative || whole.status === 200) others.push(`${one.path}: ${part!.headers['content-type']}, whole ${whole.status}`)
        continue
      }
      const pixels = readDataSet(fileFacts(Buffer.from(await whole.arrayBuffer())).dataSet, '1.2.840.10008.1.2.1').elements.get(
        0x7fe00010,
      )!.value
      if (!pixels.subarray(0, part!.body.length).equals(part!.body)) others.push(one.path)
      const stored = await ask(`${urlOf(one)}/frames/1`, 'multipart/related; type="application/octet-stream"; transfer-syntax=*')
      expect((await partsOf(stored))[0]!.headers['content-type']).toBe(`application/octet-stream; transfer-syntax=${one.syntax}`)
      decoded += 1
    }
    expect(others).toEqual([])
    expect(decoded).toBeGreaterThan(60)
  })

  it('gives metadata that say what pydicom reads', { timeout: 120_000 }, async () => {
    const list = join(node.folder, 'files')
    writeFileSync(list, kept.map(({ path }) => path).join('\n'))
    const { output } = await runCommand('/usr/bin/python3', ['-W', 'ignore', '-c', PYDICOM, list], { withinMs: 90_000 })
    const expected = JSON.parse(output) as Record<string, Record<string, unknown>>
    const others: string[] = []
    for (const one of kept) {
      const answer = await ask(`${urlOf(one)}/metadata`, 'application/dicom+json')
      if (answer.status !== 200) {
        others.push(`${one.path} ${answer.status} ${await answer.text()}`)
        continue
      }
      const [item] = (await answer.json()) as [Record<string, unknown>]
      if (expected[one.path] === undefined) continue
      const differing = differences(expected[one.path]!, item)
      if (differing.length > 0) others.push(`${one.path}: ${differing.slice(0, 3).join('; ')}`)
    }
    expect(others).toEqual([])
  })
})

/** Tags, VRs and values of the top level, and how many items sequences have. */
function differences(expected: Record<string, unknown>, found: Record<string, unknown>): string[] {
  const isPrivate = (tag: string): boolean => Number.parseInt(tag.slice(0, 4), 16) % 2 === 1
  const tags = new Set([...Object.keys(expected), ...Object.keys(found)].filter((tag) => !isPrivate(tag) && tag !== '7FE00010'))
  return [...tags]
    .filter((tag) => rounded(expected[tag]) !== rounded(comparable(found[tag])))
    .map((tag) => `${tag} ${JSON.stringify(expected[tag])} ${JSON.stringify(comparable(found[tag]))}`)
}

function rounded(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'number' ? Number(one.toPrecision(6)) : one)) ?? ''
}

function comparable(element: unknown): unknown {
  if (element === undefined) return undefined
  const { vr, Value, BulkDataURI, InlineBinary } = element as { vr: string; Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string }
  if (vr === 'SQ') return [vr, Value?.length ?? 0]
  if (BulkDataURI !== undefined || InlineBinary !== undefined || /^(O.|UN)$/.test(vr)) return [vr]
  return [vr, Value ?? []]
}

/** What pydicom reads, in the same form; nothing of files that it cannot read. */
const PYDICOM = `
import sys, json, pydicom
def value(vr, v):
    if v is None or v == '': return None
    if vr == 'PN':
        groups = zip(['Alphabetic', 'Ideographic', 'Phonetic'], [c.rstrip() for c in str(v).split('=')])
        return {k: c for k, c in groups if c}
    if vr == 'AT': return '%08X' % int(v)
    if vr in ('DS', 'IS', 'FL', 'FD', 'US', 'SS', 'UL', 'SL', 'UV', 'SV'): return float(v)
    return str(v).strip(' \\0')
out = {}
for path in open(sys.argv[1]).read().split('\\n'):
    try:
        d = pydicom.dcmread(path)
        item = {}
        for e in d:
            if e.tag.element == 0 or e.tag.group == 2 or e.tag.is_private: continue
            if e.VR == 'SQ': shown = ['SQ', len(e.value)]
            elif e.VR[0] == 'O' or e.VR == 'UN': shown = [e.VR]
            elif e.tag == 0x00080005: shown = ['CS', ['ISO_IR 192']]
            else:
                many = e.value if e.VM > 1 else ([] if e.is_empty else [e.value])
                shown = [e.VR, [value(e.VR, v) for v in many]]
            item['%04X%04X' % (e.tag.group, e.tag.element)] = shown
        out[path] = item
    except Exception: pass
print(json.dumps(out, ensure_ascii=True))
`
