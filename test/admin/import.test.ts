import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { part10, sample } from '../receive/sample-instances.ts'
import { temporaryFolder } from '../storage/temporary-storage.ts'
import { runAriane } from './run-ariane.ts'

it('counts, names what it refused, and fails where it refused anything', async () => {
  const cwd = temporaryFolder()
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'good'), part10(sample()))
  expect(await runAriane(cwd, ['import', folder])).toEqual({
    exitCode: 0,
    stdout: '1 taken in, 0 already here, 0 refused, 0 skipped\n',
    stderr: '',
  })
  writeFileSync(join(folder, 'bad'), 'no DICOM')
  const { exitCode, stdout } = await runAriane(cwd, ['import', folder])
  expect(exitCode).toBe(1)
  expect(stdout).toBe(`refused: ${folder}/bad: not a DICOM file\n0 taken in, 1 already here, 1 refused, 0 skipped\n`)
})

it('tells each file when asked to, and guesses only when asked to', async () => {
  const cwd = temporaryFolder()
  const file = join(temporaryFolder(), 'raw')
  writeFileSync(file, sample().dataSet)
  expect((await runAriane(cwd, ['import', file])).stdout).toContain('--guess would take it')
  const { stdout } = await runAriane(cwd, ['import', '--guess', '--verbose', file])
  expect(stdout).toBe(`new: ${file} (0000H)\n1 taken in, 0 already here, 0 refused, 0 skipped\n`)
})
