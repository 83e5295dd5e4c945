/** One manifest of each dialect that there is nothing against. The one of XDS-I.b is the product's; the others are made from it here. */

import { encodeManifest } from '../../../src/manifest/dialects.ts'
import { manifestContent } from '../../../src/manifest/evidence.ts'
import type { Dialect } from '../../../src/manifest/validate/dialects.ts'
import { CT, identity, PDF, patient, requestItem, series, source, study, TWELVE_LEAD_ECG } from '../sample-study.ts'
import { code, EditableFile, type Elements, elements } from './editable-document.ts'

export const STUDY = '1.2.3.4'
const ORDER = 'ORDER-1'
const EVIDENCE = 0x0040a375
const SERIES = 0x00081115
const CONTENT = 0x0040a730

async function xdsI(): Promise<Buffer> {
  const request = requestItem('ACC-1', ORDER, 'RP-1')
  const keys = { RequestAttributesSequence: JSON.stringify([request]) }
  const content = manifestContent(study(patient), [series(1, [CT, CT], keys), series(2, [PDF, TWELVE_LEAD_ECG], keys)], source)
  const { header, dataSet } = await encodeManifest('xds-i', content, identity)
  return Buffer.concat([header, dataSet])
}

const issuer = (oid: string): Elements[] => [elements([0x00400032, oid], [0x00400033, 'ISO'])]

export async function goodManifest(dialect: Dialect): Promise<EditableFile> {
  const file = new EditableFile(await xdsI())
  if (dialect === 'mado') describe(file.root)
  if (dialect === 'drimbox') makeFrench(file.root)
  return file
}

// --- MADO

function describe(root: Elements): void {
  root.node(0x0040a043).items = [code('MADOTEMP001', '99IHE', 'Manifest with Description')]
  root.set(0x00100024, issuer('1.2.250.1'))
  root.node(0x00101002).items = [elements([0x00100020, 'P-0815'], [0x00100022, 'TEXT'])]
  root.set(0x00080051, issuer('1.2.250.2'))
  root.at(0x0040a370, 0).set(0x00080051, issuer('1.2.250.2')).set(0x00400026, issuer('1.2.250.3'))
  root.node(CONTENT).items!.unshift(library(root))
}

function library(root: Elements): Elements {
  const all = root.at(EVIDENCE, 0).node(SERIES).items!
  return container('111028', 'Image Library', [
    coded('121139', 'Modality', code('CT', 'DCM', 'Computed Tomography')),
    coded('123014', 'Target Region', code('67734004', 'SCT', 'Upper trunk')),
    count('MADOTEMP009', 'Number of Study Related Series', all.length),
    ...all.map(group),
  ])
}

function group(one: Elements): Elements {
  const instances = one.node(0x00081199).items!
  return container('126200', 'Image Library Group', [
    coded('121139', 'Modality', code('CT', 'DCM', 'Computed Tomography')),
    context('UIDREF', code('112002', 'DCM', 'Series Instance UID')).set(0x0040a124, one.node(0x0020000e).bytes),
    count('MADOTEMP007', 'Number of Series Related Instances', instances.length),
    ...instances.map((instance) => {
      const sopClass = instance.node(0x00081150).bytes.toString('latin1').replace(/\0$/, '')
      const valueType = sopClass === CT ? 'IMAGE' : sopClass === PDF ? 'COMPOSITE' : 'WAVEFORM'
      return elements([0x0040a010, 'CONTAINS'], [0x0040a040, valueType], [0x00081199, [instance.copy()]])
    }),
  ])
}

function container(value: string, meaning: string, content: Elements[]): Elements {
  const item = elements([0x0040a010, 'CONTAINS'], [0x0040a040, 'CONTAINER'], [0x0040a050, 'SEPARATE'])
  return item.set(0x0040a043, [code(value, 'DCM', meaning)]).set(CONTENT, content)
}

function context(valueType: string, name: Elements): Elements {
  return elements([0x0040a010, 'HAS ACQ CONTEXT'], [0x0040a040, valueType], [0x0040a043, [name]])
}

function coded(value: string, meaning: string, concept: Elements): Elements {
  return context('CODE', code(value, 'DCM', meaning)).set(0x0040a168, [concept])
}

export function count(value: string, meaning: string, number: number): Elements {
  const measured = elements([0x0040a30a, String(number)]).set(0x004008ea, [code('{n}', 'UCUM', 'n')])
  return context('NUM', code(value, value.startsWith('MADO') ? '99IHE' : 'DCM', meaning)).set(0x0040a300, [measured])
}

// --- DRIMbox

/** A matricule whose key is right, of nobody: month 20 does not exist. */
const INS = withKey('1992099000000')

function withKey(number: string): string {
  return number + String(97 - Number(BigInt(number) % 97n)).padStart(2, '0')
}

function makeFrench(root: Elements): void {
  const identifier = (item: Elements) =>
    item.set(0x00100020, INS).set(0x00100021, 'ASIP-SANTE-INS-NIR').set(0x00100024, issuer('1.2.250.1.213.1.4.8'))
  identifier(root)
  root.node(0x00101002).items = [identifier(elements([0x00100022, 'TEXT']))]
  root.set(0x00080080, 'Centre de radiologie^^^^^^^^^101235555').set(0x00080050, '')
  root.at(0x0040a370, 0).set(0x00080051, issuer('1.2.250.2'))
  const uids: string[] = []
  for (const one of root.at(EVIDENCE, 0).node(SERIES).items!) {
    const uid = one.node(0x0020000e).bytes.toString('latin1').replace(/\0$/, '')
    uids.push(uid)
    one.remove(0x00080054).remove(0x0040e011).set(0x00081190, `https://drim.example.org/rs/studies/${STUDY}/series/${uid}`)
  }
  const lines = ['Examen : Scanner thoracique', 'Acte = TDM du thorax', ...uids.map((uid) => `Série-${uid} : CT @ : Thorax`)]
  root.node(CONTENT).items!.push(description(`${lines.join('\n')}\n`))
}

export function description(text: string): Elements {
  const name = code('113012', 'DCM', 'Key Object Description')
  return elements([0x0040a010, 'CONTAINS'], [0x0040a040, 'TEXT'], [0x0040a043, [name]], [0x0040a160, text])
}
