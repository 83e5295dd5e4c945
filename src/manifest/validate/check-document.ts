/** The root of the document: Value Type is the module's, here are title, template, continuity and what must not stand at the root
 *  (PS3.3 C.17.3, C.18.8; PS3.16 TID 2010), and the offset that its dates are in (C.12.1.1.8). */
import { soleOffset } from '../../dicom/time-zone.ts'
import { conceptName, keyOf, MANIFEST, OTHER_TITLES } from './codes.ts'
import type { Dialect } from './dialects.ts'
import type { Findings } from './finding.ts'
import type { Item } from './item.ts'

export function checkDocument(root: Item, dialect: Dialect, findings: Findings): void {
  if (dialect !== 'mado') checkTitle(root, findings)
  checkTemplate(root, findings)
  const place = (tag: number) => ({ item: root, tag })
  if (root.text(0x0040a050) === 'CONTINUOUS') findings.report('continuity', place(0x0040a050), 'the content is CONTINUOUS')
  if (root.has(0x0040a160)) findings.report('root-text-value', place(0x0040a160), 'there is a Text Value at the root')
  if (root.has(0x0040a010)) findings.report('root-relationship', place(0x0040a010), 'there is a Relationship Type at the root')
  const offset = root.text(0x00080201)
  if (offset !== undefined && soleOffset([offset]) === undefined)
    findings.report('timezone', place(0x00080201), 'the value is no such offset')
}

function checkTitle(root: Item, findings: Findings): void {
  const title = conceptName(root)
  if (title === undefined) return
  const place = { item: root, tag: 0x0040a043 }
  const key = keyOf(title)
  if (key === MANIFEST) {
    if (title.meaning !== 'Manifest' && title.meaning !== '')
      findings.report('title-meaning', place, 'the code is right, its meaning is spelt otherwise')
    return
  }
  findings.report('title', place, OTHER_TITLES[key] === undefined ? 'the title is another' : `the document is ${OTHER_TITLES[key]}`)
}

function checkTemplate(root: Item, findings: Findings): void {
  const place = { item: root, tag: 0x0040a504 }
  const template = root.items(0x0040a504)[0]
  if (template === undefined) {
    findings.report('template', place, 'the sequence is absent or empty')
    return
  }
  const resource = template.text(0x00080105)
  const identifier = template.text(0x0040db00)
  if (resource !== undefined && resource !== 'DCMR')
    findings.report('template', { item: template, tag: 0x00080105 }, 'the resource is another')
  if (identifier !== undefined && identifier !== '2010')
    findings.report('template', { item: template, tag: 0x0040db00 }, 'the template is another')
}
