/** Who issued an identifier, where the instances do not say it: as configured. An identifier that is absent gets no issuer, an issuer
 *  that is stated is never replaced; a stated local name alone is completed. */
import type { DialectSettings } from './dialect-settings.ts'
import type { ManifestContent } from './evidence.ts'
import type { Issuer } from './issuer.ts'
import type { Request } from './request-items.ts'

export function withAuthorities(content: ManifestContent): ManifestContent {
  const { settings } = content.beyond
  const hasId = content.copied.PatientID !== undefined
  return {
    ...content,
    copied: hasId ? { ...content.copied, IssuerOfPatientID: content.copied.IssuerOfPatientID ?? settings.patientIdIssuer } : content.copied,
    issuerOfPatientId: hasId ? issuedBy(content.issuerOfPatientId, settings.patientIdIssuerOid) : content.issuerOfPatientId,
    issuerOfAccessionNumber:
      content.accessionNumber === undefined ? undefined : issuedBy(content.issuerOfAccessionNumber, settings.accessionIssuerOid),
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
