/** Answers under way of callers who lose their right end; the others are asked for again only where something has changed. */
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { levelSet } from '../../src/dicom/confidentiality.ts'
import { type WebCaller, WebRefusal, type WebRight } from '../../src/dicomweb/web-service.ts'
import { AnswersUnderWay } from '../../src/endpoints/web/answers-under-way.ts'
import type { Knock } from '../../src/endpoints/web/web-access.ts'
import { silenceLog } from '../receive/sample-instances.ts'

silenceLog()

class Response extends EventEmitter {
  isEnded = false
  destroy(): this {
    this.isEnded = true
    this.emit('close')
    return this
  }
}

/** Who knocks with which header is who. */
let callers: Map<string, WebCaller | Error>
let stamp: string
let looks: number
let questions: string[]
let underWay: AnswersUnderWay

const gate = {
  stamp: async () => {
    looks += 1
    return stamp
  },
  callerOf: async ({ headers }: Knock) => {
    questions.push(headers.host!)
    const caller = callers.get(headers.host!) ?? new WebRefusal(401, 'revoked')
    if (caller instanceof Error) throw caller
    return caller
  },
}

const caller = (name: string, more: Partial<WebCaller> = {}): WebCaller => ({
  name,
  rights: new Set<WebRight>(['get']),
  levels: levelSet(['N', 'R']),
  ...more,
})

function begin(name: string, of = caller(name)): Response {
  callers.set(name, of)
  const response = new Response()
  const knock: Knock = { address: '10.0.0.1', localAddress: '10.0.0.2', httpVersion: '1.1', headers: { host: name } }
  underWay.add(knock, of, { right: 'get' }, response as never)
  return response
}

const tick = (): Promise<unknown> => vi.advanceTimersByTimeAsync(2_000)

beforeEach(() => {
  callers = new Map()
  stamp = 'first'
  looks = 0
  questions = []
  vi.useFakeTimers()
  underWay = new AnswersUnderWay(gate)
})
afterEach(() => {
  underWay.stop()
  vi.useRealTimers()
})

it('asks for each once, then at changes only, and looks at nothing where nobody waits', async () => {
  const [one, other] = [begin('one'), begin('other')]
  await tick()
  for (let at = 0; at < 10; at++) await tick()
  expect([questions, looks]).toEqual([['one', 'other'], 11])
  stamp = 'second'
  await tick()
  expect(questions).toEqual(['one', 'other', 'one', 'other'])
  for (const response of [one, other]) {
    expect(response.isEnded).toBe(false)
    response.emit('close')
  }
  for (let at = 0; at < 10; at++) await tick()
  expect([looks, vi.getTimerCount()]).toEqual([12, 0])
})

it.each<[string, WebCaller | undefined]>([
  ['is not known any more', undefined],
  ['is somebody else now', caller('local')],
  ['has lost the right', caller('one', { rights: new Set(['find']) })],
  ['has lost a level', caller('one', { levels: levelSet(['N']) })],
])('ends that of one who %s, and nobody else', async (_name, now) => {
  const [one, other] = [begin('one'), begin('other')]
  await tick()
  if (now === undefined) callers.delete('one')
  else callers.set('one', now)
  stamp = 'second'
  await tick()
  expect([one.isEnded, other.isEnded]).toEqual([true, false])
})

it('ends one that was let in a moment before the change', async () => {
  begin('other')
  await tick()
  const one = begin('one')
  callers.delete('one')
  await tick()
  expect(one.isEnded).toBe(true)
})

it('lets what has only become old go on to its end', async () => {
  const old = begin('old', caller('old', { until: Date.now() + 1_000 }))
  callers.delete('old')
  stamp = 'second'
  await tick()
  expect([old.isEnded, questions]).toEqual([false, []])
})

it('asks again where it could not be said', async () => {
  const one = begin('one')
  callers.set('one', new WebRefusal(503, 'the list cannot be read'))
  await tick()
  expect(one.isEnded).toBe(false)
  callers.delete('one')
  await tick()
  expect(one.isEnded).toBe(true)
})
