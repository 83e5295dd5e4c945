/** The OHIF viewer as its makers built it (`dist/` of the npm package @ohif/app), on a port of its own: a browser's DICOMweb client that we did not write.
 *
 *  Promises: fetched once by npm, which checks it, and kept beside the installed packages; {@link Ohif.close} ends the server. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from './node-process.ts'

export const OHIF_VERSION = '3.13.2'
const CACHE = join(PROJECT, 'node_modules/.cache')
const FOLDER = join(CACHE, `ohif-${OHIF_VERSION}`)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export interface Ohif {
  /** Origin of the viewer, without a slash at its end. */
  readonly url: string
  close(): void
}

/** @returns whether npm gave it */
export async function fetchOhif(): Promise<boolean> {
  if (existsSync(join(FOLDER, 'index.html'))) return true
  const work = `${FOLDER}.${process.pid}`
  mkdirSync(work, { recursive: true })
  try {
    await promisify(execFile)('npm', ['pack', '--silent', `@ohif/app@${OHIF_VERSION}`], { cwd: work, timeout: 120_000 })
    await promisify(execFile)('tar', ['xzf', `ohif-app-${OHIF_VERSION}.tgz`], { cwd: work })
    if (!existsSync(FOLDER)) renameSync(join(work, 'package/dist'), FOLDER)
    return true
  } catch {
    return false
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** @param dicomWeb  where the viewer looks for studies; read with each request, for whoever answers there may have to know the viewer's address first */
export async function startOhif(dicomWeb: () => string): Promise<Ohif> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname))
    if (path === '/app-config.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(configuration(dicomWeb()))
      return
    }
    const file = join(FOLDER, path)
    const found = path !== '/' && existsSync(file) && extname(file) !== '' ? file : join(FOLDER, 'index.html')
    response.writeHead(200, { 'Content-Type': TYPES[extname(found)] ?? 'application/octet-stream' }).end(readFileSync(found))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function configuration(root: string): string {
  const source = {
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: 'node',
    configuration: {
      friendlyName: 'node',
      name: 'node',
      wadoUriRoot: root.replace(/\/dicom-web$/, '/wado'),
      qidoRoot: root,
      wadoRoot: root,
      qidoSupportsIncludeField: true,
      supportsReject: false,
      imageRendering: 'wadors',
      thumbnailRendering: 'wadors',
      enableStudyLazyLoad: true,
      supportsFuzzyMatching: true,
      supportsWildcard: true,
      bulkDataURI: { enabled: true },
    },
  }
  const app = {
    routerBasename: '/',
    extensions: [],
    modes: [],
    showStudyList: true,
    showLoadingIndicator: false,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    strictZSpacingForVolumeViewport: true,
    investigationalUseDialog: { option: 'never' },
    useCPURendering: true,
    maxNumberOfWebWorkers: 1,
    defaultDataSourceName: 'node',
    dataSources: [source],
  }
  return `window.config = ${JSON.stringify(app)}`
}
