/** One element or item header (PS3.5 7.1, 7.5), read into an object that is used again and again: the one place that decides how
 *  odd headers are taken, for the reader of whole data sets and for the walker of arriving ones.
 *
 *  Odd VRs (PS3.5 7.1.2) under explicit VR:
 *  - two capitals that are no VR we know: a VR of a later edition, 32-bit length where the reserved bytes are zero, else 16-bit;
 *  - small letters of a known VR ("ui"): that VR;
 *  - other printable characters ("??", "  ") and two zero bytes: UN with a 16-bit length, as senders with this fault write it;
 *  - anything else is no VR: see {@link ElementHeader.form} NONE.
 *  What follows an element whose VR was guessed must come in ascending order, else the guess is taken as wrong (the callers check). */

export const UNDEFINED_LENGTH = 0xffffffff
export const ITEM = 0xfffee000
export const ITEM_DELIMITATION = 0xfffee00d
export const SEQUENCE_DELIMITATION = 0xfffee0dd

/** How an explicit header is laid out and what its value may be. */
export const FORM = { NONE: 0, SHORT: 1, LONG: 2, SEQUENCE: 3, UNKNOWN: 4, BYTES: 5, LATER: 6, GUESSED: 7 } as const

const SHORT_VRS = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'
const LONG_VRS = 'OD OF OL OV SV UC UR UT UV'
/** OB and OW may have undefined length: fragments (PS3.5 A.4). */
const BYTES_VRS = 'OB OW'

/** Form by the two bytes of the VR. */
const FORMS = formTable()

function formTable(): Uint8Array {
  const forms = new Uint8Array(0x10000)
  for (let first = 0x20; first < 0x7f; first++) {
    for (let second = 0x20; second < 0x7f; second++)
      forms[first * 256 + second] = isCapital(first) && isCapital(second) ? FORM.LATER : FORM.GUESSED
  }
  forms[0] = FORM.GUESSED
  set(forms, SHORT_VRS, FORM.SHORT)
  set(forms, LONG_VRS, FORM.LONG)
  set(forms, BYTES_VRS, FORM.BYTES)
  set(forms, 'SQ', FORM.SEQUENCE)
  set(forms, 'UN', FORM.UNKNOWN)
  return forms
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

/** Capitals and small letters alike. */
function set(forms: Uint8Array, vrs: string, form: number): void {
  for (const vr of vrs.split(' ')) {
    forms[vr.charCodeAt(0) * 256 + vr.charCodeAt(1)] = form
    forms[vr.toLowerCase().charCodeAt(0) * 256 + vr.toLowerCase().charCodeAt(1)] = form
  }
}

export class ElementHeader {
  tag = 0
  /** One of {@link FORM}; NONE for implicit VR, for items and delimiters, and for bytes that are no VR (see {@link isBroken}). */
  form: number = FORM.NONE
  /** The two bytes of the VR, 0 for implicit VR and items. */
  vrCode = 0
  /** Length of the value in bytes, or {@link UNDEFINED_LENGTH}. */
  length = 0
  /** Explicit VR, but the bytes where the VR should stand cannot be one. */
  isBroken = false
  /** The VR is not one of the standard and its layout was guessed. */
  isGuessed = false

  /** @param end  exclusive end of the bytes that may be read
   *  @returns length of the header in bytes, or 0 where more bytes are needed to tell */
  read(bytes: Buffer, offset: number, end: number, explicit: boolean, littleEndian: boolean): number {
    if (offset + 8 > end) return 0
    const group = littleEndian ? bytes[offset]! | (bytes[offset + 1]! << 8) : (bytes[offset]! << 8) | bytes[offset + 1]!
    const element = littleEndian ? bytes[offset + 2]! | (bytes[offset + 3]! << 8) : (bytes[offset + 2]! << 8) | bytes[offset + 3]!
    this.tag = group * 0x10000 + element
    this.isBroken = false
    this.isGuessed = false
    this.vrCode = 0
    this.form = FORM.NONE
    if (explicit && group !== 0xfffe) return this.#readExplicit(bytes, offset, end, littleEndian)
    this.length = length32(bytes, offset + 4, littleEndian)
    return 8
  }

  /** VR in capitals; UN where it was guessed; '' for implicit VR and items. */
  get vr(): string {
    if (this.form === FORM.NONE) return ''
    return this.form === FORM.GUESSED ? 'UN' : String.fromCharCode((this.vrCode >> 8) & 0xdf, this.vrCode & 0xdf)
  }

  #readExplicit(bytes: Buffer, offset: number, end: number, littleEndian: boolean): number {
    this.vrCode = bytes[offset + 4]! * 256 + bytes[offset + 5]!
    this.form = FORMS[this.vrCode]!
    if (this.form === FORM.NONE) {
      this.isBroken = true
      return 8
    }
    if (this.form === FORM.LATER || this.form === FORM.GUESSED || bytes[offset + 4]! > 0x5a) this.isGuessed = true
    if (this.form === FORM.LATER && (bytes[offset + 6] !== 0 || bytes[offset + 7] !== 0)) this.form = FORM.GUESSED
    if (this.form === FORM.SHORT || this.form === FORM.GUESSED) {
      this.length = littleEndian ? bytes[offset + 6]! | (bytes[offset + 7]! << 8) : (bytes[offset + 6]! << 8) | bytes[offset + 7]!
      return 8
    }
    if (offset + 12 > end) return 0
    this.length = length32(bytes, offset + 8, littleEndian)
    return 12
  }
}

function length32(bytes: Buffer, offset: number, littleEndian: boolean): number {
  return littleEndian ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset)
}

/** Why the header of a data set's first element shows that its bytes are not of the transfer syntax that they came under; undefined
 *  where they may be. Data sets begin in group 0008, seen as 0800 in the wrong byte order; implicit VR bytes have a length where
 *  explicit ones have letters; and a first element under implicit VR whose length is spelt like a VR is an explicit one. */
export function foreignEncoding(header: ElementHeader, explicit: boolean, littleEndian: boolean): string | undefined {
  if (header.tag >>> 16 === 0x0800) return littleEndian ? 'big endian bytes under little endian' : 'little endian bytes under big endian'
  if (explicit) return header.isBroken ? 'implicit VR bytes under explicit VR' : undefined
  const form = FORMS[(header.length & 0xff) * 256 + ((header.length >>> 8) & 0xff)]!
  const isVr = form !== FORM.NONE && form !== FORM.GUESSED && form !== FORM.LATER
  return isVr && header.tag < 0x7fe00000 ? 'explicit VR bytes under implicit VR' : undefined
}
