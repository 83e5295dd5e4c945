/** PDUs byte by byte (PS3.8 9.3), for tests that need to get them wrong.
 *
 *  Independent of src/dimse: what that reads and writes is checked against this. Every field can be overridden, no field is checked.
 *  Does not: hold a socket (raw-peer.ts) or know DIMSE (raw-command.ts). */

export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1'
export const VERIFICATION = '1.2.840.10008.1.1'
export const STUDY_FIND = '1.2.840.10008.5.1.4.1.2.2.1'
export const STUDY_MOVE = '1.2.840.10008.5.1.4.1.2.2.2'
export const STUDY_GET = '1.2.840.10008.5.1.4.1.2.2.3'
export const CT = '1.2.840.10008.5.1.4.1.1.2'
export const IMPLICIT = '1.2.840.10008.1.2'
export const EXPLICIT = '1.2.840.10008.1.2.1'
export const DEFLATED = '1.2.840.10008.1.2.1.99'
export const BIG_ENDIAN = '1.2.840.10008.1.2.2'
export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'

export const PDU_TYPE = { request: 1, accept: 2, reject: 3, data: 4, releaseRequest: 5, releaseReply: 6, abort: 7 } as const

/** @param length what the header claims; the real length by default */
export function pdu(type: number, body: Buffer, length = body.length, reserved = 0): Buffer {
  const header = Buffer.alloc(6)
  header[0] = type
  header[1] = reserved
  header.writeUInt32BE(length >>> 0, 2)
  return Buffer.concat([header, body])
}

/** An item or sub-item: type, reserved byte, 16-bit length. */
export function item(type: number, body: Buffer | string, length?: number, reserved = 0): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const header = Buffer.alloc(4)
  header[0] = type
  header[1] = reserved
  header.writeUInt16BE((length ?? bytes.length) & 0xffff, 2)
  return Buffer.concat([header, bytes])
}

export interface ProposedContext {
  readonly id: number
  /** One abstract syntax, or as many as wanted. */
  readonly abstractSyntax: string | readonly string[]
  readonly transferSyntaxes: readonly string[]
}

export function contextItem({ id, abstractSyntax, transferSyntaxes }: ProposedContext, reserved = 0): Buffer {
  const abstract = typeof abstractSyntax === 'string' ? [abstractSyntax] : abstractSyntax
  return item(
    0x20,
    Buffer.concat([
      Buffer.from([id, reserved, reserved, reserved]),
      ...abstract.map((uid) => item(0x30, uid, undefined, reserved)),
      ...transferSyntaxes.map((uid) => item(0x40, uid, undefined, reserved)),
    ]),
    undefined,
    reserved,
  )
}

export function maximumLength(bytes: number): Buffer {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(bytes >>> 0)
  return item(0x51, value)
}

/** SCP/SCU role selection, PS3.7 D.3.3.4. @param uidLength what the sub-item claims */
export function roleSelection(uid: string, scu: number, scp: number, uidLength = uid.length): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(uidLength & 0xffff)
  return item(0x54, Buffer.concat([length, Buffer.from(uid, 'latin1'), Buffer.from([scu, scp])]))
}

export interface RequestFields {
  readonly protocolVersion?: number
  /** Padded with spaces to 16; a Buffer goes as it is. */
  readonly called?: string | Buffer
  readonly calling?: string | Buffer
  /** The application context items, none or several. */
  readonly applicationContexts?: readonly string[]
  readonly contexts?: readonly ProposedContext[]
  /** Ready-made items after the contexts. */
  readonly moreItems?: readonly Buffer[]
  /** Maximum Length of the user information; null leaves the sub-item out. */
  readonly maxLength?: number | null
  /** null leaves the sub-item out. */
  readonly implementationClassUid?: string | null
  /** Ready-made user information sub-items, after the two above. */
  readonly userItems?: readonly Buffer[]
  /** false leaves the user information item out. */
  readonly userInformation?: boolean
  /** Fills every reserved byte. */
  readonly reserved?: number
  /** What the PDU header claims. */
  readonly length?: number
}

const aeField = (title: string | Buffer) => (typeof title === 'string' ? Buffer.from(title.padEnd(16, ' '), 'latin1') : title)

export const VERIFICATION_CONTEXT: ProposedContext = { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }

/** A-ASSOCIATE-RQ (PS3.8 9.3.2), a good one where nothing is overridden. */
export function associateRequest(fields: RequestFields = {}): Buffer {
  const reserved = fields.reserved ?? 0
  const fixed = Buffer.alloc(68, reserved)
  fixed.writeUInt16BE(fields.protocolVersion ?? 1, 0)
  aeField(fields.called ?? 'ARIANE').copy(fixed, 4, 0, 16)
  aeField(fields.calling ?? 'RAWPEER').copy(fixed, 20, 0, 16)
  const user: Buffer[] = []
  if (fields.maxLength !== null) user.push(maximumLength(fields.maxLength ?? 16384))
  if (fields.implementationClassUid !== null) user.push(item(0x52, fields.implementationClassUid ?? '1.2.826.0.1.3680043.9.9999'))
  user.push(...(fields.userItems ?? []))
  const items = [
    ...(fields.applicationContexts ?? [APPLICATION_CONTEXT]).map((uid) => item(0x10, uid, undefined, reserved)),
    ...(fields.contexts ?? [VERIFICATION_CONTEXT]).map((context) => contextItem(context, reserved)),
    ...(fields.moreItems ?? []),
    ...(fields.userInformation === false ? [] : [item(0x50, Buffer.concat(user), undefined, reserved)]),
  ]
  return pdu(PDU_TYPE.request, Buffer.concat([fixed, ...items]), fields.length, reserved)
}

/** One presentation data value: length, context, message control header (1 command, 2 last), bytes. @param length what it claims */
export function pdv(contextId: number, control: number, bytes: Buffer, length = bytes.length + 2): Buffer {
  const header = Buffer.alloc(6)
  header.writeUInt32BE(length >>> 0)
  header[4] = contextId
  header[5] = control
  return Buffer.concat([header, bytes])
}

export const pData = (...pdvs: Buffer[]) => pdu(PDU_TYPE.data, Buffer.concat(pdvs))
export const releaseRequest = (reserved = 0) => pdu(PDU_TYPE.releaseRequest, Buffer.alloc(4, reserved), 4, reserved)
export const releaseReply = () => pdu(PDU_TYPE.releaseReply, Buffer.alloc(4))
export const abort = (source = 0, reason = 0) => pdu(PDU_TYPE.abort, Buffer.from([0, 0, source, reason]))

/** A message cut into P-DATA-TF PDUs, one value each. @param fragment bytes of message per value */
export function pDataFragments(contextId: number, isCommand: boolean, bytes: Buffer, fragment = 16000): Buffer {
  const parts: Buffer[] = []
  let at = 0
  do {
    const end = Math.min(at + fragment, bytes.length)
    parts.push(pData(pdv(contextId, (isCommand ? 1 : 0) | (end === bytes.length ? 2 : 0), bytes.subarray(at, end))))
    at = end
  } while (at < bytes.length)
  return Buffer.concat(parts)
}

/** What an A-ASSOCIATE-AC says. */
export interface Acceptance {
  readonly contexts: ReadonlyMap<number, { readonly result: number; readonly transferSyntax: string }>
  /** Context ids in the order and number in which they were answered. */
  readonly answered: readonly number[]
  readonly maxLength: number | undefined
  /** User information sub-items by type. */
  readonly userItems: ReadonlyMap<number, readonly Buffer[]>
}

/** Cuts a run of items; stops where one claims more than there is. */
export function readItems(bytes: Buffer): { type: number; body: Buffer }[] {
  const found: { type: number; body: Buffer }[] = []
  let at = 0
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) break
    found.push({ type: bytes[at]!, body: bytes.subarray(at + 4, end) })
    at = end
  }
  return found
}

export function readAcceptance(body: Buffer): Acceptance {
  const contexts = new Map<number, { result: number; transferSyntax: string }>()
  const answered: number[] = []
  const userItems = new Map<number, Buffer[]>()
  for (const { type, body: bytes } of readItems(body.subarray(68))) {
    if (type === 0x21) {
      const syntax = readItems(bytes.subarray(4)).find((sub) => sub.type === 0x40)
      answered.push(bytes[0]!)
      contexts.set(bytes[0]!, { result: bytes[2]!, transferSyntax: syntax?.body.toString('latin1') ?? '' })
    }
    if (type === 0x50) {
      for (const sub of readItems(bytes)) userItems.set(sub.type, [...(userItems.get(sub.type) ?? []), sub.body])
    }
  }
  return { contexts, answered, maxLength: userItems.get(0x51)?.[0]?.readUInt32BE(0), userItems }
}
