/** Hold a manifest against the standards, follow its references, take its file. The two first change nothing, but they cost work: each asks once. */
import { useState } from 'preact/hooks'
import type { ManifestDetails, Validated, Verified } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { Act } from '../parts/act.tsx'
import { useWords } from '../parts/language.tsx'
import { Said, State, Table, Uid } from '../parts/pieces.tsx'
import { useRight } from '../parts/session.tsx'

export type Findings = NonNullable<ManifestDetails['findings']>

export function ManifestActions({ manifest, about }: { manifest: string; about: string }) {
  const { say } = useWords()
  const [validated, setValidated] = useState<Validated>()
  const [verified, setVerified] = useState<Verified>()
  const mayOperate = useRight('operate')
  const mayGet = useRight('get')
  const of = `api/manifests/${encodeURIComponent(manifest)}`
  const validate = async (): Promise<string> => {
    const result = await post<Validated>(`${of}/validate`)
    setValidated(result)
    return say('validated.done', { n: result.findings.length })
  }
  const verify = async (): Promise<string> => {
    const result = await post<Verified>(`${of}/verify`)
    setVerified(result)
    return say('verified.done', { n: result.instances, found: result.found })
  }
  return (
    <>
      <div class="buttons">
        {mayOperate && <Act label={say('action.validate')} about={about} question={say('ask.validate')} run={validate} words="page" />}
        {mayOperate && <Act label={say('action.verify')} about={about} question={say('ask.verify')} run={verify} words="page" />}
        {mayGet && (
          <a class="button" href={`${of}/file`} download={`${manifest}.dcm`}>
            {say('action.download')}
            <span class="unseen"> {about}</span>
          </a>
        )}
      </div>
      {validated !== undefined && <FindingList findings={validated.findings} />}
      {verified !== undefined && <VerifiedResult result={verified} />}
    </>
  )
}

export function FindingList({ findings }: { findings: Findings }) {
  const { say } = useWords()
  if (findings.length === 0) return <p class="good-text">{say('findings.none')}</p>
  return (
    <ul class="findings">
      {findings.map((one) => (
        <li key={`${one.path} ${one.section} ${one.message}`}>
          <State state={one.severity} /> <Said>{one.message}</Said> <small>{[one.path, one.section].filter(Boolean).join(' · ')}</small>
        </li>
      ))}
    </ul>
  )
}

function VerifiedResult({ result: { instances, found, missing } }: { result: Verified }) {
  const { say } = useWords()
  return (
    <div>
      <p class={missing.length === 0 ? 'good-text' : 'bad-text'}>{say('verified.done', { n: instances, found })}</p>
      {missing.length > 0 && (
        <Table caption={say('verified.missing')} head={[say('field.instance'), say('field.why')]}>
          {missing.map((one) => (
            <tr key={one.sopInstanceUid}>
              <td>
                <Uid>{one.sopInstanceUid}</Uid>
              </td>
              <td>
                <Said>{one.why}</Said>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </div>
  )
}
