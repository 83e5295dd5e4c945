/** Rows of the table of settings (settings.ts) for who may in on the web, beside tokens (`ariane token`), which are no settings. */
import { CONFIDENTIALITY_LEVELS } from '../dicom/confidentiality.ts'
import { WEB_RIGHTS } from '../dicom/web-rights.ts'
import { setting } from './setting.ts'

const RIGHTS = setting({
  key: 'rights',
  type: 'choices',
  of: WEB_RIGHTS,
  default: ['find', 'get'],
  reason:
    'What it may do. find: QIDO-RS; get: WADO; store: STOW-RS; status: see how the node does; operate: act on studies, manifests and peers.',
})
const LEVELS = setting({
  key: 'levels',
  type: 'choices',
  of: CONFIDENTIALITY_LEVELS,
  default: ['N'],
  reason: 'Confidentiality levels that it may see. Everything else does not exist for it.',
})

const CLIENT_CERTIFICATE = [
  setting({ key: 'name', type: 'name', required: true, reason: 'For the log, and for what is done in its name.' }),
  setting({
    key: 'subject',
    type: 'line',
    optional: true,
    reason:
      'The whole subject of the certificate, such as CN=viewer,O=Hospital,C=FR, in any order; a comma within a value is written \\,. Outlives the renewal of the certificate.',
  }),
  setting({
    key: 'fingerprint',
    type: 'line',
    optional: true,
    reason: 'SHA-256 of the certificate (openssl x509 -noout -fingerprint -sha256), instead of the subject: this one certificate only.',
  }),
  RIGHTS,
  LEVELS,
] as const

const OPENID_GRANT = [
  setting({ key: 'value', type: 'line', required: true, reason: 'Where the claim has this value, exactly, or among others.' }),
  RIGHTS,
  LEVELS,
] as const

export const WEB_AUTH_SETTINGS = [
  setting({
    key: 'web.auth.local',
    type: 'choice',
    of: ['everything', 'read', 'refuse'],
    derived: '`everything`; `refuse` where `web.publicUrl` is given and not this machine',
    live: true,
    reason:
      'What callers from this machine may do without saying who they are. read: find, get and status; refuse: nothing. Never holds for what a proxy passes on (Forwarded, X-Forwarded-…, X-Real-IP, Via, HTTP/1.0, or a Host that is not this machine); a proxy on this machine that says nothing of that kind looks like a local caller, which is why the default changes with `web.publicUrl`. Where other users have accounts here, refuse.',
  }),
  setting({
    key: 'web.auth.localLevels',
    type: 'choices',
    of: CONFIDENTIALITY_LEVELS,
    default: ['N'],
    live: true,
    reason: 'Confidentiality levels that they may see. Nothing that anybody has called confidential, unless given.',
  }),
  setting({
    key: 'web.auth.certificates',
    type: 'entries',
    rows: CLIENT_CERTIFICATE,
    default: [],
    live: true,
    reason:
      'Who may in by a client certificate of `web.tls.clientAuthorities`. To be signed by them is not enough: one that is not in this list may do nothing, so an entry that is removed is revoked.',
  }),
  setting({
    key: 'web.auth.openid.issuer',
    type: 'url',
    optional: true,
    live: true,
    reason:
      'OpenID Connect: whose bearer tokens are accepted (Keycloak, Pro Santé Connect); its address is where /.well-known/openid-configuration is found, and the claim iss.',
  }),
  setting({
    key: 'web.auth.openid.audience',
    type: 'line',
    optional: true,
    live: true,
    reason: 'What the claim aud must name: this service. A token that was given for another service is not for us.',
  }),
  setting({
    key: 'web.auth.openid.jwksUrl',
    type: 'url',
    optional: true,
    live: true,
    reason: "Where the issuer's keys are. Found in its configuration unless given.",
  }),
  setting({
    key: 'web.auth.openid.rightsClaim',
    type: 'line',
    default: 'realm_access.roles',
    live: true,
    reason:
      'The claim that says what its bearer is: a list, or words with spaces in between; dots lead into sections. The default is where Keycloak puts the roles.',
  }),
  setting({
    key: 'web.auth.openid.grants',
    type: 'entries',
    rows: OPENID_GRANT,
    default: [],
    live: true,
    reason:
      'What follows from the values of that claim. Rights and levels of several values add up; a token without any of them may do nothing.',
  }),
  setting({
    key: 'web.auth.sessionMinutes',
    type: 'integer',
    unit: 'min',
    min: 1,
    max: 10_080,
    default: 480,
    live: true,
    reason: 'How long one stays signed in on the page, from signing in; at most as long as the token holds. A night on call.',
  }),
] as const
