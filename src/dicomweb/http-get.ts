/** One GET, its answer as a stream.
 *
 *  Promises: an answer with a status of 200, 203 or 206, or WebFailure in words. Header of the answer {@link MAX_HEADER_BYTES} at most; silence ends the request.
 *  A redirection is followed on the same host only, and never from TLS to none: what was asked of one host, and its token, goes to no other.
 *  TLS as Node does it: the authorities of Node, and those of NODE_EXTRA_CA_CERTS.
 *  Does not: decode content encodings (it asks for none), or keep what comes. */
import { get as getPlain, type IncomingMessage, type RequestOptions } from 'node:http'
import { get as getSecure } from 'node:https'
import { inWords, statusInWords, WebFailure } from './web-failure.ts'

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Until the header of the answer is here, and longest pause in its body. */
  readonly silenceSeconds: number
}

const MAX_HEADER_BYTES = 16 * 1024
const MAX_REDIRECTIONS = 5
const CONTENT = new Set([200, 203, 206])
const REDIRECTION = new Set([301, 302, 303, 307, 308])

export async function httpGet(url: URL, options: GetOptions): Promise<IncomingMessage> {
  let from = url
  for (let hops = 0; hops <= MAX_REDIRECTIONS; hops++) {
    const answer = await oneGet(from, options)
    const status = answer.statusCode ?? 0
    if (CONTENT.has(status)) return encodedPlainly(answer, from)
    answer.destroy()
    if (!REDIRECTION.has(status)) throw new WebFailure(`${from.host}: ${statusInWords(status)}`, { status })
    from = redirection(from, answer.headers.location, status)
  }
  throw new WebFailure(`${url.host}: redirected more than ${MAX_REDIRECTIONS} times`)
}

function oneGet(url: URL, { headers, silenceSeconds }: GetOptions): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getSecure : getPlain
  const options: RequestOptions = { headers: { 'Accept-Encoding': 'identity', ...headers }, maxHeaderSize: MAX_HEADER_BYTES }
  return new Promise((resolve, reject) => {
    const request = get(url, options)
    let body: IncomingMessage | undefined
    const tooLate = (): void => {
      const what = body === undefined ? 'no answer within' : 'nothing more came for'
      void (body ?? request).destroy(new WebFailure(`${url.host}: ${what} ${silenceSeconds} s`))
    }
    // A header that trickles in is no answer either.
    const timer = setTimeout(tooLate, silenceSeconds * 1000)
    request.setTimeout(silenceSeconds * 1000, tooLate)
    request.once('response', (answer) => {
      clearTimeout(timer)
      body = answer
      resolve(answer)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      reject(inWords(error, url.host))
    })
  })
}

function encodedPlainly(answer: IncomingMessage, url: URL): IncomingMessage {
  const encoding = answer.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return answer
  answer.destroy()
  throw new WebFailure(`${url.host}: the answer is encoded as ${encoding}, which was not asked for`)
}

function redirection(from: URL, location: string | undefined, status: number): URL {
  const to = location === undefined ? null : URL.parse(location, from.href)
  if (to === null) throw new WebFailure(`${from.host}: ${status} without a place to go to`, { status })
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:' && from.port === '' && to.port === ''
  const isSame = to.protocol === from.protocol && to.port === from.port
  if (to.hostname !== from.hostname || !(isSame || isUpgrade)) {
    throw new WebFailure(`${from.host}: redirects to another host (${to.protocol}//${to.host}), which is not followed`, { status })
  }
  return to
}
