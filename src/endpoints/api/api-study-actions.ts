/** `POST /api/studies/:study/…`: what people do to the manifests of a study.
 *
 *  Promises: the caller sees all of the study (else 404, 403); journal, history or log name it as the actor; the answer says in words what was done.
 *  The work is that of the commands (manifest/study-actions.ts). */
import type { ManifestRecord, Uid } from '../../catalog/contract.ts'
import { levelBit } from '../../dicom/confidentiality.ts'
import { WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'
import { outcomeInWords } from '../../manifest/outcome-in-words.ts'
import { allowManifest, buildNow, decideLevel, publishAgain, resolveIdentity, withdrawAll } from '../../manifest/study-actions.ts'
import type { StatusParts } from '../status/status-parts.ts'
import type { WebRoute } from '../web/web-route.ts'
import { CONFIDENTIALITY, DONE, type Done, RESOLVE, WITHDRAW } from './api-contract.ts'
import { studyToActOn } from './api-study.ts'
import { jsonRoute, uidOf } from './json-route.ts'

/** @returns what was done, in words */
type Act<Body> = (study: Uid, actor: string, body: Body, request: WebRequest) => Promise<string>

export function studyActionRoutes(parts: StatusParts): WebRoute[] {
  const action = { method: 'POST', right: 'operate', also: 'find', answer: DONE } as const
  const acting =
    <Body>(act: Act<Body>) =>
    async (request: WebRequest, { body }: { readonly body: Body }): Promise<Done> => {
      const study = uidOf(request, 'study')
      await studyToActOn(parts, study, request.caller)
      const done = await act(study, request.caller.name, body, request)
      parts.published()
      parts.changed()
      return { done }
    }
  return [
    jsonRoute({
      ...action,
      path: '/api/studies/:study/build',
      summary: 'Make its manifest now, if it has something new to say; one that was withheld by an operator is allowed again',
      serve: acting(async (study, actor) => outcomeInWords(await buildNow(parts, study, actor))),
    }),
    jsonRoute({
      ...action,
      path: '/api/studies/:study/publish',
      summary: 'Deliver the manifests in force to their targets once more',
      serve: acting(async (study, actor) => sentInWords(await publishAgain(parts, study, actor))),
    }),
    jsonRoute({
      ...action,
      path: '/api/studies/:study/allow',
      summary: 'A manifest that was withheld by an operator may be made again',
      serve: acting(async (study, actor) => allowed(await allowManifest(parts, study, actor))),
    }),
    jsonRoute({
      ...action,
      path: '/api/studies/:study/withdraw',
      summary: 'Take its manifests back: whoever was given them is told, and none is made until it is allowed again',
      body: WITHDRAW,
      serve: acting(async (study, actor, { reason }) => withdrawnInWords(await withdrawAll(parts, study, reason, actor))),
    }),
    jsonRoute({
      ...action,
      path: '/api/studies/:study/resolve',
      summary: 'Say which patient identity of a study is right',
      body: RESOLVE,
      serve: acting(async (study, actor, { identity }) => resolve(parts, study, identity, actor)),
    }),
    jsonRoute({
      ...action,
      path: '/api/studies/:study/confidentiality',
      summary: 'Decide the confidentiality level of a study, or leave it to the rules again',
      body: CONFIDENTIALITY,
      serve: acting(async (studyInstanceUid, actor, { level }, { caller }) => {
        if (level !== 'rules' && (levelBit(level) & caller.levels) === 0)
          throw new WebRefusal(403, `level: ${level} is one that you may not see: you could not take it back`)
        const outcome = await decideLevel(parts, { studyInstanceUid }, level === 'rules' ? undefined : level, actor)
        const decided = level === 'rules' ? 'the rules say its level again, for what is to come' : `its level is ${level}`
        return [decided, outcomeInWords(outcome)].join('\n')
      }),
    }),
  ]
}

function sentInWords(sent: readonly { readonly record: ManifestRecord; readonly targets: readonly string[] }[]): string {
  if (sent.length === 0) throw new WebRefusal(409, 'no manifest of this study is in force: there is nothing to publish')
  return sent
    .map(({ record: { version, dialect, confidentiality }, targets }) => {
      const to = targets.length === 0 ? 'goes to nobody: no target is given such a one' : `goes to ${targets.join(', ')} once more`
      return `version ${version} (${confidentiality}, ${dialect}) ${to}`
    })
    .join('\n')
}

const allowed = (was: boolean): string =>
  was ? 'a manifest may be made of it again; it follows within a minute' : 'no operator had withheld its manifest: nothing was changed'

function withdrawnInWords(withdrawn: readonly ManifestRecord[]): string {
  const lines = withdrawn.map((one) => `withdrawn: version ${one.version} (${one.confidentiality}, ${one.dialect}): ${one.sopInstanceUid}`)
  return [...lines, 'no manifest is made of the study until it is allowed again'].join('\n')
}

async function resolve(parts: StatusParts, study: Uid, identity: number, actor: string): Promise<string> {
  const identities = await parts.catalog.identitiesOf(study)
  if (!identities.some(({ number }) => number === identity)) {
    const numbers = identities.map(({ number }) => number).join(', ')
    throw new WebRefusal(400, `identity: found ${identity}, expected one of its identities: ${numbers}`)
  }
  await resolveIdentity(parts, study, identity, actor)
  return `identity ${identity} is in force; the manifest follows within a minute`
}
