/** Tells systemd how the start is going (sd_notify), where the service is of `Type=notify`; does nothing elsewhere.
 *
 *  Node has no Unix datagram sockets, so the message goes through `systemd-notify`, which is part of systemd; the unit says
 *  `NotifyAccess=all` because the message then comes from a child process.
 *  Promises: never throws and never holds the node up for more than {@link PATIENCE_MS}; a failure is logged. */
import { execFile } from 'node:child_process'
import { log } from '../log.ts'

export type ServiceState = 'READY=1' | 'STOPPING=1'

const PATIENCE_MS = 5000

export function notifySystemd(state: ServiceState, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return Promise.resolve()
  return new Promise((resolve) => {
    execFile('systemd-notify', [state], { env: environment, timeout: PATIENCE_MS }, (error) => {
      if (error !== null) log.warn('systemd was not notified', { state, error: error.message })
      resolve()
    })
  })
}
