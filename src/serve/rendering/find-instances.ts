/** The instances that an address on the web names, as far as the caller may see them.
 *
 *  Errors: WebRefusal 400 where a UID is none, 404 where there is nothing: not here, hidden, or of another confidentiality level. */
import type { Catalog, Retrievable, RetrieveKeys, View } from '../../catalog/contract.ts'
import { parseUid, type Uid } from '../../dicom/uid.ts'
import { WebRefusal, type WebRequest } from '../../dicomweb/web-service.ts'

export interface Named {
  readonly keys: RetrieveKeys
  readonly view: View
}

const PAGE = 100

/** @param names  the UIDs of study, series, instance, as the caller gives them */
export function named(
  names: { readonly study?: string; readonly series?: string; readonly instance?: string },
  { caller }: WebRequest,
  includeManifests: boolean,
): Named {
  const { study, series, instance } = names
  return {
    keys: {
      studyInstanceUids: listOf('Study Instance UID', study),
      seriesInstanceUids: listOf('Series Instance UID', series),
      sopInstanceUids: listOf('SOP Instance UID', instance),
    },
    view: { levels: caller.levels, includeManifests },
  }
}

export async function* instancesOf(catalog: Catalog, { keys, view }: Named): AsyncGenerator<Retrievable> {
  let after: string | undefined
  do {
    const page = await catalog.retrievables(keys, view, PAGE, after)
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

export async function theInstance(catalog: Catalog, { keys, view }: Named): Promise<Retrievable> {
  const { items } = await catalog.retrievables(keys, view, 1)
  if (items.length === 0) throw new WebRefusal(404, 'no such instance here')
  return items[0]!
}

function listOf(what: string, text: string | undefined): Uid[] | undefined {
  if (text === undefined) return undefined
  const uid = parseUid(text)
  if (uid === undefined) throw new WebRefusal(400, `${what}: not a UID`)
  return [uid]
}
