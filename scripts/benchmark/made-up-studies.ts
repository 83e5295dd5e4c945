/** Made-up studies as a catalogue gets them: ten years of a hospital, in the order of reception.
 *
 *  Promises: study `n` of a seed is the same whenever it is made, alone or among others. French and European names with accents, many of them
 *  shared; patients who come again; accession numbers; one to three series of the modalities of a radiology; UIDs as devices count them.
 *  Does not: make files, or use anything of a real patient. */
import type { InstanceFacts, ManifestRecord, StorageKey } from '../../src/catalog/contract.ts'
import type { IndexKeys } from '../../src/dicom/index-attributes.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts'
import { type Uid, uid } from '../../src/dicom/uid.ts'

const SURNAMES =
  `Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre Michel Garcia David Bertrand Roux Vincent
  Fournier Morel Girard André Lefebvre Mercier Dupont Lambert Bonnet François Martinez Legrand Garnier Faure Rousseau Blanc Guérin Müller Henry
  Roussel Nicolas Perrin Morin Mathieu Clément Gauthier Dumont López Fontaine Chevalier Robin Masson Sánchez Gérard Nguyen Boyer Denis Lemaire
  Duval Joly Gautier Roger Roche Roy Noël Meyer Lucas Meunier Jean Pérez Marchand Dufour Blanchard Marie Barbier Brun Dumas Brunet Schmitt Leroux
  Colas Fernández Renard Arnaud Rolland Caron Aubert Giraud Leclerc Vidal Bourgeois Renaud Lemoine Picard Gaillard Philippe Leclercq Lacroix
  Fabre Dupuis Olivier Rodríguez Da_Silva Hubert Louis Charles Guillot Rivière Le_Gall Guillaume Adam Rey Moulin González Berger Lecomte Menard
  Fleury Deschamps Carpentier Julien Benoît Paris Maillard Marchal Aubry Vasseur Le_Roux Renault Jacquet Collet Prévost Poirier Charpentier Royer
  Huet Baron Dupuy Pons Paul Laine Carré Bréton Rémy Schneider Dupré Weber Østergaard Kowalski Nowak Åkesson García_Márquez Rossi Bianchi`
    .split(/\s+/)
    .map((name) => name.replaceAll('_', ' '))
const WOMEN =
  `Marie Jeanne Françoise Monique Catherine Nathalie Isabelle Jacqueline Anne Sylvie Martine Madeleine Nicole Suzanne Hélène Christine
  Louise Denise Valérie Sandrine Stéphanie Véronique Sophie Céline Chantal Aurélie Julie Émilie Camille Léa Manon Chloé Zoé Inès Noémie`.split(
    /\s+/,
  )
const MEN =
  `Jean Pierre Michel André Philippe René Louis Alain Jacques Bernard Marcel Daniel Roger Robert Paul Claude Christian Henri Nicolas
  Georges Patrick Gérard François Stéphane Frédéric Julien Thomas Alexandre Maxime Rémi Théo Noël Loïc Jérôme Benoît`.split(/\s+/)

interface Kind {
  readonly modality: string
  readonly sopClassUid: Uid
  readonly description: string
  readonly bodyPart: string
  readonly maker: string
  readonly side: number
}

const kind = (modality: string, sopClass: string, description: string, bodyPart: string, maker: string, side: number): Kind => ({
  modality,
  sopClassUid: uid(`1.2.840.10008.5.1.4.1.1.${sopClass}`),
  description,
  bodyPart,
  maker,
  side,
})
/** What a study is, each as often as it stands here; one with two kinds has series of both. */
const KINDS: readonly (readonly Kind[])[] = [
  [kind('CT', '2', 'TDM thorax', 'CHEST', 'SIEMENS', 512)],
  [kind('CT', '2', 'TDM abdomino-pelvien', 'ABDOMEN', 'GE MEDICAL SYSTEMS', 512)],
  [kind('CT', '2', 'TDM cérébral', 'HEAD', 'SIEMENS', 512)],
  [kind('DX', '1.1', 'Radio thorax face', 'CHEST', 'Agfa', 2048)],
  [kind('DX', '1.1', 'Radio genou', 'KNEE', 'Agfa', 2048)],
  [kind('CR', '1', 'Radio poignet', 'WRIST', 'FUJIFILM', 1760)],
  [kind('US', '6.1', 'Échographie abdominale', 'ABDOMEN', 'Philips', 768)],
  [kind('US', '6.1', 'Échographie cardiaque', 'HEART', 'Philips', 768)],
  [kind('MR', '4', 'IRM genou', 'KNEE', 'SIEMENS', 320)],
  [kind('MR', '4', 'IRM encéphale', 'HEAD', 'SIEMENS', 256)],
  [kind('MG', '1.2', 'Mammographie', 'BREAST', 'HOLOGIC', 2560)],
  [kind('PT', '128', 'TEP', 'WHOLEBODY', 'SIEMENS', 200), kind('CT', '2', 'TDM faible dose', 'WHOLEBODY', 'SIEMENS', 512)],
]

const KEY_OBJECT_SELECTION = uid('1.2.840.10008.5.1.4.1.1.88.59')
const EXPLICIT = uid(EXPLICIT_VR_LITTLE_ENDIAN)
const ROOT = '1.2.826.0.1.3680043.9.9999'
const YEARS = 10
const DAY_MS = 86_400_000
/** Studies per patient, on the average. */
const VISITS = 2.5

export interface MadeUpOptions {
  readonly seed: number
  readonly studies: number
  readonly instancesPerStudy: number
  /** When the last study was received; milliseconds since 1970. */
  readonly until: number
}

export interface MadeUpStudy {
  readonly instances: readonly InstanceFacts[]
  readonly manifest: { readonly facts: InstanceFacts; readonly record: ManifestRecord }
}

/** @param number 0 (received first) to `options.studies` - 1 */
export function madeUpStudy(number: number, options: MadeUpOptions): MadeUpStudy {
  const chance = seededChance(options.seed, number)
  const kinds = KINDS[Math.floor(chance() * KINDS.length)]!
  const receivedAt = options.until - Math.floor(((options.studies - 1 - number) / options.studies) * YEARS * 365 * DAY_MS)
  const date = new Date(receivedAt - 15 * 60_000).toISOString()
  const device = 1 + Math.floor(chance() * 8)
  const studyInstanceUid = uid(`${ROOT}.${device}.${receivedAt}.${number}`)
  const above: IndexKeys = {
    ...madeUpPatient(Math.floor(chance() * Math.max(1, options.studies / VISITS)), options.seed),
    StudyInstanceUID: studyInstanceUid,
    StudyDate: date.slice(0, 10).replaceAll('-', ''),
    StudyTime: date.slice(11, 19).replaceAll(':', ''),
    AccessionNumber: `${date.slice(0, 4)}${String(number).padStart(8, '0')}`,
    StudyID: String(number),
    StudyDescription: kinds[0]!.description,
    ReferringPhysicianName: nameOf(seededChance(options.seed, Math.floor(chance() * 300)), 'DR'),
    PatientAge: `${String(20 + Math.floor(chance() * 70)).padStart(3, '0')}Y`,
  }
  const count = Math.max(kinds.length, 1 + Math.floor(chance() * 3))
  const series = Array.from({ length: count }, (_, at) =>
    madeUpSeries(`${studyInstanceUid}.${at + 1}`, at, kinds[at % kinds.length]!, above),
  )
  const instances = Array.from({ length: options.instancesPerStudy }, (_, at) =>
    madeUpInstance(at, series[Math.floor((at * count) / options.instancesPerStudy)]!, receivedAt + at * 200, chance),
  )
  return { instances, manifest: madeUpManifest(studyInstanceUid, instances.length, receivedAt + 120_000, above, chance) }
}

/** Sex and name go together; names are shared as in life: a few very often, most of them rarely. */
function madeUpPatient(number: number, seed: number): IndexKeys {
  const chance = seededChance(seed ^ 0x5bd1e995, number)
  const sex = chance() < 0.52 ? 'F' : 'M'
  const born = new Date(Date.UTC(1925, 0, 1) + chance() * 95 * 365.25 * DAY_MS).toISOString()
  return {
    PatientName: nameOf(chance, '', sex),
    PatientID: `P${String(1_000_000 + number)}`,
    IssuerOfPatientID: 'HOSPITAL',
    PatientBirthDate: born.slice(0, 10).replaceAll('-', ''),
    PatientSex: sex,
  }
}

function nameOf(chance: () => number, prefix: string, sex: 'F' | 'M' = chance() < 0.5 ? 'F' : 'M'): string {
  const surname = often(SURNAMES, chance)
  const given = often(sex === 'F' ? WOMEN : MEN, chance)
  const whole = chance() < 0.2 ? `${surname}-${often(SURNAMES, chance)}` : surname
  return prefix === '' ? `${whole}^${given}` : `${whole}^${given}^^${prefix}`
}

/** The first of a list more often than the last. */
function often<T>(all: readonly T[], chance: () => number): T {
  return all[Math.floor(chance() ** 2 * all.length)]!
}

interface MadeUpSeries {
  readonly uid: Uid
  readonly kind: Kind
  readonly keys: IndexKeys
}

function madeUpSeries(seriesUid: string, at: number, of: Kind, above: IndexKeys): MadeUpSeries {
  const request = { '00400007': { vr: 'LO', Value: [of.description] }, '00401001': { vr: 'SH', Value: [above.AccessionNumber!] } }
  const keys: IndexKeys = {
    ...above,
    Modality: of.modality,
    SeriesNumber: String(at + 1),
    SeriesDate: above.StudyDate,
    SeriesTime: above.StudyTime,
    SeriesDescription: `${of.description} ${at + 1}`,
    BodyPartExamined: of.bodyPart,
    Manufacturer: of.maker,
    InstitutionName: 'Centre hospitalier',
    StationName: `${of.modality}1`,
    RequestAttributesSequence: JSON.stringify([request]),
  }
  return { uid: uid(seriesUid), kind: of, keys }
}

function madeUpInstance(at: number, { uid: seriesInstanceUid, kind: of, keys }: MadeUpSeries, receivedAt: number, chance: () => number) {
  const sopInstanceUid = uid(`${seriesInstanceUid}.${at + 1}`)
  const facts: InstanceFacts = {
    sopInstanceUid,
    sopClassUid: of.sopClassUid,
    seriesInstanceUid,
    studyInstanceUid: uid(keys.StudyInstanceUID!),
    transferSyntaxUid: EXPLICIT,
    role: 'content',
    confidentiality: 'N',
    storageKey: keyOf('instances', receivedAt, at, chance),
    fileSizeBytes: of.side * of.side * 2 + 1500,
    dataSetOffset: 390,
    sha256: characters(64, '0123456789abcdef', chance),
    source: `${of.modality}1`,
    receivedAt,
    keys: {
      ...keys,
      InstanceNumber: String(at + 1),
      ContentDate: keys.StudyDate,
      ContentTime: keys.StudyTime,
      AcquisitionDate: keys.StudyDate,
      AcquisitionTime: keys.StudyTime,
      ImageType: 'ORIGINAL\\PRIMARY',
      Rows: String(of.side),
      Columns: String(of.side),
      BitsAllocated: '16',
      SpecificCharacterSet: 'ISO_IR 100',
    },
  }
  return facts
}

function madeUpManifest(studyInstanceUid: Uid, instanceCount: number, createdAt: number, above: IndexKeys, chance: () => number) {
  const sopInstanceUid = uid(`${studyInstanceUid}.900.1`)
  const seriesInstanceUid = uid(`${studyInstanceUid}.900`)
  const facts: InstanceFacts = {
    sopInstanceUid,
    sopClassUid: KEY_OBJECT_SELECTION,
    seriesInstanceUid,
    studyInstanceUid,
    transferSyntaxUid: EXPLICIT,
    role: 'manifest',
    confidentiality: 'N',
    storageKey: keyOf('manifests', createdAt, 0, chance),
    fileSizeBytes: 4096,
    dataSetOffset: 420,
    sha256: characters(64, '0123456789abcdef', chance),
    source: 'ARIANE',
    receivedAt: createdAt,
    keys: { ...above, Modality: 'KO', SeriesNumber: '9999', InstanceNumber: '1', SeriesDescription: 'Manifest' },
  }
  const record: ManifestRecord = {
    sopInstanceUid,
    studyInstanceUid,
    confidentiality: 'N',
    dialect: 'xds-i',
    seriesInstanceUid,
    version: 1,
    contentDigest: characters(64, '0123456789abcdef', chance),
    state: 'in force',
    instanceCount,
    createdAt,
    reason: 'quiet for 60 s',
  }
  return { facts, record }
}

/** As storage names its files: by the time at which they came. */
function keyOf(area: 'instances' | 'manifests', at: number, number: number, chance: () => number): StorageKey {
  const time = new Date(at).toISOString()
  const name = `${time.slice(11, 23).replace(/[:.]/g, '')}${String(number).padStart(3, '0')}`
  return `${area}/${time.slice(0, 10).replaceAll('-', '/')}/${name}-${characters(26, 'abcdefghijklmnopqrstuvwxyz234567', chance)}.dcm` as StorageKey
}

function characters(count: number, of: string, chance: () => number): string {
  let text = ''
  for (let at = 0; at < count; at++) text += of[Math.floor(chance() * of.length)]
  return text
}

/** 0 (included) to 1 (excluded), by mulberry32; each number of a seed has a sequence of its own. */
function seededChance(seed: number, number: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
