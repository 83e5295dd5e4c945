/** What became of a study's manifests, and why, in the order in which it came. */
import type { StudyDetails } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { Moment, Nothing, Panel, Said, State } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'

export function StudyHistory({ study: { history } }: { study: StudyDetails }) {
  const { say } = useWords()
  return (
    <Panel title={say('history.title')} wide>
      {history.length === 0 ? (
        <Nothing>{say('history.none')}</Nothing>
      ) : (
        <ol class="timeline">
          {history.map((one, index) => (
            <li key={index}>
              <div class="when">
                <Moment at={one.at} />
              </div>
              <div>
                <State state={one.state} /> <Said>{one.reason}</Said>
                <p class="faint">
                  {[one.dialect, one.confidentiality, one.actor === '' ? '' : say('history.by', { actor: one.actor })]
                    .filter(Boolean)
                    .join(' · ')}{' '}
                  {one.manifestUid !== undefined && <a href={addressOf(['manifests', one.manifestUid])}>{say('history.manifest')}</a>}
                </p>
              </div>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}
