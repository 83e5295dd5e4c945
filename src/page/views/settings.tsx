/** Settings: what is in force, and from where. Nothing can be changed here. */
import { useState } from 'preact/hooks'
import type { SettingsInForce } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { useLoaded } from '../parts/loaded.ts'
import { Failure, Said, Table, Title, Waiting } from '../parts/pieces.tsx'
import { SETTINGS_IN_FRENCH } from '../words/settings-fr.ts'

export function SettingsView() {
  const { say } = useWords()
  const { value, failure, again } = useLoaded<SettingsInForce>('api/settings')
  const [wanted, setWanted] = useState('')
  const [changed, setChanged] = useState(false)
  const items = (value?.items ?? []).filter(
    (one) => one.key.toLowerCase().includes(wanted.trim().toLowerCase()) && (!changed || one.source !== 'default'),
  )
  return (
    <>
      <Title>{say('settings.title')}</Title>
      <p class="hint">
        {say('settings.hint')} {value?.file !== undefined && <code>{value.file}</code>}
      </p>
      {failure !== undefined && <Failure failure={failure} again={again} />}
      {value === undefined && failure === undefined && <Waiting />}
      {value !== undefined && (
        <>
          <div class="search">
            <label>
              {say('settings.filter')}
              <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} spellcheck={false} />
            </label>
            <label class="choice">
              <input type="checkbox" checked={changed} onChange={(event) => setChanged(event.currentTarget.checked)} />{' '}
              {say('settings.changed')}
            </label>
            <p role="status" class="count">
              {say('settings.count', { n: items.length })}
            </p>
          </div>
          <div class="panel wide">
            <Table
              caption={say('settings.title')}
              head={[say('field.setting'), say('field.value'), say('field.source'), say('field.meaning')]}
            >
              {items.map((one) => (
                <tr key={one.key}>
                  <th scope="row">
                    <code>{one.key}</code>
                  </th>
                  <td>
                    <code>{one.value}</code> {one.unit !== undefined && <Said>{one.unit}</Said>}
                    {one.source !== 'default' && one.default !== '' && (
                      <small>
                        {say('settings.default')}{' '}
                        <code>
                          <Said>{one.default}</Said>
                        </code>
                      </small>
                    )}
                  </td>
                  <td>
                    <Said>{one.source}</Said>
                    {!one.live && <small>{say('settings.restart')}</small>}
                  </td>
                  <td class="long">
                    <Meaning of={one} />
                  </td>
                </tr>
              ))}
            </Table>
          </div>
        </>
      )}
    </>
  )
}

function Meaning({ of: { key, reason } }: { of: SettingsInForce['items'][number] }) {
  const { language } = useWords()
  const french = language === 'fr' ? SETTINGS_IN_FRENCH[key] : undefined
  return <span>{french ?? reason}</span>
}
