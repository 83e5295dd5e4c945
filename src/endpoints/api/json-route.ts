/** A route that answers JSON, with schemas of what it takes and gives: whoever writes one is held to them by the compiler, callers by the check. */
import type { ZodType, z } from 'zod'
import type { Uid } from '../../dicom/uid.ts'
import { uidInPath } from '../../dicomweb/uid-in-path.ts'
import { jsonAnswer, WebRefusal, type WebRequest, type WebRight } from '../../dicomweb/web-service.ts'
import type { WebRoute } from '../web/web-route.ts'

interface JsonRoute<Answer extends ZodType, Query extends ZodType, Body extends ZodType> {
  readonly method: WebRoute['method']
  readonly path: string
  readonly right: WebRight | 'anybody'
  readonly also?: WebRight
  readonly summary: string
  readonly query?: Query
  readonly body?: Body
  readonly answer: Answer
  readonly serve: (
    request: WebRequest,
    asked: { readonly query: z.output<Query>; readonly body: z.output<Body> },
  ) => Promise<z.input<Answer>>
}

export function jsonRoute<Answer extends ZodType, Query extends ZodType = ZodType, Body extends ZodType = ZodType>(
  route: JsonRoute<Answer, Query, Body>,
): WebRoute {
  const { serve, ...described } = route
  return {
    ...described,
    serve: async (request) => {
      const query = (route.query === undefined ? {} : queryOf(request, route.query)) as z.output<Query>
      return jsonAnswer(await serve(request, { query, body: request.body as z.output<Body> }))
    },
  }
}

/** @throws WebRefusal 400 that names the key */
function queryOf<Query extends ZodType>({ query }: WebRequest, schema: Query): z.output<Query> {
  // A key without a value counts as not given.
  const read = schema.safeParse(Object.fromEntries([...query].filter(([, value]) => value !== '')))
  if (read.success) return read.data
  const { path, message } = read.error.issues[0]!
  throw new WebRefusal(400, path.length === 0 ? message : `${path.join('.')}: ${message}`)
}

/** A UID of the path, which the route has. @throws WebRefusal 400 */
export function uidOf(request: WebRequest, name: string): Uid {
  return uidInPath(request, name)!
}
