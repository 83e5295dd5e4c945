/** Every rule that a manifest is held against: severity, section, what is expected. A finding names its rule by the key.
 *
 *  Sections: PS3.x is DICOM; RAD TF-2 is IHE Radiology, XDS-I.b; MADO is the IHE supplement "Manifest-based Access to DICOM Objects"
 *  (trial implementation 2026); DRIMbox is what the French national test data and proof of concept show.
 *  Severity: an error breaks what the section says "shall"; a warning is legal but breaks readers; a note is worth knowing. */

export type Severity = 'error' | 'warning' | 'note'

export interface Rule {
  readonly severity: Severity
  readonly section: string
  readonly expected: string
}

const error = (section: string, expected: string): Rule => ({ severity: 'error', section, expected })
const warning = (section: string, expected: string): Rule => ({ severity: 'warning', section, expected })
const note = (section: string, expected: string): Rule => ({ severity: 'note', section, expected })

/** IHE RAD TF-2 4.68.4.1.2.1, "DICOM Manifest document". */
const XDS_I = 'RAD TF-2 4.68.4.1.2.1'
const XDS_I_ACCESS = 'RAD TF-2 4.68.4.1.2.1.1'
const TID_2010 = 'PS3.16 TID 2010'
const TID_1600 = 'MADO 6.X.2, PS3.16 TID 1600'

export const RULES = {
  // the file
  'no-dicom': error('PS3.10 7', 'a Part 10 file, or a data set that begins in group 0008'),
  'too-large': error(XDS_I, 'a manifest of reasonable size'),
  preamble: error('PS3.10 7.1', 'a preamble of 128 bytes and the prefix DICM before group 0002'),
  'preamble-content': note('PS3.10 7.1', 'a preamble of zeros, unless another format needs it'),
  'bare-data-set': warning(XDS_I, 'a Part 10 file, which is what can be shared; a bare data set does not say its transfer syntax'),
  'meta-missing': error('PS3.10 7.1', 'a value in the file meta information'),
  'meta-version': error('PS3.10 7.1', 'File Meta Information Version 00H 01H'),
  'meta-group-length': error('PS3.10 7.1', 'the number of bytes from the end of this element to the end of group 0002'),
  'meta-class': error('PS3.10 7.1', 'the SOP Class UID of the data set'),
  'meta-instance': error('PS3.10 7.1', 'the SOP Instance UID of the data set'),
  'meta-private': error('PS3.10 7.1', 'Private Information Creator UID and Private Information together'),
  'transfer-syntax': error('PS3.5 10', 'a transfer syntax of PS3.5 A in which the data set can be read'),
  'transfer-syntax-retired': warning('PS3.5 A.3', 'Explicit VR Little Endian: this one is retired'),
  'transfer-syntax-pixels': warning(
    'PS3.5 A.4',
    'Explicit VR Little Endian: a transfer syntax for pixel data does not suit a document without any',
  ),
  'transfer-syntax-implicit': note(XDS_I, 'Explicit VR Little Endian, which says the VR of each element'),
  // the encoding
  structure: error('PS3.5 7', 'elements and items that fill the file exactly'),
  order: error('PS3.5 7.1', 'elements in ascending order of their tags'),
  'duplicate-element': error('PS3.5 7.1', 'each element at most once in a data set or item'),
  'odd-length': error('PS3.5 7.1.1', 'an even length'),
  vr: error('PS3.6 6', 'the VR of the data dictionary'),
  'vr-unknown': error('PS3.5 7.1.2', 'a VR of PS3.5 6.2 in capitals'),
  'vr-un': warning('PS3.5 6.2.2', 'the VR of the data dictionary: readers do not look into UN'),
  'group-length': warning('PS3.5 7.2', 'no group length: they are retired'),
  'forbidden-group': error('PS3.5 7.1', 'no element of group 0000, 0002 or FFFF in a data set'),
  'private-creator': error('PS3.5 7.8.1', 'a private creator (gggg,00bb) that reserves the block'),
  'trailing-bytes': error('PS3.10 7.2', 'nothing behind the last element but Data Set Trailing Padding (FFFC,FFFC)'),
  // values
  value: error('PS3.5 6.2', 'a value of its VR'),
  multiplicity: error('PS3.6 6', 'one value: VM 1'),
  'padding-nul': error('PS3.5 6.2', 'padding with one NUL (00H), and only to an even length'),
  'padding-space': error('PS3.5 6.2', 'padding with space (20H)'),
  'character-set-term': error('PS3.3 C.12.1.1.2', 'a Defined Term, spelt as in Tables C.12-2 to C.12-5'),
  'character-set-combined': error(
    'PS3.3 C.12.1.1.2',
    'one value alone for a set without code extensions; ISO 2022 terms where there are several',
  ),
  'character-set-missing': error('PS3.3 C.12.1.1.2', 'Specific Character Set (0008,0005), as characters outside of ASCII are used'),
  'character-set-bytes': error('PS3.5 6.1', 'bytes of the declared Specific Character Set'),
  // the IOD
  'sop-class': error('PS3.3 A.35.4', 'Key Object Selection Document Storage 1.2.840.10008.5.1.4.1.1.88.59'),
  'type-1': error('PS3.5 7.4.1', 'type 1: present, with a value'),
  'type-2': error('PS3.5 7.4.3', 'type 2: present, empty where unknown'),
  'type-1c': error('PS3.5 7.4.2', 'type 1C: present with a value, as its condition holds'),
  'type-1c-empty': error('PS3.5 7.4.2', 'type 1C: with a value where it is present'),
  'enumerated-value': error('PS3.3 5.4', 'an Enumerated Value'),
  'item-count': error('PS3.3 5.1', 'one item at most'),
  'foreign-module': warning('PS3.3 A.35.4.3', 'no attribute of a module that the IOD does not have'),
  'not-in-iod': note('PS3.3 A.35.4.3', 'attributes of the modules of the IOD; this one makes a Standard Extended SOP Class'),
  'not-in-macro': note('PS3.3 C.17.2.1', 'attributes of the macro; this one makes a Standard Extended SOP Class'),
  timezone: error('PS3.3 C.12.1.1.8', 'an offset &ZZXX from -1200 to +1400, not -0000'),
  'issuer-iso': error('PS3.3 10.17', 'an OID, as Universal Entity ID Type is ISO'),
  // the document
  title: error(XDS_I, 'the title (113030, DCM, "Manifest")'),
  'title-meaning': note('PS3.16 CID 7010', 'the Code Meaning "Manifest"'),
  template: error('PS3.3 C.18.8', 'Content Template Sequence with Mapping Resource DCMR and Template Identifier 2010'),
  continuity: error(TID_2010, 'Continuity of Content SEPARATE'),
  'root-text-value': error('PS3.3 C.17.3', 'no Text Value in a CONTAINER: the text belongs to a TEXT item of the content'),
  'root-relationship': error('PS3.3 C.17.3', 'no Relationship Type at the root'),
  'value-type': error('PS3.3 A.35.4.3.1', 'a Value Type of the IOD: TEXT, CODE, UIDREF, PNAME, IMAGE, WAVEFORM, COMPOSITE or CONTAINER'),
  relationship: error('PS3.3 A.35.4.3.1.2', 'a relationship that the IOD allows between these value types'),
  'by-reference': error('PS3.3 A.35.4.3.1.2', 'relationships by value only'),
  'reference-name': error(TID_2010, 'no concept name on a reference: the purpose of reference shall not be present'),
  'reference-count': error('PS3.3 C.18.3', 'exactly one item'),
  'reference-frames': warning(XDS_I, 'whole instances: no frame numbers or segments in a manifest'),
  'reference-type': error('PS3.3 C.17.3.2.1', 'IMAGE for images, WAVEFORM for waveforms, COMPOSITE for anything else'),
  concept: error(TID_2010, 'a concept of the template, which is not extensible'),
  'description-twice': error(TID_2010, 'at most one Key Object Description'),
  'no-references': error(TID_2010, 'at least one IMAGE, WAVEFORM or COMPOSITE item below the root'),
  // evidence and content
  'evidence-class': error('PS3.3 C.17.6.2', 'the same SOP Class UID in evidence and content'),
  'not-in-evidence': error('PS3.3 C.17.6.2', 'every instance of the content in the evidence'),
  'not-in-content': error(TID_2010, 'every instance of the evidence in the content, below the root'),
  'evidence-study-twice': error('PS3.3 C.17.2.1', 'one item for each study'),
  'evidence-series-twice': error('PS3.3 C.17.2.1', 'one item for each series'),
  'evidence-instance-twice': error('PS3.3 C.17.2.1', 'each instance once'),
  'content-instance-twice': error(XDS_I, 'each instance once below the root'),
  'self-reference': error(XDS_I, 'references to others: a manifest does not list itself'),
  'own-series': error('PS3.3 C.17.6.1', 'a series of its own for the manifest, which it does not refer to'),
  'same-uid': warning('PS3.5 9', 'a UID of its own for each study, series and instance'),
  'sop-class-storage': warning('PS3.4 B.5', 'a Storage SOP class that can be kept and retrieved'),
  'sop-class-private': note('PS3.4 B.5', 'a Standard Storage SOP class: readers know no other'),
  'study-differs': error('PS3.3 C.17.6.2.1', "the Study Instance UID of the document's own study"),
  'several-studies': warning('PS3.3 C.17.6.2.1', 'one study'),
  'expected-study': error(XDS_I, 'the Study Instance UID that was asked for'),
  'expected-ae-title': error(XDS_I_ACCESS, 'the AE title that was asked for'),
  'expected-location': error(XDS_I_ACCESS, 'the Retrieve Location UID that was asked for'),
  // where to retrieve from
  'retrieve-ae-title': error(XDS_I_ACCESS, 'Retrieve AE Title in every series'),
  'retrieve-location': error(XDS_I_ACCESS, 'Retrieve Location UID in every series'),
  'retrieve-level': warning('PS3.3 C.17.2.1', 'retrieval attributes in the items of Referenced Series Sequence only'),
  'url-form': error(XDS_I_ACCESS, 'an absolute http or https URL without spaces, user, query and fragment'),
  'url-base': warning(XDS_I_ACCESS, 'the base URI, which ends before /studies'),
  'url-names-other': error('PS3.18 10.4', 'the study and series of its own item in the URL'),
  // requests
  'request-missing': warning('PS3.3 C.17.6.2', 'Referenced Request Sequence, as the study answers a request'),
  'request-study': error('PS3.3 C.17.6.2', "the document's own study in each request"),
  'request-twice': error('MADO 6.X.2.8.1', 'one item for each pair of accession number and placer order number'),
  'accession-several': warning('MADO 6.X.2.6', 'an empty Accession Number at the root, as the requests name several'),
  'accession-differs': error('MADO 6.X.2.6', 'the accession number of its request at the root'),
  'accession-root-empty': warning('MADO 6.X.2.6', 'the one accession number of the requests at the root too'),
  // MADO
  'mado-title': error('MADO 6.X.2', 'the title "Manifest with Description", (MADOTEMP001, 99IHE) or its final DCM code'),
  'mado-title-code': note('MADO 6.X.2', 'a code known here: (MADOTEMP001, 99IHE) or (131560, DCM); another of DCM is taken by its meaning'),
  'mado-required': error('MADO 6.X.2', 'R+: present with a value'),
  'mado-one-study': error('MADO 6.X.2.11', 'one study in the evidence'),
  'mado-repeated-id': error('MADO 6.X.2', 'Other Patient IDs Sequence that repeats the Patient ID'),
  'mado-library': error(TID_1600, 'one Image Library (111028, DCM) below the root'),
  'mado-group': error(
    TID_1600,
    'one Image Library Group (126200, DCM) for each series of the evidence, with its Series Instance UID (112002, DCM)',
  ),
  'mado-group-unknown': error(TID_1600, 'no group for a series that the evidence does not have'),
  'mado-concept': error(TID_1600, 'the content item that the template requires'),
  'mado-count': error(TID_1600, 'the number that the evidence has'),
  'mado-count-type': warning('PS3.16 TID 1600, CP-2595', 'NUM with units; the table of MADO 6.X.2 prints TEXT'),
  'mado-instances': error(TID_1600, 'each instance of the series of the evidence once in its group'),
  'mado-vocabularies': warning('MADO 6.X.2', 'one vocabulary: trial (99IHE) or final (DCM) codes, not both'),
  // DRIMbox
  'drimbox-ins-issuer': error('DRIMbox, INS', 'an INS assigning authority: 1.2.250.1.213.1.4.8, .9, .10 or .11'),
  'drimbox-ins': error('DRIMbox, INS', 'a matricule INS of 15 characters whose key is right'),
  'drimbox-ins-test': note('DRIMbox, INS', '1.2.250.1.213.1.4.8 or .9 in production: this authority is for tests'),
  'drimbox-issuer-name': warning('DRIMbox, INS', 'Issuer of Patient ID ASIP-SANTE-INS-NIR or ASIP-SANTE-INS-NIA'),
  'drimbox-repeated-id': warning('DRIMbox, INS', 'Other Patient IDs Sequence that repeats the INS'),
  'drimbox-url': error('DRIMbox, WADO-RS', 'Retrieve URL of the form <base>/studies/<study>/series/<series> in every series'),
  'drimbox-description': error('DRIMbox, KOS', 'one TEXT item (113012, DCM, "Key Object Description") below the root'),
  'drimbox-description-form': error(
    'DRIMbox, KOS',
    'the line "Examen : …", then lines "Acte = …", then one line "Série-<UID> : <modality> @ <region> : <description>" for each series',
  ),
  'drimbox-description-series': error('DRIMbox, KOS', 'one line for each series of the evidence, and none for another'),
  'drimbox-series-number': warning('DRIMbox, KOS', 'Series Number 59'),
  'drimbox-institution': warning('DRIMbox, KOS', 'Institution Name <name>^^^^^^^^^<identifier>'),
  'drimbox-timezone': warning('DRIMbox, KOS', 'Timezone Offset From UTC'),
  'drimbox-request': error('DRIMbox, KOS', 'an accession number with its issuer in Referenced Request Sequence'),
  'drimbox-one-study': error('DRIMbox, KOS', 'one study in the evidence'),
  // the list itself
  'further-findings': note('', 'fewer findings'),
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof RULES
