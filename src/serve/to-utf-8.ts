/** A data set with all of its text in ISO_IR 192, as a stream, in the transfer syntax that it has (PS3.5 6.1, PS3.3 C.12.1.1.2): for values that its
 *  own Specific Character Set cannot express. A data set has one character set, so that every text of it goes along.
 *
 *  Promises: text elements of every depth, in private elements and under UN where the dictionary knows them too, say the same as before; Specific
 *  Character Set (0008,0005) says ISO_IR 192 at the top and nowhere anything else; everything else keeps its value, pixel data its bytes. Odd
 *  values of what is written anew get their padding, group lengths are left out (PS3.5 7.2). Memory is bounded by {@link LARGEST_SEQUENCE}.
 *  Does not: know the text inside of private UN elements; their bytes stay. Deflated data sets come inflated.
 *  Errors: NodeError UNREADABLE, and what the source throws. */
import { Readable } from 'node:stream'
import { decoderFor } from '../dicom/character-set.ts'
import { vrOf } from '../dicom/dictionary.ts'
import { UNDEFINED_LENGTH } from '../dicom/element-header.ts'
import { usesCharacterSet } from '../dicom/value-representations.ts'
import { ElementCopier } from './element-copier.ts'
import type { Encoding } from './element-output.ts'
import { ElementStream, type StreamedElement } from './element-stream.ts'
import { PIXEL_DATA, SPECIFIC_CHARACTER_SET } from './element-vr.ts'
import { FLUSH_FROM, LARGEST_SEQUENCE, STREAMED_FROM } from './reencode.ts'

const UTF_8 = 'ISO_IR 192'

/** @param open  the data set as stored, not deflated */
export function toUtf8(open: () => Readable, encoding: Encoding): () => Readable {
  return () => Readable.from(recoded(open(), encoding), { objectMode: false })
}

async function* recoded(source: Readable, encoding: Encoding): AsyncGenerator<Buffer> {
  const elements = new ElementStream(source, encoding)
  const copier = new ElementCopier(encoding, encoding, true, recode)
  const { output } = copier
  let isDeclared = false
  try {
    for (let element = await elements.next(); element !== undefined; element = await elements.next()) {
      const { tag } = element.header
      if (!isDeclared && tag > SPECIFIC_CHARACTER_SET) output.element(SPECIFIC_CHARACTER_SET, 'CS', Buffer.from(UTF_8), 1)
      isDeclared ||= tag >= SPECIFIC_CHARACTER_SET
      if (isPassed(element, copier)) {
        output.bytes(element.headerBytes)
        yield output.take()
        yield* elements.content(element)
        output.bytes(elements.delimiter(element))
      } else copier.copy(await elements.whole(element, LARGEST_SEQUENCE), 0)
      if (output.length >= FLUSH_FROM) yield output.take()
    }
    if (!isDeclared) output.element(SPECIFIC_CHARACTER_SET, 'CS', Buffer.from(UTF_8), 1)
    yield output.take()
    yield* elements.rest()
  } finally {
    await elements.close()
  }
}

/** Pixel data, and large values that are no text and hold none. */
function isPassed({ header }: StreamedElement, copier: ElementCopier): boolean {
  if (header.tag === PIXEL_DATA) return true
  if (header.length === UNDEFINED_LENGTH || header.length < STREAMED_FROM) return false
  const vr = textVrOf(header.tag, copier.vrFor(header))
  return vr !== 'SQ' && vr !== 'UN' && !usesCharacterSet(vr)
}

function recode(tag: number, vr: string, value: Buffer, characterSet: string | undefined): Buffer {
  if (tag === SPECIFIC_CHARACTER_SET) return Buffer.from(UTF_8)
  const textVr = textVrOf(tag, vr)
  return usesCharacterSet(textVr) ? Buffer.from(decoderFor(characterSet)(value, textVr), 'utf8') : value
}

const textVrOf = (tag: number, vr: string): string => (vr === 'UN' ? (vrOf(tag) ?? 'UN') : vr)
