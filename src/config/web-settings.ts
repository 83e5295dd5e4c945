/** Rows of the table of settings (settings.ts) for the web: DICOMweb, the page, /health and /metrics. Who may in: web-auth-settings.ts. */
import { setting } from './setting.ts'
import { WEB_AUTH_SETTINGS } from './web-auth-settings.ts'

export const WEB_SETTINGS = [
  setting({ key: 'web.enabled', type: 'boolean', default: true, reason: 'Whether anything is answered on the web.' }),
  setting({
    key: 'web.host',
    type: 'host',
    default: '127.0.0.1',
    reason:
      'The address to listen at for the web. This machine only, unless given; 0.0.0.0 is every IPv4 address of the machine. Where others can reach it, `web.tls` or `web.allowPlain` must be given.',
  }),
  setting({
    key: 'web.port',
    type: 'integer',
    min: 0,
    max: 65_535,
    default: 8112,
    reason: 'The port for the web; 0 takes any free one, for tests.',
  }),
  setting({
    key: 'web.publicUrl',
    type: 'url',
    optional: true,
    reason:
      'How others reach the web of this node, as through a proxy. Where given, manifests carry its DICOMweb address as their Retrieve URL, unless manifest.retrieveUrl names another.',
  }),
  setting({
    key: 'web.hosts',
    type: 'list',
    of: 'host',
    default: [],
    live: true,
    reason:
      'Further host names that callers use for this node. Requests for another name than these, that of `web.publicUrl`, `web.host` and the addresses of this machine are refused: a foreign name that leads here is how a web page gets at what is meant for this machine (DNS rebinding).',
  }),
  setting({
    key: 'web.trustedProxies',
    type: 'list',
    of: 'address',
    default: [],
    reason:
      'Addresses of proxies whose X-Forwarded-For is believed, for limits for each address and for the log. Nothing else follows from it: who comes through a proxy says who it is.',
  }),
  setting({
    key: 'web.cors',
    type: 'list',
    of: 'origin',
    default: [],
    live: true,
    reason:
      'Web pages of other origins, such as a viewer, that may read answers and act. Each exactly as the browser shows it; they send a token, never cookies.',
  }),
  setting({
    key: 'web.allowPlain',
    type: 'boolean',
    default: false,
    reason:
      'Whether the web may be served without TLS to other machines. Images and tokens are then readable on the way: only where a TLS proxy stands in front and nobody else reaches the port.',
  }),
  setting({
    key: 'web.tls.certificate',
    type: 'path',
    optional: true,
    reason:
      'PEM file of the certificate, followed by those that lead to its root. With it only TLS 1.2 and later is spoken. Read again when it changes, and at SIGHUP.',
  }),
  setting({ key: 'web.tls.key', type: 'path', optional: true, reason: 'PEM file of its private key, without a passphrase.' }),
  setting({
    key: 'web.tls.clientAuthorities',
    type: 'path',
    optional: true,
    reason: 'PEM file of the authorities whose client certificates are accepted; no others are, not even those that the system trusts.',
  }),
  setting({
    key: 'web.tls.clientCertificates',
    type: 'choice',
    of: ['off', 'ask', 'require'],
    default: 'off',
    reason:
      'Mutual TLS. ask: callers may show a certificate (see `web.auth.certificates`) or a token; require: without a valid certificate no connection, not even for /health.',
  }),
  ...WEB_AUTH_SETTINGS,
  setting({
    key: 'web.maxConnections',
    type: 'integer',
    min: 1,
    max: 100_000,
    default: 1024,
    reason: 'Connections at the same time; one more is closed at once. Bounds memory and file descriptors.',
  }),
  setting({
    key: 'web.maxConnectionsPerAddress',
    type: 'integer',
    min: 1,
    max: 100_000,
    default: 128,
    reason:
      'The same for one address, so that one caller does not lock out the others. This machine and trusted proxies have no limit of their own.',
  }),
  setting({
    key: 'web.requestsPerMinute',
    type: 'integer',
    min: 0,
    max: 10_000_000,
    default: 30_000,
    live: true,
    reason:
      'Requests from one address, or IPv6 network of 64 bits; more are answered 429. A viewer that opens a large study asks for hundreds of images a second. 0: no limit; this machine has none.',
  }),
  setting({
    key: 'web.timeouts.headersSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 300,
    default: 10,
    reason: 'From connection, or first byte, to the end of the headers; for the TLS handshake too.',
  }),
  setting({
    key: 'web.timeouts.readSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 3600,
    default: 60,
    reason:
      'A body that brings less than 16 KiB in so long is given up. There is no limit for the whole: a study of gigabytes over a slow line may take its time. The time in which we do not read does not count.',
  }),
  setting({
    key: 'web.timeouts.writeSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 3600,
    default: 60,
    reason: 'A caller that takes nothing of its answer for so long is given up. The time in which we have nothing to send does not count.',
  }),
  setting({
    key: 'web.timeouts.keepAliveSeconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 3600,
    default: 75,
    reason: 'A connection without a request for so long is closed. Longer than that of usual proxies, so that they close first.',
  }),
  setting({
    key: 'web.qido.maxResults',
    type: 'integer',
    min: 1,
    max: 100_000,
    default: 1000,
    live: true,
    reason:
      'How many matches one search of QIDO-RS gives at most, whatever it asks for. A caller that wants more is told so and asks for the next ones with an offset.',
  }),
  setting({
    key: 'web.render.workers',
    type: 'integer',
    min: 1,
    max: 64,
    optional: true,
    reason:
      'How many pictures (rendered, thumbnail, WADO-URI) are drawn at the same time, each in a thread of its own. Without it one less than the machine has processors, at least 1.',
  }),
  setting({
    key: 'web.render.seconds',
    type: 'integer',
    unit: 's',
    min: 1,
    max: 600,
    default: 20,
    reason: 'How long one picture may take; one that takes longer is given up, its thread is ended and its request is refused.',
  }),
  setting({
    key: 'web.kosHeader',
    type: 'choice',
    of: ['ignore', 'check', 'require'],
    default: 'check',
    live: true,
    reason:
      'The header KOS-SOPInstanceUID of French DRIMbox readers, which names the manifest that they read by. check: where it is sent, the manifest must be in force, or a former version of one that is, and refer to what is asked for, else 404. require: without it 400, but for the pictures that the page shows to a person.',
  }),
] as const
