/** What an action did, or why it did nothing (src/endpoints/api, src/manifest/outcome-in-words.ts, verify-manifest.ts). */
import type { Sentence } from './sentence.ts'

export const ACTIONS: readonly Sentence[] = [
  // Manifests of a study.
  [
    'made version {version} with {n} instances: {uid}',
    'version {version} produite avec {n} instance : {uid} | version {version} produite avec {n} instances : {uid}',
  ],
  ['version {version} says the same already: {uid}', 'la version {version} dit déjà la même chose : {uid}'],
  ['withdrawn: version {version}: {uid}', 'retirée : version {version} : {uid}'],
  ['not made ({what}), for it would not be valid: {said}', 'non produite ({what}), car elle ne serait pas valide : {said}'],
  ['the study has no instance to refer to: no manifest', 'l’examen n’a aucune instance à référencer : pas de manifeste'],
  ['no manifest is made of the study: {said}', 'aucun manifeste n’est produit pour cet examen : {said}'],
  [
    'the study holds more than one patient identity: no manifest until `ariane study resolve`',
    'l’examen contient plusieurs identités de patient : pas de manifeste avant d’avoir choisi la bonne',
  ],
  ['no such study here', 'cet examen n’est pas ici'],
  ['goes to nobody: no target is given such a one', 'n’est envoyée à personne : aucune cible n’en reçoit de cette sorte'],
  [
    'version {version} ({what}) goes to nobody: no target is given such a one',
    'la version {version} ({what}) n’est envoyée à personne : aucune cible n’en reçoit de cette sorte',
  ],
  ['goes to {targets} once more', 'est envoyée de nouveau à {targets}'],
  ['version {version} ({what}) goes to {targets} once more', 'la version {version} ({what}) est envoyée de nouveau à {targets}'],
  ['version {version} ({what}) {said}', 'version {version} ({what}) {said}'],
  [
    'a manifest may be made of it again; it follows within a minute',
    'un manifeste peut de nouveau en être produit ; il suit dans la minute',
  ],
  ['no operator had withheld its manifest: nothing was changed', 'aucun opérateur n’avait retenu son manifeste : rien n’a été modifié'],
  [
    'no manifest is made of the study until it is allowed again',
    'aucun manifeste n’est produit pour cet examen avant d’être de nouveau autorisé',
  ],
  [
    'identity {number} is in force; the manifest follows within a minute',
    'l’identité {number} est en vigueur ; le manifeste suit dans la minute',
  ],
  ['its level is {level}', 'son niveau est {level}'],
  ['the rules say its level again, for what is to come', 'les règles fixent de nouveau son niveau, pour ce qui arrivera'],
  // Why not.
  [
    'no manifest of this study is in force: there is nothing to publish',
    'aucun manifeste de cet examen n’est en vigueur : il n’y a rien à publier',
  ],
  [
    'identity: found {found}, expected one of its identities: {numbers}',
    'identité : reçu {found}, attendu l’une de ses identités : {numbers}',
  ],
  [
    'level: {level} is one that you may not see: you could not take it back',
    'niveau : {level} est un niveau que vous ne pouvez pas voir : vous ne pourriez pas revenir en arrière',
  ],
  [
    'not allowed: this study is of a confidentiality level, in part, that you may not see',
    'non autorisé : une partie de cet examen est d’un niveau de confidentialité que vous ne pouvez pas voir',
  ],
  ['not allowed: this needs the right "{right}"', 'non autorisé : il faut pour cela le droit « {right} »'],
  // One manifest.
  ['no such manifest here', 'ce manifeste n’est pas ici'],
  ['this manifest has lost its file', 'ce manifeste a perdu son fichier'],
  ['another manifest is being verified: one at a time', 'un autre manifeste est en cours de vérification : un seul à la fois'],
  [
    'the manifest is of level {level}, which the node does not show to its own commands; let them: {said}',
    'le manifeste est de niveau {level}, que le nœud ne montre pas à ses propres commandes ; pour les y autoriser : {said}',
  ],
  ['ariane peer add {rest} (then reload it)', 'ariane peer add {rest} (puis recharger la configuration)'],
  ['the manifest names no AE title to retrieve from', 'le manifeste ne nomme aucun AE title d’où récupérer'],
  ['not found by C-FIND', 'introuvable par C-FIND'],
  ['has SOP class {found}, not {expected}', 'a la SOP class {found}, et non {expected}'],
  ['found, but not sent', 'trouvée, mais pas envoyée'],
  ['was sent as SOP class {found}', 'a été envoyée avec la SOP class {found}'],
  ['was sent with other bytes than those kept', 'a été envoyée avec d’autres octets que ceux conservés'],
  ['was not sent by WADO-RS', 'n’a pas été envoyée par WADO-RS'],
  ['was sent as SOP class {found} by WADO-RS', 'a été envoyée par WADO-RS avec la SOP class {found}'],
  ['was sent with other bytes by WADO-RS', 'a été envoyée par WADO-RS avec d’autres octets'],
  ['C-FIND: {said}', 'C-FIND : {said}'],
  ['C-GET: {said}', 'C-GET : {said}'],
  ['C-MOVE: {said}', 'C-MOVE : {said}'],
  ['WADO-RS: {said}', 'WADO-RS : {said}'],
  // A manifest from a file.
  ['you are opening a manifest already: one after the other', 'vous ouvrez déjà un manifeste : l’un après l’autre'],
  ['other manifests are being opened: try again', 'd’autres manifestes sont en cours d’ouverture : réessayez'],
  ['body: it did not come within {seconds} s', 'le fichier n’est pas arrivé en {seconds} s'],
  ['larger than any manifest: the limit is {bytes} bytes', 'plus grand que tout manifeste : la limite est de {bytes} octets'],
  ['body: expected the file of a manifest', 'attendu : le fichier d’un manifeste'],
  [
    'body: found {said}, expected a manifest (Key Object Selection Document)',
    'reçu : {said} ; attendu : un manifeste (Key Object Selection Document)',
  ],
  ['a DICOM object of another class', 'un objet DICOM d’une autre classe'],
  ['no Key Object Selection Document', 'pas de Key Object Selection Document'],
  ['what cannot be read as a DICOM file', 'ce qui ne peut être lu comme un fichier DICOM'],
  // Deliveries.
  ['the manifest', 'le manifeste'],
  ['its withdrawal', 'son retrait'],
  ['tried now: {said} to {target}', 'tenté maintenant : {said} vers {target}'],
  ['no such delivery here', 'cet envoi n’est pas ici'],
  ['id: expected the number of a delivery', 'attendu : le numéro d’un envoi'],
  ['it is done: {target} has it', 'c’est fait : {target} l’a reçu'],
  ['its manifest is {state}: it is not delivered any more', 'son manifeste n’est plus en vigueur ({state}) : il n’est plus envoyé'],
  ['{target} is not a target of the configuration any more', '{target} n’est plus une cible de la configuration'],
  // Peers.
  ['{title} is a peer now', '{title} est maintenant un équipement connu'],
  [
    '{title} is in the file, without effect: ARIANE_PEERS is set and goes before it',
    '{title} est dans le fichier, sans effet : ARIANE_PEERS est défini et passe avant lui',
  ],
  [
    '{title} is already a peer ({source}): remove it first, or edit the file',
    '{title} est déjà un équipement connu ({source}) : retirez-le d’abord, ou modifiez le fichier',
  ],
  [
    'allow: {service} needs the right "{right}", which you do not have yourself',
    'services : {service} demande le droit « {right} », que vous n’avez pas vous-même',
  ],
  ['levels: {level} is one that you may not see yourself', 'niveaux : {level} est un niveau que vous ne pouvez pas voir vous-même'],
  ['aeTitle: no such peer in the configuration', 'cet équipement n’est pas dans la configuration'],
  [
    'this node was started without a configuration file that could be changed',
    'ce nœud a été démarré sans fichier de configuration qui puisse être modifié',
  ],
  ['the configuration file cannot be written ({code})', 'impossible d’écrire le fichier de configuration ({code})'],
  ['{key}: found {found}, expected {expected}', '{key} : reçu {found}, attendu {expected}'],
  // Searches.
  ['after: expected what `next` said', 'la suite de la liste n’a pas pu être trouvée : rechargez la page'],
  ['{name}: expected a date, YYYYMMDD or YYYY-MM-DD', '{name} : attendu une date, AAAAMMJJ ou AAAA-MM-JJ'],
  ['{name}: expected a UID', '{name} : attendu un UID'],
  [
    '{count} readers of events are connected, no more are taken',
    '{count} pages suivent déjà le nœud en direct, il n’en accepte pas davantage',
  ],
  [
    'you read events {count} times already, no more are taken',
    'vous suivez déjà le nœud en direct {count} fois, il n’en accepte pas davantage',
  ],
  // Settings.
  ['default', 'par défaut'],
  ['{said} (another value is there now: at the next start)', '{said} (une autre valeur y est maintenant : au prochain démarrage)'],
  ['days', 'jours'],
  ['bytes', 'octets'],
  ['the time zone of the machine', 'le fuseau horaire de la machine'],
  [
    '`everything`; `refuse` where `web.publicUrl` is given and not this machine',
    '`everything` ; `refuse` si `web.publicUrl` est donné et n’est pas cette machine',
  ],
  ['"(not shown)"', '« (non montré) »'],
]
