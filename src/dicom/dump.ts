/** A data set as lines of text for people: `(0008,0018) UI SOPInstanceUID  1.2.3`, items of sequences indented.
 *
 *  Promises: one element a line, whatever a value holds (control characters, line and direction marks become U+FFFD); bounded: values beyond
 *  {@link LONGEST_VALUE} characters and lines beyond the limit are cut, and say so. Does not: tell binary values. */
import type { DataSet, Element } from './data-set.ts'
import { keywordOf } from './dictionary.ts'

const LONGEST_VALUE = 200
/** As log.ts has it, but for half surrogate pairs. */
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** @param mostLines  the last one says that there is more */
export function dumpOf(dataSet: DataSet, mostLines = 20_000): string {
  const lines: string[] = []
  for (const line of linesOf(dataSet, '')) {
    if (lines.length >= mostLines) {
      lines.push('…')
      break
    }
    lines.push(line)
  }
  return lines.join('\n')
}

function* linesOf(dataSet: DataSet, indent: string): Generator<string> {
  for (const element of dataSet.elements.values()) {
    yield `${indent}${headOf(element)}${element.items === undefined ? `  ${textIn(dataSet, element)}` : `  ${element.items.length} items`}`
    for (const [at, item] of (element.items ?? []).entries()) {
      yield `${indent}  item ${at + 1}`
      yield* linesOf(item, `${indent}    `)
    }
  }
}

function headOf({ tag, vr }: Element): string {
  const hex = tag.toString(16).toUpperCase().padStart(8, '0')
  return `(${hex.slice(0, 4)},${hex.slice(4)}) ${vr} ${keywordOf(tag) ?? ''}`.trimEnd()
}

function textIn(dataSet: DataSet, { tag, value }: Element): string {
  const text = dataSet.text(tag)
  if (text === undefined) return value.length === 0 ? '' : `${value.length} bytes`
  const shown = text.replace(UNSAFE, '\ufffd')
  return shown.length > LONGEST_VALUE ? `${shown.slice(0, LONGEST_VALUE)}…` : shown
}
