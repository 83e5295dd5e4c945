/** Patient identities of a study that holds more than one: which of them is its patient is for a person to say. */
import type { Done, StudyDetails } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { personName } from '../format.ts'
import { Act } from '../parts/act.tsx'
import { useWords } from '../parts/language.tsx'
import { Name, Panel, State, Table } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'

export function StudyIdentities({ study, again }: { study: StudyDetails; again(): void }) {
  const { say, date, number } = useWords()
  const may = useRight('operate')
  if (study.identities.length < 2) return null
  const head = [
    say('field.patient'),
    say('field.patientId'),
    say('field.birthDate'),
    say('field.sex'),
    say('field.images'),
    say('field.choice'),
  ]
  const resolve = async (identity: number): Promise<string> =>
    (await post<Done>(`api/studies/${encodeURIComponent(study.studyInstanceUid)}/resolve`, { identity })).done
  return (
    <Panel title={say('identities.title')} wide>
      <p class="hint">{say('identities.hint')}</p>
      <Table caption={say('identities.title')} head={head}>
        {study.identities.map((one) => (
          <tr key={one.number}>
            <th scope="row">
              <Name>{one.patientName}</Name>
            </th>
            <td>
              {one.patientId} <small>{one.issuer}</small>
            </td>
            <td>{date(one.birthDate)}</td>
            <td>{one.sex}</td>
            <td class="number">{number(one.instances)}</td>
            <td>
              <div class="buttons">
                {one.inForce &&
                  (study.state === 'conflict' ? <span class="state">{say('identities.used')}</span> : <State state="in force" />)}
                {may && !(one.inForce && study.state !== 'conflict') && (
                  <Act
                    label={say('action.resolve')}
                    about={personName(one.patientName) || one.patientId}
                    question={say('ask.resolve', { name: personName(one.patientName) || say('patient.noName'), id: one.patientId })}
                    run={() => resolve(one.number)}
                    after={again}
                  />
                )}
              </div>
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}
