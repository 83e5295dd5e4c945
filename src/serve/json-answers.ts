/** Answers of a search as DICOM JSON (PS3.18 F.2), written element by element as find-answers.ts works them out.
 *
 *  Promises: the text of one object for each answer; binary values stand in it in base64 (PS3.18 F.2.7). */
import { jsonOfText, toDicomJson } from '../dicom/dicom-json.ts'
import { tagText } from '../dicom/dictionary.ts'
import { readDataSet } from '../dicom/element-reader.ts'
import { ElementWriter } from '../dicom/element-writer.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts'
import { isText, numberBytes } from '../dicom/value-representations.ts'
import type { AnswerSink } from './find-answers.ts'

const SPECIFIC_CHARACTER_SET = 0x00080005
/** DICOM JSON is Unicode, and says so where it says anything (PS3.18 F.2.2). */
export const JSON_CHARACTER_SET = 'ISO_IR 192'

export class JsonAnswers implements AnswerSink<string> {
  #members: string[] = []

  element(tag: number, vr: string, value: string | undefined): void {
    this.#members.push(`"${tagText(tag)}":${JSON.stringify(jsonOfText(vr, value))}`)
  }

  /** Rare: sequences that are not empty, and binary values. */
  written(write: (writer: ElementWriter) => void): void {
    const writer = new ElementWriter({ explicit: true })
    writer.element(SPECIFIC_CHARACTER_SET, 'CS', JSON_CHARACTER_SET)
    write(writer)
    const dataSet = readDataSet(writer.finish(), EXPLICIT_VR_LITTLE_ENDIAN)
    const item = toDicomJson(dataSet)
    for (const { tag, vr, value } of dataSet.elements.values()) {
      if (tag === SPECIFIC_CHARACTER_SET) continue
      const isBinary = vr !== 'SQ' && !isText(vr) && numberBytes(vr) === undefined
      const json = isBinary ? { vr, ...(value.length > 0 && { InlineBinary: value.toString('base64') }) } : item[tagText(tag)]
      if (json !== undefined) this.#members.push(`"${tagText(tag)}":${JSON.stringify(json)}`)
    }
  }

  finish(): string {
    const text = `{${this.#members.join(',')}}`
    this.#members = []
    return text
  }
}
