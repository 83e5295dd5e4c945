/** Deliveries of manifests: what waits, what failed and why, what is done; each can be tried again. */
import type { Deliveries, Done } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { Act } from '../parts/act.tsx'
import { useWords } from '../parts/language.tsx'
import { usePaged } from '../parts/paged.ts'
import { Pages } from '../parts/pages.tsx'
import { Moment, Nothing, Said, State, Table, Title } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { addressOf } from '../route.ts'
import { stateKey } from '../words/words.ts'

const STATES = ['', 'failed', 'waiting', 'done'] as const
type Delivery = Deliveries['items'][number]

export function DeliveriesView({ state }: { state: string }) {
  const { say } = useWords()
  const { items, ...rest } = usePaged<Delivery>('api/deliveries', { state })
  return (
    <>
      <Title>{say('deliveries.title')}</Title>
      <nav class="filter" aria-label={say('deliveries.filter')}>
        {STATES.map((one) => (
          <a key={one} href={`#/deliveries${one === '' ? '' : `?state=${one}`}`} aria-current={one === state ? 'true' : undefined}>
            {one === '' ? say('deliveries.all') : say(stateKey(one)!)}
          </a>
        ))}
      </nav>
      <Pages {...rest} count={items && say(rest.more ? 'deliveries.foundMore' : 'deliveries.found', { n: items.length })}>
        {items?.length === 0 && <Nothing>{say('deliveries.none')}</Nothing>}
        {items !== undefined && items.length > 0 && <DeliveryTable items={items} again={rest.again} />}
      </Pages>
    </>
  )
}

function DeliveryTable({ items, again }: { items: readonly Delivery[]; again(): void }) {
  const { say, number } = useWords()
  const may = useRight('operate')
  const head = (
    [
      'field.target',
      'field.state',
      'field.act',
      'field.attempts',
      'field.why',
      'field.nextAttempt',
      'field.study',
      'field.actions',
    ] as const
  ).map((key) => say(key))
  const retry = async (id: number): Promise<string> => (await post<Done>(`api/deliveries/${id}/retry`)).done
  return (
    <div class="panel wide">
      <Table caption={say('deliveries.title')} head={head}>
        {items.map((one) => (
          <tr key={one.id}>
            <th scope="row">{one.target}</th>
            <td>
              <State state={one.state} />
            </td>
            <td>{say(one.action === 'publish' ? 'delivery.publish' : 'delivery.withdraw')}</td>
            <td class="number">{number(one.attempts)}</td>
            <td class="long">{one.lastError !== undefined && <Said>{one.lastError}</Said>}</td>
            <td>{one.state === 'waiting' && <Moment at={one.nextAttemptAt} />}</td>
            <td>
              <a href={addressOf(['studies', one.studyInstanceUid])}>{say('delivery.study')}</a>{' '}
              <a href={addressOf(['manifests', one.manifestUid])}>{say('delivery.manifest')}</a>
            </td>
            <td>
              {may && one.state !== 'done' && (
                <Act
                  label={say('action.retry')}
                  about={one.target}
                  question={say('ask.retry', { target: one.target })}
                  run={() => retry(one.id)}
                  after={again}
                />
              )}
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}
