/** What the operating system knows about a process: /proc of Linux. */
import { readFile, writeFile } from 'node:fs/promises'

/** Of Linux for user space, on every architecture that Debian has. */
const TICKS_PER_SECOND = 100
const RESET_PEAK = '5'

/** CPU seconds (user and system) of a process and the children that it has waited for. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / TICKS_PER_SECOND
}

/** Resident memory now and at its highest since {@link resetPeak}, in bytes. */
export async function memory(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  const bytes = (key: string): number => Number(status.match(new RegExp(`${key}:\\s+(\\d+)`))?.[1] ?? 0) * 1024
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
}

/** Where the system does not allow it, the highest remains that of the process's whole life. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, RESET_PEAK).catch(() => undefined)
}
