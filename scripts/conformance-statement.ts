/** docs/conformance.md: the DICOM conformance statement, in the order of PS3.2 Annex N, with its tables generated from those of the code. */
import { SETTINGS } from '../src/config/settings.ts'
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, MANUFACTURER, SOFTWARE_VERSION } from '../src/dicom/implementation.ts'
import { INDEX_ATTRIBUTES, type Level } from '../src/dicom/index-attributes.ts'
import { DERIVED_ATTRIBUTES } from '../src/dicom/query-keys.ts'
import { SOP_CLASSES, type SopService } from '../src/dicom/sop-classes.ts'
import { TRANSFER_SYNTAXES, type TransferSyntax } from '../src/dicom/transfer-syntaxes.ts'
import { MAX_IDENTIFIER_BYTES } from '../src/dimse/contract.ts'
import { ERRORS, type ErrorCode } from '../src/errors.ts'
import { DECODERS } from '../src/serve/decodable.ts'

export function conformanceStatement(): string {
  return `# DICOM conformance statement

Ariane ${SOFTWARE_VERSION}. The tables are generated from those of the code by \`scripts/generate-docs.ts\`; a test keeps this file up to date.

## 1 Overview

Ariane is a storage and query/retrieve SCP that emits, for each study, an imaging manifest: a Key Object Selection Document (IHE XDS-I.b,
RAD-68 4.68.4.1.2.1) that references every instance and the AE title that serves it.

| Service | SOP classes | As SCU | As SCP |
|---|---|---|---|
| Verification | Verification | \`ariane peer echo\` | yes |
| Storage | ${count('storage')} Storage SOP classes, and private ones by configuration | C-MOVE and C-GET sub-operations | yes |
| Query | Patient Root, Study Root, Patient/Study Only FIND | \`ariane manifest verify\` | yes |
| Retrieve | Patient Root, Study Root, Patient/Study Only MOVE and GET | \`ariane manifest verify\`, \`ariane manifest open\` | yes |
| Retrieve by HTTP (PS3.18 10.4, IHE RAD-107) | series, as user agent | \`ariane manifest open\`, \`ariane manifest verify\` | study, series, instance, frames, bulk data, metadata (JSON), rendered, thumbnails, WADO-URI, as origin server (2.9) |
| Search and store by HTTP (PS3.18 10.5, 10.6; RAD-129) | no | | QIDO-RS, STOW-RS, as origin server (2.10) |
| Capabilities (PS3.18 8.9) | no | | WADL, JSON |
| Media (PS3.10 8) | Media Storage Directory, as file-set creator | \`ariane manifest open --dicomdir\` | no |
| Modality Performed Procedure Step | Modality Performed Procedure Step (N-CREATE, N-SET) | | yes |

Not supported: storage commitment, worklist, other DIMSE-N services, TLS.

## 2 Networking

### 2.1 Implementation identification

| | |
|---|---|
| Implementation Class UID | \`${IMPLEMENTATION_CLASS_UID}\` |
| Implementation Version Name | \`${IMPLEMENTATION_VERSION_NAME}\` |
| Manufacturer (0008,0070) of manifests | ${MANUFACTURER} |
| Application context | 1.2.840.10008.3.1.1.1 |

### 2.2 Association policies

| | Default | Setting |
|---|---|---|
| Listening port | ${of('dicom.port')} | \`dicom.port\` |
| Maximum Length received | ${of('dicom.maxPduLength')} bytes | \`dicom.maxPduLength\` |
| Maximum Length sent | the peer's, at most 262,144 bytes | |
| Associations at the same time | ${of('dicom.maxAssociations')}, of one address ${of('dicom.maxAssociationsPerAddress')} | \`dicom.maxAssociations\`, \`dicom.maxAssociationsPerAddress\` |
| ARTIM | ${of('dicom.timeouts.associateSeconds')} s, from connection | \`dicom.timeouts.associateSeconds\` |
| Idle | ${of('dicom.timeouts.idleSeconds')} s; not while the node serves or sends | \`dicom.timeouts.idleSeconds\` |
| Asynchronous operations | window of 1 / 1 (answered where proposed) | |
| SCP/SCU role selection | accepted for Storage SOP classes (C-GET); proposed as SCP of those that \`ariane manifest open\` and \`verify\` retrieve | |
| SOP class extended negotiation | FIND: relational queries and combined date-time matching accepted, fuzzy semantic matching and time zone adjustment not; MOVE, GET: relational retrieval accepted | |
| User identity | ignored: no rights follow from it | |

A P-DATA-TF longer than the Maximum Length that we offered is answered with A-ABORT. Unknown items of an A-ASSOCIATE-RQ are skipped.

Rejections (PS3.8 Table 9-21, result/source/reason):

| When | Answer |
|---|---|
| The called AE title is not ours (case counts) | 1/1/7 |
| The calling AE title is not known (\`unknownCallers\`), or calls from another host than configured | 1/1/3 |
| Another application context | 1/1/2 |
| Protocol version without bit 0 | 1/2/2 |
| Too many associations, in all or of one address | 2/3/2 |
| Maximum Length too small to send anything in (1 to 63) | 1/2/1 |

Presentation contexts: for Storage the first transfer syntax in the requestor's order that can be kept as it is, save that Explicit VR Little Endian
goes before Implicit where both are offered, and that a peer can have an order of its own (\`peers[].transferSyntaxes\`). Where the requestor takes the SCP role
(C-GET), Little Endian goes before any compressed syntax that this node can decode, so that whatever is held can be sent. For every other
service Explicit or Implicit VR Little Endian. Result 3 for an abstract syntax that is not supported, 4 where no transfer syntax fits, 1 where the
peer may not use the service (\`peers[].allow\`). A peer that may retrieve gets Storage contexts too; where it sends on them without the right, it is answered 0124.

### 2.3 Storage as SCP

Instances are kept exactly as received (Level 2, full): bytes are never changed, private and unknown elements stay. Success means that the file and its
name are on stable storage and its index row is committed; should a power failure take the row, the next start rebuilds it from the file. A data set that ends inside an element, or whose structure is broken, is refused.

| Status | Meaning |
|---|---|
| 0000 | stored; also where the same instance with the same bytes was here (a lost or damaged file is repaired by it), and, with \`rejection.resent: accept\`, where a note has rejected it before (it stays hidden) |
| B007 | a rejection note was stored; it names nothing or has more than 16 MiB, or some or all of what it names is of another study, has no UID, or cannot be read: there it has no effect |
| B000 | another instance under this SOP Instance UID is here and was kept, this one is in quarantine (\`storage.duplicates: keep\`) |
${errorRows('store')}

### 2.4 Query as SCP

Matching: single value, list of UID, universal, wild card (\`*\`, \`?\`), range of dates and times, sequence. Names match without regard to case and accents, over
all component groups. Relational queries are always accepted. Every requested key comes back, of zero length where nothing is known of it. Answers are
in ISO_IR 192, or in the peer's \`characterSet\`; Specific Character Set (0008,0005) is always there. C-CANCEL is honoured (FE00). At IMAGE level any other
attribute, private ones too, is read from the stored header, as it would be sent. This node's own manifests appear only where their UIDs, their series, or Modality KO are asked for (or with
\`manifest.listed\`), and are counted nowhere. What a rejection note hides, what is being deleted, and what is of a confidentiality level that the caller may not see (\`peers[].levels\`)
does not exist: in no answer, count or retrieval. Values of patient, study and series come from instances of the lowest level that a study has; a caller who may not see that one reads them as empty.

${(['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const).map(keysOf).join('\n\n')}

Besides, at every level: Specific Character Set (0008,0005), Query/Retrieve Level (0008,0052), Retrieve AE Title (0008,0054), Instance Availability (0008,0056),
Timezone Offset From UTC (0008,0201), Retrieve Location UID (0040,E011).

| Status | Meaning |
|---|---|
| FF00, FF01 | pending; pending with keys that were not matched on |
| 0000, FE00 | done; cancelled |
| A700 | Out of resources: the index cannot be read (may succeed later) |
${errorRows('find')}

### 2.5 Retrieve as SCP

C-MOVE sends to configured peers only (A801 otherwise), and only what both they and the caller may see. Instances go out in the transfer syntax in which they are stored, one presentation context per SOP class and
transfer syntax; where the receiver does not take it, converted to Explicit or Implicit VR Little Endian where that can be done, else the sub-operation fails.
A data set kept with an odd length is sent with its odd values padded (PS3.5 7.1.1, A.5); where its structure does not allow that, the sub-operation fails.
Where an operator has decided that patient or study values are other than a data set says, it is sent with those elements of the Patient and General Study Modules (PS3.3 C.7.1.1, C.7.2.1) replaced, added or left out, and an item in Original Attributes Sequence (0400,0561) with the former values (PS3.3 C.12.1.1.9); its text is in ISO_IR 192 where its own character set cannot express a value. What cannot be corrected is not sent, and the sub-operation fails.
Pending responses with counts come at least every 2 seconds.

| Status | Meaning |
|---|---|
| FF00 | pending, with the counts of sub-operations |
| 0000, FE00 | done; cancelled |
| B000 | some sub-operations failed or had warnings; the failed ones are in Failed SOP Instance UID List (0008,0058) |
| A701 | Out of resources: the matches cannot be counted (may succeed later) |
${errorRows('retrieve')}

### 2.6 Modality Performed Procedure Step as SCP

N-CREATE and N-SET (PS3.4 F.7): they tell when a study is complete, so that its manifest can be made. A step is kept as its state, its times of arrival, and the UIDs of
its studies, series and instances; nothing of a patient. Steps not heard of for 90 days are forgotten. An N-CREATE without Affected SOP Instance UID is given one.
Attributes of type 1 of Table F.7.2-1 are required, and refused by their path in Error Comment (0000,0902) where they are missing; absent ones of type 2 are taken as empty.
Those that the table does not allow in an N-SET are refused. COMPLETED and DISCONTINUED require Performed Procedure Step End Date and Time, COMPLETED also an item in
Performed Series Sequence (0040,0340). A data set may have ${MAX_IDENTIFIER_BYTES.toLocaleString('en')} bytes (some 30,000 references).

| Status | Meaning |
|---|---|
| 0000 | the step is on stable storage |
${errorRows('mpps')}

Error ID (0000,0903) is A710H where the step has ended (PS3.4 Table F.7.2-2); Attribute Identifier List (0000,1005) comes with 0105 and 0120, a data set of
the attributes with 0106 and 0121.

On any context, for an operation that does not belong there:

| Status | Meaning |
|---|---|
${errorRows('any')}

### 2.7 SOP classes

${sopClassTable()}

### 2.8 Transfer syntaxes that are stored and sent

${transferSyntaxTable()}

### 2.9 Retrieving on the web (PS3.18 9, 10.4; RAD-55, RAD-107)

WADO-RS at \`/dicom-web/studies/{study}\`, \`…/series/{series}\`, \`…/instances/{instance}\`: multipart/related of application/dicom, or application/dicom alone for one instance, as it is stored unless Accept (header or
parameter; weights count) asks for Explicit or Implicit VR Little Endian only, into which what the table of 2.8 says can be converted is; what cannot be is left out with 206 and a Warning, 406 where nothing can. An instance whose file cannot be read cuts the answer that meets it; for ten minutes it is left out of others in the same way.
Patient and study values that were corrected and odd lengths are mended as in C-GET. ETag and If-None-Match; ranges of one instance as it is stored.

| Resource | Media types |
|---|---|
| \`…/metadata\` of study, series, instance | application/dicom+json; binary values above 1 KiB by \`…/bulkdata/{path}\` |
| \`…/frames/{list}\` | application/octet-stream, or the media type of the stored compression (table 8.7.3-5) |
| \`…/bulkdata/{path}\` | application/octet-stream, ranges; items are counted from 1 |
| \`…/rendered\` of study, series, instance, frames | image/jpeg, image/png; application/pdf of an encapsulated one; \`viewport\`, \`window\`, \`quality\`, \`iccprofile\` (no, yes, srgb); overlay planes (60xx) are drawn, white, of a region of interest its border; annotations are not burned in (Warning) |
| \`…/thumbnail\` of study, series, instance, frame | image/jpeg, image/png, 128 pixels unless \`viewport\` says otherwise |
| \`/dicom-web/\` | capabilities (GET, OPTIONS): application/vnd.sun.wadl+xml, application/json |

Of pictures of a study, a series or many frames, what is no image, cannot be drawn or cannot be read is left out with 206 and a Warning, 406 where there is none at all. What is found when the answer has begun
cannot be told any more: such an answer ends without its closing boundary, and for ten minutes others tell of it.

WADO-URI at \`/wado\`: \`contentType\` image/jpeg, image/png, application/dicom; \`rows\`, \`columns\`, \`region\`, \`windowCenter\`, \`windowWidth\`, \`imageQuality\`, \`frameNumber\`, \`transferSyntax\` (also \`*\`: as stored); \`anonymize\` and
\`presentationUID\` are refused. Parameters that are not known are ignored and told in a Warning. What is rejected, withdrawn, of another level or not here: 404. The header KOS-SOPInstanceUID names the manifest that somebody reads by, in force or a former version of one that is:
\`web.kosHeader\` (${of('web.kosHeader')}).

### 2.10 Searching and storing on the web (PS3.18 10.5, 10.6)

QIDO-RS at \`/dicom-web\`: \`/studies\`, \`/series\`, \`/instances\`, \`/studies/{study}/series\`, \`/studies/{study}/instances\`, \`/studies/{study}/series/{series}/instances\`. Matching, order, levels and
attributes are those of 2.4, with dates and times of one event combined; \`fuzzymatching\` finds names that begin so. \`includefield\`, \`limit\` (at most \`web.qido.maxResults\`: ${of('web.qido.maxResults')}) and \`offset\` are
honoured; \`emptyvaluematching\` and \`multiplevaluematching\` are not (Warning 299). Answers are application/dicom+json (406 for anything else), 200 with an empty list where nothing matches, 400 for what is
written like an attribute and is none; other parameters that are not known are ignored (Warning 299). The attributes of tables 10.6.3-3 to 10.6.3-5 always come, at instance level Available Transfer Syntax UID (0008,3002) too.

STOW-RS at \`/dicom-web/studies\` and \`/dicom-web/studies/{study}\`: multipart/related of application/dicom (streamed; up to \`storage.maxInstanceBytes\` each) or of application/dicom+json with bulk data (up to
128 MiB; kept in Explicit VR Little Endian, compressed pixel data in the transfer syntax that its part or its JPEG says), or application/dicom alone. Failure and Warning Reasons are the statuses of 2.3, A900 also
for an instance of another study than that of the address, C122 for a compression that is not told or not known; Error Comment (0000,0902) has the words.

| HTTP | Meaning |
|---|---|
| 200 | all instances are kept |
| 202 | some are kept, or with warnings, or the request broke off behind them |
| 409 | none is kept |
| 400, 413, 415 | none: not a well-formed request; too large; another media type |
| 503 | none, for want of room: to be tried again later |

## 3 The manifest

| | |
|---|---|
| SOP class | Key Object Selection Document Storage 1.2.840.10008.5.1.4.1.1.88.59 |
| Encoding | Part 10 file, Explicit VR Little Endian, ISO_IR 192 |
| Dialects | \`xds-i\`, \`mado\` (also as a FHIR document), \`drimbox\`, by target (\`publish[].dialect\`): [manifests](manifests.md); one that breaks its dialect is withheld |
| Document title | (113030, DCM, "Manifest"); \`mado\`: "Manifest with Description", (MADOTEMP001, 99IHE) or (131560, DCM) by \`manifest.mado.codes\` |
| Template | DCMR 2010; \`mado\`: with an Image Library (TID 1600) in it |
| Content | one study, one confidentiality level; every composite instance that is here and not hidden, but manifests and rejection notes; evidence = content |
| Retrieval | Retrieve AE Title (0008,0054) and Retrieve Location UID (0040,E011) in each series; Retrieve URL (0008,1190) with \`manifest.retrieveUrl\` or \`web.publicUrl\` |
| Identity | new content: new SOP Instance UID, Instance Number + 1, the former one superseded; same content: no new manifest |
| When | the first of: ${of('manifest.quietSeconds')} s after the last instance of the study (\`manifest.quietSeconds\`); ${of('manifest.associationEndSeconds')} s after the end of the last association that brought something of it (\`manifest.associationEndSeconds\`); its procedure steps (MPPS) completed and all they refer to here; ${of('manifest.maxWaitSeconds')} s after its first change (\`manifest.maxWaitSeconds\`); asked for (\`ariane manifest build\`) |
| Held back | by a step in progress, or completed with instances missing, until it has not been heard of for ${of('manifest.mppsMaxWaitSeconds')} s (\`manifest.mppsMaxWaitSeconds\`) |

## 4 Character sets

All of PS3.3 C.12.1.1.2, code extensions included, are decoded for the index; a wrong declaration never refuses an instance.

## 5 Security

Callers are told apart by AE title and host address (\`peers\`, \`unknownCallers\`), and see the confidentiality levels of their peer entry, others level N. There is no TLS in this version: the port belongs in a trusted network.
`
}

function count(service: SopService): number {
  return SOP_CLASSES.filter((one) => one.service === service).length
}

function of(key: string): string {
  return String(
    SETTINGS.find((row) => row.key === key && 'default' in row) &&
      (SETTINGS.find((row) => row.key === key) as { default: unknown }).default,
  )
}

/** What each service answers of the table of failures; test/scripts/conformance-statement.test.ts holds it against the code that answers. */
export const ANSWERED: Readonly<Record<'store' | 'find' | 'retrieve' | 'mpps' | 'any', readonly ErrorCode[]>> = {
  store: [
    'STORAGE_FULL',
    'STORAGE_FAILED',
    'CATALOG_FAILED',
    'INSTANCE_TOO_LARGE',
    'INFLATED_TOO_LARGE',
    'CLASS_MISMATCH',
    'STUDY_MISMATCH',
    'INSTANCE_MISMATCH',
    'UNREADABLE',
    'INVALID_UID',
    'DUPLICATE_REFUSED',
    'REJECTED_BEFORE',
    'NOT_AUTHORISED',
    'PROCESSING_FAILURE',
  ],
  find: ['IDENTIFIER_MISMATCH', 'UNABLE_TO_PROCESS'],
  retrieve: ['UNKNOWN_DESTINATION', 'SUBOPERATIONS_FAILED', 'IDENTIFIER_MISMATCH', 'UNABLE_TO_PROCESS'],
  mpps: [
    'NOT_SETTABLE',
    'INVALID_VALUE',
    'PROCESSING_FAILURE',
    'STEP_ENDED',
    'STEP_UNREADABLE',
    'STEP_EXISTS',
    'NO_SUCH_STEP',
    'INVALID_INSTANCE',
    'MISSING_ATTRIBUTE',
    'MISSING_VALUE',
    'DATA_SET_TOO_LARGE',
  ],
  any: ['SOP_CLASS_NOT_SUPPORTED', 'UNRECOGNISED_OPERATION'],
}

function errorRows(service: keyof typeof ANSWERED): string {
  const rows = new Map<string, Set<string>>()
  for (const code of ANSWERED[service]) {
    const { status, tell, retry } = ERRORS[code]
    const key = status.toString(16).toUpperCase().padStart(4, '0')
    rows.set(key, (rows.get(key) ?? new Set()).add(`${tell}${retry === 'transient' ? ' (may succeed later)' : ''}`))
  }
  return [...rows]
    .sort()
    .map(([status, meanings]) => `| ${status} | ${[...meanings].join('; ')} |`)
    .join('\n')
}

function keysOf(level: Level): string {
  const indexed = INDEX_ATTRIBUTES.filter((one) => one.level === level)
  const derived = [...DERIVED_ATTRIBUTES.values()].filter((one) => one.level === level)
  const rows = [...indexed, ...derived]
    .sort((a, b) => a.tag - b.tag)
    .map((one) => `| ${one.keyword} | ${tag(one.tag)} | ${one.vr} | ${matching(one.keyword, one.vr)} |`)
  return [`${level} level:`, '', '| Attribute | Tag | VR | Matching |', '|---|---|---|---|', ...rows].join('\n')
}

function matching(keyword: string, vr: string): string {
  if (keyword.startsWith('NumberOf')) return keyword === 'NumberOfFrames' ? 'single value' : 'returned only'
  if (vr === 'SQ') return 'sequence'
  if (vr === 'UI') return 'list of UID'
  if (vr === 'DA' || vr === 'TM') return 'single value, range'
  if (['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UT'].includes(vr)) return 'single value, wild card'
  return 'single value'
}

function sopClassTable(): string {
  const rows = SOP_CLASSES.filter((one) => !['non-patient storage', 'media storage'].includes(one.service)).map(
    (one) => `| ${one.name} | ${one.uid} | ${one.service}${one.retired ? ', retired' : ''} |`,
  )
  return ['| SOP class | UID | Service |', '|---|---|---|', ...rows].join('\n')
}

function transferSyntaxTable(): string {
  const converted = (one: TransferSyntax): string => (!one.encapsulated || DECODERS.has(one.uid) ? 'yes' : 'no')
  const rows = TRANSFER_SYNTAXES.map((one) => `| ${one.name} | ${one.uid} | ${converted(one)} |`)
  return ['| Transfer syntax | UID | Sent in Little Endian where the receiver asks for that |', '|---|---|---|', ...rows].join('\n')
}

function tag(value: number): string {
  const text = value.toString(16).toUpperCase().padStart(8, '0')
  return `(${text.slice(0, 4)},${text.slice(4)})`
}
