/** The page: put together, and put in its place. */
import { render } from 'preact'
import { App } from './app.tsx'
import { InLanguage } from './parts/language.tsx'
import { WithNotices } from './parts/notices.tsx'

render(
  <InLanguage>
    <WithNotices>
      <App />
    </WithNotices>
  </InLanguage>,
  document.getElementById('page')!,
)
