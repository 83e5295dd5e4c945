/** The modules of a Key Object Selection Document (PS3.3 A.35.4.3), attribute by attribute, and the macros that they include.
 *
 *  A line is: tag, type, keyword, then in any order `n` (VM 1-n), `one` (at most one item), `= A|B` (Enumerated Values),
 *  `if NAME` (the condition of a type 1C, see conditions.ts), `& MACRO` (what an item holds).
 *  `>` goes one item deeper. A usage of U: the types apply where any attribute of the module is present.
 *  Of type 3 are listed those that may stand there, without what their items hold. */

export interface ModuleText {
  readonly name: string
  readonly section: string
  readonly usage: 'M' | 'U'
  readonly text: string
}

export const MACROS: Readonly<Record<string, { readonly section: string; readonly text: string }>> = {
  CODE: {
    section: 'PS3.3 8.8',
    text: `
    00080100 1C CodeValue if noOtherCodeValue
    00080102 1C CodingSchemeDesignator if hasCodeValue
    00080103 1C CodingSchemeVersion
    00080104 1 CodeMeaning
    00080119 1C LongCodeValue
    00080120 1C URNCodeValue
    00080121 3 EquivalentCodeSequence
    00080105 3 MappingResource
    00080106 3 ContextGroupVersion
    00080107 3 ContextGroupLocalVersion
    0008010B 3 ContextGroupExtensionFlag = Y|N
    0008010D 3 ContextGroupExtensionCreatorUID
    0008010F 3 ContextIdentifier
    00080117 3 ContextUID
    00080118 3 MappingResourceUID
    00080122 3 MappingResourceName`,
  },
  ISSUER: {
    section: 'PS3.3 10.17',
    text: `
    00400031 1C LocalNamespaceEntityID if noUniversalId
    00400032 1C UniversalEntityID if noLocalNamespace
    00400033 1C UniversalEntityIDType if hasUniversalId = DNS|EUI64|ISO|URI|UUID|X400|X500`,
  },
  ISSUER_OF_PATIENT_ID: {
    section: 'PS3.3 10.14',
    text: `
    00400032 3 UniversalEntityID
    00400033 1C UniversalEntityIDType if hasUniversalId = DNS|EUI64|ISO|URI|UUID|X400|X500
    00400035 3 IdentifierTypeCode
    00400036 3 AssigningFacilitySequence one & ISSUER
    00400039 3 AssigningJurisdictionCodeSequence one & CODE
    0040003A 3 AssigningAgencyOrDepartmentCodeSequence one & CODE`,
  },
  SOP_REFERENCE: {
    section: 'PS3.3 10.8',
    text: `
    00081150 1 ReferencedSOPClassUID
    00081155 1 ReferencedSOPInstanceUID`,
  },
  REQUEST: {
    section: 'PS3.3 C.17.6.2, Table C.17-3c',
    text: `
    0020000D 1 StudyInstanceUID
    00081110 2 ReferencedStudySequence one & SOP_REFERENCE
    00080050 2 AccessionNumber
    00080051 3 IssuerOfAccessionNumberSequence one & ISSUER
    00402016 2 PlacerOrderNumberImagingServiceRequest
    00400026 3 OrderPlacerIdentifierSequence one & ISSUER
    00402017 2 FillerOrderNumberImagingServiceRequest
    00400027 3 OrderFillerIdentifierSequence one & ISSUER
    00401001 2 RequestedProcedureID
    00321060 2 RequestedProcedureDescription
    00321064 2 RequestedProcedureCodeSequence & CODE
    00401002 3 ReasonForTheRequestedProcedure
    0040100A 3 ReasonForRequestedProcedureCodeSequence & CODE`,
  },
  EVIDENCE: {
    section: 'PS3.3 C.17.2.1, Table C.17-3',
    text: `
    0020000D 1 StudyInstanceUID
    00081115 1 ReferencedSeriesSequence
    >0020000E 1 SeriesInstanceUID
    >00080054 3 RetrieveAETitle n
    >0040E011 3 RetrieveLocationUID
    >0040E010 3 RetrieveURI
    >00081190 3 RetrieveURL
    >00880130 3 StorageMediaFileSetID
    >00880140 3 StorageMediaFileSetUID
    >00081199 1 ReferencedSOPSequence
    >>00081150 1 ReferencedSOPClassUID
    >>00081155 1 ReferencedSOPInstanceUID
    >>0040A170 3 PurposeOfReferenceCodeSequence & CODE
    >>04000402 1C ReferencedDigitalSignatureSequence
    >>04000403 1C ReferencedSOPInstanceMACSequence`,
  },
}

export const MODULES: readonly ModuleText[] = [
  {
    name: 'Patient',
    section: 'PS3.3 C.7.1.1',
    usage: 'M',
    text: `
    00100010 2 PatientName
    00100020 2 PatientID
    00100021 3 IssuerOfPatientID
    00100022 3 TypeOfPatientID = TEXT|RFID|BARCODE
    00100024 3 IssuerOfPatientIDQualifiersSequence one & ISSUER_OF_PATIENT_ID
    00100026 3 SourcePatientGroupIdentificationSequence
    00100027 3 GroupOfPatientsIdentificationSequence
    00100030 2 PatientBirthDate
    00100032 3 PatientBirthTime
    00100033 3 PatientBirthDateInAlternativeCalendar
    00100034 3 PatientDeathDateInAlternativeCalendar
    00100035 1C PatientAlternativeCalendar if hasAlternativeCalendarDate
    00100040 2 PatientSex = M|F|O
    00100200 3 QualityControlSubject = YES|NO
    00100212 3 StrainDescription
    00100213 3 StrainNomenclature
    00100216 3 StrainStockSequence
    00100218 3 StrainAdditionalInformation
    00100219 3 StrainCodeSequence & CODE
    00100221 3 GeneticModificationsSequence
    00101001 3 OtherPatientNames n
    00101002 3 OtherPatientIDsSequence
    >00100020 1 PatientID
    >00100021 3 IssuerOfPatientID
    >00100022 1 TypeOfPatientID = TEXT|RFID|BARCODE
    >00100024 3 IssuerOfPatientIDQualifiersSequence one & ISSUER_OF_PATIENT_ID
    00101100 3 ReferencedPatientPhotoSequence
    00102160 3 EthnicGroup
    00102201 1C PatientSpeciesDescription
    00102202 1C PatientSpeciesCodeSequence one & CODE
    00102292 2C PatientBreedDescription
    00102293 2C PatientBreedCodeSequence & CODE
    00102294 2C BreedRegistrationSequence
    00102297 2C ResponsiblePerson
    00102298 1C ResponsiblePersonRole if hasResponsiblePerson
    00102299 2C ResponsibleOrganization
    00104000 3 PatientComments
    00120062 3 PatientIdentityRemoved = YES|NO
    00120063 1C DeidentificationMethod n if identityRemovedWithoutCode
    00120064 1C DeidentificationMethodCodeSequence & CODE if identityRemovedWithoutText`,
  },
  {
    name: 'Clinical Trial Subject',
    section: 'PS3.3 C.7.1.3',
    usage: 'U',
    text: `
    00120010 1 ClinicalTrialSponsorName
    00120020 1 ClinicalTrialProtocolID
    00120021 2 ClinicalTrialProtocolName
    00120030 2 ClinicalTrialSiteID
    00120031 2 ClinicalTrialSiteName
    00120040 1C ClinicalTrialSubjectID
    00120042 1C ClinicalTrialSubjectReadingID
    00120081 1C ClinicalTrialProtocolEthicsCommitteeName
    00120082 3 ClinicalTrialProtocolEthicsCommitteeApprovalNumber`,
  },
  {
    name: 'General Study',
    section: 'PS3.3 C.7.2.1',
    usage: 'M',
    text: `
    0020000D 1 StudyInstanceUID
    00080020 2 StudyDate
    00080030 2 StudyTime
    00080050 2 AccessionNumber
    00080051 3 IssuerOfAccessionNumberSequence one & ISSUER
    00080090 2 ReferringPhysicianName
    00080096 3 ReferringPhysicianIdentificationSequence one
    0008009C 3 ConsultingPhysicianName n
    0008009D 3 ConsultingPhysicianIdentificationSequence
    00081030 3 StudyDescription
    00081032 3 ProcedureCodeSequence & CODE
    00081048 3 PhysiciansOfRecord n
    00081049 3 PhysiciansOfRecordIdentificationSequence
    00081060 3 NameOfPhysiciansReadingStudy n
    00081062 3 PhysiciansReadingStudyIdentificationSequence
    00081110 3 ReferencedStudySequence & SOP_REFERENCE
    00200010 2 StudyID
    00321034 3 RequestingServiceCodeSequence one & CODE
    00401012 3 ReasonForPerformedProcedureCodeSequence & CODE`,
  },
  {
    name: 'Patient Study',
    section: 'PS3.3 C.7.2.2',
    usage: 'U',
    text: `
    00081080 3 AdmittingDiagnosesDescription n
    00081084 3 AdmittingDiagnosesCodeSequence & CODE
    00101010 3 PatientAge
    00101020 3 PatientSize
    00101021 3 PatientSizeCodeSequence & CODE
    00101030 3 PatientWeight
    00102000 3 MedicalAlerts n
    00102110 3 Allergies n
    00102180 3 Occupation
    001021A0 3 SmokingStatus = YES|NO|UNKNOWN
    001021B0 3 AdditionalPatientHistory
    001021C0 3 PregnancyStatus
    001021D0 3 LastMenstrualDate
    00102203 2C PatientSexNeutered = ALTERED|UNALTERED
    00380010 3 AdmissionID
    00380014 3 IssuerOfAdmissionIDSequence one & ISSUER
    00380050 3 SpecialNeeds
    00380060 3 ServiceEpisodeID
    00380062 3 ServiceEpisodeDescription
    00380064 3 IssuerOfServiceEpisodeIDSequence one & ISSUER
    00380500 3 PatientState`,
  },
  {
    name: 'Clinical Trial Study',
    section: 'PS3.3 C.7.2.3',
    usage: 'U',
    text: `
    00120050 2 ClinicalTrialTimePointID
    00120051 3 ClinicalTrialTimePointDescription
    00120083 3 ConsentForClinicalTrialUseSequence`,
  },
  {
    name: 'Key Object Document Series',
    section: 'PS3.3 C.17.6.1',
    usage: 'M',
    text: `
    00080060 1 Modality = KO
    0020000E 1 SeriesInstanceUID
    00200011 1 SeriesNumber
    00080021 3 SeriesDate
    00080031 3 SeriesTime
    0008103E 3 SeriesDescription
    0008103F 3 SeriesDescriptionCodeSequence one & CODE
    00181030 3 ProtocolName
    00081111 2 ReferencedPerformedProcedureStepSequence one & SOP_REFERENCE`,
  },
  {
    name: 'Clinical Trial Series',
    section: 'PS3.3 C.7.3.2',
    usage: 'U',
    text: `
    00120060 2 ClinicalTrialCoordinatingCenterName
    00120071 3 ClinicalTrialSeriesID
    00120072 3 ClinicalTrialSeriesDescription`,
  },
  {
    name: 'General Equipment',
    section: 'PS3.3 C.7.5.1',
    usage: 'M',
    text: `
    00080070 2 Manufacturer
    00080080 3 InstitutionName
    00080081 3 InstitutionAddress
    00080082 3 InstitutionCodeSequence & CODE
    00081010 3 StationName
    00081040 3 InstitutionalDepartmentName
    00081041 3 InstitutionalDepartmentTypeCodeSequence one & CODE
    00081090 3 ManufacturerModelName
    00181000 3 DeviceSerialNumber
    00181002 3 DeviceUID
    00181008 3 GantryID
    0018100A 3 UDISequence
    0018100B 3 ManufacturerDeviceClassUID n
    00181020 3 SoftwareVersions n
    00181050 3 SpatialResolution
    00181200 3 DateOfLastCalibration n
    00181201 3 TimeOfLastCalibration n`,
  },
  {
    name: 'Key Object Document',
    section: 'PS3.3 C.17.6.2',
    usage: 'M',
    text: `
    00200013 1 InstanceNumber
    00080023 1 ContentDate
    00080033 1 ContentTime
    0040A370 1C ReferencedRequestSequence & REQUEST
    0040A375 1 CurrentRequestedProcedureEvidenceSequence & EVIDENCE
    0040A525 1C IdenticalDocumentsSequence & EVIDENCE if severalStudies`,
  },
  {
    name: 'SR Document Content',
    section: 'PS3.3 C.17.3',
    usage: 'M',
    text: `
    0040A040 1 ValueType = CONTAINER
    0040A043 1 ConceptNameCodeSequence one & CODE
    0040A050 1 ContinuityOfContent = SEPARATE|CONTINUOUS
    0040A504 1C ContentTemplateSequence one
    >00080105 1 MappingResource
    >00080118 3 MappingResourceUID
    >0040DB00 1 TemplateIdentifier
    0040A730 1C ContentSequence
    0040A032 1C ObservationDateTime`,
  },
  {
    name: 'SOP Common',
    section: 'PS3.3 C.12.1',
    usage: 'M',
    text: `
    00080016 1 SOPClassUID
    00080018 1 SOPInstanceUID
    00080005 1C SpecificCharacterSet n
    00080012 3 InstanceCreationDate
    00080013 3 InstanceCreationTime
    00080014 3 InstanceCreatorUID
    00080015 3 InstanceCoercionDateTime
    0008001A 3 RelatedGeneralSOPClassUID n
    0008001B 3 OriginalSpecializedSOPClassUID
    00080053 3 QueryRetrieveView = CLASSIC|ENHANCED
    00080110 3 CodingSchemeIdentificationSequence
    00080201 3 TimezoneOffsetFromUTC
    00080300 3 PrivateDataElementCharacteristicsSequence
    00189004 3 ContentQualification = PRODUCT|RESEARCH|SERVICE
    0018A001 3 ContributingEquipmentSequence
    00209172 1C ConversionSourceAttributesSequence
    00280303 3 LongitudinalTemporalInformationModified = UNMODIFIED|MODIFIED|REMOVED
    0040A390 1C HL7StructuredDocumentReferenceSequence
    01000410 3 SOPInstanceStatus = NS|OR|AO|AC
    01000420 3 SOPAuthorizationDateTime
    01000424 3 SOPAuthorizationComment
    01000426 3 AuthorizationEquipmentCertificationNumber
    04000500 1C EncryptedAttributesSequence
    04000561 3 OriginalAttributesSequence
    04000600 1C InstanceOriginStatus = LOCAL|IMPORTED
    4FFE0001 3 MACParametersSequence
    FFFAFFFA 3 DigitalSignaturesSequence`,
  },
]

/** Attributes at the root that belong to modules of other IODs, by the module's name; a group stands for all of its elements. */
export const FOREIGN_ATTRIBUTES: Readonly<Record<string, readonly number[]>> = {
  'SR Document General (PS3.3 C.17.2)': [
    0x0040a073, 0x0040a078, 0x0040a360, 0x0040a372, 0x0040a385, 0x0040a491, 0x0040a492, 0x0040a493, 0x0040a496,
  ],
  'General Series (PS3.3 C.7.3.1)': [
    0x00081050, 0x00081070, 0x00180015, 0x00185100, 0x00200060, 0x00400244, 0x00400245, 0x00400253, 0x00400275,
  ],
  'Encapsulated Document (PS3.3 C.24.2)': [0x00420010, 0x00420011, 0x00420012],
  'Frame of Reference (PS3.3 C.7.4.1)': [0x00200052, 0x00201040],
  'General Image (PS3.3 C.7.6.1)': [0x00080008, 0x00080022, 0x00080032, 0x00200020],
  'Common Instance Reference (PS3.3 C.12.2)': [0x00081115, 0x00081200],
}
export const FOREIGN_GROUPS: Readonly<Record<number, string>> = { 40: 'Image Pixel (PS3.3 C.7.6.3)', 32736: 'Image Pixel (PS3.3 C.7.6.3)' }
