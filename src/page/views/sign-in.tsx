/** Where the node does not know who is looking: a token is asked for once, and becomes a cookie that the page itself cannot read. */
import { useState } from 'preact/hooks'
import { post } from '../api.ts'
import { useWords } from '../parts/language.tsx'
import { Said, Title } from '../parts/pieces.tsx'

export function SignIn({ done }: { done(): void }) {
  const { say } = useWords()
  const [token, setToken] = useState('')
  const [refused, setRefused] = useState<string>()
  const signIn = (event: SubmitEvent): void => {
    event.preventDefault()
    setRefused(undefined)
    post('api/session', {}, { Authorization: `Bearer ${token.trim()}` }).then(done, (error: Error) => setRefused(error.message))
  }
  return (
    <>
      <Title>{say('signIn.title')}</Title>
      <form class="panel sign-in" onSubmit={signIn}>
        <p>{say('signIn.hint')}</p>
        <label>
          {say('signIn.token')}
          <input
            type="password"
            required
            autoComplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
            aria-describedby={refused === undefined ? undefined : 'refused'}
          />
        </label>
        <div role="alert" id="refused">
          {refused !== undefined && (
            <p class="bad-text">
              {say('signIn.refused')} <Said>{refused}</Said>
            </p>
          )}
        </div>
        <div class="buttons">
          <button type="submit" class="main">
            {say('signIn.title')}
          </button>
        </div>
      </form>
    </>
  )
}
