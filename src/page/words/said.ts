/** What the node says itself, for whoever reads the page: the sentences that are met daily in French, errors of the system in words.
 *
 *  Promises: a sentence that is not known here is shown as it came, in the node's English, and marked so.
 *  Does not: guess. A part that is not known leaves the whole sentence as it is. */
import { type Language, size } from '../format.ts'

type Sentence = readonly [pattern: RegExp, french: string]

/** `$1` takes what the pattern found. */
const SENTENCES: readonly Sentence[] = [
  // Why a manifest was made (src/manifest/due-reason.ts), and what its study waits for.
  [/^instances arrived$/, 'des instances sont arrivées'],
  [/^at once$/, 'sans attendre'],
  [/^quiet for (\d+ s)$/, 'rien reçu depuis $1'],
  [/^association ended, nothing for (\d+ s)$/, 'association terminée, rien reçu depuis $1'],
  [/^(\d+ s) after its first change, at the latest$/, '$1 après la première modification, au plus tard'],
  [/^version (\d+): instances arrived$/, 'version $1 : des instances sont arrivées'],
  [/^version (\d+): at once$/, 'version $1 : sans attendre'],
  [/^version (\d+): quiet for (\d+ s)$/, 'version $1 : rien reçu depuis $2'],
  [/^version (\d+): association ended, nothing for (\d+ s)$/, 'version $1 : association terminée, rien reçu depuis $2'],
  [/^version (\d+): to (.+) once more$/, 'version $1 : envoyée de nouveau à $2'],
  [/^by version (\d+)$/, 'par la version $1'],
  [/^the study has another patient now$/, 'l’examen a maintenant un autre patient'],
  [/^quiet time: (.+) more$/, 'rien reçu : encore $1'],
  [/^quiet after the end of its association: (.+) more$/, 'rien reçu depuis la fin de l’association : encore $1'],
  [/^MPPS completed: (\d+) of (\d+) series, (\d+) of (\d+) instances$/, 'MPPS terminée : séries $1 sur $2, instances $3 sur $4'],
  // Why a caller was refused (src/endpoints/access.ts).
  [/^calling AE title not known$/, 'AE title appelant inconnu'],
  [/^known, but calls from another host than configured$/, 'connu, mais appelle depuis une autre adresse que celle configurée'],
  // How the node does (src/endpoints/status/health.ts, now.ts).
  [/^the DICOM port is not open$/, 'le port DICOM n’est pas ouvert'],
  [/^the storage is not there: is its disk mounted\?$/, 'le stockage est absent : son disque est-il monté ?'],
  [/^the storage cannot be written to \((\w+)\)$/, 'impossible d’écrire dans le stockage ($1)'],
  [
    /^(\d+) instances in a row were refused for want of room \(A700\); the log says why$/,
    'instances refusées à la suite faute de place (A700) : $1 ; le journal dit pourquoi',
  ],
  [/^has not begun yet$/, 'pas encore commencé'],
  [/^(\d+) instances and manifests read$/, 'instances et manifestes lus : $1'],
  [/^goes on: (\d+) instances and manifests read$/, 'en cours, instances et manifestes lus : $1'],
  // Of the system, where a manifest is delivered to a folder.
  [/^no such study here$/, 'cet examen n’est pas ici'],
  [/^not a directory: (.+)$/, 'n’est pas un dossier : $1'],
  [/^permission denied: (.+)$/, 'accès refusé : $1'],
  [/^no space left on device: (.+)$/, 'plus de place sur le disque : $1'],
  [/^no such file or directory: (.+)$/, 'fichier ou dossier absent : $1'],
  [/^read-only file system: (.+)$/, 'système de fichiers en lecture seule : $1'],
  [/^file already exists: (.+)$/, 'un fichier porte déjà ce nom : $1'],
]

/** `ENOTDIR: not a directory, mkdir '/srv/registry'`, as Node.js writes it. */
const OF_THE_SYSTEM = /^E[A-Z]+: (.+?), \w+ '([^']+)'(?: -> '.+')?$/
const NO_ROOM = /^no room: (\d+) bytes are free, (\d+) are kept in reserve \(storage\.reserveBytes\)$/
const NO_ROOM_IN: Readonly<Record<Language, string>> = {
  en: 'no room on the disk: $1 are free, $2 must stay free (storage.reserveBytes)',
  fr: 'plus de place sur le disque : $1 libres, $2 doivent le rester (storage.reserveBytes)',
}

/** @returns the text, and whether it is in `language` now (English always is) */
export function nodeSays(text: string, language: Language): { readonly text: string; readonly known: boolean } {
  const room = NO_ROOM.exec(text)
  if (room !== null) {
    const [, free, reserve] = room
    return { text: filled(NO_ROOM_IN[language], [size(Number(free), language), size(Number(reserve), language)]), known: true }
  }
  const plain = text.replace(OF_THE_SYSTEM, '$1: $2')
  if (language === 'en') return { text: plain, known: true }
  for (const [pattern, french] of SENTENCES) {
    const found = pattern.exec(plain)
    if (found !== null) return { text: filled(french, found.slice(1)), known: true }
  }
  return { text: plain, known: false }
}

const filled = (words: string, values: readonly string[]): string =>
  words.replace(/\$(\d)/g, (_, place: string) => values[Number(place) - 1] ?? '')
