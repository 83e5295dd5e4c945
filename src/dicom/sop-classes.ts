/** SOP classes by UID (PS3.6 A): every Storage SOP class (PS3.4 B.5, retired and trial ones, DICOS and DICONDE included) and the
 *  services that the node speaks.
 *
 *  Not among the Storage SOP classes: the Media Storage Directory, which is no message (PS3.4 I.4), and Non-Patient Object Storage
 *  (PS3.4 GG.3: hanging protocols, colour palettes, implant templates, defined protocols, inventories), whose instances belong to no
 *  study. The latter are named here, so that a log can say what was offered. */

/** How a manifest refers to an instance in its content tree (PS3.3 C.17.3, PS3.16 TID 2010). */
export type ReferenceValueType = 'IMAGE' | 'WAVEFORM' | 'COMPOSITE'

export type SopService = 'storage' | 'non-patient storage' | 'media storage' | 'verification' | 'find' | 'move' | 'get' | 'mpps'

export interface SopClass {
  readonly uid: string
  /** Name as in PS3.6 A, without the words "SOP Class". */
  readonly name: string
  readonly service: SopService
  readonly retired: boolean
  /** For a Storage SOP class; COMPOSITE for anything else. */
  readonly valueType: ReferenceValueType
}

export const VERIFICATION = '1.2.840.10008.1.1'
export const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10'
export const PATIENT_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.1.1'
export const PATIENT_ROOT_MOVE = '1.2.840.10008.5.1.4.1.2.1.2'
export const PATIENT_ROOT_GET = '1.2.840.10008.5.1.4.1.2.1.3'
export const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1'
export const STUDY_ROOT_MOVE = '1.2.840.10008.5.1.4.1.2.2.2'
export const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3'
/** Retired since 2004, still asked for by old workstations. */
export const PATIENT_STUDY_ONLY_FIND = '1.2.840.10008.5.1.4.1.2.3.1'
export const PATIENT_STUDY_ONLY_MOVE = '1.2.840.10008.5.1.4.1.2.3.2'
export const PATIENT_STUDY_ONLY_GET = '1.2.840.10008.5.1.4.1.2.3.3'
export const MODALITY_PERFORMED_PROCEDURE_STEP = '1.2.840.10008.3.1.2.3.3'
export const KEY_OBJECT_SELECTION_DOCUMENT_STORAGE = '1.2.840.10008.5.1.4.1.1.88.59'

const RETIRED = true

function service(kind: SopService, uid: string, name: string, retired = false): SopClass {
  return { uid, name, service: kind, retired, valueType: 'COMPOSITE' }
}

function nonPatient(uid: string, name: string): SopClass {
  return service('non-patient storage', uid, name)
}

function storage(uid: string, name: string, retired = false): SopClass {
  return { uid, name, service: 'storage', retired, valueType: valueTypeOf(name) }
}

function valueTypeOf(name: string): ReferenceValueType {
  if (/Image Storage(?: - .+)?$/.test(name)) return 'IMAGE'
  return name.includes('Waveform Storage') ? 'WAVEFORM' : 'COMPOSITE'
}

export const SOP_CLASSES: readonly SopClass[] = [
  service('verification', VERIFICATION, 'Verification'),
  service('media storage', MEDIA_STORAGE_DIRECTORY, 'Media Storage Directory Storage'),
  service('mpps', MODALITY_PERFORMED_PROCEDURE_STEP, 'Modality Performed Procedure Step'),
  service('find', PATIENT_ROOT_FIND, 'Patient Root Query/Retrieve Information Model - FIND'),
  service('move', PATIENT_ROOT_MOVE, 'Patient Root Query/Retrieve Information Model - MOVE'),
  service('get', PATIENT_ROOT_GET, 'Patient Root Query/Retrieve Information Model - GET'),
  service('find', STUDY_ROOT_FIND, 'Study Root Query/Retrieve Information Model - FIND'),
  service('move', STUDY_ROOT_MOVE, 'Study Root Query/Retrieve Information Model - MOVE'),
  service('get', STUDY_ROOT_GET, 'Study Root Query/Retrieve Information Model - GET'),
  service('find', PATIENT_STUDY_ONLY_FIND, 'Patient/Study Only Query/Retrieve Information Model - FIND', RETIRED),
  service('move', PATIENT_STUDY_ONLY_MOVE, 'Patient/Study Only Query/Retrieve Information Model - MOVE', RETIRED),
  service('get', PATIENT_STUDY_ONLY_GET, 'Patient/Study Only Query/Retrieve Information Model - GET', RETIRED),

  nonPatient('1.2.840.10008.5.1.4.1.1.200.1', 'CT Defined Procedure Protocol Storage'),
  nonPatient('1.2.840.10008.5.1.4.1.1.200.3', 'Protocol Approval Storage'),
  nonPatient('1.2.840.10008.5.1.4.1.1.200.7', 'XA Defined Procedure Protocol Storage'),
  nonPatient('1.2.840.10008.5.1.4.1.1.201.1', 'Inventory Storage'),
  nonPatient('1.2.840.10008.5.1.4.38.1', 'Hanging Protocol Storage'),
  nonPatient('1.2.840.10008.5.1.4.39.1', 'Color Palette Storage'),
  nonPatient('1.2.840.10008.5.1.4.43.1', 'Generic Implant Template Storage'),
  nonPatient('1.2.840.10008.5.1.4.44.1', 'Implant Assembly Template Storage'),
  nonPatient('1.2.840.10008.5.1.4.45.1', 'Implant Template Group Storage'),

  storage('1.2.840.10008.5.1.1.27', 'Stored Print Storage', RETIRED),
  storage('1.2.840.10008.5.1.1.29', 'Hardcopy Grayscale Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.1.30', 'Hardcopy Color Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.1', 'Computed Radiography Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.1.1', 'Digital X-Ray Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.1.1.1', 'Digital X-Ray Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.1.2', 'Digital Mammography X-Ray Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.1.2.1', 'Digital Mammography X-Ray Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.1.3', 'Digital Intra-Oral X-Ray Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.1.3.1', 'Digital Intra-Oral X-Ray Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.2', 'CT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.2.1', 'Enhanced CT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.2.2', 'Legacy Converted Enhanced CT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.3', 'Ultrasound Multi-frame Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.3.1', 'Ultrasound Multi-frame Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.4', 'MR Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.4.1', 'Enhanced MR Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.4.2', 'MR Spectroscopy Storage'),
  storage('1.2.840.10008.5.1.4.1.1.4.3', 'Enhanced MR Color Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.4.4', 'Legacy Converted Enhanced MR Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.5', 'Nuclear Medicine Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.6', 'Ultrasound Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.6.1', 'Ultrasound Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.6.2', 'Enhanced US Volume Storage'),
  storage('1.2.840.10008.5.1.4.1.1.6.3', 'Photoacoustic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.7', 'Secondary Capture Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.7.1', 'Multi-frame Single Bit Secondary Capture Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.7.2', 'Multi-frame Grayscale Byte Secondary Capture Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.7.3', 'Multi-frame Grayscale Word Secondary Capture Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.7.4', 'Multi-frame True Color Secondary Capture Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.8', 'Standalone Overlay Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.9', 'Standalone Curve Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.9.1', 'Waveform Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.9.1.1', '12-lead ECG Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.1.2', 'General ECG Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.1.3', 'Ambulatory ECG Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.1.4', 'General 32-bit ECG Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.2.1', 'Hemodynamic Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.3.1', 'Cardiac Electrophysiology Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.4.1', 'Basic Voice Audio Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.4.2', 'General Audio Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.5.1', 'Arterial Pulse Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.6.1', 'Respiratory Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.6.2', 'Multi-channel Respiratory Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.7.1', 'Routine Scalp Electroencephalogram Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.7.2', 'Electromyogram Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.7.3', 'Electrooculogram Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.7.4', 'Sleep Electroencephalogram Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.9.8.1', 'Body Position Waveform Storage'),
  storage('1.2.840.10008.5.1.4.1.1.10', 'Standalone Modality LUT Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.11', 'Standalone VOI LUT Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.11.1', 'Grayscale Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.2', 'Color Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.3', 'Pseudo-Color Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.4', 'Blending Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.5', 'XA/XRF Grayscale Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.6', 'Grayscale Planar MPR Volumetric Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.7', 'Compositing Planar MPR Volumetric Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.8', 'Advanced Blending Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.9', 'Volume Rendering Volumetric Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.10', 'Segmented Volume Rendering Volumetric Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.11', 'Multiple Volume Rendering Volumetric Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.11.12', 'Variable Modality LUT Softcopy Presentation State Storage'),
  storage('1.2.840.10008.5.1.4.1.1.12.1', 'X-Ray Angiographic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.12.1.1', 'Enhanced XA Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.12.2', 'X-Ray Radiofluoroscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.12.2.1', 'Enhanced XRF Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.12.3', 'X-Ray Angiographic Bi-Plane Image Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.13.1.1', 'X-Ray 3D Angiographic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.13.1.2', 'X-Ray 3D Craniofacial Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.13.1.3', 'Breast Tomosynthesis Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.13.1.4', 'Breast Projection X-Ray Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.13.1.5', 'Breast Projection X-Ray Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.14.1', 'Intravascular Optical Coherence Tomography Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.14.2', 'Intravascular Optical Coherence Tomography Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.20', 'Nuclear Medicine Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.30', 'Parametric Map Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66', 'Raw Data Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.1', 'Spatial Registration Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.2', 'Spatial Fiducials Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.3', 'Deformable Spatial Registration Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.4', 'Segmentation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.5', 'Surface Segmentation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.6', 'Tractography Results Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.7', 'Label Map Segmentation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.66.8', 'Height Map Segmentation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.67', 'Real World Value Mapping Storage'),
  storage('1.2.840.10008.5.1.4.1.1.68.1', 'Surface Scan Mesh Storage'),
  storage('1.2.840.10008.5.1.4.1.1.68.2', 'Surface Scan Point Cloud Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1', 'VL Image Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.77.1.1', 'VL Endoscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.1.1', 'Video Endoscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.2', 'VL Microscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.2.1', 'Video Microscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.3', 'VL Slide-Coordinates Microscopic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.4', 'VL Photographic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.4.1', 'Video Photographic Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.1', 'Ophthalmic Photography 8 Bit Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.2', 'Ophthalmic Photography 16 Bit Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.3', 'Stereometric Relationship Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.4', 'Ophthalmic Tomography Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.5', 'Wide Field Ophthalmic Photography Stereographic Projection Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.6', 'Wide Field Ophthalmic Photography 3D Coordinates Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.7', 'Ophthalmic Optical Coherence Tomography En Face Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.5.8', 'Ophthalmic Optical Coherence Tomography B-scan Volume Analysis Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.6', 'VL Whole Slide Microscopy Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.7', 'Dermoscopic Photography Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.8', 'Confocal Microscopy Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.1.9', 'Confocal Microscopy Tiled Pyramidal Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.77.2', 'VL Multi-frame Image Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.78.1', 'Lensometry Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.2', 'Autorefraction Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.3', 'Keratometry Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.4', 'Subjective Refraction Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.5', 'Visual Acuity Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.6', 'Spectacle Prescription Report Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.7', 'Ophthalmic Axial Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.78.8', 'Intraocular Lens Calculations Storage'),
  storage('1.2.840.10008.5.1.4.1.1.79.1', 'Macular Grid Thickness and Volume Report Storage'),
  storage('1.2.840.10008.5.1.4.1.1.80.1', 'Ophthalmic Visual Field Static Perimetry Measurements Storage'),
  storage('1.2.840.10008.5.1.4.1.1.81.1', 'Ophthalmic Thickness Map Storage'),
  storage('1.2.840.10008.5.1.4.1.1.82.1', 'Corneal Topography Map Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.1', 'Text SR Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.88.2', 'Audio SR Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.88.3', 'Detail SR Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.88.4', 'Comprehensive SR Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.88.11', 'Basic Text SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.22', 'Enhanced SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.33', 'Comprehensive SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.34', 'Comprehensive 3D SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.35', 'Extensible SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.40', 'Procedure Log Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.50', 'Mammography CAD SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.59', 'Key Object Selection Document Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.65', 'Chest CAD SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.67', 'X-Ray Radiation Dose SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.68', 'Radiopharmaceutical Radiation Dose SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.69', 'Colon CAD SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.70', 'Implantation Plan SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.71', 'Acquisition Context SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.72', 'Simplified Adult Echo SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.73', 'Patient Radiation Dose SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.74', 'Planned Imaging Agent Administration SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.75', 'Performed Imaging Agent Administration SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.76', 'Enhanced X-Ray Radiation Dose SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.88.77', 'Waveform Annotation SR Storage'),
  storage('1.2.840.10008.5.1.4.1.1.90.1', 'Content Assessment Results Storage'),
  storage('1.2.840.10008.5.1.4.1.1.91.1', 'Microscopy Bulk Simple Annotations Storage'),
  storage('1.2.840.10008.5.1.4.1.1.104.1', 'Encapsulated PDF Storage'),
  storage('1.2.840.10008.5.1.4.1.1.104.2', 'Encapsulated CDA Storage'),
  storage('1.2.840.10008.5.1.4.1.1.104.3', 'Encapsulated STL Storage'),
  storage('1.2.840.10008.5.1.4.1.1.104.4', 'Encapsulated OBJ Storage'),
  storage('1.2.840.10008.5.1.4.1.1.104.5', 'Encapsulated MTL Storage'),
  storage('1.2.840.10008.5.1.4.1.1.128', 'Positron Emission Tomography Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.128.1', 'Legacy Converted Enhanced PET Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.129', 'Standalone PET Curve Storage', RETIRED),
  storage('1.2.840.10008.5.1.4.1.1.130', 'Enhanced PET Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.131', 'Basic Structured Display Storage'),
  storage('1.2.840.10008.5.1.4.1.1.200.2', 'CT Performed Procedure Protocol Storage'),
  storage('1.2.840.10008.5.1.4.1.1.200.8', 'XA Performed Procedure Protocol Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.1', 'RT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.2', 'RT Dose Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.3', 'RT Structure Set Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.4', 'RT Beams Treatment Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.5', 'RT Plan Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.6', 'RT Brachy Treatment Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.7', 'RT Treatment Summary Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.8', 'RT Ion Plan Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.9', 'RT Ion Beams Treatment Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.10', 'RT Physician Intent Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.11', 'RT Segment Annotation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.12', 'RT Radiation Set Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.13', 'C-Arm Photon-Electron Radiation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.14', 'Tomotherapeutic Radiation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.15', 'Robotic-Arm Radiation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.16', 'RT Radiation Record Set Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.17', 'RT Radiation Salvage Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.18', 'Tomotherapeutic Radiation Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.19', 'C-Arm Photon-Electron Radiation Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.20', 'Robotic Radiation Record Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.21', 'RT Radiation Set Delivery Instruction Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.22', 'RT Treatment Preparation Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.23', 'Enhanced RT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.24', 'Enhanced Continuous RT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.481.25', 'RT Patient Position Acquisition Instruction Storage'),
  storage('1.2.840.10008.5.1.4.1.1.501.1', 'DICOS CT Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.501.2.1', 'DICOS Digital X-Ray Image Storage - For Presentation'),
  storage('1.2.840.10008.5.1.4.1.1.501.2.2', 'DICOS Digital X-Ray Image Storage - For Processing'),
  storage('1.2.840.10008.5.1.4.1.1.501.3', 'DICOS Threat Detection Report Storage'),
  storage('1.2.840.10008.5.1.4.1.1.501.4', 'DICOS 2D AIT Storage'),
  storage('1.2.840.10008.5.1.4.1.1.501.5', 'DICOS 3D AIT Storage'),
  storage('1.2.840.10008.5.1.4.1.1.501.6', 'DICOS Quadrupole Resonance (QR) Storage'),
  storage('1.2.840.10008.5.1.4.1.1.601.1', 'Eddy Current Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.601.2', 'Eddy Current Multi-frame Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.601.3', 'Thermography Image Storage'),
  storage('1.2.840.10008.5.1.4.1.1.601.4', 'Thermography Multi-frame Image Storage'),
  storage('1.2.840.10008.5.1.4.34.1', 'RT Beams Delivery Instruction Storage - Trial', RETIRED),
  storage('1.2.840.10008.5.1.4.34.7', 'RT Beams Delivery Instruction Storage'),
  storage('1.2.840.10008.5.1.4.34.10', 'RT Brachy Application Setup Delivery Instruction Storage'),
]

const BY_UID: ReadonlyMap<string, SopClass> = new Map(SOP_CLASSES.map((entry) => [entry.uid, entry]))

export function sopClass(uid: string): SopClass | undefined {
  return BY_UID.get(uid)
}

/** Whether the UID is that of a standard Storage SOP class (PS3.4 B.5); private ones come from the configuration. */
export function isStorageClass(uid: string): boolean {
  return BY_UID.get(uid)?.service === 'storage'
}

/** The name of PS3.6 A, or the UID itself where it is none of ours. */
export function sopClassName(uid: string): string {
  return BY_UID.get(uid)?.name ?? uid
}

/** How a manifest refers to an instance of this class; COMPOSITE for a private or unknown one. */
export function referenceValueType(uid: string): ReferenceValueType {
  return BY_UID.get(uid)?.valueType ?? 'COMPOSITE'
}
