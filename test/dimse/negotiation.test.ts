import { describe, expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import type { AssociateRq, ProposedContext, UserInformation } from '../../src/dimse/associate-pdu.ts'
import {
  APPLICATION_CONTEXT,
  decodeAssociateAc,
  decodeAssociateRq,
  encodeAssociateAc,
  encodeAssociateRq,
} from '../../src/dimse/associate-pdu.ts'
import { checkForm, type NegotiationPolicy, negotiate, readTitles } from '../../src/dimse/negotiation.ts'

const CT = '1.2.840.10008.5.1.4.1.1.2'
const FIND = '1.2.840.10008.5.1.4.1.2.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const EXPLICIT = '1.2.840.10008.1.2.1'
const BIG = '1.2.840.10008.1.2.2'
const JPEG = '1.2.840.10008.1.2.4.70'
const VIDEO = '1.2.840.10008.1.2.4.102'
const request = { callingAeTitle: aeTitle('CT1'), calledAeTitle: aeTitle('ARIANE'), address: '10.0.0.1' }

function policy(change: Partial<NegotiationPolicy> = {}): NegotiationPolicy {
  return {
    kindOf: (uid) => (uid === CT ? 'storage' : uid === FIND ? 'find' : 'none'),
    isStorableSyntax: (uid) => [IMPLICIT, EXPLICIT, BIG, JPEG, VIDEO].includes(uid),
    isDecodableSyntax: (uid) => uid !== VIDEO,
    preferredSyntaxes: () => [],
    mayUse: () => true,
    ...change,
  }
}

function rq(contexts: readonly (readonly [string, ...string[]])[], user: Partial<UserInformation> = {}): AssociateRq {
  const proposed: ProposedContext[] = contexts.map(([abstract, ...transferSyntaxes], at) => ({
    id: 2 * at + 1,
    abstractSyntaxes: [abstract],
    transferSyntaxes,
  }))
  return {
    protocolVersion: 1,
    calledAeTitle: 'ARIANE'.padEnd(16),
    callingAeTitle: 'CT1'.padEnd(16),
    applicationContexts: [APPLICATION_CONTEXT],
    contexts: proposed,
    user: { roles: [], extended: [], ...user },
  }
}

const chosen = (offered: string[], change: Partial<NegotiationPolicy> = {}, abstract = CT): string | undefined =>
  negotiate(rq([[abstract, ...offered] as [string, ...string[]]]), request, policy(change)).accepted.get(1)?.transferSyntax

describe('transfer syntaxes', () => {
  it.each([
    ['the requestor’s order', [JPEG, EXPLICIT], JPEG],
    ['Explicit before Implicit Little Endian', [IMPLICIT, BIG, EXPLICIT], EXPLICIT],
    ['Implicit where Explicit is not offered', [IMPLICIT, JPEG], IMPLICIT],
    ['Big Endian where it comes first', [BIG, EXPLICIT], BIG],
    ['what we can store, skipping what we cannot', ['1.2.3', JPEG], JPEG],
  ])('%s', (_name, offered, expected) => {
    expect(chosen(offered)).toBe(expected)
  })

  it('a peer’s own order goes first', () => {
    expect(chosen([EXPLICIT, IMPLICIT, JPEG], { preferredSyntaxes: () => [JPEG, IMPLICIT] })).toBe(JPEG)
  })

  it.each([
    ['Explicit before a compressed syntax that is offered first', [JPEG, IMPLICIT, EXPLICIT], EXPLICIT],
    ['Implicit before Big Endian', [BIG, IMPLICIT], IMPLICIT],
    ['a compressed syntax where no Little Endian is offered', [JPEG], JPEG],
    ['video where it comes first: nothing else could carry it', [VIDEO, EXPLICIT], VIDEO],
  ])('where the requestor is the SCP (C-GET): %s', (_name, offered, expected) => {
    const roles = [{ sopClassUid: CT, scu: false, scp: true }]
    const asked = rq([[CT, ...offered] as [string, ...string[]]], { roles })
    expect(negotiate(asked, request, policy()).accepted.get(1)?.transferSyntax).toBe(expected)
    const own = policy({ preferredSyntaxes: () => [JPEG, BIG, VIDEO] })
    expect(negotiate(asked, request, own).accepted.get(1)?.transferSyntax).toBe(offered[0] === BIG ? BIG : offered[0])
  })

  it('services other than storage take Explicit or Implicit Little Endian only', () => {
    expect(chosen([BIG, JPEG, IMPLICIT], {}, FIND)).toBe(IMPLICIT)
    expect(chosen([BIG, JPEG], {}, FIND)).toBeUndefined()
  })
})

describe('results (PS3.8 Table 9-18)', () => {
  it('A11 A12 A13: 3 for an unknown class, 4 for unknown syntaxes, 1 for what the caller may not use; the association stands', () => {
    const answers = negotiate(rq([['1.2.3', IMPLICIT], [CT, '1.2.3'], [CT]]), request, policy()).answers
    expect(answers).toEqual([
      { id: 1, result: 3, transferSyntax: IMPLICIT },
      { id: 3, result: 4, transferSyntax: '1.2.3' },
      { id: 5, result: 4, transferSyntax: IMPLICIT },
    ])
    expect(negotiate(rq([[CT, IMPLICIT]]), request, policy({ mayUse: () => false })).answers[0]?.result).toBe(1)
  })
})

describe('form', () => {
  it.each([
    ['A1: version without bit 0', { protocolVersion: 2 }, [1, 2, 2]],
    ['A6: another application context', { applicationContexts: ['1.2.3'] }, [1, 1, 2]],
    ['A6: none', { applicationContexts: [] }, [1, 1, 2]],
    ['A6: two', { applicationContexts: [APPLICATION_CONTEXT, APPLICATION_CONTEXT] }, [1, 1, 2]],
    ['A19: a maximum length of 7', { user: { roles: [], extended: [], maxPduLength: 7 } }, [1, 2, 1]],
  ])('%s is rejected', (_name, change, expected) => {
    const rejection = checkForm({ ...rq([[CT, IMPLICIT]]), ...change })
    expect([rejection?.result, rejection?.source, rejection?.reason]).toEqual(expected)
  })

  it('A2: only bit 0 of the version is tested', () => {
    expect(checkForm({ ...rq([]), protocolVersion: 0xffff })).toBeUndefined()
  })

  it.each([
    ['A7: the same ID twice', [1, 1]],
    ['A8: an even ID', [2]],
    ['A8: ID 0', [0]],
  ])('%s is malformed', (_name, ids) => {
    const contexts = ids.map((id) => ({ id, abstractSyntaxes: [CT], transferSyntaxes: [IMPLICIT] }))
    expect(() => checkForm({ ...rq([]), contexts })).toThrow(/presentation context/)
  })

  it('A9: a context without, or with two abstract syntaxes is malformed', () => {
    for (const abstractSyntaxes of [[], [CT, CT]]) {
      expect(() => checkForm({ ...rq([]), contexts: [{ id: 1, abstractSyntaxes, transferSyntaxes: [] }] })).toThrow(/abstract syntaxes/)
    }
  })

  it.each([
    ['16 spaces', ' '.repeat(16), 3],
    ['16 NULs', '\0'.repeat(16), 3],
    ['an escape sequence', '\x1b[2J'.padEnd(16), 3],
    ['a backslash', 'A\\B'.padEnd(16), 3],
  ])('A4: a calling AE title of %s is rejected', (_name, callingAeTitle, reason) => {
    expect(readTitles({ ...rq([]), callingAeTitle }, '')).toMatchObject({ result: 1, source: 1, reason })
  })

  it('A5: spaces at both ends of an AE title do not count', () => {
    expect(readTitles({ ...rq([]), calledAeTitle: '  NODE          ' }, '')).toMatchObject({ calledAeTitle: 'NODE' })
  })
})

describe('roles and extended negotiation', () => {
  it('A22: the SCP role is granted for storage classes that are proposed, nowhere else; a class proposed twice has every role', () => {
    const roles = [
      { sopClassUid: CT, scu: false, scp: true },
      { sopClassUid: CT, scu: true, scp: true },
      { sopClassUid: FIND, scu: true, scp: true },
      { sopClassUid: '1.2.3', scu: true, scp: true },
    ]
    const agreed = negotiate(
      rq(
        [
          [CT, IMPLICIT],
          [FIND, IMPLICIT],
        ],
        { roles },
      ),
      request,
      policy(),
    )
    expect(agreed.roles).toEqual([
      { sopClassUid: CT, scu: true, scp: true },
      { sopClassUid: FIND, scu: true, scp: false },
    ])
    expect(agreed.accepted.get(1)).toMatchObject({ requestorIsScp: true, requestorIsScu: true })
  })

  it('relational queries and combined date-time matching are granted, fuzzy matching and time zone adjustment are not', () => {
    const extended = [{ sopClassUid: FIND, information: Buffer.from([1, 1, 1, 1]) }]
    const agreed = negotiate(rq([[FIND, IMPLICIT]], { extended }), request, policy())
    expect([...agreed.accepted.get(1)!.extended!]).toEqual([1, 1, 0, 0])
  })
})

describe('A-ASSOCIATE PDUs', () => {
  it('come back as they were written', () => {
    const user: UserInformation = {
      maxPduLength: 16_384,
      implementationClassUid: '1.2.3',
      implementationVersionName: 'X',
      asyncWindow: [1, 1],
      roles: [{ sopClassUid: CT, scu: false, scp: true }],
      extended: [{ sopClassUid: FIND, information: Buffer.from([1]) }],
    }
    const contexts = [{ id: 1, abstractSyntaxes: [CT], transferSyntaxes: [IMPLICIT, EXPLICIT] }]
    const sent = encodeAssociateRq({ calledAeTitle: 'ARIANE', callingAeTitle: 'CT1', contexts, user })
    expect(decodeAssociateRq(sent.subarray(6))).toEqual({ ...rq([]), contexts, user })
    const answers = [{ id: 1, result: 0, transferSyntax: EXPLICIT }]
    const answered = encodeAssociateAc({ calledAeTitle: 'ARIANE'.padEnd(16), callingAeTitle: 'CT1'.padEnd(16), contexts: answers, user })
    expect(decodeAssociateAc(answered.subarray(6))).toMatchObject({ contexts: answers, user })
  })

  it('P12 P13 A15: lengths that do not fit are refused, at every cut', () => {
    const contexts = [{ id: 1, abstractSyntaxes: [CT], transferSyntaxes: [IMPLICIT] }]
    const body = encodeAssociateRq({
      calledAeTitle: 'A',
      callingAeTitle: 'B',
      contexts,
      user: { maxPduLength: 1, roles: [], extended: [] },
    }).subarray(6)
    const boundaries = new Set([68, 68 + 25, 68 + 25 + 4 + 4 + 4 + CT.length + 4 + IMPLICIT.length])
    for (let length = 0; length < body.length; length++) {
      const read = (): unknown => decodeAssociateRq(body.subarray(0, length))
      if (boundaries.has(length)) expect(read).not.toThrow()
      else expect(read, `cut at ${length}`).toThrow()
    }
  })
})
