/** Reads the sequences that the catalog keeps as DICOM JSON (PS3.18 F): plain look-ups by tag, tolerant of anything missing. */

/** One sequence item: attributes by tag, eight hexadecimal digits in capitals. */
export type JsonItem = Readonly<Record<string, unknown>>

/** @param json  an array of items; anything else gives none */
export function parseItems(json: string | undefined): readonly JsonItem[] {
  if (json === undefined || json === '') return []
  try {
    return itemsIn(JSON.parse(json))
  } catch {
    return []
  }
}

/** All values of a text attribute joined by a backslash; undefined where absent or empty. */
export function textIn(item: JsonItem, tag: string): string | undefined {
  const text = valuesIn(item, tag).map(valueText).join('\\')
  return text === '' ? undefined : text
}

/** The items of a nested sequence. */
export function nestedItems(item: JsonItem, tag: string): readonly JsonItem[] {
  return itemsIn(valuesIn(item, tag))
}

function valuesIn(item: JsonItem, tag: string): readonly unknown[] {
  const attribute = item[tag]
  const values = isItem(attribute) ? attribute.Value : undefined
  return Array.isArray(values) ? values : []
}

/** PS3.18 F.2.2: text and numbers as they are, a person name as its component groups. */
function valueText(value: unknown): string {
  if (isItem(value)) {
    return [value.Alphabetic, value.Ideographic, value.Phonetic]
      .map((group) => group ?? '')
      .join('=')
      .replace(/=+$/, '')
  }
  return value === null || value === undefined ? '' : String(value).trim()
}

function itemsIn(value: unknown): readonly JsonItem[] {
  return Array.isArray(value) ? value.filter(isItem) : []
}

function isItem(value: unknown): value is JsonItem {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
