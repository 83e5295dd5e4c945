/** Studies: searched as C-FIND searches them. What was asked for is in the address, so that a way back leads to it. */
import { useEffect, useRef } from 'preact/hooks'
import type { StudyRow } from '../../endpoints/api/api-contract.ts'
import { dicomTime } from '../format.ts'
import { useWords } from '../parts/language.tsx'
import { usePaged } from '../parts/paged.ts'
import { Pages } from '../parts/pages.tsx'
import { Name, Nothing, State, Table, Title } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'
import { type Key, stateKey } from '../words/words.ts'

const TEXTS: readonly (readonly [string, Key])[] = [
  ['patientName', 'field.patientName'],
  ['patientId', 'field.patientId'],
  ['accessionNumber', 'field.accession'],
  ['modality', 'field.modality'],
]
const DATES: readonly (readonly [string, Key])[] = [
  ['from', 'field.from'],
  ['to', 'field.to'],
]
const STATES = ['collecting', 'in force', 'withheld', 'conflict', 'withdrawn', 'none'] as const

export function StudiesView({ query }: { query: URLSearchParams }) {
  const { say } = useWords()
  const asked = Object.fromEntries([...query].filter(([, value]) => value !== ''))
  return (
    <>
      <Title>{say('studies.title')}</Title>
      <Search asked={asked} />
      <Found asked={asked} />
    </>
  )
}

function Search({ asked }: { asked: Readonly<Record<string, string>> }) {
  const { say } = useWords()
  const form = useRef<HTMLFormElement>(null)
  // The form stays, and whoever is in it: only what it says follows the address.
  const words = new URLSearchParams(asked).toString()
  useEffect(() => {
    for (const field of form.current!.elements)
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = asked[field.name] ?? ''
  }, [words])
  const search = (event: SubmitEvent): void => {
    event.preventDefault()
    const given = [...new FormData(event.currentTarget as HTMLFormElement)].filter(
      ([, value]) => typeof value === 'string' && value.trim() !== '',
    )
    location.hash = addressOf(['studies'], new URLSearchParams(given.map(([name, value]) => [name, String(value).trim()])))
  }
  return (
    <search>
      <form ref={form} class="search" onSubmit={search} aria-label={say('studies.search')}>
        {TEXTS.map(([name, key]) => (
          <label key={name}>
            {say(key)}
            <input name={name} autoComplete="off" spellcheck={false} />
          </label>
        ))}
        {DATES.map(([name, key]) => (
          <label key={name}>
            {say(key)}
            <input name={name} type="date" />
          </label>
        ))}
        <label>
          {say('field.state')}
          <select name="state">
            <option value="">{say('studies.anyState')}</option>
            {STATES.map((state) => (
              <option key={state} value={state}>
                {say(stateKey(state)!)}
              </option>
            ))}
          </select>
        </label>
        <div class="buttons">
          <button type="submit" class="main">
            {say('action.search')}
          </button>
          {Object.keys(asked).length > 0 && <a href="#/studies">{say('action.clear')}</a>}
        </div>
        <p class="hint">{say('studies.hint')}</p>
      </form>
    </search>
  )
}

function Found({ asked }: { asked: Readonly<Record<string, string>> }) {
  const { say } = useWords()
  const { items, ...rest } = usePaged<StudyRow>('api/studies', asked)
  return (
    <Pages {...rest} count={items && say(rest.more ? 'studies.foundMore' : 'studies.found', { n: items.length })}>
      {items?.length === 0 && <Nothing>{say('studies.none')}</Nothing>}
      {items !== undefined && items.length > 0 && <StudyTable items={items} />}
    </Pages>
  )
}

function StudyTable({ items }: { items: readonly StudyRow[] }) {
  const { say, date, number } = useWords()
  const head = (
    [
      'field.patient',
      'field.patientId',
      'field.date',
      'field.description',
      'field.modalities',
      'field.images',
      'field.accession',
      'field.manifest',
    ] as const
  ).map((key) => say(key))
  return (
    <div class="panel wide">
      <Table caption={say('studies.title')} head={head}>
        {items.map((one) => (
          <tr key={one.studyInstanceUid}>
            <th scope="row">
              <a href={addressOf(['studies', one.studyInstanceUid])}>
                <Name>{one.patientName}</Name>
              </a>{' '}
              <small>{date(one.birthDate)}</small>
            </th>
            <td>{one.patientId}</td>
            <td class="date">
              {date(one.studyDate)} <small>{dicomTime(one.studyTime)}</small>
            </td>
            <td class="long">{one.studyDescription}</td>
            <td>{one.modalities.join(' ')}</td>
            <td class="number">
              {number(one.instances)} <small>{say('studies.inSeries', { n: one.series })}</small>
            </td>
            <td>{one.accessionNumber}</td>
            <td>
              <State state={one.state} />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}
