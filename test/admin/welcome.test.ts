/** What a node says when it listens: lines to copy, which must mean this node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { welcome } from '../../src/admin/welcome.ts'
import { loadConfig } from '../../src/config/load-config.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ariane-welcome-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const NODE = { port: 11112, webPort: 8112, retrieveLocationUid: '2.25.1' }

function commandsIn(file?: string): string[] {
  const options = { file, env: {}, cwd }
  return welcome(loadConfig(options), NODE, options)
    .split('\n')
    .flatMap((line) => /\.\/scripts\/ariane.*$/.exec(line)?.[0] ?? [])
}

it('names the configuration that it runs by in each command to come, quoted where a shell needs it', () => {
  writeFileSync(join(cwd, "the node's.yaml"), 'aeTitle: OTHER\n')
  const named = `./scripts/ariane --config '${cwd}/the node'\\''s.yaml'`
  const commands = commandsIn("the node's.yaml")
  expect(commands).toHaveLength(3)
  for (const command of commands) expect(command.startsWith(`${named} peer `)).toBe(true)
})

it('names none where it runs by the usual one', () => {
  expect(commandsIn()).toEqual([
    './scripts/ariane peer add CT1 10.1.2.3 104 --allow echo,store,mpps',
    './scripts/ariane peer add WEASIS 10.1.2.4 11113 --allow echo,find,move,get',
    './scripts/ariane peer seen',
  ])
})
