/** Instances that a process holds open, as the system sees them. */
import { readdirSync, readlinkSync } from 'node:fs'

/** Paths of files that end with `.dcm`. */
export function openInstances(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return path.endsWith('.dcm') ? [path] : []
    } catch {
      return []
    }
  })
}
