/** Coded concepts (PS3.3 8, Code Sequence Macro), read from what the catalog keeps and written again. One that lacks value, scheme or
 *  meaning is left out. Long and URN code values (0008,0119), (0008,0120) are not taken over. */
import type { ElementWriter } from '../dicom/element-writer.ts'
import { fitValue } from './fit-value.ts'
import { type JsonItem, storedItems, textIn } from './stored-items.ts'

export interface Code {
  readonly value: string
  readonly scheme: string
  readonly meaning: string
}

/** @param json  items of a code sequence, as the catalog keeps them */
export function storedCodes(json: string | undefined): readonly Code[] {
  return codesFrom(storedItems(json))
}

export function codesFrom(items: readonly JsonItem[]): readonly Code[] {
  return items.map(codeFrom).filter((code) => code !== undefined)
}

function codeFrom(item: JsonItem): Code | undefined {
  const value = fitValue('SH', textIn(item, 0x00080100), 'identifier')
  const scheme = fitValue('SH', textIn(item, 0x00080102), 'identifier')
  const meaning = fitValue('LO', textIn(item, 0x00080104))
  return value === undefined || scheme === undefined || meaning === undefined ? undefined : { value, scheme, meaning }
}

export function writeCode(item: ElementWriter, code: Code): void {
  item.element(0x00080100, 'SH', code.value)
  item.element(0x00080102, 'SH', code.scheme)
  item.element(0x00080104, 'LO', code.meaning)
}
