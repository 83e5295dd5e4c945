/** The web described by its own table of routes, as OpenAPI 3.1: paths and rights from the table, what is taken and answered from its schemas.
 *
 *  Promises: every route is in it, DICOMweb too (PS3.18, described there; here in a line); nothing is in it that is not a route. */
import { type ZodType, z } from 'zod'
import { SOFTWARE_VERSION } from '../../dicom/implementation.ts'
import type { WebRoute } from '../web/web-route.ts'
import { PROBLEM } from './api-contract.ts'

type Json = Record<string, unknown>

/** @param base  address of the node for whoever asks */
export function openApi(routes: readonly WebRoute[], base: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ariane', version: SOFTWARE_VERSION, description: 'A DICOM node that emits imaging manifests. DICOMweb: DICOM PS3.18.' },
    servers: [{ url: base }],
    paths,
    components: { schemas: { Problem: schemaOf(PROBLEM, 'output') } },
  }
}

function operationOf({ method, path, right, also, summary, query, body, answer }: WebRoute): Json {
  const rights = [right, also].filter((one) => one !== undefined && one !== 'anybody')
  return {
    operationId: operationId(method, path),
    summary,
    tags: [tagOf(path)],
    ...(rights.length === 0 ? {} : { description: `Needs the right ${rights.join(' and ')}.` }),
    parameters: [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      '200': { description: 'As asked', ...contentOf(answer) },
      default: {
        description: 'Why not (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function operationId(method: string, path: string): string {
  const words = path.split(/[/:.-]/).filter((word) => word !== '')
  const name = words.map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`).join('')
  return `${method.toLowerCase()}${name || 'Root'}`
}

const tagOf = (path: string): string => (/^\/(dicom-web|wado)\b/.test(path) ? 'DICOMweb' : path.startsWith('/api') ? 'API' : 'Status')

function contentOf(answer: WebRoute['answer']): Json {
  if (answer === undefined) return {}
  if (typeof answer === 'string') return { content: { [answer]: {} } }
  return { content: { 'application/json': { schema: schemaOf(answer, 'output') } } }
}

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

function queryParameters(query: ZodType): Json[] {
  const { properties = {} } = schemaOf(query, 'input') as { properties?: Record<string, Json> }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: false,
    ...(description === undefined ? {} : { description }),
    // Of a number written as text the type is not told: it is read from text.
    schema: Object.keys(schema).length === 0 ? { type: 'string' } : schema,
  }))
}

function schemaOf(schema: ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' })
  return described
}
