/** Manifests as a test finds them: delivered to the outbox folder of a node, read by tools that we did not write. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, type NodeProcess } from './node-process.ts'
import { runCommand } from './run-command.ts'

/** The delivered files of one study, by version. */
export function deliveredManifests(node: NodeProcess, studyInstanceUid: string): string[] {
  const folder = join(node.storagePath, 'outbox', studyInstanceUid)
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.dcm'))
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** Waits for version `version` of a study's manifest. @returns its file */
export async function manifestVersion(node: NodeProcess, studyInstanceUid: string, version: number, withinMs = 15_000): Promise<string> {
  await eventually(
    `manifest version ${version} of ${studyInstanceUid}`,
    () => deliveredManifests(node, studyInstanceUid).length >= version,
    withinMs,
  )
  return deliveredManifests(node, studyInstanceUid)[version - 1]!
}

/** What dciodvfy and dsrdump have against a file; empty where it is clean. */
export async function complaints(file: string): Promise<string[]> {
  const plain = await runCommand('dciodvfy', ['-new', file])
  const profile = await runCommand('dciodvfy', ['-new', '-profile', 'IHEXDSIManifest', file])
  const dump = await runCommand('dsrdump', [file])
  return [
    ...plain.output.split('\n').filter((line) => line.startsWith('Error')),
    ...profile.output.split('\n').filter((line) => line.startsWith('Error')),
    ...dump.output.split('\n').filter((line) => /^[EF]:/.test(line)),
  ]
}

/** Every Referenced SOP Instance UID in the evidence, as dcmdump prints it. */
export async function evidenceUids(file: string): Promise<string[]> {
  const { output } = await runCommand('dcmdump', ['+L', '-Un', file])
  const evidence = output.slice(output.indexOf('(0040,a375)'), output.indexOf('(0040,a504)'))
  return [...evidence.matchAll(/\(0008,1155\) UI \[([0-9.]+)\]/g)].map((found) => found[1]!).sort()
}

/** One element of the top level, as dcmdump prints it. */
export async function elementOf(file: string, tag: string): Promise<string | undefined> {
  const { output } = await runCommand('dcmdump', ['+L', '-Un', '+P', tag, file])
  return /\[(.*)\]/.exec(output)?.[1]
}
