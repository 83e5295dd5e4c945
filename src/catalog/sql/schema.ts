/** The schema as it was at each version of the catalog: literal text, never edited once released (forward-only, see migrations.ts).
 *
 *  A column in keyword spelling holds the DICOM attribute of that name; one in snake_case is ours. `…Fold1..3` are the folded
 *  component groups of a name, `…Norm` a date or time in its present form ('' where there is none), `…Order` a number to sort by. */

export const SCHEMA_1 = `
  CREATE TABLE patients (
    id INTEGER PRIMARY KEY,
    identity_key TEXT NOT NULL UNIQUE,
    "PatientName" TEXT,
    "PatientID" TEXT,
    "IssuerOfPatientID" TEXT,
    "IssuerOfPatientIDQualifiersSequence" TEXT,
    "PatientBirthDate" TEXT,
    "PatientBirthTime" TEXT,
    "PatientSex" TEXT,
    "OtherPatientNames" TEXT,
    "OtherPatientIDsSequence" TEXT,
    "EthnicGroup" TEXT,
    "PatientComments" TEXT,
    "PatientNameFold1" TEXT,
    "PatientNameFold2" TEXT,
    "PatientNameFold3" TEXT,
    "PatientBirthDateNorm" TEXT NOT NULL
  ) STRICT;
  CREATE INDEX patients_id ON patients ("PatientID");
  CREATE INDEX patients_id_several ON patients (id) WHERE instr("PatientID", '\\') > 0;
  CREATE INDEX patients_name_1 ON patients ("PatientNameFold1");
  CREATE INDEX patients_name_2 ON patients ("PatientNameFold2") WHERE "PatientNameFold2" > '';
  CREATE INDEX patients_name_3 ON patients ("PatientNameFold3") WHERE "PatientNameFold3" > '';
  CREATE INDEX patients_birth ON patients ("PatientBirthDateNorm");

  CREATE TABLE studies (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    revision INTEGER NOT NULL,
    manifest_revision INTEGER NOT NULL,
    last_received_at INTEGER NOT NULL,
    in_conflict INTEGER NOT NULL,
    "StudyInstanceUID" TEXT NOT NULL,
    "StudyDate" TEXT,
    "StudyTime" TEXT,
    "AccessionNumber" TEXT,
    "IssuerOfAccessionNumberSequence" TEXT,
    "StudyID" TEXT,
    "StudyDescription" TEXT,
    "ReferringPhysicianName" TEXT,
    "PhysiciansOfRecord" TEXT,
    "NameOfPhysiciansReadingStudy" TEXT,
    "ProcedureCodeSequence" TEXT,
    "AdmittingDiagnosesDescription" TEXT,
    "PatientAge" TEXT,
    "PatientSize" TEXT,
    "PatientWeight" TEXT,
    "AdditionalPatientHistory" TEXT,
    "StudyDateNorm" TEXT NOT NULL,
    "StudyTimeNorm" TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX studies_uid ON studies ("StudyInstanceUID");
  CREATE UNIQUE INDEX studies_order ON studies ("StudyDateNorm", "StudyTimeNorm", "StudyInstanceUID");
  CREATE INDEX studies_patient ON studies (patient_id);
  CREATE INDEX studies_accession ON studies ("AccessionNumber");
  CREATE INDEX studies_accession_several ON studies (id) WHERE instr("AccessionNumber", '\\') > 0;
  CREATE INDEX studies_due ON studies (last_received_at) WHERE revision > manifest_revision AND in_conflict = 0;
  CREATE INDEX studies_conflict ON studies (id) WHERE in_conflict = 1;

  CREATE TABLE study_identities (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL REFERENCES studies (id),
    number INTEGER NOT NULL,
    in_force INTEGER NOT NULL,
    identity_key TEXT NOT NULL,
    "PatientName" TEXT,
    "PatientID" TEXT,
    "IssuerOfPatientID" TEXT,
    "IssuerOfPatientIDQualifiersSequence" TEXT,
    "PatientBirthDate" TEXT,
    "PatientBirthTime" TEXT,
    "PatientSex" TEXT,
    "OtherPatientNames" TEXT,
    "OtherPatientIDsSequence" TEXT,
    "EthnicGroup" TEXT,
    "PatientComments" TEXT,
    "PatientNameFold1" TEXT,
    "PatientNameFold2" TEXT,
    "PatientNameFold3" TEXT,
    "PatientBirthDateNorm" TEXT NOT NULL,
    UNIQUE (study_id, identity_key)
  ) STRICT;
  CREATE UNIQUE INDEX identities_in_force ON study_identities (study_id) WHERE in_force = 1;
  CREATE INDEX identities_id ON study_identities ("PatientID");
  CREATE INDEX identities_id_several ON study_identities (id) WHERE instr("PatientID", '\\') > 0;
  CREATE INDEX identities_name_1 ON study_identities ("PatientNameFold1");
  CREATE INDEX identities_name_2 ON study_identities ("PatientNameFold2") WHERE "PatientNameFold2" > '';
  CREATE INDEX identities_name_3 ON study_identities ("PatientNameFold3") WHERE "PatientNameFold3" > '';
  CREATE INDEX identities_birth ON study_identities ("PatientBirthDateNorm");

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL REFERENCES studies (id),
    "SeriesInstanceUID" TEXT NOT NULL,
    "Modality" TEXT,
    "SeriesNumber" TEXT,
    "SeriesDate" TEXT,
    "SeriesTime" TEXT,
    "SeriesDescription" TEXT,
    "BodyPartExamined" TEXT,
    "Laterality" TEXT,
    "ProtocolName" TEXT,
    "Manufacturer" TEXT,
    "ManufacturerModelName" TEXT,
    "InstitutionName" TEXT,
    "StationName" TEXT,
    "InstitutionalDepartmentName" TEXT,
    "PerformingPhysicianName" TEXT,
    "OperatorsName" TEXT,
    "PerformedProcedureStepID" TEXT,
    "PerformedProcedureStepStartDate" TEXT,
    "PerformedProcedureStepStartTime" TEXT,
    "PerformedProcedureStepDescription" TEXT,
    "RequestAttributesSequence" TEXT,
    "SeriesOrder" INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX series_uid ON series ("SeriesInstanceUID", study_id);
  CREATE UNIQUE INDEX series_order ON series (study_id, "SeriesOrder", "SeriesInstanceUID");

  CREATE TABLE instances (
    id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    identity_id INTEGER NOT NULL REFERENCES study_identities (id),
    role TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    file_size_bytes INTEGER NOT NULL,
    data_set_offset INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    "SOPInstanceUID" TEXT NOT NULL,
    "SOPClassUID" TEXT NOT NULL,
    "InstanceNumber" TEXT,
    "ContentDate" TEXT,
    "ContentTime" TEXT,
    "AcquisitionDate" TEXT,
    "AcquisitionTime" TEXT,
    "AcquisitionNumber" TEXT,
    "ImageType" TEXT,
    "NumberOfFrames" TEXT,
    "Rows" TEXT,
    "Columns" TEXT,
    "BitsAllocated" TEXT,
    "TimezoneOffsetFromUTC" TEXT,
    "SpecificCharacterSet" TEXT,
    "ConceptNameCodeSequence" TEXT,
    "InstanceOrder" INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX instances_uid ON instances ("SOPInstanceUID");
  CREATE UNIQUE INDEX instances_storage_key ON instances (storage_key);
  CREATE UNIQUE INDEX instances_order ON instances (series_id, "InstanceOrder", "SOPInstanceUID", role, "SOPClassUID");
  CREATE INDEX instances_identity ON instances (identity_id);
  CREATE INDEX instances_received ON instances (received_at);

  CREATE TABLE manifests (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    study_instance_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    version INTEGER NOT NULL,
    content_digest TEXT NOT NULL,
    state TEXT NOT NULL,
    superseded_by TEXT,
    instance_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (study_instance_uid, version)
  ) STRICT;
  CREATE UNIQUE INDEX manifests_order ON manifests (created_at, sop_instance_uid);
  CREATE INDEX manifests_in_force ON manifests (study_instance_uid) WHERE state = 'in force';

  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    manifest_uid TEXT NOT NULL REFERENCES manifests (sop_instance_uid),
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (manifest_uid, target)
  ) STRICT;
  CREATE INDEX deliveries_waiting ON deliveries (next_attempt_at) WHERE state = 'waiting';

  CREATE TABLE peers_seen (
    id INTEGER PRIMARY KEY,
    calling_ae_title TEXT NOT NULL,
    called_ae_title TEXT NOT NULL,
    address TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    UNIQUE (calling_ae_title, called_ae_title, address)
  ) STRICT;
  CREATE INDEX peers_seen_order ON peers_seen (last_seen_at);

  CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
`
