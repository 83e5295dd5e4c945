/** What went wrong in a conversation over HTTP, in words for whoever waits for its result. Reveals no token. */
export class WebFailure extends Error {
  /** Nothing more will come from there: no connection, or no trust. */
  readonly isUnreachable: boolean
  /** HTTP status, where one was answered. */
  readonly status: number | undefined

  constructor(message: string, options: { isUnreachable?: boolean; status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'WebFailure'
    this.isUnreachable = options.isUnreachable ?? false
    this.status = options.status
  }
}

const WORDS: Readonly<Record<number, string>> = {
  204: 'nothing to send',
  400: 'the request is not understood there',
  401: 'a token is asked for, or the one sent is not taken (--token-file)',
  403: 'we may not read there',
  404: 'not there (any more)',
  406: 'it cannot be sent in a format that we take',
  410: 'not there any more',
  413: 'too much at once for that server',
  429: 'too many requests for that server',
  500: 'the server has failed',
  501: 'the server does not do that',
  502: 'no answer from the server behind it',
  503: 'the server is busy or not in service',
  504: 'no answer in time from the server behind it',
}

/** `404: not there (any more)` (PS3.18 8.5, RFC 9110 15). */
export function statusInWords(status: number): string {
  return `${status}: ${WORDS[status] ?? (status >= 500 ? 'the server has failed' : 'not what was asked for')}`
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)/
const CONNECTION: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'no connection in time',
}

/** The failure of a socket, of TLS or of the HTTP parser, in words. */
export function inWords(error: NodeJS.ErrnoException, host: string): WebFailure {
  if (error instanceof WebFailure) return error
  const code = error.code ?? ''
  const options = { cause: error, isUnreachable: code in CONNECTION || CERTIFICATE.test(code) }
  if (code in CONNECTION) return new WebFailure(`${host}: ${CONNECTION[code]}`, options)
  if (CERTIFICATE.test(code)) {
    return new WebFailure(`${host}: its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS names further authorities`, options)
  }
  if (code === 'HPE_HEADER_OVERFLOW') return new WebFailure(`${host}: the header of the answer is larger than we take`, options)
  if (code.startsWith('HPE_')) return new WebFailure(`${host}: the answer is not HTTP (${code})`, options)
  if (code === 'ECONNRESET' || code === 'EPIPE') return new WebFailure(`${host}: the connection was cut`, options)
  return new WebFailure(`${host}: ${error.message}`, options)
}
