/** 10: peers do what they are allowed to and no more, and a reload changes it without dropping an association. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aeTitle } from '../../src/dicom/ae-title.ts'
import { connect } from '../../src/dimse/connect.ts'
import { echoscu, findscu, startStorescp, storescu } from '../support/dcmtk.ts'
import { manifestVersion } from '../support/manifests.ts'
import { cleanEnvironment, eventually, type NodeProcess, PROJECT, startNode } from '../support/node-process.ts'
import { runCommand } from '../support/run-command.ts'
import { sendFiles, sentFile } from '../support/sender.ts'
import { type StudyFiles, studyFiles } from '../support/study-files.ts'

let node: NodeProcess
let study: StudyFiles

beforeAll(async () => {
  study = await studyFiles({ series: [2] })
  const peers = [
    { aeTitle: 'CT1', host: '127.0.0.1', allow: ['echo', 'store'] },
    { aeTitle: 'READER', host: '127.0.0.1', allow: ['echo', 'find', 'get'] },
  ]
  node = await startNode({ settings: { peers, unknownCallers: 'refuse' } })
})
afterAll(async () => {
  await node?.stop()
  await study?.remove()
})

describe('10 rights', () => {
  it('a caller that is not known is rejected; the operator reads why and how to let it in', async () => {
    const { code, output } = await echoscu(node, { calling: 'STRANGER' })
    expect(code).not.toBe(0)
    expect(output).toContain('Calling AE Title Not Recognized')
    expect(node.log()).toMatch(/association rejected.*calling=STRANGER.*why="calling AE title not known"/)
  })

  it('the operator’s commands tell who called and how to let it in, and whether a peer can be reached', async () => {
    await echoscu(node, { calling: 'CT1' })
    const main = join(PROJECT, 'src/main.ts')
    const ariane = (...args: string[]) => runCommand(process.execPath, [main, '--config', node.configFile, ...args])
    let output = ''
    await eventually('both callers are written down', async () => {
      output = (await ariane('peer', 'seen')).output
      return output.includes('STRANGER') && output.includes('CT1')
    })
    expect(output).toMatch(/STRANGER +127\.0\.0\.1 +1 x +rejected: calling AE title not known/)
    expect(output).toMatch(/CT1 +127\.0\.0\.1 +1 x +accepted/)
    const line = /To let it in: {2}ariane (peer add STRANGER 127\.0\.0\.1)$/m.exec(output)![1]!
    const rejected = JSON.parse((await ariane('peer', 'seen', '--rejected', '--json')).output) as { callingAeTitle: string }[]
    expect(rejected.map(({ callingAeTitle }) => callingAeTitle)).toEqual(['STRANGER'])
    // The line is right as it is printed.
    const before = readFileSync(node.configFile, 'utf8')
    expect(await ariane(...line.split(' '))).toMatchObject({ code: 0 })
    writeFileSync(node.configFile, before)
    const receiver = await startStorescp({ aeTitle: 'VIEWER' })
    try {
      await ariane('peer', 'add', 'VIEWER', '127.0.0.1', String(receiver.port))
      expect((await ariane('peer', 'echo', 'VIEWER')).output).toMatch(/VIEWER at 127\.0\.0\.1:\d+ answers/)
      expect(receiver.output()).toMatch(/Received Echo Request/i)
    } finally {
      await receiver.stop()
    }
    const silent = await ariane('peer', 'echo', 'VIEWER')
    expect([silent.code, silent.output]).toEqual([1, expect.stringContaining('cannot be reached')])
    writeFileSync(node.configFile, before)
  })

  it('manifest verify says that the node does not let its own commands in, and works where it does', async () => {
    const main = join(PROJECT, 'src/main.ts')
    const verify = () =>
      runCommand(process.execPath, [main, '--config', node.configFile, 'manifest', 'verify', study.studyInstanceUid], {
        env: { ...cleanEnvironment(), ARIANE_DICOM_PORT: String(node.port) },
      })
    expect((await storescu(node, study.files, { calling: 'CT1' })).statuses).toEqual([0, 0])
    await manifestVersion(node, study.studyInstanceUid, 1)
    const refused = await verify()
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('let them in: ariane peer add ARIANE 127.0.0.1 --allow echo find get')
    const before = readFileSync(node.configFile, 'utf8')
    const settings = JSON.parse(before) as { peers: object[] }
    settings.peers.push({ aeTitle: 'ARIANE', host: '127.0.0.1', allow: ['echo', 'find', 'get'] })
    writeFileSync(node.configFile, JSON.stringify(settings))
    process.kill(node.pid, 'SIGHUP')
    await eventually('reloaded', () => node.log().includes('configuration reloaded peers=3'))
    expect(await verify()).toMatchObject({ code: 0, output: expect.stringContaining('2 of 2 references retrieved') })
    writeFileSync(node.configFile, before)
    process.kill(node.pid, 'SIGHUP')
    await eventually('reloaded again', () => node.log().split('configuration reloaded').length === 3)
  }, 60_000)

  it('who may send sends, and who may query queries, not the other way round', async () => {
    expect((await storescu(node, study.files, { calling: 'CT1' })).statuses).toEqual([0, 0])
    expect((await findscu(node, ['0008,0052=STUDY', '0020,000d'], { calling: 'READER' })).matches).toHaveLength(1)
    const refused = await findscu(node, ['0008,0052=STUDY', '0020,000d'], { calling: 'CT1' })
    expect(refused.matches).toHaveLength(0)
    expect(refused.code).not.toBe(0)
  })

  it('who may only retrieve is answered 0124 when it sends, and nothing is kept', async () => {
    const other = await studyFiles({ series: [1] })
    const files = other.files.map((file) => sentFile(file, file, { sopClassUid: '', sopInstanceUid: '', rawSyntax: '' }))
    expect([...(await sendFiles(node, files, 'READER')).values()]).toEqual([0x0124])
    // The manifest of the study above may be under way: its draft is none of this one.
    await eventually('no draft left', () => node.files('drafts').length === 0, 3000)
    expect(node.files('instances')).toHaveLength(2)
    await other.remove()
  })

  it('SIGHUP takes over peers at once and drops no association; a mistake leaves the former ones', async () => {
    const timeouts = { associateSeconds: 5, idleSeconds: 60, writeSeconds: 5, connectSeconds: 5, responseSeconds: 5 }
    const contexts = [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }]
    const open = await connect({
      host: '127.0.0.1',
      port: node.port,
      callingAeTitle: aeTitle('CT1'),
      calledAeTitle: aeTitle('ARIANE'),
      contexts,
      timeouts,
    })
    const settings = JSON.parse(readFileSync(node.configFile, 'utf8'))
    writeFileSync(node.configFile, JSON.stringify({ ...settings, peers: [...settings.peers, { aeTitle: 'STRANGER' }] }))
    const reloads = (): number => node.log().split('configuration reloaded').length
    const before = reloads()
    node.process.kill('SIGHUP')
    await eventually('the reload', () => reloads() > before)
    expect((await echoscu(node, { calling: 'STRANGER' })).code).toBe(0)
    writeFileSync(node.configFile, JSON.stringify({ ...settings, peers: 'none' }))
    node.process.kill('SIGHUP')
    await eventually('the complaint', () => node.log().includes('configuration has a mistake'))
    await sleep(50)
    expect((await echoscu(node, { calling: 'STRANGER' })).code).toBe(0)
    expect(await open.echo()).toBe(0)
    await open.release()
    writeFileSync(node.configFile, JSON.stringify(settings))
  })

  it('SIGHUP during the start does not end the node, and a reader of its first lines may go away', async () => {
    const child = spawn(process.execPath, [join(PROJECT, 'src/main.ts'), '--config', node.configFile, 'serve'], {
      cwd: node.folder,
      env: { ...cleanEnvironment(), ARIANE_STORAGE_PATH: join(node.folder, 'other'), ARIANE_PEERS: '[]' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
    await eventually('the start', () => existsSync(join(node.folder, 'other/catalog.sqlite')))
    child.kill('SIGHUP')
    await eventually('the reload', () => log.includes('configuration reloaded'))
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })
})
