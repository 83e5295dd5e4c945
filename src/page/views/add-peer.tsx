/** The form that lets a peer in: filled from a caller that was refused, or by hand. */
import { useEffect, useRef } from 'preact/hooks'
import type { Done, NewPeerBody } from '../../endpoints/api/api-contract.ts'
import { post } from '../api.ts'
import { useWords } from '../parts/language.tsx'
import { useNotices } from '../parts/notices.tsx'
import { Panel } from '../parts/pieces.tsx'

export interface Stranger {
  readonly aeTitle: string
  readonly host: string
}

const SERVICES = ['echo', 'store', 'mpps', 'find', 'move', 'get'] as const
const LEVELS = ['N', 'R', 'V', 'MASQUE_PS', 'INVISIBLE_PATIENT', 'MASQUE_PS+INVISIBLE_PATIENT'] as const
/** Of one that sends; what looks for images is let see them by whoever adds it. */
const USUAL: readonly string[] = ['echo', 'store', 'mpps']

export function AddPeer({ stranger, added }: { stranger?: Stranger; added(): void }) {
  const { say } = useWords()
  const notices = useNotices()
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (stranger === undefined) return
    form.current?.scrollIntoView({ block: 'nearest' })
    form.current?.querySelector('input')?.focus()
  }, [stranger])
  const add = (event: SubmitEvent): void => {
    event.preventDefault()
    post<Done>('api/peers', bodyOf(new FormData(form.current!))).then(({ done }) => {
      notices.done(done)
      form.current?.reset()
      added()
    }, notices.failed)
  }
  return (
    <Panel title={say('add.title')} wide>
      <form ref={form} class="add" onSubmit={add}>
        <label>
          {say('field.aeTitle')}
          <input name="aeTitle" required maxLength={16} defaultValue={stranger?.aeTitle ?? ''} autoComplete="off" spellcheck={false} />
        </label>
        <label>
          {say('field.host')}
          <input name="host" defaultValue={stranger?.host ?? ''} autoComplete="off" spellcheck={false} />
        </label>
        <label>
          {say('field.port')}
          <input name="port" type="number" min={1} max={65535} />
        </label>
        <Choices name="allow" label={say('field.allow')} of={SERVICES} chosen={USUAL} />
        <Choices name="levels" label={say('field.levels')} of={LEVELS} chosen={['N']} />
        <p class="hint">{say('add.hint')}</p>
        <div class="buttons">
          <button type="submit" class="main">
            {say('action.add')}
          </button>
        </div>
      </form>
    </Panel>
  )
}

interface ChoicesProps {
  readonly name: string
  readonly label: string
  readonly of: readonly string[]
  readonly chosen: readonly string[]
}

function Choices({ name, label, of, chosen }: ChoicesProps) {
  return (
    <fieldset>
      <legend>{label}</legend>
      {of.map((one) => (
        <label key={one} class="choice">
          <input type="checkbox" name={name} value={one} defaultChecked={chosen.includes(one)} /> {one}
        </label>
      ))}
    </fieldset>
  )
}

function bodyOf(form: FormData): NewPeerBody {
  const text = (name: string): string | undefined => String(form.get(name) ?? '').trim() || undefined
  const port = text('port')
  return {
    aeTitle: text('aeTitle') ?? '',
    host: text('host'),
    port: port === undefined ? undefined : Number(port),
    allow: form.getAll('allow') as NewPeerBody['allow'],
    levels: form.getAll('levels') as NewPeerBody['levels'],
  }
}
