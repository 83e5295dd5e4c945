/** Settings: what is in force, and from where. Nothing can be changed here. */
import { useState } from 'preact/hooks'
import type { SettingsInForce } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { useLoaded } from '../parts/loaded.ts'
import { Failure, Said, Table, Title, Waiting } from '../parts/pieces.tsx'

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
                    <code>{one.value}</code> {one.unit}
                    {one.source !== 'default' && one.default !== '' && (
                      <small>
                        {say('settings.default')} <code>{one.default}</code>
                      </small>
                    )}
                  </td>
                  <td>
                    {one.source}
                    {!one.live && <small>{say('settings.restart')}</small>}
                  </td>
                  <td class="long">
                    <Said>{one.reason}</Said>
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
