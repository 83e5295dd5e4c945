/** The log: one line per event, whatever a peer put into it. */
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configureLog, log } from '../src/log.ts'

class Lines extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

let lines: Lines

beforeEach(() => {
  lines = new Lines()
  configureLog({ level: 'info', format: 'text', stream: lines })
})

afterEach(() => {
  configureLog({ level: 'info', format: 'text', stream: process.stderr })
})

/** Without the time, which is checked. */
function written(): string[] {
  return lines.text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''))
}

describe('text', () => {
  it('is time, level, text, fields', () => {
    log.info('study is due', {
      StudyInstanceUID: '1.2.3',
      instances: 12,
      why: 'quiet for 60 s',
      manifest: undefined,
      listed: false,
      former: null,
    })
    expect(written()).toEqual(['info  study is due StudyInstanceUID=1.2.3 instances=12 why="quiet for 60 s" listed=false former=null'])
    expect(lines.text).toMatch(/^\d{4}-\d\d-\d\dT/)
  })

  it.each([
    ['two\nlines', '"two\\nlines"'],
    ['\u001b[31mred\r', '"\\u001b[31mred\\r"'],
    ['a\u0085b\u009bc', '"a\\u0085b\\u009bc"'],
    ['a\u2028b\u202ec', '"a\\u2028b\\u202ec"'],
    ['half \ud800', '"half \\ud800"'],
    ['say "yes"', '"say \\"yes\\""'],
    ['a=b', '"a=b"'],
    ['a\\b', '"a\\\\b"'],
    ['', '""'],
    ['é中😀', 'é中😀'],
    [10n ** 20n, '100000000000000000000'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [['a', 1], '["a",1]'],
    [{ a: 'x\u001b', b: 5n }, '{"a":"x\\u001b","b":"5"}'],
    [new Error('outer', { cause: new Error('inner\nline') }), '"outer: inner\\nline"'],
    [new Date(Number.NaN), '"invalid date"'],
  ])('keeps a line one line, value %#', (value, text) => {
    log.warn('x', { value })
    expect(written()).toEqual([`warn  x value=${text}`])
  })

  it('escapes the text and the names too', () => {
    log.error('refused\n2026-01-01T00:00:00.000Z info  forged', { 'a\nb': 1 })
    expect(written()).toEqual(['error refused\\n2026-01-01T00:00:00.000Z info  forged a\\nb=1'])
  })

  it('bounds what a peer can make us write', () => {
    log.info('x', { value: 'y'.repeat(1_000_000) })
    expect(lines.text.length).toBeLessThan(2100)
  })

  it('survives what cannot be written', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    log.info('x', { loop, after: 1 })
    expect(written()).toEqual(['info  x loop="not writable" after=1'])
  })
})

describe('json', () => {
  it('is one object per line, with fixed names that no field can take', () => {
    configureLog({ format: 'json' })
    log.info('due\nnow', { uid: '1.2', text: 'forged', level: 'error', bad: 'a\u0085\u2028', size: 5n })
    const [line = ''] = lines.text.split('\n')
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/Z$/),
      level: 'info',
      text: 'due\nnow',
      uid: '1.2',
      bad: 'a\u0085\u2028',
      size: '5',
    })
    expect(line).toMatch(/^\{"time":"[^"]+","level":"info","text":"due\\nnow",/)
    expect(line).toContain('a\\u0085\\u2028')
  })
})

describe('levels', () => {
  it.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('%s writes %j', (level, expected) => {
    log.level = level
    for (const each of ['error', 'warn', 'info', 'debug'] as const) log[each](each)
    expect(written().map((line) => line.split(' ')[0])).toEqual(expected)
    expect(log.level).toBe(level)
    expect(log.enabled('debug')).toBe(level === 'debug')
  })

  it('says where an error comes from at debug only', () => {
    log.info('x', { error: new Error('boom') })
    log.level = 'debug'
    log.info('x', { error: new Error('boom') })
    expect(written()[0]).toBe('info  x error=boom')
    expect(written()[1]).toContain('log.test.ts')
  })

  it('costs nothing worth measuring where disabled', () => {
    const rounds = 1_000_000
    const start = performance.now()
    for (let round = 0; round < rounds; round++) log.debug('x')
    expect(((performance.now() - start) / rounds) * 1e6).toBeLessThan(500)
  })
})

it('does not stop the node when the reader of the log has gone', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  configureLog({ stream: broken })
  log.info('one')
  await new Promise((resolve) => setImmediate(resolve))
  expect(() => log.info('two')).not.toThrow()
})
