/** File meta information against PS3.10 7.1 and against the data set that it stands before. */
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'
import type { ReadFile } from './read-file.ts'

/** Type 1 in PS3.10 Table 7.1-1. */
const REQUIRED = [0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012]
/** Meta information, data set. */
const EQUAL = [
  { rule: 'meta-class', tag: 0x00020002, other: 0x00080016 },
  { rule: 'meta-instance', tag: 0x00020003, other: 0x00080018 },
] as const

export function checkMeta({ meta, metaLength, root }: ReadFile, findings: Findings): void {
  if (meta === undefined) return
  for (const tag of REQUIRED) {
    const value = meta.elements.get(tag)?.value
    if (value === undefined || value.length === 0) findings.report('meta-missing', { item: meta, tag }, 'the element is absent or empty')
  }
  for (const { rule, tag, other } of EQUAL) {
    const [here, there] = [meta.text(tag), root.text(other)]
    if (here !== undefined && there !== undefined && here !== there) findings.report(rule, { item: meta, tag }, 'the two differ')
  }
  checkVersion(meta, findings)
  checkGroupLength(meta, metaLength, findings)
  if (meta.has(0x00020100) !== meta.has(0x00020102)) {
    findings.report('meta-private', { item: meta, tag: meta.has(0x00020100) ? 0x00020102 : 0x00020100 }, 'the element is absent')
  }
}

/** Bit 0 of the second byte counts, the others are for later versions. */
function checkVersion(meta: Item, findings: Findings): void {
  const version = meta.elements.get(0x00020001)?.value
  if (version === undefined || version.length === 0) return
  const isRight = version.length === 2 && version[0] === 0 && (version[1]! & 1) === 1
  if (!isRight) findings.report('meta-version', { item: meta, tag: 0x00020001 }, 'the version is another')
}

function checkGroupLength(meta: Item, metaLength: number | undefined, findings: Findings): void {
  const stated = meta.text(0x00020000)
  if (stated === undefined || stated === String(metaLength)) return
  findings.report('meta-group-length', { item: meta, tag: 0x00020000 }, `the length is ${stated}, the group has ${metaLength} bytes`)
}
