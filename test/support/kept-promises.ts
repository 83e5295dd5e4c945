/** Whether a storage tells the truth after whatever has happened to its node: looked at from outside, in its files and its catalog.
 *
 *  Promises: {@link PromiseCheck.look} throws (by `expect`) unless every acknowledged instance is there with its digest, every row names a
 *  whole file, no file is without a row, no draft is left, and no manifest that was delivered or is in force names what is not there. A file
 *  once read and found right is not read again until {@link PromiseCheck.forgetWhatWasRead}. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { readManifest } from '../../src/manifest/read-manifest.ts'
import type { Ledger } from './busy-senders.ts'
import { eventually, filesBelow, type NodeProcess } from './node-process.ts'

interface InstanceRow {
  readonly uid: string
  readonly key: string
  readonly size: number
  readonly offset: number
  readonly sha256: string
  readonly role: string
}

interface ManifestRow {
  readonly uid: string
  readonly study: string
  readonly version: number
  readonly state: string
  readonly deliveries: number
  readonly undelivered: number
}

interface Catalogued {
  readonly instances: readonly InstanceRow[]
  readonly manifests: readonly ManifestRow[]
  /** Study Instance UID of studies whose changes the manifest stage has not dealt with. */
  readonly pending: readonly string[]
  readonly damage: unknown
}

export function readCatalog(storagePath: string): Catalogued {
  const database = new Database(join(storagePath, 'catalog.sqlite'), { readonly: true, timeout: 5000 })
  try {
    return database.transaction(() => ({
      instances: database
        .prepare(
          'SELECT "SOPInstanceUID" AS uid, storage_key AS key, file_size_bytes AS size, data_set_offset AS offset, sha256, role FROM instances',
        )
        .all() as InstanceRow[],
      manifests: database
        .prepare(
          `SELECT sop_instance_uid AS uid, study_instance_uid AS study, version, state,
             (SELECT count(*) FROM deliveries WHERE manifest_uid = sop_instance_uid) AS deliveries,
             (SELECT count(*) FROM deliveries AS d WHERE manifest_uid = sop_instance_uid AND d.state <> 'done') AS undelivered
           FROM manifests`,
        )
        .all() as ManifestRow[],
      pending: (
        database.prepare('SELECT "StudyInstanceUID" AS uid FROM studies WHERE revision > manifest_revision').all() as { uid: string }[]
      ).map((row) => row.uid),
      damage: [database.pragma('integrity_check', { simple: true }), database.pragma('foreign_key_check')],
    }))()
  } finally {
    database.close()
  }
}

export class PromiseCheck {
  readonly #ledger: Ledger
  readonly #read = new Map<string, string>()
  readonly #references = new Map<string, readonly string[]>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The next look reads every byte again. */
  forgetWhatWasRead(): void {
    this.#read.clear()
    this.#references.clear()
  }

  async look(node: NodeProcess): Promise<Catalogued> {
    await eventually('no draft left', () => node.files('drafts').length === 0, 3000)
    const found = readCatalog(node.storagePath)
    expect(found.damage, 'damage of the catalog').toEqual(['ok', []])
    this.#acknowledgedAreThere(found.instances)
    this.#nobodyUnknownIsThere(found)
    this.#rowsNameWholeFiles(node.storagePath, found.instances)
    this.#manifestsAreTrue(node.storagePath, found)
    await eventually('every file named by a row', () => filesWithoutRow(node).length === 0, 3000).catch(() => {
      expect(filesWithoutRow(node), 'files that no row names').toEqual([])
    })
    expect(node.files('quarantine'), 'quarantine').toEqual([])
    return found
  }

  #acknowledgedAreThere(rows: readonly InstanceRow[]): void {
    const digests = new Map(rows.map((row) => [row.uid, row.sha256]))
    const missing = [...this.#ledger.acknowledged].filter(([uid, { sha256 }]) => digests.get(uid) !== sha256).map(([uid]) => uid)
    expect(missing, 'acknowledged instances without their row').toEqual([])
  }

  #nobodyUnknownIsThere({ instances, manifests }: Catalogued): void {
    const { acknowledged, unanswered } = this.#ledger
    const own = new Set(manifests.map((manifest) => manifest.uid))
    const unknown = instances.filter(({ uid }) => !acknowledged.has(uid) && !unanswered.has(uid) && !own.has(uid)).map(({ uid }) => uid)
    expect(unknown, 'rows of instances that nobody sent').toEqual([])
    expect(
      [...own].filter((uid) => !instances.some((row) => row.uid === uid)),
      'manifest records without an instance',
    ).toEqual([])
  }

  #rowsNameWholeFiles(storagePath: string, rows: readonly InstanceRow[]): void {
    const wrong = rows.flatMap((row) => {
      const file = join(storagePath, row.key)
      const size = statSync(file, { throwIfNoEntry: false })?.size
      if (size !== row.size) return [`${row.key}: ${size} bytes, row says ${row.size}`]
      if (this.#read.get(row.key) === row.sha256) return []
      const sha256 = createHash('sha256').update(readFileSync(file).subarray(row.offset)).digest('hex')
      if (sha256 !== row.sha256) return [`${row.key}: other bytes than its row says`]
      this.#read.set(row.key, sha256)
      return []
    })
    expect(wrong, 'rows whose file is not whole').toEqual([])
  }

  #manifestsAreTrue(storagePath: string, { instances, manifests }: Catalogued): void {
    const held = new Map(instances.map((row) => [row.uid, row]))
    const inForce = manifests.filter(({ state }) => state === 'in force')
    expect(new Set(inForce.map(({ study }) => study)).size, 'one manifest in force per study').toBe(inForce.length)
    const files = [...inForce.map(({ uid }) => join(storagePath, held.get(uid)!.key)), ...deliveredFiles(storagePath)]
    const lies = files.flatMap((file) => {
      const absent = this.#referencesOf(file).filter((uid) => held.get(uid)?.role !== 'content')
      return absent.length === 0 ? [] : [`${file} names ${absent.join(', ')}`]
    })
    expect(lies, 'manifests that name what is not there').toEqual([])
  }

  #referencesOf(file: string): readonly string[] {
    const known = this.#references.get(file)
    if (known !== undefined) return known
    const references = readManifest(readFileSync(file)).series.flatMap((series) => series.instances.map((one) => one.sopInstanceUid))
    expect(references.length, `references of ${file}`).toBeGreaterThan(0)
    this.#references.set(file, references)
    return references
  }
}

function deliveredFiles(storagePath: string): string[] {
  const outbox = join(storagePath, 'outbox')
  return filesBelow(outbox)
    .filter((name) => name.endsWith('.dcm'))
    .map((name) => join(outbox, name))
}

/** Files first, rows after: what is entered meanwhile is no stray. */
function filesWithoutRow(node: NodeProcess): string[] {
  const files = [
    ...node.files('instances').map((name) => `instances/${name}`),
    ...node.files('manifests').map((name) => `manifests/${name}`),
  ]
  const named = new Set(readCatalog(node.storagePath).instances.map((row) => row.key))
  return files.filter((file) => !named.has(file))
}

/** Waits until nothing is due any more, then: the manifest in force of each study names exactly what is held of it, and each was delivered. */
export async function expectManifestsComplete(node: NodeProcess, withinMs = 15_000): Promise<void> {
  await eventually(
    'every study has its manifest, delivered',
    () => {
      const { pending, manifests } = readCatalog(node.storagePath)
      return pending.length === 0 && manifests.every(({ undelivered }) => undelivered === 0)
    },
    withinMs,
  )
  const database = new Database(join(node.storagePath, 'catalog.sqlite'), { readonly: true })
  try {
    const content = database.prepare(
      `SELECT "SOPInstanceUID" AS uid FROM instances JOIN series ON series.id = series_id JOIN studies ON studies.id = study_id
       WHERE "StudyInstanceUID" = ? AND role = 'content'`,
    )
    const studies = (database.prepare('SELECT "StudyInstanceUID" AS uid FROM studies').all() as { uid: string }[]).map(({ uid }) => uid)
    for (const study of studies) {
      const folder = join(node.storagePath, 'outbox', study)
      const names = readdirSync(folder).sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
      expect(
        names.filter((name) => !/^\d+-[\d.]+\.dcm$/.test(name)),
        'nothing else in the folder of a study',
      ).toEqual([])
      const newest = names[0]!
      const references = readManifest(readFileSync(join(folder, newest))).series.flatMap((series) => series.instances)
      const held = (content.all(study) as { uid: string }[]).map(({ uid }) => uid)
      expect(references.map((one) => one.sopInstanceUid).sort(), `evidence of ${study}, ${newest}`).toEqual(held.sort())
    }
  } finally {
    database.close()
  }
}
