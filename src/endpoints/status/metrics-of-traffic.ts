/** Metrics of what comes in and is asked: from the meters, since the start of the process. */
import { SOFTWARE_VERSION } from '../../dicom/implementation.ts'
import { statusInHex } from '../../errors.ts'
import type { Metric, Sample } from './metric.ts'
import type { StatusParts } from './status-parts.ts'

export function trafficMetrics({ meters, dicom, config }: StatusParts): readonly Metric[] {
  const byStatus = (of: 'instances' | 'bytes') => (): Sample[] =>
    [...meters.byStatus].map(([status, tally]) => [tally[of], { status: statusInHex(status) }])
  const byPeer = (of: 'instances' | 'bytes') => (): Sample[] => [...meters.bySource].map(([peer, tally]) => [tally[of], { peer }])
  return [
    {
      name: 'ariane_info',
      help: 'Always 1; what runs is in the labels.',
      type: 'gauge',
      labels: ['version', 'ae_title'],
      find: () => [[1, { version: SOFTWARE_VERSION, ae_title: config().aeTitle }]],
    },
    {
      name: 'ariane_received_instances_total',
      help: 'Instances received, by the status that was answered (hexadecimal; 0000 success, Bxxx warning).',
      type: 'counter',
      labels: ['status'],
      find: byStatus('instances'),
    },
    {
      name: 'ariane_received_bytes_total',
      help: 'Bytes of their data sets.',
      type: 'counter',
      labels: ['status'],
      find: byStatus('bytes'),
    },
    {
      name: 'ariane_peer_instances_total',
      help: 'Instances taken in (success or warning), by calling AE title; beyond 100 titles: (others).',
      type: 'counter',
      labels: ['peer'],
      find: byPeer('instances'),
    },
    {
      name: 'ariane_peer_bytes_total',
      help: 'Bytes of their data sets.',
      type: 'counter',
      labels: ['peer'],
      find: byPeer('bytes'),
    },
    { name: 'ariane_associations_open', help: 'Associations that are open, accepted ones.', type: 'gauge', find: () => [[dicom.open()]] },
    {
      name: 'ariane_associations_total',
      help: 'Associations asked for, by outcome: accepted, rejected.',
      type: 'counter',
      labels: ['outcome'],
      find: () => Object.entries(meters.associations).map(([outcome, count]) => [count, { outcome }]),
    },
    {
      name: 'ariane_web_answers_total',
      help: 'Answers on the web, by service and class of the status (2xx …).',
      type: 'counter',
      labels: ['service', 'status'],
      find: () =>
        [...meters.answers].map(([key, count]) => {
          const at = key.lastIndexOf(' ')
          return [count, { service: key.slice(0, at), status: key.slice(at + 1) }]
        }),
    },
  ]
}
