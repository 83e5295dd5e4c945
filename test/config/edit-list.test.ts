/** One entry in, one entry out, every other byte as it was. */
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { withEntry, withoutEntry } from '../../src/config/edit-list.ts'

const NEW = { aeTitle: 'NEW', host: '10.0.0.9', port: 104 }
const LINE = '{ aeTitle: NEW, host: 10.0.0.9, port: 104 }'

describe('adding', () => {
  it.each([
    ['to nothing', '', `peers:\n  - ${LINE}\n`],
    ['to comments only', '# ours\n', `# ours\npeers:\n  - ${LINE}\n`],
    ['where there is no list', 'aeTitle:   A   # us', `aeTitle:   A   # us\npeers:\n  - ${LINE}\n`],
    [
      'to a key without value',
      'peers:   # nobody yet\n\nlog: { level: info }\n',
      `peers:   # nobody yet\n  - ${LINE}\n\nlog: { level: info }\n`,
    ],
    [
      'to a block list',
      'peers:\n- aeTitle: A\n  port: 1 # one\n\n# the log\nlog: {}\n',
      `peers:\n- aeTitle: A\n  port: 1 # one\n- ${LINE}\n\n# the log\nlog: {}\n`,
    ],
    [
      'to an indented list',
      'peers:\n    -   { aeTitle: A }  # first\nlog:    { level: info }',
      `peers:\n    -   { aeTitle: A }  # first\n    - ${LINE}\nlog:    { level: info }`,
    ],
    ['to a list at the end without line break', 'peers:\n  - { aeTitle: A }', `peers:\n  - { aeTitle: A }\n  - ${LINE}\n`],
    [
      'to a list on one line',
      'peers:    [ { aeTitle: A } ]   # all\nlog: {}\n',
      `peers:    [ { aeTitle: A }, ${LINE} ]   # all\nlog: {}\n`,
    ],
    ['to an empty list', 'peers: []\nlog: {}\n', `peers: [ ${LINE} ]\nlog: {}\n`],
    ['with Windows line ends', 'peers:\r\n  - { aeTitle: A }\r\nlog: {}\r\n', `peers:\r\n  - { aeTitle: A }\r\n  - ${LINE}\r\nlog: {}\r\n`],
  ])('%s', (_, text, result) => {
    expect(withEntry(text, 'peers', NEW)).toBe(result)
  })

  it.each([
    ['a document on one line', '{ aeTitle: A, peers: [ { aeTitle: B } ] }'],
    ['a list with a comma at its end', 'peers: [\n  { aeTitle: B }, # b\n]\n'],
    ['an end mark', 'aeTitle: A # us\n...\n'],
    ['an alias', 'x: &l [ { aeTitle: B } ] # all\n'],
    ['a null', 'peers: ~ # none\n'],
  ])('keeps comments and values where it must write anew: %s', (_, text) => {
    const result = withEntry(text, 'peers', NEW)
    const before = (parse(text) ?? {}) as { peers?: unknown[] }
    expect(parse(result)).toEqual({ ...before, peers: [...(before.peers ?? []), NEW] })
    for (const comment of text.match(/#.*/g) ?? []) expect(result).toContain(comment)
  })

  it('quotes what would not be read as text', () => {
    for (const aeTitle of ['12', 'true', 'null', "A'B", 'A: B', '#1', '{', '1e3', '0x1']) {
      expect(parse(withEntry('', 'peers', { aeTitle }))).toEqual({ peers: [{ aeTitle }] })
    }
  })
})

describe('removing', () => {
  const block =
    '# top\npeers:\n  # the scanner\n  - aeTitle: A\n    port: 1 # one\n  - { aeTitle: B }   # two\n\n  - { aeTitle: C }\n# the log\nlog: {}\n'
  it.each([
    ['the first', block, 0, '# top\npeers:\n  # the scanner\n  - { aeTitle: B }   # two\n\n  - { aeTitle: C }\n# the log\nlog: {}\n'],
    [
      'one in the middle',
      block,
      1,
      '# top\npeers:\n  # the scanner\n  - aeTitle: A\n    port: 1 # one\n\n  - { aeTitle: C }\n# the log\nlog: {}\n',
    ],
    [
      'the last',
      block,
      2,
      '# top\npeers:\n  # the scanner\n  - aeTitle: A\n    port: 1 # one\n  - { aeTitle: B }   # two\n\n# the log\nlog: {}\n',
    ],
    ['the only one', 'peers:\n- { aeTitle: A }\nlog: {}\n', 0, 'peers:\nlog: {}\n'],
    ['the first on one line', 'peers: [ { aeTitle: A }, { aeTitle: B } ] # all', 0, 'peers: [ { aeTitle: B } ] # all'],
    ['the last on one line', 'peers: [ { aeTitle: A }, { aeTitle: B } ] # all', 1, 'peers: [ { aeTitle: A } ] # all'],
    ['the only one on one line', 'peers: [ { aeTitle: A } ]\nx: 1\n', 0, 'peers: [  ]\nx: 1\n'],
  ])('%s', (_, text, at, result) => {
    expect(withoutEntry(text, 'peers', at)).toBe(result)
  })

  it('undoes an addition', () => {
    const text = 'aeTitle:  A # us\npeers:\n  - { aeTitle: B }\n\n\nlog:   { level: info }\n'
    expect(withoutEntry(withEntry(text, 'peers', NEW), 'peers', 1)).toBe(text)
  })

  it('does not break an anchor that is used elsewhere', () => {
    const text = 'peers:\n  - { aeTitle: A, host: &h 10.0.0.1 }\n  - { aeTitle: B, host: *h }\n'
    expect(() => parse(withoutEntry(text, 'peers', 1))).not.toThrow()
    expect(() => withoutEntry(text, 'peers', 0)).toThrow()
  })
})
