/** What the page asks of the node, by `fetch`, below the address that the page itself came from.
 *
 *  Promises: a refusal is thrown as {@link Refused} with the node's own words; whoever is not known (any longer) is told to {@link onSignedOut}.
 *  Does not: keep an answer. */

/** The node answered, and not what was asked for. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.name = 'Refused'
    this.status = status
  }
}

/** The node did not answer. */
export class Unreachable extends Error {}

const strangers = new Set<() => void>()

/** @returns what ends it */
export function onSignedOut(told: () => void): () => void {
  strangers.add(told)
  return () => strangers.delete(told)
}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { credentials: 'same-origin', ...init }).catch((cause: Error) => {
    if (cause.name === 'AbortError') throw cause
    throw new Unreachable('no answer', { cause })
  })
  if (answer.ok) return answer
  if (answer.status === 401) for (const told of strangers) told()
  throw new Refused(answer.status, await wordsOf(answer))
}

/** RFC 9457, else the status line. */
async function wordsOf(answer: Response): Promise<string> {
  const said = (await answer.json().catch(() => undefined)) as { detail?: unknown } | undefined
  return typeof said?.detail === 'string' ? said.detail : `${answer.status} ${answer.statusText}`.trim()
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, { headers: { Accept: 'application/json' }, signal })
  return (await answer.json()) as T
}

/** @param body  sent as JSON; a file as it is */
export async function post<T>(path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<T> {
  const isFile = body instanceof Blob
  const type = isFile ? 'application/dicom' : 'application/json'
  const answer = await ask(path, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': type, ...headers },
    body: isFile ? body : JSON.stringify(body ?? {}),
  })
  return answer.status === 204 ? ({} as T) : ((await answer.json()) as T)
}

/** `api/studies?patientId=7&after=…`, what is empty left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}
