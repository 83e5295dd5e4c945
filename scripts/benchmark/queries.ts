/** The part of the benchmark that asks: C-FIND, start and C-STORE on a million instances, and C-FIND beside Orthanc at equal content. Tables of their own,
 *  for what is compared is sizes and kinds of query. */
import { join } from 'node:path'
import { findAtScale, scaleTable } from './find-at-scale.ts'
import { besideTable, findBeside } from './find-beside.ts'
import type { Options } from './options.ts'

const STUDIES = [1000, 100_000] as const
const BESIDE_STUDIES = 2000

interface QueryPart {
  readonly name: string
  /** @returns a Markdown table */
  run(folder: string): Promise<string>
}

/** @returns what is printed of it; a part that fails is told, and nothing else is lost */
export async function outcomeOf(part: QueryPart, folder: string): Promise<string> {
  const text = await part.run(folder).catch((error: unknown) => `failed: ${error}`)
  return `\n### ${part.name}\n\n${text}\n`
}

const tell = (what: string): void => void process.stderr.write(`${what}\n`)

/** Those that were asked for; none but with --full. */
export function queryParts({ size, only, servers }: Options): QueryPart[] {
  if (size !== 'full' || !servers.includes('ariane')) return []
  const parts: QueryPart[] = [
    {
      name: `C-FIND, C-STORE and start at ${STUDIES.map((count) => `${count * 10} instances`).join(' and ')}`,
      run: async (folder) =>
        scaleTable(STUDIES, await findAtScale({ studies: STUDIES, samples: 200, folder, catalogs: join(folder, 'catalogs') }, tell)),
    },
  ]
  if (servers.includes('orthanc')) {
    parts.push({
      name: `C-FIND of ${BESIDE_STUDIES} studies beside Orthanc`,
      run: async (folder) => besideTable(await findBeside({ studies: BESIDE_STUDIES, samples: 100, folder })),
    })
  }
  return parts.filter(({ name }) => only.test(name))
}
