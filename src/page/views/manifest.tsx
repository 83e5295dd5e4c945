/** One manifest: what it says, as a tree and as its elements. */
import { useRef, useState } from 'preact/hooks'
import type { ManifestDetails } from '../../endpoints/api/api-contract.ts'
import { useWords } from '../parts/language.tsx'
import { useLoaded } from '../parts/loaded.ts'
import { Facts, Failure, Moment, Panel, Said, State, Title, Uid, Waiting } from '../parts/pieces.tsx'
import { addressOf } from '../route.ts'
import { treeIn } from '../words/tree.ts'
import { FindingList, ManifestActions } from './manifest-actions.tsx'

export function ManifestView({ manifest }: { manifest: string }) {
  const { say, number } = useWords()
  const { value, failure, again } = useLoaded<ManifestDetails>(`api/manifests/${encodeURIComponent(manifest)}`)
  return (
    <>
      {value !== undefined && (
        <nav aria-label={say('nav.back')} class="back">
          <a href={addressOf(['studies', value.studyInstanceUid])}>{say('study.title')}</a>
        </nav>
      )}
      <Title aside={value && <State state={value.state} />}>
        {value === undefined ? say('manifest.title') : say('manifest.named', { version: String(value.version), dialect: value.dialect })}
      </Title>
      {failure !== undefined && <Failure failure={failure} again={again} />}
      {value === undefined && failure === undefined && <Waiting />}
      {value !== undefined && (
        <>
          <div class="panel wide">
            <Facts>
              {[
                [say('field.confidentiality'), value.confidentiality],
                [say('field.instances'), number(value.instances)],
                [say('field.made'), <Moment key="made" at={value.createdAt} />],
                [say('field.reason'), <Said key="reason">{value.reason}</Said>],
                [say('field.manifestUid'), <Uid key="uid">{value.sopInstanceUid}</Uid>],
                value.supersededBy !== undefined && [
                  say('manifest.supersededBy'),
                  <a key="by" href={addressOf(['manifests', value.supersededBy])}>
                    {value.supersededBy}
                  </a>,
                ],
              ]}
            </Facts>
            <ManifestActions manifest={manifest} about={say('manifest.title')} />
          </div>
          {value.findings !== undefined && (
            <Panel title={say('findings.title')} wide>
              <FindingList findings={value.findings} />
            </Panel>
          )}
          <Panel title={say('manifest.content')} wide>
            <Readings tree={value.tree} raw={value.raw} />
          </Panel>
        </>
      )}
    </>
  )
}

/** Tabs as ARIA has them: arrows go between, Tab goes in. */
function Readings({ tree, raw }: { tree: string; raw: string }) {
  const { say, language } = useWords()
  const tabs = [
    ['tree', say('manifest.tree'), treeIn(tree, language)],
    ['raw', say('manifest.raw'), raw],
  ] as const
  const [chosen, choose] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return
    const next = 1 - chosen
    choose(next)
    list.current?.querySelectorAll('button')[next]?.focus()
  }
  const [id, name, text] = tabs[chosen]!
  return (
    <>
      <div role="tablist" ref={list} onKeyDown={move} aria-label={say('manifest.content')} tabIndex={-1}>
        {tabs.map(([tab, label], index) => (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`tab-${tab}`}
            aria-selected={index === chosen}
            aria-controls="reading"
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => choose(index)}
          >
            {label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="reading" aria-labelledby={`tab-${id}`}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="listing" tabIndex={0} aria-label={name}>
          <pre>{text}</pre>
        </section>
      </div>
    </>
  )
}
