/** The identity of the patient as French manifests have it: the INS (Identité Nationale de Santé) as Patient ID, with its assigning
 *  authority, repeated among the other identifiers with type TEXT.
 *
 *  Promises: an identifier counts as INS only where the instances name one of its authorities, or where the operator says so and its form is
 *  that of an INS (13 characters and a key of two digits). The former Patient ID stays, among the others.
 *  Does not: check the key, or whether the identity is qualified. */
import { type InsAuthority, nomenclatures } from '../config/nomenclatures.ts'
import type { DialectSettings } from './dialect-settings.ts'
import type { ManifestContent, OtherPatientId } from './evidence.ts'

/** Digits, but for the departments 2A and 2B. */
const INS_FORM = /^\d{5}(?:\d\d|2[AB])\d{8}$/

export interface FrenchIdentity {
  readonly content: ManifestContent
  readonly hasIns: boolean
}

export function withIns(content: ManifestContent): FrenchIdentity {
  const { copied, issuerOfPatientId, otherPatientIds, beyond } = content
  const primary: OtherPatientId[] =
    copied.PatientID === undefined
      ? []
      : [{ id: copied.PatientID, type: 'TEXT', issuerName: copied.IssuerOfPatientID, issuer: issuerOfPatientId }]
  const all = [...primary, ...otherPatientIds]
  const ins = statedIns(all) ?? configuredIns(primary[0], beyond.settings)
  if (ins === undefined) return { content, hasIns: false }
  const others = all.filter(({ id, issuer }) => id !== ins.id || ![undefined, ins.issuer?.universalId].includes(issuer?.universalId))
  return {
    hasIns: true,
    content: {
      ...content,
      copied: { ...copied, PatientID: ins.id, IssuerOfPatientID: ins.issuerName },
      issuerOfPatientId: ins.issuer,
      otherPatientIds: [ins, ...others],
    },
  }
}

function statedIns(identifiers: readonly OtherPatientId[]): OtherPatientId | undefined {
  const authorities = new Map(nomenclatures().insAuthorities.map((one) => [one.oid, one]))
  for (const one of identifiers) {
    const authority = authorities.get(one.issuer?.universalId ?? '')
    if (authority !== undefined) return insFrom(one, authority)
  }
  return undefined
}

function configuredIns(primary: OtherPatientId | undefined, { drimbox }: DialectSettings): OtherPatientId | undefined {
  const authority = nomenclatures().insAuthorities.find((one) => one.name === drimbox.ins)
  if (authority === undefined || primary === undefined) return undefined
  return primary.issuer?.universalId === undefined && INS_FORM.test(primary.id) ? insFrom(primary, authority) : undefined
}

function insFrom({ id, issuerName }: OtherPatientId, authority: InsAuthority): OtherPatientId {
  return { id, type: 'TEXT', issuerName: authority.issuer ?? issuerName, issuer: { universalId: authority.oid, universalIdType: 'ISO' } }
}
