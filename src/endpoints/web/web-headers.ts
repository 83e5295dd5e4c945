/** What browsers are told with each answer: what a page of ours may load, who may read the answer, that nothing of patients is kept.
 *
 *  Promises: no inline script or style (CSP), no frame around us, no address of ours told to others; pages of `web.cors` may read answers and
 *  show images, others may not; no cookie goes with what pages of others ask. */
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../../config/settings.ts'
import { isListedPage } from './web-names.ts'

/** What a viewer reads of an answer beside the body. */
const EXPOSED = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Length',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Location',
  'Retry-After',
  'Warning',
  'WWW-Authenticate',
  'X-Total-Count',
]
const PREFLIGHT_HOLDS_SECONDS = 600
const HSTS_SECONDS = 15_552_000

export async function tellBrowsers(server: FastifyInstance, isTls: boolean): Promise<void> {
  const headers = await saidByHelmet(isTls)
  server.addHook('onRequest', (_request, { raw }, done) => {
    for (const [name, value] of headers) raw.setHeader(name, value)
    done()
  })
}

/** The same for every request, and therefore made once. */
async function saidByHelmet(isTls: boolean): Promise<[name: string, value: string][]> {
  const probe = Fastify()
  await probe.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // Frames are shown from memory.
        imgSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    strictTransportSecurity: isTls ? { maxAge: HSTS_SECONDS, includeSubDomains: false } : false,
  })
  let said: [string, string][] = []
  probe.get('/', async (_request, { raw }) => {
    said = Object.entries(raw.getHeaders()).map(([name, value]) => [name, String(value)])
    return ''
  })
  await probe.inject('/')
  await probe.close()
  return said
}

/** After the request was found to be meant for us. */
export async function letPagesRead(server: FastifyInstance, config: () => Config): Promise<void> {
  await server.register(cors, {
    origin: (origin, done) => done(null, origin !== undefined && config().web.cors.includes(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: EXPOSED,
    credentials: false,
    maxAge: PREFLIGHT_HOLDS_SECONDS,
  })
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (isListedPage(request.headers, config().web)) reply.raw.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
  })
}
