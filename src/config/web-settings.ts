/** Rows of the table of settings (settings.ts) for the web: DICOMweb, the page, /health and /metrics. */
import { setting } from './setting.ts'

export const WEB_SETTINGS = [
  setting({ key: 'web.enabled', type: 'boolean', default: true, reason: 'Whether anything is answered on the web.' }),
  setting({
    key: 'web.host',
    type: 'host',
    default: '127.0.0.1',
    reason: 'The address to listen at for the web. This machine only, unless given; 0.0.0.0 is every IPv4 address of the machine.',
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
] as const
