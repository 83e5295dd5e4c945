/** The page at `/`: the files that `npm run build` made of src/page, as they are.
 *
 *  Promises: only files that were there at the start are served, each by its own name: no listing, no way out of the folder. Assets, whose names
 *  change with their content, may be kept for ever; the page itself is asked for again each time. What is sent compressed lies compressed.
 *  Where it was not built, `/` says how to. Reveals nothing, hence asks nobody who they are: what the page shows it asks for itself.
 *  Does not: know what the page shows; tell browsers what it may load (web/web-headers.ts does). */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** The same from src/endpoints and from dist/endpoints. */
const BUILT = new URL('../../dist/page', import.meta.url).pathname
const YEAR_SECONDS = 31_536_000

const NOT_BUILT = 'The page was not built. In the folder of Ariane: npm ci && npm run build, then start the node again.\n'

/** @param folder  where the page lies, for tests */
export async function pageFiles(server: FastifyInstance, folder = BUILT): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    server.get('/', (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT))
    return
  }
  await server.register(files, {
    root: folder,
    wildcard: false,
    globIgnore: ['**/*.gz', '**/*.br', '**/.*'],
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const named = /[/\\]assets[/\\]/.test(path)
      void reply.header('Cache-Control', named ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
    },
  })
}
