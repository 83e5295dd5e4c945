/** A manifest's references followed back from this node (verify-manifest.ts), with what its catalog knows of the bytes that must come: for
 *  `ariane manifest verify`, and for the page.
 *
 *  Does not: say whether our own node answers at all, or shows its own calls what the manifest refers to ({@link notShown} tells the latter). */
import type { Catalog } from '../catalog/contract.ts'
import { retrieveUrlOf } from '../config/retrieve-url.ts'
import type { Config } from '../config/settings.ts'
import { aeTitle } from '../dicom/ae-title.ts'
import type { Confidentiality } from '../dicom/confidentiality.ts'
import { parseUid } from '../dicom/uid.ts'
import { baseUri } from './open/ways.ts'
import type { ReadManifest } from './read-manifest.ts'
import type { ConnectTo } from './retrieve-requests.ts'
import { type VerifyReport, verifyManifest } from './verify-manifest.ts'

export interface VerifyHereParts {
  readonly config: Config
  readonly catalog: Catalog
  readonly connectTo: ConnectTo
  readonly onProgress?: (done: number, total: number) => void
}

export function verifyHere({ config, catalog, connectTo, onProgress }: VerifyHereParts, manifest: ReadManifest): Promise<VerifyReport> {
  const sha256Of = async (text: string): Promise<string | undefined> => {
    const uid = parseUid(text)
    return uid && (await catalog.findInstance(uid))?.sha256
  }
  /** Of what is sent as it is kept: an odd data set is mended (PS3.5 7.1.1), and patient and study values may have been corrected. */
  const expectedSha256 = async (text: string): Promise<string | undefined> => {
    const uid = parseUid(text)
    const facts = uid && (await catalog.findInstance(uid))
    if (facts === undefined || (facts.fileSizeBytes - facts.dataSetOffset) % 2 === 1) return undefined
    return (await catalog.mayBeCorrected(facts.sopInstanceUid)) ? undefined : facts.sha256
  }
  return verifyManifest(manifest, {
    connectTo,
    expectedSha256,
    moveTo: { destination: aeTitle(config.aeTitle), sha256Of },
    wadoBase: ({ retrieveUrl }) => ownBase(config, retrieveUrl),
    onProgress,
  })
}

/** Of a Retrieve URL that leads to this node. */
function ownBase(config: Config, retrieveUrl: string | undefined): URL | undefined {
  const own = config.web.enabled ? retrieveUrlOf(config) : undefined
  const isOurs = own !== undefined && (retrieveUrl === own || retrieveUrl?.startsWith(`${own}/`) === true)
  return isOurs ? baseUri(retrieveUrl!) : undefined
}

/** @returns in words, with the remedy, why the node does not show its own calls what is of that level; undefined where it does */
export function notShown(config: Config, level: Confidentiality): string | undefined {
  const levels: readonly Confidentiality[] = config.peers.find((peer) => peer.aeTitle === config.aeTitle)?.levels ?? ['N']
  if (levels.includes(level)) return undefined
  const help = `ariane peer add ${config.aeTitle} 127.0.0.1 --allow echo find get --levels ${[...levels, level].join(' ')} (then reload it)`
  return `the manifest is of level ${level}, which the node does not show to its own commands; let them: ${help}`
}
