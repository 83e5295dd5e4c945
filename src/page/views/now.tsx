/** Now: whether images arrive and manifests leave, to be seen in ten seconds; then all that they depend on. */
import type { Now } from '../../endpoints/api/api-contract.ts'
import { useNow } from '../parts/clock.ts'
import { useWords } from '../parts/language.tsx'
import { LineChart } from '../parts/line-chart.tsx'
import { useLive } from '../parts/live.ts'
import { Facts, Failure, Moment, Nothing, Panel, Said, State, Table, Title, Waiting } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'
import { Collecting } from './now-collecting.tsx'

/** Seconds of a step of the history of rates. */
const STEP = 2
/** In two minutes. */
const STEPS = 60
/** Milliseconds since the last call, within which images count as arriving. */
const RECENT = 600_000
/** Days of disk below which it is worth a look. */
const FEW_DAYS = 14

export function NowView() {
  const { say } = useWords()
  const { now, failure, fresh } = useLive()
  return (
    <>
      <Title aside={now && <NodeName now={now} />}>{say('now.title')}</Title>
      {now === undefined && failure === undefined && <Waiting />}
      {failure !== undefined && !fresh && <Failure failure={failure} again={() => location.reload()} />}
      {now !== undefined && (
        <div class={fresh ? '' : 'stale'}>
          <Verdicts now={now} />
          <Collecting now={now} />
          <div class="grid">
            <Rates now={now} />
            <Callers now={now} />
            <Leaving now={now} />
            <Disk now={now} />
            <Kept now={now} />
          </div>
        </div>
      )}
    </>
  )
}

const NodeName = ({ now: { node } }: { now: Now }) => {
  const { say } = useWords()
  return (
    <p class="faint">
      {say('now.node', { aeTitle: node.aeTitle, port: String(node.dicomPort), version: node.version })} <Moment at={node.startedAt} />
    </p>
  )
}

/** The two questions of the night. Said aloud when the answer changes, and only then. */
function Verdicts({ now }: { now: Now }) {
  const { say } = useWords()
  const clock = useNow()
  const { receiving, deliveries, conflicts, manifests, peers } = now
  const last = peers
    .filter(({ outcome }) => outcome === 'accepted')
    .map(({ lastAt }) => lastAt)
    .sort()
    .at(-1)
  // A node that waits in silence receives nothing: that is not the same as images that arrive.
  const arriving = now.associations.open > 0 || (last !== undefined && clock - Date.parse(last) < RECENT)
  const leaving = deliveries.failed > 0 ? 'bad' : deliveries.items.length > 0 ? 'warn' : 'good'
  return (
    <div class="verdicts">
      <section class={`verdict ${receiving.open ? 'good' : 'bad'}`}>
        <div role="status">
          <h2>{say(!receiving.open ? 'now.notReceiving' : arriving ? 'now.receiving' : 'now.ready')}</h2>
        </div>
        {receiving.reason && (
          <p>
            <Said>{receiving.reason}</Said>
          </p>
        )}
        <p>
          {say('now.associations', { n: now.associations.open })}
          {last !== undefined && (
            <>
              {' · '}
              {say('now.lastCall')} <Moment at={last} />
            </>
          )}
        </p>
      </section>
      <section class={`verdict ${leaving}`}>
        <div role="status">
          <h2>{say(leaving === 'good' ? 'now.leaving' : leaving === 'bad' ? 'now.notLeaving' : 'now.leavingLate')}</h2>
        </div>
        <p>
          {say('now.today', { n: manifests.today })} · {say('now.waiting', { n: deliveries.waiting })}
          {deliveries.failed > 0 && <> · {say('now.failed', { n: deliveries.failed })}</>}
        </p>
      </section>
      {(conflicts > 0 || manifests.withheld > 0) && (
        <section class="verdict warn">
          <h2>{say('now.decide')}</h2>
          <p>
            {conflicts > 0 && <a href="#/studies?state=conflict">{say('now.conflicts', { n: conflicts })}</a>}
            {conflicts > 0 && manifests.withheld > 0 && ' · '}
            {manifests.withheld > 0 && <a href="#/studies?state=withheld">{say('now.withheld', { n: manifests.withheld })}</a>}
          </p>
        </section>
      )}
    </div>
  )
}

function Rates({ now: { rate } }: { now: Now }) {
  const { say, number, size } = useWords()
  // A node that has just started has no two minutes behind it yet: nothing came then.
  const before = Array.from({ length: Math.max(0, STEPS - rate.history.length) }, () => ({ instances: 0, bytes: 0 }))
  const history = [...before, ...rate.history]
  return (
    <Panel title={say('rate.title')}>
      <LineChart
        label={say('rate.instances')}
        values={history.map(({ instances }) => instances / STEP)}
        written={(value) => say('rate.perSecond', { value: number(value, value < 10 ? 1 : 0) })}
      />
      <LineChart
        label={say('rate.bytes')}
        values={history.map(({ bytes }) => bytes / STEP)}
        written={(value) => say('rate.perSecond', { value: size(value) })}
      />
    </Panel>
  )
}

function Callers({ now: { peers } }: { now: Now }) {
  const { say, number } = useWords()
  return (
    <Panel title={say('callers.title')} aside={<a href="#/peers">{say('callers.all')}</a>}>
      {peers.length === 0 ? (
        <Nothing>{say('callers.none')}</Nothing>
      ) : (
        <Table caption={say('callers.title')} head={[say('field.caller'), say('field.lastCall'), say('field.today'), say('field.outcome')]}>
          {peers.slice(0, 10).map((peer) => (
            <tr key={`${peer.aeTitle} ${peer.address}`}>
              <td>
                <strong>{peer.aeTitle}</strong> <small>{peer.address}</small>
              </td>
              <td>
                <Moment at={peer.lastAt} />
              </td>
              <td class="number">{peer.instancesToday === undefined ? '' : number(peer.instancesToday)}</td>
              <td>
                <State state={peer.outcome} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

function Leaving({ now: { deliveries } }: { now: Now }) {
  const { say } = useWords()
  return (
    <Panel title={say('late.title')} aside={<a href="#/deliveries">{say('late.all')}</a>}>
      {deliveries.items.length === 0 ? (
        <Nothing>{say('late.none')}</Nothing>
      ) : (
        <Table caption={say('late.title')} head={[say('field.target'), say('field.why'), say('field.nextAttempt')]}>
          {deliveries.items.map((one) => (
            <tr key={one.id}>
              <td>
                <a href={addressOf(['manifests', one.manifestUid])}>{one.target}</a>
              </td>
              <td>
                <Said>{one.reason}</Said>
              </td>
              <td>
                <Moment at={one.nextAttemptAt} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

function Disk({ now: { disk, audit } }: { now: Now }) {
  const { say, size, number } = useWords()
  const { daysLeft } = disk
  const few = daysLeft !== null && daysLeft < FEW_DAYS
  return (
    <Panel title={say('disk.title')}>
      <Facts>
        {[
          [
            say('disk.daysLeft'),
            daysLeft === null ? (
              <span class="faint">{say('disk.notKnown')}</span>
            ) : (
              <strong class={few ? 'warn-text' : ''}>
                {say('disk.days', { n: Math.floor(daysLeft), days: number(Math.floor(daysLeft)) })}
              </strong>
            ),
          ],
          [say('disk.free'), size(disk.freeBytes)],
          [say('disk.reserve'), size(disk.reserveBytes)],
          [say('audit.title'), <Said key="audit">{audit.state}</Said>],
          audit.lastPassAt !== undefined && [say('audit.last'), <Moment key="last" at={audit.lastPassAt} />],
          [
            say('audit.problems'),
            <strong key="problems" class={audit.problems > 0 ? 'bad-text' : ''}>
              {number(audit.problems)}
            </strong>,
          ],
        ]}
      </Facts>
    </Panel>
  )
}

function Kept({ now: { totals, manifests } }: { now: Now }) {
  const { say, number, size } = useWords()
  return (
    <Panel title={say('kept.title')}>
      <Facts>
        {[
          [say('kept.patients'), number(totals.patients)],
          [say('kept.studies'), number(totals.studies)],
          [say('kept.series'), number(totals.series)],
          [say('kept.instances'), number(totals.instances)],
          [say('kept.bytes'), size(totals.bytes)],
          [say('kept.manifests'), number(manifests.inForce)],
        ]}
      </Facts>
    </Panel>
  )
}
