import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifySystemd } from '../../src/endpoints/notify-systemd.ts'

describe('notifySystemd', () => {
  let folder: string
  const said = () => readFileSync(join(folder, 'said'), 'utf8')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ariane-notify-'))
    writeFileSync(join(folder, 'said'), '')
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>${folder}/said\n`)
    chmodSync(join(folder, 'systemd-notify'), 0o755)
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const environment = (socket?: string) => ({ PATH: `${folder}${delimiter}${process.env.PATH}`, NOTIFY_SOCKET: socket })

  it('hands the state to systemd-notify', async () => {
    await notifySystemd('READY=1', environment('/run/test-notify'))
    expect(said()).toBe('/run/test-notify READY=1\n')
  })

  it('does nothing where nobody waits for it', async () => {
    await notifySystemd('READY=1', environment())
    expect(said()).toBe('')
  })

  it('goes on where systemd-notify is missing', async () => {
    await expect(notifySystemd('READY=1', { PATH: '/nowhere', NOTIFY_SOCKET: '/run/test-notify' })).resolves.toBeUndefined()
  })
})
