/** Reads a file-set and its DICOMDIR by the tools of others: dcmdump and dcmmkdir (DCMTK), dciodvfy (dicom3tools), pydicom. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runCommand } from './run-command.ts'

/** @param instances  how many files it lists
 *  @param file        one of them, below the folder */
export async function expectReadable(folder: string, instances: number, file = 'ST000001/SE000001/IM000001'): Promise<void> {
  const directory = join(folder, 'DICOMDIR')
  const dump = await runCommand('dcmdump', [directory])
  expect(dump.output).not.toMatch(/^[EW]:/m)
  expect(dump.output.match(/\(0004,1500\) CS/g)?.length).toBe(instances)
  const verdict = await runCommand('dciodvfy', [directory])
  expect(verdict.output.split('\n').filter((line) => line.startsWith('Error'))).toEqual([])
  const script = `
import sys, warnings
from pydicom.fileset import FileSet
warnings.simplefilter('error', UserWarning)
fs = FileSet(sys.argv[1])
warnings.simplefilter('ignore')
for one in fs:
    ds = one.load()
    assert ds.SOPInstanceUID == one.SOPInstanceUID, one.path
    assert not ds.get('PatientID') or ds.PatientID == one.PatientID, one.path
print(len(fs))
print(len(fs.find_values('StudyInstanceUID')), len(fs.find_values('SeriesInstanceUID')))
`
  const read = await runCommand('/usr/bin/python3', ['-W', 'ignore', '-c', script, directory])
  expect(read.output).toMatch(new RegExp(`^${instances}\n`))
  // DCMTK reads all offsets when it adds a file.
  const copy = `${folder}-dcmtk`
  mkdirSync(copy)
  copyFileSync(directory, join(copy, 'DICOMDIR'))
  const added = await runCommand('dcmmkdir', ['+A', '-w', '+I', '-Nxc', '-Nec', '+D', join(copy, 'DICOMDIR'), '+id', folder, file])
  expect(added.output).not.toMatch(/^[EF]:/m)
  rmSync(copy, { recursive: true })
}

/** Type of the record of each file, by file ID, as dcmdump prints it. */
export async function recordTypes(directory: string): Promise<Map<string, string>> {
  const { output } = await runCommand('dcmdump', ['+L', directory])
  const found = [...output.matchAll(/\(0004,1430\) CS \[([^\]]+)\][^\n]*\n\s*\(0004,1500\) CS \[([^\]]+)\]/g)]
  return new Map(found.map((one) => [one[2]!, one[1]!]))
}
