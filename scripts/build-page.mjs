/** Builds the page: src/page to dist/page, its assets named by their content, each file also compressed (gzip, brotli) for those who take it.
 *
 *  Promises: dist/page is replaced as a whole, by a rename, once everything is written; a node that serves it meanwhile serves the former one.
 *  Does not: compile the node (`tsc -p src/tsconfig.json`). Usage: node scripts/build-page.mjs [folder instead of dist/page] */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const project = new URL('..', import.meta.url).pathname
const target = resolve(process.argv[2] ?? join(project, 'dist/page'))
const written = `${target}.building-${process.pid}`

mkdirSync(dirname(target), { recursive: true })
try {
  await build({
    configFile: false,
    root: join(project, 'src/page'),
    base: './',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    // Nothing is written into the page: not even an asset as a data URL, which the page's own rules would forbid.
    build: { outDir: written, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022' },
  })
  for (const file of readdirSync(written, { recursive: true, withFileTypes: true }))
    if (file.isFile()) compress(join(file.parentPath, file.name))
  rmSync(target, { recursive: true, force: true })
  renameSync(written, target)
} finally {
  rmSync(written, { recursive: true, force: true })
}

/** @param {string} path */
function compress(path) {
  const bytes = readFileSync(path)
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
