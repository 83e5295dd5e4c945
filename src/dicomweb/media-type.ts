/** One media type with its parameters, as in Content-Type (RFC 9110 8.3.1): `multipart/related; type="application/dicom"; boundary=x`. */

export const DICOM = 'application/dicom'
export const DICOM_JSON = 'application/dicom+json'

export interface MediaType {
  /** Lower case, without parameters. */
  readonly type: string
  /** Names in lower case; values as they are, quotes taken off. Of a name that occurs twice the first counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/** What no header that means well is longer than. */
const LONGEST = 4096
const PARAMETER = /;[ \t]*([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/gy

/** @returns undefined where the text is no media type */
export function parseMediaType(text: string | undefined): MediaType | undefined {
  if (text === undefined || text.length > LONGEST) return undefined
  const type = /^[ \t]*([^\s;/"]+\/[^\s;/"]+)[ \t]*/.exec(text)
  if (type === null) return undefined
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = type[0].length
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    const name = found[1]!.toLowerCase()
    const value = found[2] === undefined ? found[3]!.trim() : found[2].replace(/\\(.)/g, '$1')
    if (!parameters.has(name)) parameters.set(name, value)
    PARAMETER.lastIndex += /^[ \t]*/.exec(text.slice(PARAMETER.lastIndex))![0].length
  }
  return { type: type[1]!.toLowerCase(), parameters }
}
