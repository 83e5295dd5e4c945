/** SOP classes of which there is no picture, so that nobody has to look into the file (PS3.4 B.5). What is not among them may or may not hold
 *  pixel data: that is found in the file. */
import { SOP_CLASSES } from '../../dicom/sop-classes.ts'

export const ENCAPSULATED_PDF = '1.2.840.10008.5.1.4.1.1.104.1'

const NEVER =
  /^(Encapsulated|.*(Waveform|SR|Key Object Selection|Presentation State|Plan|Structure Set|Treatment|Real World Value Mapping|Registration|Fiducials|Measurements|Report|Annotations|Tractography|Surface)\b)/

const NAMES: ReadonlyMap<string, string> = new Map(
  SOP_CLASSES.filter(({ service, name, valueType }) => service === 'storage' && valueType !== 'IMAGE' && NEVER.test(name)).map(
    ({ uid, name }) => [uid, name.replace(/ Storage$/, '')],
  ),
)

/** @returns what it is, undefined where it may be an image */
export function isNeverAnImage(sopClassUid: string): string | undefined {
  return NAMES.get(sopClassUid)
}
