/** Who is looking, and what that somebody may do: read once, and again after a sign-in. */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
import type { Session } from '../../endpoints/api/api-contract.ts'
import { ask, onSignedOut, Refused } from '../api.ts'
import { SignIn } from '../views/sign-in.tsx'
import { useWords } from './language.tsx'
import { useLoaded } from './loaded.ts'
import { Failure, Waiting } from './pieces.tsx'

export type Right = Session['rights'][number]
const Current = createContext<Session | undefined>(undefined)

export const useSession = (): Session => useContext(Current)!
export const useRight = (right: Right): boolean => useSession().rights.includes(right)

export function WithSession({ children }: { children: ComponentChildren }) {
  const session = useLoaded<Session>('api/session')
  useEffect(() => onSignedOut(() => session.value !== undefined && session.again()), [session.value, session.again])
  const { value, failure } = session
  if (failure instanceof Refused && failure.status === 401) return <SignIn done={session.again} />
  if (failure !== undefined) return <Failure failure={failure} again={session.again} />
  if (value === undefined) return <Waiting />
  if (value.rights.length === 0 && value.tokenNeeded) return <SignIn done={session.again} />
  return (
    <Current.Provider value={value}>
      {children}
      <Caller caller={value.caller} left={session.again} />
    </Current.Provider>
  )
}

/** Somebody of this machine is nobody in particular. */
function Caller({ caller, left }: { caller: string; left(): void }) {
  const { say } = useWords()
  if (caller === 'local') return null
  return (
    <footer class="caller">
      <span>{say('session.caller', { caller })}</span>
      <button type="button" onClick={() => void ask('api/session', { method: 'DELETE' }).then(left, left)}>
        {say('session.leave')}
      </button>
    </footer>
  )
}
