/** Studies that arrive now: whose they are, what has come of them, what they wait for. */
import type { Now } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { Moment, Name, Nothing, Panel, Said, Table, Uid } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'

type Arriving = Now['collecting'][number]

export function Collecting({ now: { collecting } }: { now: Now }) {
  const { say, number } = useWords()
  const head = (['field.patient', 'field.accession', 'field.modality', 'field.instances', 'field.since', 'field.waitsFor'] as const).map(
    (key) => say(key),
  )
  return (
    <Panel title={say('collecting.title')} wide>
      {collecting.length === 0 ? (
        <Nothing>{say('collecting.none')}</Nothing>
      ) : (
        <Table caption={say('collecting.title')} head={head}>
          {collecting.map((one) => (
            <tr key={one.studyInstanceUid}>
              <th scope="row">
                <Whose study={one} />
              </th>
              <td>{one.accessionNumber}</td>
              <td>
                {one.modalities.join(' ')} <small>{one.studyDescription}</small>
              </td>
              <td class="number">{number(one.instances)}</td>
              <td>
                <Moment at={one.since} />
              </td>
              <td class="long">
                <Said>{one.waitsFor}</Said>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

/** Whoever may not search is not told whose it is, and has no study to open. */
function Whose({ study: { studyInstanceUid, patientName, patientId } }: { study: Arriving }) {
  if (patientName === undefined) return <Uid>{studyInstanceUid}</Uid>
  return (
    <>
      <a href={addressOf(['studies', studyInstanceUid])}>
        <Name>{patientName}</Name>
      </a>{' '}
      <small>{patientId}</small>
    </>
  )
}
