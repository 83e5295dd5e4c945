/** Who calls on the web, and what they may do.
 *
 *  Promises: callers from this machine may do everything, at level N; what a proxy passes on is not from this machine. Nobody else is let in.
 *  Errors: WebRefusal 401, 403. */
import type { IncomingHttpHeaders } from 'node:http'
import { levelSet } from '../dicom/confidentiality.ts'
import { WEB_RIGHTS, type WebCaller, WebRefusal, type WebRight } from '../dicomweb/web-service.ts'
import { isThisMachine } from './access.ts'

const LOCAL: WebCaller = { name: 'local', rights: new Set(WEB_RIGHTS), levels: levelSet(['N']) }
const PASSED_ON = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const

export interface Knock {
  readonly address: string
  readonly headers: IncomingHttpHeaders
}

export interface WebGate {
  /** @throws WebRefusal 401 */
  callerOf(knock: Knock): Promise<WebCaller>
}

export function openWebGate(): WebGate {
  return {
    callerOf: async ({ address, headers }) => {
      if (isThisMachine(address) && PASSED_ON.every((name) => headers[name] === undefined)) return LOCAL
      throw new WebRefusal(401, 'not known here: callers from other machines must say who they are')
    },
  }
}

/** @throws WebRefusal 403 */
export function demandRight(caller: WebCaller, right: WebRight): void {
  if (!caller.rights.has(right)) throw new WebRefusal(403, `not allowed: this needs the right "${right}"`)
}
