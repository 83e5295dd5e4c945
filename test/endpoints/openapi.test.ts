/** GET /api: a description that is made of the table of routes, whole and sound. */
import { expect, it } from 'vitest'
import { silenceLog } from '../receive/sample-instances.ts'
import { openApiFor } from './api-material.ts'

silenceLog()

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Record<string, unknown> }> }
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: Record<string, unknown> }> }>
}

it('names every route with its parameters, its body and its answer, and every reference in it leads somewhere', async () => {
  const { url, routes } = await openApiFor()
  const document = (await (await fetch(`${url}/api`)).json()) as { openapi: string; paths: Record<string, Record<string, Operation>> }
  expect(document.openapi).toMatch(/^3\.1\./)
  const described = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`).sort())
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map((one) => [path, one] as const))
  expect(new Set(operations.map(([, one]) => one.operationId)).size).toBe(operations.length)
  for (const [path, { parameters }] of operations) {
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`)
    expect(inPath).toEqual(path.match(/\{\w+\}/g) ?? [])
  }
  const search = document.paths['/api/studies']!.get!
  expect(search.parameters.map(({ name }) => name)).toEqual([
    'patientId',
    'patientName',
    'accessionNumber',
    'from',
    'to',
    'modality',
    'state',
    'limit',
    'after',
  ])
  expect(search.responses['200']!.content!['application/json']!.schema).toMatchObject({ type: 'object', required: ['items'] })
  expect(document.paths['/api/studies/{study}/withdraw']!.post!.requestBody!.content['application/json']!.schema).toMatchObject({
    properties: { reason: { type: 'string', maxLength: 200 } },
  })
  for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = reference!.split('/').reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document)
    expect([reference, target]).toEqual([reference, expect.anything()])
  }
})
