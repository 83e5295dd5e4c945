/** Answers an A-ASSOCIATE-RQ (PS3.8 7.1.1, 9.3.3; PS3.7 D.3.3): which contexts, which transfer syntax, which roles.
 *
 *  Storage: any transfer syntax that we can keep as it is, in the requestor's order, save that Explicit VR Little Endian goes before
 *  Implicit where both are offered, and that a peer can have its own order. Where the requestor will be the SCP (C-GET), what we hold has to
 *  be sent in the syntax chosen now: Little Endian goes first, because nearly everything can be turned into it and nothing the other way,
 *  unless what it would rather have cannot be decoded here (video). Everything else: Explicit or Implicit VR Little Endian.
 *  Does not: know peers or settings; {@link NegotiationPolicy} is handed in. */
import { parseAeTitle } from '../dicom/ae-title.ts'
import type { AssociateRq, ExtendedNegotiation, ProposedContext, RoleSelection } from './associate-pdu.ts'
import { APPLICATION_CONTEXT } from './associate-pdu.ts'
import type { AcceptedContext, AssociationRequest, Rejection } from './contract.ts'
import { ABORT, ProtocolError } from './protocol-error.ts'

const IMPLICIT_LE = '1.2.840.10008.1.2'
const EXPLICIT_LE = '1.2.840.10008.1.2.1'

/** Which of our services a SOP class belongs to; `none`: not supported at all. */
export type ServiceKind = 'verification' | 'storage' | 'find' | 'move' | 'get' | 'mpps' | 'none'

export interface NegotiationPolicy {
  kindOf(abstractSyntax: string): ServiceKind
  isStorableSyntax(transferSyntax: string): boolean
  /** Whether instances stored in it can be sent in Little Endian too. */
  isDecodableSyntax(transferSyntax: string): boolean
  /** A peer's own order of preference among transfer syntaxes; empty for the requestor's. */
  preferredSyntaxes(request: AssociationRequest): readonly string[]
  mayUse(request: AssociationRequest, abstractSyntax: string): boolean
}

export const CONTEXT_RESULT = { ACCEPTED: 0, USER_REJECTION: 1, ABSTRACT_SYNTAX: 3, TRANSFER_SYNTAXES: 4 } as const

/** Smallest Maximum Length that leaves room for a useful PDV; a smaller one can only make an endless stream of headers. */
export const SMALLEST_PDU = 64

/** The form of the request, before anybody is asked: PS3.8 Table 9-11, 9-21.
 *  @returns a rejection where the standard has a reason for it
 *  @throws ProtocolError where the request is malformed */
export function checkForm(rq: AssociateRq): Rejection | undefined {
  if ((rq.protocolVersion & 1) === 0) return { result: 1, source: 2, reason: 2, why: 'protocol version not supported' }
  if (rq.applicationContexts.length !== 1 || rq.applicationContexts[0] !== APPLICATION_CONTEXT) {
    return { result: 1, source: 1, reason: 2, why: 'application context not supported' }
  }
  const seen = new Set<number>()
  for (const context of rq.contexts) {
    if (context.id % 2 === 0) throw new ProtocolError(ABORT.INVALID_PARAMETER, `presentation context ID ${context.id} is even`)
    if (seen.has(context.id)) throw new ProtocolError(ABORT.INVALID_PARAMETER, `presentation context ID ${context.id} twice`)
    if (context.abstractSyntaxes.length !== 1) {
      throw new ProtocolError(
        ABORT.INVALID_PARAMETER,
        `presentation context ${context.id} with ${context.abstractSyntaxes.length} abstract syntaxes`,
      )
    }
    seen.add(context.id)
  }
  const length = rq.user.maxPduLength
  if (length !== undefined && length !== 0 && length < SMALLEST_PDU) {
    return { result: 1, source: 2, reason: 1, why: `maximum length ${length} is too small to send anything in` }
  }
  return undefined
}

/** Called and calling AE title as checked text, or the rejection of Table 9-21. */
export function readTitles(rq: AssociateRq, address: string): AssociationRequest | Rejection {
  const calledAeTitle = parseAeTitle(rq.calledAeTitle)
  if (calledAeTitle === undefined) return { result: 1, source: 1, reason: 7, why: 'called AE title is not one' }
  const callingAeTitle = parseAeTitle(rq.callingAeTitle)
  if (callingAeTitle === undefined) return { result: 1, source: 1, reason: 3, why: 'calling AE title is not one' }
  return { callingAeTitle, calledAeTitle, address }
}

export interface Negotiated {
  readonly answers: readonly { id: number; result: number; transferSyntax: string }[]
  readonly accepted: ReadonlyMap<number, AcceptedContext>
  readonly roles: readonly RoleSelection[]
  readonly extended: readonly ExtendedNegotiation[]
}

export function negotiate(rq: AssociateRq, request: AssociationRequest, policy: NegotiationPolicy): Negotiated {
  const roles = answerRoles(rq, policy)
  const extended = answerExtended(rq, policy)
  const preferred = policy.preferredSyntaxes(request)
  const accepted = new Map<number, AcceptedContext>()
  const answers = rq.contexts.map((context) => {
    const abstractSyntax = context.abstractSyntaxes[0]!
    const kind = policy.kindOf(abstractSyntax)
    const role = roles.find((one) => one.sopClassUid === abstractSyntax)
    const transferSyntax = kind === 'none' ? undefined : chooseSyntax(context, kind, role?.scp === true, policy, preferred)
    const result = resultFor(kind, transferSyntax, policy.mayUse(request, abstractSyntax))
    if (result === CONTEXT_RESULT.ACCEPTED) {
      const information = extended.find((one) => one.sopClassUid === abstractSyntax)?.information
      accepted.set(context.id, {
        id: context.id,
        abstractSyntax,
        transferSyntax: transferSyntax!,
        requestorIsScu: role?.scu ?? true,
        requestorIsScp: role?.scp ?? false,
        extended: information,
      })
    }
    // A context that is not accepted still carries one transfer syntax, which the requestor does not test (PS3.8 9.3.3.2).
    return { id: context.id, result, transferSyntax: transferSyntax ?? context.transferSyntaxes[0] ?? IMPLICIT_LE }
  })
  return { answers, accepted, roles, extended }
}

function resultFor(kind: ServiceKind, transferSyntax: string | undefined, allowed: boolean): number {
  if (kind === 'none') return CONTEXT_RESULT.ABSTRACT_SYNTAX
  if (!allowed) return CONTEXT_RESULT.USER_REJECTION
  return transferSyntax === undefined ? CONTEXT_RESULT.TRANSFER_SYNTAXES : CONTEXT_RESULT.ACCEPTED
}

function chooseSyntax(
  context: ProposedContext,
  kind: ServiceKind,
  requestorIsScp: boolean,
  policy: NegotiationPolicy,
  preferred: readonly string[],
): string | undefined {
  const offered = context.transferSyntaxes
  const possible = (syntax: string): boolean =>
    kind === 'storage' ? policy.isStorableSyntax(syntax) : syntax === EXPLICIT_LE || syntax === IMPLICIT_LE
  const own = preferred.find((syntax) => offered.includes(syntax) && possible(syntax))
  if (own !== undefined) return own
  const first = offered.find(possible)
  const bySending = requestorIsScp && first !== undefined && policy.isDecodableSyntax(first)
  if (bySending || first === IMPLICIT_LE) return [EXPLICIT_LE, IMPLICIT_LE].find((syntax) => offered.includes(syntax)) ?? first
  return first
}

/** We accept what is proposed for storage classes (the requestor may be SCP of them for C-GET); the SCP role of any other service stays ours.
 *  A class that is proposed twice gets every role that was. */
function answerRoles(rq: AssociateRq, policy: NegotiationPolicy): RoleSelection[] {
  const proposed = new Set(rq.contexts.map((context) => context.abstractSyntaxes[0]))
  const byClass = Map.groupBy(rq.user.roles, (role) => role.sopClassUid)
  return [...byClass]
    .filter(([sopClassUid]) => proposed.has(sopClassUid))
    .map(([sopClassUid, roles]) => ({
      sopClassUid,
      scu: roles.some((role) => role.scu),
      scp: roles.some((role) => role.scp) && policy.kindOf(sopClassUid) === 'storage',
    }))
}

/** PS3.4 C.5.1.1, C.5.2.1: relational queries and combined date-time matching are supported, fuzzy semantic matching and time zone
 *  adjustment are not; relational retrieval is. Absent bytes stand for 0. */
function answerExtended(rq: AssociateRq, policy: NegotiationPolicy): ExtendedNegotiation[] {
  const supported: Partial<Record<ServiceKind, readonly number[]>> = { find: [1, 1, 0, 0], move: [1], get: [1] }
  return rq.user.extended.flatMap((one) => {
    const ours = supported[policy.kindOf(one.sopClassUid)]
    if (ours === undefined) return []
    const information = Buffer.from(one.information.subarray(0, ours.length).map((byte, at) => (byte === 1 ? ours[at]! : 0)))
    return information.length === 0 ? [] : [{ sopClassUid: one.sopClassUid, information }]
  })
}
