/** The command line of ./scripts/bench. */
import { parseArgs } from 'node:util'
import type { Size } from './groups.ts'
import { NAMES, type Name } from './servers.ts'

export const USAGE = `./scripts/bench measures Ariane beside Orthanc and DCMTK's storescp on this machine, in turn, and prints medians with their range. It is no test.

  --quick          two rounds of the least, about two minutes
  --full           everything, five rounds, fewer of what takes long, about half an hour; default is in between, about eight minutes
  --json FILE      also every value of every round
  --only REGEX     only measures whose name, as --list prints it, matches
  --servers LIST   only these of ${NAMES.join(',')}
  --rounds N       instead of what the size says
  --folder DIR     where storages go, default /var/tmp: best on the disk that shall be measured
  --list           print the names of the measures, measure nothing
  --help           this
`

export interface Options {
  readonly size: Size
  readonly json: string | undefined
  readonly only: RegExp
  readonly servers: readonly Name[]
  readonly rounds: number | undefined
  readonly folder: string
  readonly list: boolean
}

/** Ends the process where there is nothing to do, or where the options make no sense. */
export function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        json: { type: 'string' },
        only: { type: 'string', default: '' },
        servers: { type: 'string', default: NAMES.join(',') },
        rounds: { type: 'string' },
        folder: { type: 'string', default: '/var/tmp' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    })
    if (values.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    if (values.quick && values.full) throw new Error('--quick or --full, not both')
    const asked = values.servers.split(',')
    const unknown = asked.find((name) => !(NAMES as readonly string[]).includes(name))
    if (unknown !== undefined) throw new Error(`--servers: no ${JSON.stringify(unknown)}`)
    if (values.rounds !== undefined && !/^[1-9]\d?$/.test(values.rounds)) throw new Error('--rounds: 1 to 99')
    return {
      size: values.quick ? 'quick' : values.full ? 'full' : 'default',
      json: values.json,
      only: new RegExp(values.only, 'i'),
      servers: NAMES.filter((name) => asked.includes(name)),
      rounds: values.rounds === undefined ? undefined : Number(values.rounds),
      folder: values.folder,
      list: values.list,
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
