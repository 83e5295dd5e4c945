/** Who issued an identifier, where the instances do not say it: as configured. An identifier that is absent gets no issuer, an issuer
 *  that is stated is never replaced; a stated local name alone is completed. */
import type { DialectSettings } from './dialect-settings.ts'
import type { ManifestContent } from './evidence.ts'
import type { Issuer } from './issuer.ts'
import type { Request } from './request-items.ts'

/** Of patient and requests. */
export function withAuthorities(content: ManifestContent): ManifestContent {
  return withRequestAuthorities(withPatientAuthority(content))
}

export function withPatientAuthority(content: ManifestContent): ManifestContent {
  const { copied, issuerOfPatientId, beyond } = content
  if (copied.PatientID === undefined) return content
  return {
    ...content,
    copied: { ...copied, IssuerOfPatientID: copied.IssuerOfPatientID ?? beyond.settings.patientIdIssuer },
    issuerOfPatientId: issuedBy(issuerOfPatientId, beyond.settings.patientIdIssuerOid),
  }
}

export function withRequestAuthorities(content: ManifestContent): ManifestContent {
  const { settings } = content.beyond
  const { accessionNumber, issuerOfAccessionNumber } = content
  return {
    ...content,
    issuerOfAccessionNumber: accessionNumber === undefined ? undefined : issuedBy(issuerOfAccessionNumber, settings.accessionIssuerOid),
    requests: content.requests.map((request) => requestWithAuthorities(request, settings)),
  }
}

export function requestWithAuthorities(request: Request, settings: DialectSettings): Request {
  const { accessionNumber, placerOrderNumber, issuerOfAccessionNumber, orderPlacer } = request
  return {
    ...request,
    issuerOfAccessionNumber:
      accessionNumber === undefined ? issuerOfAccessionNumber : issuedBy(issuerOfAccessionNumber, settings.accessionIssuerOid),
    orderPlacer: placerOrderNumber === undefined ? orderPlacer : issuedBy(orderPlacer, settings.placerIssuerOid),
  }
}

function issuedBy(stated: Issuer | undefined, oid: string | undefined): Issuer | undefined {
  if (stated?.universalId !== undefined || oid === undefined) return stated
  return { ...stated, universalId: oid, universalIdType: 'ISO' }
}
