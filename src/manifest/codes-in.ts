/** Codes of a sequence in a data set that was read (PS3.3 8); incomplete ones are left out. */
import type { DataSet } from '../dicom/data-set.ts'
import type { Code } from './codes.ts'

export function codesIn(items: readonly DataSet[]): readonly Code[] {
  return items.flatMap((one) => {
    const [value, scheme, meaning] = [one.text(0x00080100), one.text(0x00080102), one.text(0x00080104)]
    return value === undefined || scheme === undefined || meaning === undefined ? [] : [{ value, scheme, meaning }]
  })
}
