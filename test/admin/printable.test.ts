import { expect, it } from 'vitest'
import { printable, printableLines } from '../../src/admin/command-line.ts'

it('what a peer says moves no cursor: control characters are replaced, lines of ours stay lines', () => {
  expect(printable('a\x1b[2Jb\nc\u2028d')).toBe('a\ufffd[2Jb\ufffdc\ufffdd')
  expect(printableLines('series 1\n  not by c-get: \x1b[31mrefused\r\x9b')).toBe('series 1\n  not by c-get: \ufffd[31mrefused\ufffd\ufffd')
})
