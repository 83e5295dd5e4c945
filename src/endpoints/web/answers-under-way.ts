/** Answers that take long, of callers who may have lost their right meanwhile: a token is revoked, somebody signs out, the settings change.
 *
 *  Promises: they end, cut off, within {@link LOOK_EVERY_MS}. One look for all of them, at a stamp; callers are asked for again only where it has changed,
 *  and once each if they stay. Nothing is looked at while nobody has an answer under way.
 *  Does not: end what only became old: who began in time may have it all. Events, which have no end, see to that themselves (api/events.ts). */
import type { FastifyReply } from 'fastify'
import { type WebCaller, WebRefusal } from '../../dicomweb/web-service.ts'
import { log } from '../../log.ts'
import type { Knock, WebGate } from './web-access.ts'
import type { WebRoute } from './web-route.ts'

const LOOK_EVERY_MS = 2_000

interface UnderWay {
  readonly knock: Knock
  readonly caller: WebCaller
  readonly route: Pick<WebRoute, 'right' | 'also'>
  end(): void
  /** It may have been let in by what has just been changed. */
  isNew: boolean
}

export class AnswersUnderWay {
  readonly #gate: Pick<WebGate, 'callerOf' | 'stamp'>
  readonly #open = new Set<UnderWay>()
  #stamp: string | undefined
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(gate: Pick<WebGate, 'callerOf' | 'stamp'>) {
    this.#gate = gate
  }

  add(knock: Knock, caller: WebCaller, route: UnderWay['route'], response: Pick<FastifyReply['raw'], 'once' | 'destroy'>): void {
    const answer: UnderWay = { knock, caller, route, isNew: true, end: () => response.destroy() }
    this.#open.add(answer)
    response.once('close', () => this.#open.delete(answer))
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#open.size === 0) return this.stop()
    if (this.#looking) return
    this.#looking = true
    try {
      const stamp = await this.#gate.stamp()
      const asked = [...this.#open].filter(({ isNew }) => isNew || stamp !== this.#stamp)
      for (const answer of asked) if (await this.#hasLost(answer)) this.#end(answer)
      this.#stamp = stamp
    } catch (error) {
      // The list of tokens cannot be read: nobody new is let in, and it is looked at again.
      if (!(error instanceof WebRefusal)) log.warn('whether callers may still be answered is not known', { error: String(error) })
    } finally {
      this.#looking = false
    }
  }

  /** @throws WebRefusal 503 */
  async #hasLost(answer: UnderWay): Promise<boolean> {
    const { knock, caller, route } = answer
    answer.isNew = false
    if ((caller.until ?? Number.POSITIVE_INFINITY) <= Date.now()) return false
    try {
      const now = await this.#gate.callerOf(knock)
      const needed = [route.right, route.also].filter((right) => right !== undefined && right !== 'anybody')
      return now.name !== caller.name || !needed.every((right) => now.rights.has(right)) || (caller.levels & ~now.levels) !== 0
    } catch (error) {
      if (error instanceof WebRefusal && error.status === 401) return true
      answer.isNew = true
      throw error
    }
  }

  #end(answer: UnderWay): void {
    log.info('an answer is ended: its caller is not let in any more', { caller: answer.caller.name })
    answer.end()
  }
}
