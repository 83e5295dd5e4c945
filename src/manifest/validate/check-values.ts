/** Every element of a tree against its VR (PS3.5 6.2): padding, characters, syntax and length of each value; private blocks
 *  (PS3.5 7.8.1). What a value should be beyond its VR is for the other checks. */
import { isSingleText, isText, numberBytes, usesCharacterSet } from '../../dicom/value-representations.ts'
import type { Pace } from '../pace.ts'
import { checkCharacters, checkDeclaration } from './check-characters.ts'
import type { Findings } from './finding.ts'
import type { Item, ItemElement } from './item.ts'
import { VALUE_RULES, type ValueRule } from './value-rules.ts'

const NUL = 0
const SPACE = 0x20
/** Spaces count as part of the value. */
const NO_SPACES = new Set(['AS', 'DA', 'UI'])

export async function checkValues(root: Item, findings: Findings, pace: Pace): Promise<void> {
  const open: Item[] = [root]
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    if (item.has(0x00080005)) checkDeclaration(item, findings)
    for (const element of item.elements.values()) {
      checkPrivate(item, element, findings)
      if (element.vr === 'SQ') for (const inner of [...item.items(element.tag)].reverse()) open.push(inner)
      else if (element.length > 0) checkValue(item, element, findings)
    }
  }
}

/** Group odd; elements 0010 to 00FF are creators, 1000 to FFFF belong to one. */
function checkPrivate(item: Item, { tag, vr }: ItemElement, findings: Findings): void {
  if ((tag & 0x00010000) === 0 || (tag & 0xffff) <= 0x00ff) return
  const creator = (tag & 0xffff0000) + ((tag & 0xffff) >>> 8)
  if (!item.has(creator >>> 0)) findings.report('private-creator', { item, tag }, `a private element of VR ${vr} has none`)
}

function checkValue(item: Item, element: ItemElement, findings: Findings): void {
  const { tag, vr, length } = element
  const size = numberBytes(vr)
  if (size !== undefined && length % size !== 0) {
    findings.report('value', { item, tag }, `${length} bytes are no whole number of values`, {
      expected: `${vr}: ${size} bytes for each value`,
    })
  }
  if (!isText(vr)) return
  checkPadding(item, element, findings)
  if (usesCharacterSet(vr)) checkCharacters(item, element, findings)
  checkSyntax(item, element, findings)
}

function checkPadding(item: Item, element: ItemElement, findings: Findings): void {
  const { tag, vr, length } = element
  const last = element.byte(-1)
  if (vr === 'UI') {
    const isTwice = last === NUL && length > 1 && element.byte(-2) === NUL
    if (last === SPACE) findings.report('padding-nul', { item, tag }, 'the UID is padded with space')
    else if (isTwice) findings.report('padding-nul', { item, tag }, 'the UID is padded with more than one NUL')
  } else if (last === NUL) findings.report('padding-space', { item, tag }, 'the text is padded with NUL')
}

function checkSyntax(item: Item, element: ItemElement, findings: Findings): void {
  const { tag, vr } = element
  const rule = VALUE_RULES[vr]
  if (rule === undefined) return
  const text = item.text(tag)
  const isLoose = vr !== 'UI' && NO_SPACES.has(vr) && element.value.includes(SPACE)
  if (!isLoose && (text === undefined || fits(text, vr, rule))) return
  const values = text === undefined ? [] : isSingleText(vr) ? [text] : text.split('\\')
  const wrong = values.findIndex((one) => one !== '' && !rule.fits(one))
  const which = values.length > 1 && wrong >= 0 ? `value ${wrong + 1}` : 'the value'
  findings.report('value', { item, tag }, `${which} is not valid for VR ${vr} (${values[Math.max(wrong, 0)]?.length ?? 0} characters)`, {
    expected: rule.expected,
  })
}

/** Every value of the text. */
function fits(text: string, vr: string, rule: ValueRule): boolean {
  if (isSingleText(vr) || !text.includes('\\')) return rule.fits(text)
  return text.split('\\').every((one) => one === '' || rule.fits(one))
}
