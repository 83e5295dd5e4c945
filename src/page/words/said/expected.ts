/** What a rule expects of a manifest (src/manifest/validate/rules.ts, value-rules.ts): behind "expected:" of a finding. */
import type { Sentence } from './sentence.ts'

export const EXPECTED: readonly Sentence[] = [
  // The file.
  ['a Part 10 file, or a data set that begins in group 0008', 'un fichier Part 10, ou des données qui commencent au groupe 0008'],
  ['a manifest of reasonable size', 'un manifeste de taille raisonnable'],
  ['a preamble of 128 bytes and the prefix DICM before group 0002', 'un préambule de 128 octets et le préfixe DICM avant le groupe 0002'],
  ['a preamble of zeros, unless another format needs it', 'un préambule de zéros, sauf si un autre format en a besoin'],
  [
    'a Part 10 file, which is what can be shared; a bare data set does not say its transfer syntax',
    'un fichier Part 10, qui peut être partagé ; des données nues ne disent pas leur syntaxe de transfert',
  ],
  ['a value in the file meta information', 'une valeur dans les méta-informations du fichier'],
  ['File Meta Information Version 00H 01H', 'File Meta Information Version 00H 01H'],
  [
    'the number of bytes from the end of this element to the end of group 0002',
    'le nombre d’octets de la fin de cet élément à la fin du groupe 0002',
  ],
  ['the SOP Class UID of the data set', 'le SOP Class UID des données'],
  ['the SOP Instance UID of the data set', 'le SOP Instance UID des données'],
  ['Private Information Creator UID and Private Information together', 'Private Information Creator UID et Private Information ensemble'],
  [
    'a transfer syntax of PS3.5 A in which the data set can be read',
    'une syntaxe de transfert de PS3.5 A dans laquelle les données sont lisibles',
  ],
  ['Explicit VR Little Endian: this one is retired', 'Explicit VR Little Endian : celle-ci est retirée de la norme'],
  [
    'Explicit VR Little Endian: a transfer syntax for pixel data does not suit a document without any',
    'Explicit VR Little Endian : une syntaxe de transfert pour pixels ne convient pas à un document qui n’en a pas',
  ],
  ['Explicit VR Little Endian, which says the VR of each element', 'Explicit VR Little Endian, qui dit la VR de chaque élément'],
  // The encoding.
  ['elements and items that fill the file exactly', 'des éléments et des items qui remplissent exactement le fichier'],
  ['elements in ascending order of their tags', 'des éléments dans l’ordre croissant de leurs tags'],
  ['each element at most once in a data set or item', 'chaque élément au plus une fois dans les données ou un item'],
  ['an even length', 'une longueur paire'],
  ['the VR of the data dictionary', 'la VR du dictionnaire'],
  ['a VR of PS3.5 6.2 in capitals', 'une VR de PS3.5 6.2 en majuscules'],
  ['the VR of the data dictionary: readers do not look into UN', 'la VR du dictionnaire : les lecteurs ne regardent pas dans UN'],
  ['no group length: they are retired', 'pas de longueur de groupe : elles sont retirées de la norme'],
  ['no element of group 0000, 0002 or FFFF in a data set', 'aucun élément des groupes 0000, 0002 ou FFFF dans les données'],
  ['a private creator (gggg,00bb) that reserves the block', 'un créateur privé (gggg,00bb) qui réserve le bloc'],
  [
    'nothing behind the last element but Data Set Trailing Padding (FFFC,FFFC)',
    'rien après le dernier élément, sauf Data Set Trailing Padding (FFFC,FFFC)',
  ],
  // Values.
  ['a value of its VR', 'une valeur de sa VR'],
  ['one value: VM 1', 'une seule valeur : VM 1'],
  ['padding with one NUL (00H), and only to an even length', 'un complément d’un seul NUL (00H), et seulement jusqu’à une longueur paire'],
  ['padding with space (20H)', 'un complément par espace (20H)'],
  ['a Defined Term, spelt as in Tables C.12-2 to C.12-5', 'un terme défini, écrit comme dans les tables C.12-2 à C.12-5'],
  [
    'one value alone for a set without code extensions; ISO 2022 terms where there are several',
    'une seule valeur pour un jeu sans extension de code ; des termes ISO 2022 là où il y en a plusieurs',
  ],
  [
    'Specific Character Set (0008,0005), as characters outside of ASCII are used',
    'Specific Character Set (0008,0005), puisque des caractères hors ASCII sont utilisés',
  ],
  ['bytes of the declared Specific Character Set', 'des octets du Specific Character Set déclaré'],
  ['{vr}: {bytes} bytes for each value', '{vr} : {bytes} octets par valeur'],
  ['at most {n} characters, no control characters', 'au plus {n} caractères, sans caractères de commande'],
  ['no control characters', 'sans caractères de commande'],
  [
    'at most {n} characters, of control characters TAB, LF, FF and CR only',
    'au plus {n} caractères, et pour caractères de commande seulement TAB, LF, FF et CR',
  ],
  ['of control characters TAB, LF, FF and CR only', 'pour caractères de commande, seulement TAB, LF, FF et CR'],
  [
    'an AE title of at most 16 ASCII characters, not of spaces alone',
    'un AE title d’au plus 16 caractères ASCII, pas seulement des espaces',
  ],
  ['an age nnnD, nnnW, nnnM or nnnY', 'un âge nnnD, nnnW, nnnM ou nnnY'],
  ['at most 16 capitals, digits, spaces and underscores', 'au plus 16 majuscules, chiffres, espaces et traits bas'],
  ['a date YYYYMMDD of the calendar', 'une date AAAAMMJJ du calendrier'],
  ['a decimal number of at most 16 characters', 'un nombre décimal d’au plus 16 caractères'],
  ['a date and time YYYYMMDDHHMMSS.FFFFFF&ZZXX', 'une date et heure AAAAMMJJHHMMSS.FFFFFF&ZZXX'],
  ['an integer of 32 bits, at most 12 characters', 'un entier de 32 bits, au plus 12 caractères'],
  ['at most 3 component groups of 64 characters and 5 components', 'au plus 3 groupes de 64 caractères et 5 composants'],
  ['a time HHMMSS.FFFFFF', 'une heure HHMMSS.FFFFFF'],
  [
    'a UID: at most 64 digits and dots, no component empty or with a leading zero',
    'un UID : au plus 64 chiffres et points, aucun composant vide ou commençant par zéro',
  ],
  ['a URL without spaces and without characters outside of ASCII', 'une URL sans espaces ni caractères hors ASCII'],
  // The IOD.
  [
    'Key Object Selection Document Storage 1.2.840.10008.5.1.4.1.1.88.59',
    'Key Object Selection Document Storage 1.2.840.10008.5.1.4.1.1.88.59',
  ],
  ['type 1: present, with a value', 'type 1 : présent, avec une valeur'],
  ['type 2: present, empty where unknown', 'type 2 : présent, vide si inconnu'],
  ['type 1C: present with a value, as its condition holds', 'type 1C : présent avec une valeur, puisque sa condition est remplie'],
  ['type 1C: with a value where it is present', 'type 1C : avec une valeur s’il est présent'],
  ['an Enumerated Value', 'une valeur énumérée'],
  ['one item at most', 'un item au plus'],
  ['no attribute of a module that the IOD does not have', 'aucun attribut d’un module que l’IOD n’a pas'],
  [
    'attributes of the modules of the IOD; this one makes a Standard Extended SOP Class',
    'des attributs des modules de l’IOD ; celui-ci fait une Standard Extended SOP Class',
  ],
  [
    'attributes of the macro; this one makes a Standard Extended SOP Class',
    'des attributs de la macro ; celui-ci fait une Standard Extended SOP Class',
  ],
  ['an offset &ZZXX from -1200 to +1400, not -0000', 'un décalage &ZZXX de -1200 à +1400, pas -0000'],
  ['an OID, as Universal Entity ID Type is ISO', 'un OID, puisque Universal Entity ID Type est ISO'],
  // The document.
  ['the title (113030, DCM, "Manifest")', 'le titre (113030, DCM, « Manifest »)'],
  ['the Code Meaning "Manifest"', 'le Code Meaning « Manifest »'],
  [
    'Content Template Sequence with Mapping Resource DCMR and Template Identifier 2010',
    'Content Template Sequence avec Mapping Resource DCMR et Template Identifier 2010',
  ],
  ['Continuity of Content SEPARATE', 'Continuity of Content SEPARATE'],
  [
    'no Text Value in a CONTAINER: the text belongs to a TEXT item of the content',
    'pas de Text Value dans un CONTAINER : le texte va dans un item TEXT du contenu',
  ],
  ['no Relationship Type at the root', 'pas de Relationship Type à la racine'],
  [
    'a Value Type of the IOD: TEXT, CODE, UIDREF, PNAME, IMAGE, WAVEFORM, COMPOSITE or CONTAINER',
    'un Value Type de l’IOD : TEXT, CODE, UIDREF, PNAME, IMAGE, WAVEFORM, COMPOSITE ou CONTAINER',
  ],
  ['a relationship that the IOD allows between these value types', 'une relation que l’IOD permet entre ces Value Types'],
  ['relationships by value only', 'des relations par valeur seulement'],
  [
    'no concept name on a reference: the purpose of reference shall not be present',
    'pas de nom de concept sur une référence : le but de la référence ne doit pas être présent',
  ],
  ['exactly one item', 'exactement un item'],
  [
    'whole instances: no frame numbers or segments in a manifest',
    'des instances entières : pas de numéros d’images ni de segments dans un manifeste',
  ],
  [
    'IMAGE for images, WAVEFORM for waveforms, COMPOSITE for anything else',
    'IMAGE pour les images, WAVEFORM pour les tracés, COMPOSITE pour tout le reste',
  ],
  ['a concept of the template, which is not extensible', 'un concept du modèle, qui n’est pas extensible'],
  ['at most one Key Object Description', 'au plus une Key Object Description'],
  ['at least one IMAGE, WAVEFORM or COMPOSITE item below the root', 'au moins un item IMAGE, WAVEFORM ou COMPOSITE sous la racine'],
  // Evidence and content.
  ['the same SOP Class UID in evidence and content', 'le même SOP Class UID dans les références et le contenu'],
  ['every instance of the content in the evidence', 'chaque instance du contenu dans les références'],
  ['every instance of the evidence in the content, below the root', 'chaque instance des références dans le contenu, sous la racine'],
  ['one item for each study', 'un item par examen'],
  ['one item for each series', 'un item par série'],
  ['each instance once', 'chaque instance une fois'],
  ['each instance once below the root', 'chaque instance une fois sous la racine'],
  ['references to others: a manifest does not list itself', 'des références à d’autres : un manifeste ne se liste pas lui-même'],
  [
    'a series of its own for the manifest, which it does not refer to',
    'une série propre au manifeste, à laquelle il ne fait pas référence',
  ],
  ['a UID of its own for each study, series and instance', 'un UID propre à chaque examen, série et instance'],
  ['a Storage SOP class that can be kept and retrieved', 'une SOP class de stockage qui puisse être conservée et récupérée'],
  ['a Standard Storage SOP class: readers know no other', 'une SOP class de stockage standard : les lecteurs n’en connaissent pas d’autre'],
  ["the Study Instance UID of the document's own study", 'le Study Instance UID de l’examen du document'],
  ['one study', 'un seul examen'],
  ['the Study Instance UID that was asked for', 'le Study Instance UID demandé'],
  ['the AE title that was asked for', 'l’AE title demandé'],
  ['the Retrieve Location UID that was asked for', 'le Retrieve Location UID demandé'],
  // Where to retrieve from.
  ['Retrieve AE Title in every series', 'Retrieve AE Title dans chaque série'],
  ['Retrieve Location UID in every series', 'Retrieve Location UID dans chaque série'],
  [
    'retrieval attributes in the items of Referenced Series Sequence only',
    'des attributs de récupération seulement dans les items de Referenced Series Sequence',
  ],
  [
    'an absolute http or https URL without spaces, user, query and fragment',
    'une URL http ou https absolue, sans espaces, utilisateur, paramètres ni fragment',
  ],
  ['the base URI, which ends before /studies', 'l’URI de base, qui s’arrête avant /studies'],
  ['the study and series of its own item in the URL', 'l’examen et la série de son propre item dans l’URL'],
  // Requests.
  ['Referenced Request Sequence, as the study answers a request', 'Referenced Request Sequence, puisque l’examen répond à une demande'],
  ["the document's own study in each request", 'l’examen du document dans chaque demande'],
  [
    'one item for each pair of accession number and placer order number',
    'un item par couple de numéro d’accession et de numéro de demande',
  ],
  [
    'an empty Accession Number at the root, as the requests name several',
    'un Accession Number vide à la racine, puisque les demandes en nomment plusieurs',
  ],
  ['the accession number of its request at the root', 'le numéro d’accession de sa demande à la racine'],
  ['the one accession number of the requests at the root too', 'l’unique numéro d’accession des demandes aussi à la racine'],
  // MADO.
  [
    'the title "Manifest with Description", (MADOTEMP001, 99IHE) or its final DCM code',
    'le titre « Manifest with Description », (MADOTEMP001, 99IHE) ou son code DCM définitif',
  ],
  [
    'a code known here: (MADOTEMP001, 99IHE) or (131560, DCM); another of DCM is taken by its meaning',
    'un code connu ici : (MADOTEMP001, 99IHE) ou (131560, DCM) ; un autre de DCM est pris d’après son libellé',
  ],
  ['R+: present with a value', 'R+ : présent avec une valeur'],
  ['one study in the evidence', 'un seul examen dans les références'],
  ['Other Patient IDs Sequence that repeats the Patient ID', 'Other Patient IDs Sequence qui répète l’identifiant du patient'],
  ['one Image Library (111028, DCM) below the root', 'une Image Library (111028, DCM) sous la racine'],
  [
    'one Image Library Group (126200, DCM) for each series of the evidence, with its Series Instance UID (112002, DCM)',
    'un Image Library Group (126200, DCM) par série des références, avec son Series Instance UID (112002, DCM)',
  ],
  ['no group for a series that the evidence does not have', 'pas de groupe pour une série que les références n’ont pas'],
  ['the content item that the template requires', 'l’item de contenu que le modèle exige'],
  ['the number that the evidence has', 'le nombre que les références ont'],
  ['{n}, as the evidence has', '{n}, comme dans les références'],
  ['NUM with units; the table of MADO 6.X.2 prints TEXT', 'NUM avec unités ; la table de MADO 6.X.2 imprime TEXT'],
  ['each instance of the series of the evidence once in its group', 'chaque instance de la série des références une fois dans son groupe'],
  [
    'one vocabulary: trial (99IHE) or final (DCM) codes, not both',
    'un seul vocabulaire : codes d’essai (99IHE) ou définitifs (DCM), pas les deux',
  ],
  // DRIMbox.
  [
    'an INS assigning authority: 1.2.250.1.213.1.4.8, .9, .10 or .11',
    'une autorité d’affectation INS : 1.2.250.1.213.1.4.8, .9, .10 ou .11',
  ],
  ['a matricule INS of 15 characters whose key is right', 'un matricule INS de 15 caractères dont la clé est juste'],
  [
    '1.2.250.1.213.1.4.8 or .9 in production: this authority is for tests',
    '1.2.250.1.213.1.4.8 ou .9 en production : cette autorité est pour les tests',
  ],
  ['Issuer of Patient ID ASIP-SANTE-INS-NIR or ASIP-SANTE-INS-NIA', 'Issuer of Patient ID ASIP-SANTE-INS-NIR ou ASIP-SANTE-INS-NIA'],
  ['Other Patient IDs Sequence that repeats the INS', 'Other Patient IDs Sequence qui répète l’INS'],
  [
    'Retrieve URL of the form <base>/studies/<study>/series/<series> in every series',
    'Retrieve URL de la forme <base>/studies/<examen>/series/<série> dans chaque série',
  ],
  [
    'one TEXT item (113012, DCM, "Key Object Description") below the root',
    'un item TEXT (113012, DCM, « Key Object Description ») sous la racine',
  ],
  [
    'the line "Examen : …", then lines "Acte = …", then one line "Série-<UID> : <modality> @ <region> : <description>" for each series',
    'la ligne « Examen : … », puis des lignes « Acte = … », puis une ligne « Série-<UID> : <modalité> @ <région> : <description> » par série',
  ],
  ['one line for each series of the evidence, and none for another', 'une ligne par série des références, et aucune pour une autre'],
  ['Series Number 59', 'Series Number 59'],
  ['Institution Name <name>^^^^^^^^^<identifier>', 'Institution Name <nom>^^^^^^^^^<identifiant>'],
  ['Timezone Offset From UTC', 'Timezone Offset From UTC'],
  [
    'an accession number with its issuer in Referenced Request Sequence',
    'un numéro d’accession avec son émetteur dans Referenced Request Sequence',
  ],
  ['fewer findings', 'moins de constats'],
  // Lists of values that are allowed.
  ['{said} or {said2}', '{said} ou {said2}'],
]
