/** A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3, Annex D; PS3.7 D.3.3), read strictly and written by us.
 *
 *  The library's own codec skips the protocol version, the application context and lengths that run past their item, reads
 *  no SOP class extended negotiation, and announces the smaller of both sides' maximum lengths; hence this one.
 *  Promises: every length is checked against what encloses it; unknown items are skipped (PS3.8 9.3.1).
 *  Throws ProtocolError where a PDU is malformed. Judging what is asked is negotiation.ts's work. */

import { trimEnd } from '../dicom/value-representations.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'

export interface ProposedContext {
  readonly id: number
  readonly abstractSyntaxes: readonly string[]
  readonly transferSyntaxes: readonly string[]
}

/** SCP/SCU Role Selection (PS3.7 D.3.3.4). */
export interface RoleSelection {
  readonly sopClassUid: string
  readonly scu: boolean
  readonly scp: boolean
}

/** SOP Class Extended Negotiation (PS3.7 D.3.3.5). */
export interface ExtendedNegotiation {
  readonly sopClassUid: string
  readonly information: Buffer
}

export interface UserInformation {
  readonly maxPduLength?: number
  readonly implementationClassUid?: string
  readonly implementationVersionName?: string
  /** Asynchronous operations window: [invoked, performed]. */
  readonly asyncWindow?: readonly [number, number]
  readonly roles: readonly RoleSelection[]
  readonly extended: readonly ExtendedNegotiation[]
}

export interface AssociateRq {
  readonly protocolVersion: number
  /** 16 characters as sent. */
  readonly calledAeTitle: string
  readonly callingAeTitle: string
  readonly applicationContexts: readonly string[]
  readonly contexts: readonly ProposedContext[]
  readonly user: UserInformation
}

/** One answered context: result 0 acceptance, 1 user rejection, 3 abstract syntax, 4 transfer syntaxes not supported (Table 9-18). */
export interface AnsweredContext {
  readonly id: number
  readonly result: number
  readonly transferSyntax: string
}

export interface AssociateAc {
  readonly calledAeTitle: string
  readonly callingAeTitle: string
  readonly contexts: readonly AnsweredContext[]
  readonly user: UserInformation
}

const FIXED_BYTES = 68
export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1'

interface Item {
  readonly type: number
  readonly value: Buffer
}

/** Items (type, reserved, 16-bit length) that fill `bytes` exactly. */
function* items(bytes: Buffer, within: string): Generator<Item> {
  let at = 0
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw malformed(`${bytes.length - at} stray bytes in ${within}`)
    const length = bytes.readUInt16BE(at + 2)
    if (at + 4 + length > bytes.length) throw malformed(`item ${hex(bytes[at]!)} runs past the end of ${within}`)
    yield { type: bytes[at]!, value: bytes.subarray(at + 4, at + 4 + length) }
    at += 4 + length
  }
}

/** @param body the PDU without its six header bytes */
export function decodeAssociateRq(body: Buffer): AssociateRq {
  if (body.length < FIXED_BYTES) throw malformed(`A-ASSOCIATE-RQ of ${body.length} bytes`)
  const applicationContexts: string[] = []
  const contexts: ProposedContext[] = []
  let user: UserInformation = { roles: [], extended: [] }
  for (const item of items(body.subarray(FIXED_BYTES), 'A-ASSOCIATE-RQ')) {
    if (item.type === 0x10) applicationContexts.push(uidText(item.value))
    else if (item.type === 0x20) contexts.push(proposedContext(item.value))
    else if (item.type === 0x50) user = userInformation(item.value)
  }
  return {
    protocolVersion: body.readUInt16BE(0),
    calledAeTitle: body.toString('latin1', 4, 20),
    callingAeTitle: body.toString('latin1', 20, 36),
    applicationContexts,
    contexts,
    user,
  }
}

function proposedContext(value: Buffer): ProposedContext {
  if (value.length < 4) throw malformed('presentation context item too short')
  const abstractSyntaxes: string[] = []
  const transferSyntaxes: string[] = []
  for (const item of items(value.subarray(4), 'a presentation context item')) {
    if (item.type === 0x30) abstractSyntaxes.push(uidText(item.value))
    else if (item.type === 0x40) transferSyntaxes.push(uidText(item.value))
  }
  return { id: value[0]!, abstractSyntaxes, transferSyntaxes }
}

/** @param body the PDU without its six header bytes */
export function decodeAssociateAc(body: Buffer): AssociateAc {
  if (body.length < FIXED_BYTES) throw malformed(`A-ASSOCIATE-AC of ${body.length} bytes`)
  const contexts: AnsweredContext[] = []
  let user: UserInformation = { roles: [], extended: [] }
  for (const item of items(body.subarray(FIXED_BYTES), 'A-ASSOCIATE-AC')) {
    if (item.type === 0x21) contexts.push(answeredContext(item.value))
    else if (item.type === 0x50) user = userInformation(item.value)
  }
  return { calledAeTitle: body.toString('latin1', 4, 20), callingAeTitle: body.toString('latin1', 20, 36), contexts, user }
}

function answeredContext(value: Buffer): AnsweredContext {
  if (value.length < 4) throw malformed('presentation context item too short')
  let transferSyntax = ''
  // The transfer syntax of a context that is not accepted is not significant and not tested (PS3.8 9.3.3.2).
  if (value[2] === 0) {
    for (const item of items(value.subarray(4), 'a presentation context item')) if (item.type === 0x40) transferSyntax = uidText(item.value)
  }
  return { id: value[0]!, result: value[2]!, transferSyntax }
}

function userInformation(value: Buffer): UserInformation {
  const roles: RoleSelection[] = []
  const extended: ExtendedNegotiation[] = []
  const user: { -readonly [K in keyof UserInformation]: UserInformation[K] } = { roles, extended }
  for (const item of items(value, 'the user information item')) {
    if (item.type === 0x51 && item.value.length === 4) user.maxPduLength = item.value.readUInt32BE(0)
    else if (item.type === 0x52) user.implementationClassUid = uidText(item.value)
    else if (item.type === 0x53 && item.value.length === 4) user.asyncWindow = [item.value.readUInt16BE(0), item.value.readUInt16BE(2)]
    else if (item.type === 0x54) pushDefined(roles, roleSelection(item.value))
    else if (item.type === 0x55) user.implementationVersionName = item.value.toString('latin1').trim()
    else if (item.type === 0x56) pushDefined(extended, extendedNegotiation(item.value))
  }
  return user
}

/** A sub-item whose inner UID length lies is ignored as a whole: it asks for nothing that we could answer. */
function roleSelection(value: Buffer): RoleSelection | undefined {
  const length = value.length >= 2 ? value.readUInt16BE(0) : Number.POSITIVE_INFINITY
  if (value.length !== length + 4) return undefined
  return { sopClassUid: uidText(value.subarray(2, 2 + length)), scu: value[2 + length] === 1, scp: value[3 + length] === 1 }
}

function extendedNegotiation(value: Buffer): ExtendedNegotiation | undefined {
  const length = value.length >= 2 ? value.readUInt16BE(0) : Number.POSITIVE_INFINITY
  if (value.length < length + 2) return undefined
  return { sopClassUid: uidText(value.subarray(2, 2 + length)), information: value.subarray(2 + length) }
}

function pushDefined<T>(list: T[], value: T | undefined): void {
  if (value !== undefined) list.push(value)
}

/** UIDs are not padded here (PS3.8 Annex F); a trailing NUL or space is a common mistake and tolerated. */
function uidText(value: Buffer): string {
  return trimEnd(value.toString('latin1'))
}

function malformed(text: string): ProtocolError {
  return new ProtocolError(ABORT.INVALID_PARAMETER, text)
}

function hex(byte: number): string {
  return `${byte.toString(16).padStart(2, '0')}H`
}

// --- writing

const text = (value: string): Buffer => Buffer.from(value, 'latin1')

function item(type: number, ...values: Buffer[]): Buffer {
  const length = values.reduce((sum, value) => sum + value.length, 0)
  return Buffer.concat([Buffer.from([type, 0, length >>> 8, length & 0xff]), ...values])
}

function prefixed(uid: string): Buffer {
  return Buffer.concat([Buffer.from([uid.length >>> 8, uid.length & 0xff]), text(uid)])
}

function userItem(user: UserInformation): Buffer {
  const parts: Buffer[] = []
  if (user.maxPduLength !== undefined) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(user.maxPduLength)
    parts.push(item(0x51, length))
  }
  if (user.implementationClassUid !== undefined) parts.push(item(0x52, text(user.implementationClassUid)))
  if (user.asyncWindow !== undefined) {
    const [invoked, performed] = user.asyncWindow
    parts.push(item(0x53, Buffer.from([invoked >>> 8, invoked & 0xff, performed >>> 8, performed & 0xff])))
  }
  for (const role of user.roles) parts.push(item(0x54, prefixed(role.sopClassUid), Buffer.from([role.scu ? 1 : 0, role.scp ? 1 : 0])))
  if (user.implementationVersionName !== undefined) parts.push(item(0x55, text(user.implementationVersionName)))
  for (const one of user.extended) parts.push(item(0x56, prefixed(one.sopClassUid), one.information))
  return item(0x50, ...parts)
}

function associatePdu(type: number, called: string, calling: string, body: Buffer[]): Buffer {
  const fixed = Buffer.alloc(6 + FIXED_BYTES)
  fixed[0] = type
  fixed.writeUInt16BE(1, 6)
  fixed.write(called.padEnd(16).slice(0, 16), 10, 'latin1')
  fixed.write(calling.padEnd(16).slice(0, 16), 26, 'latin1')
  const pdu = Buffer.concat([fixed, item(0x10, text(APPLICATION_CONTEXT)), ...body])
  pdu.writeUInt32BE(pdu.length - 6, 2)
  return pdu
}

/** The whole PDU, header included. Called and calling AE titles are sent back as they came (PS3.8 9.3.3). */
export function encodeAssociateAc(ac: AssociateAc): Buffer {
  const contexts = ac.contexts.map((one) => item(0x21, Buffer.from([one.id, 0, one.result, 0]), item(0x40, text(one.transferSyntax))))
  return associatePdu(0x02, ac.calledAeTitle, ac.callingAeTitle, [...contexts, userItem(ac.user)])
}

/** The whole PDU, header included. */
export function encodeAssociateRq(rq: {
  calledAeTitle: string
  callingAeTitle: string
  contexts: readonly ProposedContext[]
  user: UserInformation
}): Buffer {
  const contexts = rq.contexts.map((one) =>
    item(
      0x20,
      Buffer.from([one.id, 0, 0, 0]),
      ...one.abstractSyntaxes.map((uid) => item(0x30, text(uid))),
      ...one.transferSyntaxes.map((uid) => item(0x40, text(uid))),
    ),
  )
  return associatePdu(0x01, rq.calledAeTitle, rq.callingAeTitle, [...contexts, userItem(rq.user)])
}
