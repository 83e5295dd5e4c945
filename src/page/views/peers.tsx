/** Peers: who is known and for what, who was refused and by which rule, and how to let them in. */
import { useState } from 'preact/hooks'
import type { Doctor, Echo, Peers } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { useWords } from '../parts/language.tsx'
import { useLoaded } from '../parts/loaded.ts'
import { useNotices } from '../parts/notices.tsx'
import { Failure, Moment, Nothing, Panel, Said, State, Table, Title, Waiting } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'
import { AddPeer, type Stranger } from './add-peer.tsx'

type Known = Peers['known'][number]
type Seen = Peers['seen'][number]

export function PeersView() {
  const { say } = useWords()
  const { value, failure, again } = useLoaded<Peers>('api/peers')
  const [stranger, setStranger] = useState<Stranger>()
  const may = useRight('operate')
  return (
    <>
      <Title>{say('peers.title')}</Title>
      {failure !== undefined && <Failure failure={failure} again={again} />}
      {value === undefined && failure === undefined && <Waiting />}
      {value !== undefined && (
        <>
          <SeenPeers seen={value.seen.filter(({ outcome }) => outcome === 'rejected')} add={may ? setStranger : undefined} />
          <KnownPeers known={value.known} />
          {may && <AddPeer key={`${stranger?.aeTitle} ${stranger?.host}`} stranger={stranger} added={again} />}
        </>
      )}
    </>
  )
}

function SeenPeers({ seen, add }: { seen: readonly Seen[]; add?: (stranger: Stranger) => void }) {
  const { say, number } = useWords()
  const head = (
    ['field.caller', 'field.address', 'field.called', 'field.rule', 'field.lastCall', 'field.times', 'field.actions'] as const
  ).map((key) => say(key))
  return (
    <Panel title={say('refused.title')} wide>
      {seen.length === 0 ? (
        <Nothing>{say('refused.none')}</Nothing>
      ) : (
        <Table caption={say('refused.title')} head={head}>
          {seen.map((one) => (
            <tr key={`${one.callingAeTitle} ${one.calledAeTitle} ${one.address}`}>
              <th scope="row">{one.callingAeTitle}</th>
              <td>{one.address}</td>
              <td>{one.calledAeTitle}</td>
              <td class="long">
                <Said>{one.reason}</Said>
              </td>
              <td>
                <Moment at={one.lastSeenAt} />
              </td>
              <td class="number">{number(one.count)}</td>
              <td>
                {add !== undefined && (
                  <button type="button" onClick={() => add({ aeTitle: one.callingAeTitle, host: one.address })}>
                    {say('action.letIn')}
                    <span class="unseen"> {one.callingAeTitle}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

function KnownPeers({ known }: { known: readonly Known[] }) {
  const { say } = useWords()
  const head = (['field.peer', 'field.address', 'field.allow', 'field.levels', 'field.lastCall', 'field.actions'] as const).map((key) =>
    say(key),
  )
  return (
    <Panel title={say('known.title')} wide>
      {known.length === 0 ? (
        <Nothing>{say('known.none')}</Nothing>
      ) : (
        <Table caption={say('known.title')} head={head}>
          {known.map((peer) => (
            <tr key={peer.aeTitle}>
              <th scope="row">{peer.aeTitle}</th>
              <td>{[peer.host, peer.port].filter((part) => part !== undefined).join(':')}</td>
              <td>{peer.allow.join(' ')}</td>
              <td>{peer.levels.join(' ')}</td>
              <td>{peer.lastSeenAt === undefined ? <span class="faint">{say('known.never')}</span> : <Moment at={peer.lastSeenAt} />}</td>
              <td>
                <Examine peer={peer} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

/** Echo and doctor: neither changes anything here or there. */
function Examine({ peer: { aeTitle } }: { peer: Known }) {
  const { say, number } = useWords()
  const notices = useNotices()
  const may = useRight('operate')
  const [echo, setEcho] = useState<Echo | 'asked'>()
  const [doctor, setDoctor] = useState<Doctor | 'asked'>()
  const of = `api/peers/${encodeURIComponent(aeTitle)}`
  const failed = (error: Error): void => {
    notices.failed(error)
    setEcho(undefined)
    setDoctor(undefined)
  }
  const sendEcho = (): void => {
    setEcho('asked')
    post<Echo>(`${of}/echo`).then(setEcho, failed)
  }
  const callDoctor = (): void => {
    setDoctor('asked')
    post<Doctor>(`${of}/doctor`).then(setDoctor, failed)
  }
  return (
    <>
      <div class="buttons">
        {may && (
          <button type="button" onClick={sendEcho} disabled={echo === 'asked'}>
            {say('action.echo')}
            <span class="unseen"> {aeTitle}</span>
          </button>
        )}
        <button type="button" onClick={callDoctor} disabled={doctor === 'asked'}>
          {say('action.doctor')}
          <span class="unseen"> {aeTitle}</span>
        </button>
      </div>
      <div role="status">
        {echo !== undefined && echo !== 'asked' && (
          <p class={echo.ok ? 'good-text' : 'bad-text'}>
            {echo.ok ? say('echo.ok', { value: number(echo.milliseconds ?? 0) }) : say('echo.failed')}{' '}
            {echo.why !== undefined && <Said>{echo.why}</Said>}
          </p>
        )}
        {doctor !== undefined && doctor !== 'asked' && (
          <ul class="findings">
            {doctor.findings.map((one) => (
              <li key={one.message}>
                <State state={one.severity} /> <Said>{one.message}</Said>{' '}
                {one.remedy !== '' && (
                  <small>
                    <Said>{one.remedy}</Said>
                  </small>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  )
}
