/** Sequences as the catalog keeps them (dicom/dicom-json.ts), looked up by tag. Tags as numbers, 0xggggeeee. */
import { type JsonItem, parseJsonItems } from '../dicom/dicom-json.ts'
import { tagText } from '../dicom/dictionary.ts'

export { jsonElementText as textIn } from '../dicom/dicom-json.ts'
export type { JsonItem }

/** @throws SyntaxError, TypeError where the catalog is damaged */
export function storedItems(json: string | undefined): readonly JsonItem[] {
  return json === undefined || json === '' ? [] : parseJsonItems(json)
}

/** The items of a nested sequence; none where absent. */
export function nestedItems(item: JsonItem, tag: number): readonly JsonItem[] {
  const element = item[tagText(tag)]
  return element?.vr === 'SQ' ? ((element.Value ?? []) as readonly JsonItem[]) : []
}
