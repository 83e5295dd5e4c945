/** À quoi sert chaque réglage, en français : les textes anglais sont dans src/config/settings.ts, par la même clé. */

export const SETTINGS_IN_FRENCH: Readonly<Record<string, string>> = {
  aeTitle:
    'L’AE title du nœud : ce que les équipements appellent et ce que les manifestes nomment. Une fois des manifestes diffusés, ils y mènent : ne le changer que si quelqu’un continue de répondre sous l’ancien.',
  'dicom.host': 'L’adresse d’écoute ; 0.0.0.0 est toute adresse IPv4 de la machine.',
  'dicom.port': 'Le port enregistré pour DICOM qui ne demande aucun privilège (PS3.8 9.1.1) ; 0 prend un port libre, pour les tests.',
  'dicom.maxAssociations':
    'Associations simultanées ; une de plus est refusée comme surcharge momentanée (PS3.8 Table 9-21). Borne la mémoire.',
  'dicom.maxAssociationsPerAddress':
    'De même par adresse, pour qu’un équipement qui laisse des associations ouvertes ne bloque pas les autres.',
  'dicom.maxPduLength':
    'La longueur maximale proposée (PS3.8 D.1). Des PDU plus longs coûtent moins d’en-têtes ; au-delà de 128 Kio on ne gagne plus rien.',
  'dicom.timeouts.associateSeconds':
    'ARTIM (PS3.8 9.1.5) : de la connexion à un A-ASSOCIATE-RQ complet, et de notre A-RELEASE-RP ou A-ABORT à la fermeture.',
  'dicom.timeouts.idleSeconds':
    'Une association sans un octet aussi longtemps est interrompue ; le temps où nous envoyons ne compte pas. Les modalités font des pauses entre les séries.',
  'dicom.timeouts.writeSeconds': 'Un équipement qui ne prend rien de ce que nous envoyons aussi longtemps est abandonné.',
  'dicom.timeouts.connectSeconds':
    'Jusqu’à ce qu’une connexion que nous ouvrons soit établie ; dans un réseau local, elle l’est aussitôt ou jamais.',
  'dicom.timeouts.responseSeconds':
    'Jusqu’à ce qu’un équipement réponde à notre demande (A-ASSOCIATE, C-ECHO, C-STORE) ; une archive chargée peut mettre longtemps à enregistrer.',
  'dicom.privateStorageClasses': 'SOP Class UID d’un constructeur, conservées en plus de toutes les SOP classes de stockage standard.',
  'storage.path': 'Où tout se trouve : instances, manifestes, catalogue.',
  'storage.reserveBytes':
    'Place du disque que les instances n’utilisent jamais ; en dessous, elles sont refusées avec A700. Le catalogue, son journal et les journaux doivent pouvoir grandir quand le disque est plein.',
  'storage.maxInstanceBytes':
    'La plus grande instance. Au-delà des plus grands objets multi-images connus ; un expéditeur qui ne finit jamais est arrêté ici.',
  'storage.maxTotalBytes':
    'Un quota pour l’ensemble des fichiers conservés. Aucun si non donné : le disque est la limite. Avec un quota, tous les fichiers sont comptés au démarrage.',
  'storage.duplicates':
    'Que faire d’un SOP Instance UID qui est déjà ici avec d’autres octets. keep : le premier reste, l’expéditeur est averti, ce qu’il a envoyé va en quarantaine ; replace : le dernier compte ; refuse : 0111. Ce qu’un manifeste en vigueur référence n’est jamais remplacé : c’est alors comme keep.',
  peers: 'Qui peut appeler, et où C-MOVE peut envoyer.',
  unknownCallers:
    'Un AE title appelant qui n’est pas parmi les équipements. local : admis depuis cette machine seulement (toute adresse), pour qu’un premier essai marche ; refuse : jamais (nommer un équipement avec notre propre AE title et l’adresse 127.0.0.1 pour ariane manifest verify) ; accept : de partout.',
  'manifest.quietSeconds': 'DICOM ne marque pas la fin d’un examen ; nous attendons ce temps après sa dernière instance.',
  'manifest.associationEndSeconds':
    'Une modalité qui a tout envoyé ferme son association : un examen est à faire ce temps après la fin de la dernière qui en a apporté, si c’est plus tôt que quietSeconds. Davantage pour les modalités qui ouvrent une association par série ou par image ; autant que quietSeconds le désactive.',
  'manifest.maxWaitSeconds':
    'Quoi qu’il arrive encore, et quoi que dise une étape (MPPS) : ce temps après sa première modification, un examen est à faire. Un lecteur est mieux servi avec ce qui est ici, et une version de plus ensuite.',
  'manifest.mppsMaxWaitSeconds':
    'Une étape (MPPS) en cours, ou terminée avec des instances manquantes, retient le manifeste ; plus quand on n’en a rien su aussi longtemps : des modalités sont éteintes au milieu, et référencent des images que personne n’envoie.',
  'manifest.mppsDiscontinued':
    'Une étape qui finit DISCONTINUED. hold : ne rend rien à faire par elle-même, seul le silence le fait, car c’était peut-être le mauvais patient, et ce qui est refait vient bientôt ; build : à faire aussitôt quand tout ce qu’elle référence est ici, comme si elle était terminée.',
  'manifest.listed': 'Si les manifestes apparaissent dans les recherches ordinaires. Les visionneuses les montrent comme une série vide.',
  'manifest.retrieveLocationUid':
    'Retrieve Location UID (0040,E011), par lequel un lecteur du manifeste trouve ce nœud. S’il n’est pas donné, il est créé une fois et conservé avec le stockage. Une fois des manifestes diffusés, il ne doit jamais changer.',
  'manifest.institution': 'Institution Name (0008,0080) des manifestes.',
  'manifest.institutionDepartment': 'Institutional Department Name (0008,1040) des manifestes.',
  'manifest.timezone': 'Les dates et heures des manifestes y sont exprimées ; donne Timezone Offset From UTC (0008,0201).',
  'manifest.seriesNumber':
    'Series Number (0020,0011) de la série des manifestes de chaque examen ; 59 est celui des manifestes DRIMbox, et aucune modalité ne compte à partir de là.',
  'manifest.retrieveUrl':
    'URL de base d’un service WADO-RS qui donne les instances, sans /studies. Si elle est donnée, les manifestes la disent dans Retrieve URL (0008,1190) : telle quelle en xds-i et mado, suivie de l’examen et de la série en drimbox. Un manifeste en vigueur est alors refait.',
  'manifest.patientIdIssuer': 'Issuer of Patient ID (0010,0021) là où les images ne le disent pas ; en mado et drimbox.',
  'manifest.patientIdIssuerOid':
    'L’OID de qui attribue les identifiants des patients (0010,0024) là où les images ne le disent pas ; en mado, qui en exige un, et drimbox.',
  'manifest.accessionIssuerOid':
    'L’OID de qui attribue les numéros d’accession (0008,0051) là où les images ne le disent pas ; en mado, qui en exige un, et drimbox.',
  'manifest.placerIssuerOid':
    'L’OID de qui attribue les numéros de demande (0040,0026) là où les images ne le disent pas ; en mado, qui en exige un, et drimbox.',
  'manifest.mado.codes':
    'Quels codes nomment titre, date de série et nombres en mado : ceux, provisoires, de la version d’essai (99IHE), qu’ont ses exemples officiels, ou ceux que DICOM a donnés à leur place. À demander à qui les lit.',
  'manifest.mado.generateAccession':
    'Si mado reçoit un numéro d’accession tiré du Study Instance UID quand l’examen n’en a pas. Le profil en exige un ; utile seulement si les comptes rendus de l’examen reçoivent le même.',
  'manifest.mado.defaultRegion':
    'La région anatomique d’un examen en mado, qui en exige une, quand aucune série ne nomme une partie du corps connue.',
  'manifest.drimbox.ins':
    'Qui a attribué l’INS du patient. stated : l’identifiant que les images disent en être un ; les autres : un Patient ID de la forme d’un INS, dont les images ne disent rien, est de cette autorité.',
  'manifest.drimbox.description':
    'Si drimbox a le texte avec examen, acte et séries (113012, DCM) que les consommateurs français affichent et indexent.',
  'manifest.drimbox.hints':
    'Si drimbox dit Series Number, Instance Number et Number of Frames à côté de chaque référence, là où DICOM n’a pas de place pour eux.',
  'manifest.drimbox.accession':
    'Où drimbox a le numéro d’accession : dans Referenced Request Sequence seule, comme les exemples récents, ou aussi dans General Study.',
  'confidentiality.default':
    'Le niveau de confidentialité d’une instance dont aucune règle ne parle. N : normal, comme dans HL7 v3 Confidentiality (2.16.840.1.113883.5.25).',
  'confidentiality.mixed':
    'Un examen dont les instances ont plusieurs niveaux. split : un manifeste par niveau ; withhold : aucun avant qu’ils s’accordent. Un manifeste ne mélange jamais les niveaux.',
  'confidentiality.rules':
    'Quel niveau a une instance à son arrivée : la première règle qui s’applique. Ce qui est ici garde le niveau qu’il a.',
  'rejection.quality':
    'Ce que fait une note de rejet 113001 (Rejected for Quality Reasons). hide : ce qu’elle nomme n’est donné à personne ni référencé ; regular-use : il l’est, avec la note à côté.',
  'rejection.resent':
    'Ce qui est dit à qui renvoie une instance qu’une note a rejetée pour la sécurité du patient ou une mauvaise entrée de liste de travail (113037, 113038). refuse : 0124, comme IHE le veut ; accept : 0000, pour les expéditeurs qui s’arrêtent à une instance refusée. Elle reste masquée dans les deux cas.',
  'audit.everyDays':
    'Tout ce qu’un manifeste en vigueur référence est relu à cet intervalle ; ce qui est perdu ou endommagé est signalé et retiré de son manifeste. 0 : jamais.',
  'audit.bytesPerSecond':
    'Le plus que l’audit lit ; il attend en outre pendant que des instances arrivent. 10 Mio par seconde ne se sentent pas, et lisent 25 Tio en 30 jours.',
  'retention.rules':
    'Ce qui est supprimé de soi-même. Rien si non donné. Parmi les règles dont la modalité et l’expéditeur conviennent à un examen, la première décide : les règles particulières vont avant les générales. Les manifestes sont retirés avant.',
  'retention.hour': 'À quelle heure du jour, dans `manifest.timezone`, un nœud en marche applique les règles de conservation.',
  publish: 'Où les manifestes sont envoyés. Une liste vide n’envoie nulle part ; ils peuvent être récupérés tout de même.',
  'retrieve.locations':
    'Comment `ariane manifest open` atteint les lieux que des manifestes d’ailleurs ne nomment que par un Retrieve Location UID.',
  'web.enabled': 'Si le nœud répond sur le web.',
  'web.host':
    'L’adresse d’écoute pour le web. Cette machine seulement, si non donnée ; 0.0.0.0 est toute adresse IPv4 de la machine. Si d’autres peuvent l’atteindre, `web.tls` ou `web.allowPlain` doit être donné.',
  'web.port': 'Le port pour le web ; 0 prend un port libre, pour les tests.',
  'web.publicUrl':
    'Comment d’autres atteignent le web de ce nœud, par exemple à travers un proxy. Si elle est donnée, les manifestes portent son adresse DICOMweb comme Retrieve URL, sauf si manifest.retrieveUrl en nomme une autre.',
  'web.hosts':
    'Autres noms d’hôte sous lesquels on appelle ce nœud. Les demandes sous un autre nom que ceux-ci, celui de `web.publicUrl`, `web.host` et les adresses de cette machine sont refusées : un nom étranger qui mène ici est la façon dont une page web atteint ce qui est destiné à cette machine (DNS rebinding).',
  'web.trustedProxies':
    'Adresses des proxys dont X-Forwarded-For est cru, pour les limites par adresse et pour le journal. Rien d’autre n’en découle : qui passe par un proxy dit qui il est.',
  'web.cors':
    'Pages web d’autres origines, comme une visionneuse, qui peuvent lire les réponses et agir. Chacune exactement comme le navigateur la montre ; elles envoient un jeton, jamais de cookies.',
  'web.allowPlain':
    'Si le web peut être servi sans TLS à d’autres machines. Images et jetons sont alors lisibles en chemin : seulement derrière un proxy TLS, quand personne d’autre n’atteint le port.',
  'web.tls.certificate':
    'Fichier PEM du certificat, suivi de ceux qui mènent à sa racine. Avec lui, seul TLS 1.2 et plus récent est parlé. Relu quand il change, et à SIGHUP.',
  'web.tls.key': 'Fichier PEM de sa clé privée, sans phrase secrète.',
  'web.tls.clientAuthorities':
    'Fichier PEM des autorités dont les certificats client sont acceptés ; aucune autre, pas même celles auxquelles le système fait confiance.',
  'web.tls.clientCertificates':
    'TLS mutuel. ask : les appelants peuvent présenter un certificat (voir `web.auth.certificates`) ou un jeton ; require : sans certificat valable, pas de connexion, pas même pour /health.',
  'web.auth.local':
    'Ce que des appelants de cette machine peuvent faire sans dire qui ils sont. read : find, get et status ; refuse : rien. Ne vaut jamais pour ce qu’un proxy transmet (Forwarded, X-Forwarded-…, X-Real-IP, Via, HTTP/1.0, ou un Host qui n’est pas cette machine) ; un proxy de cette machine qui n’en dit rien ressemble à un appelant local, c’est pourquoi la valeur par défaut change avec `web.publicUrl`. Si d’autres ont un compte ici, refuse.',
  'web.auth.localLevels': 'Les niveaux de confidentialité qu’ils peuvent voir. Rien de ce qui a été dit confidentiel, si non donné.',
  'web.auth.certificates':
    'Qui est admis par un certificat client de `web.tls.clientAuthorities`. Être signé par elles ne suffit pas : qui n’est pas dans cette liste ne peut rien faire, si bien qu’une entrée retirée est révoquée.',
  'web.auth.openid.issuer':
    'OpenID Connect : de qui les jetons sont acceptés (Keycloak, Pro Santé Connect) ; à son adresse se trouve /.well-known/openid-configuration, et c’est l’attribut iss.',
  'web.auth.openid.audience': 'Ce que l’attribut aud doit nommer : ce service. Un jeton donné pour un autre service n’est pas pour nous.',
  'web.auth.openid.jwksUrl': 'Où sont les clés de l’émetteur. Trouvées dans sa configuration, si non donné.',
  'web.auth.openid.rightsClaim':
    'L’attribut qui dit ce qu’est son porteur : une liste, ou des mots séparés par des espaces ; les points mènent dans des sections. Par défaut, là où Keycloak met les rôles.',
  'web.auth.openid.grants':
    'Ce qui découle des valeurs de cet attribut. Les droits et niveaux de plusieurs valeurs s’ajoutent ; un jeton qui n’en a aucune ne peut rien faire.',
  'web.auth.sessionMinutes':
    'Combien de temps on reste connecté à la page, depuis la connexion ; au plus tant que le jeton est valable. Une nuit de garde.',
  'web.maxConnections': 'Connexions simultanées ; une de plus est fermée aussitôt. Borne la mémoire et les descripteurs de fichiers.',
  'web.maxConnectionsPerAddress':
    'De même par adresse, pour qu’un appelant ne bloque pas les autres. Cette machine et les proxys de confiance n’ont pas de limite propre.',
  'web.requestsPerMinute':
    'Demandes d’une adresse, ou d’un réseau IPv6 de 64 bits ; au-delà, la réponse est 429. Une visionneuse qui ouvre un grand examen demande des centaines d’images par seconde. 0 : pas de limite ; cette machine n’en a pas.',
  'web.timeouts.headersSeconds': 'De la connexion, ou du premier octet, à la fin des en-têtes ; pour la négociation TLS aussi.',
  'web.timeouts.readSeconds':
    'Un corps qui apporte moins de 4 Kio en ce temps est abandonné (STOW-RS, en outre : moins de 16 Kio par minute). Il n’y a pas de limite pour l’ensemble : un examen de plusieurs gigaoctets sur une ligne lente peut prendre son temps. Le temps où nous ne lisons pas ne compte pas.',
  'web.timeouts.writeSeconds':
    'Un appelant qui ne prend rien de sa réponse aussi longtemps est abandonné. Le temps où nous n’avons rien à envoyer ne compte pas.',
  'web.timeouts.keepAliveSeconds':
    'Une connexion sans demande aussi longtemps est fermée. Plus que les proxys habituels, pour qu’ils ferment les premiers.',
  'web.qido.maxResults':
    'Combien de résultats une recherche QIDO-RS donne au plus, quoi qu’elle demande. Qui en veut davantage en est informé et demande les suivants avec offset.',
  'web.render.workers':
    'Combien d’images (rendered, thumbnail, WADO-URI) sont dessinées en même temps, chacune dans son propre fil. Si non donné, une de moins que la machine n’a de processeurs, au moins 1.',
  'web.render.seconds': 'Combien de temps une image peut prendre ; au-delà elle est abandonnée, son fil est arrêté et sa demande refusée.',
  'web.kosHeader':
    'L’en-tête KOS-SOPInstanceUID des lecteurs DRIMbox, qui nomme le manifeste par lequel ils lisent. check : s’il est envoyé, le manifeste doit être en vigueur, ou une version antérieure d’un tel, et référencer ce qui est demandé, sinon 404. require : sans lui 400, sauf pour les images que la page montre à une personne.',
  'log.level': 'Ce que le journal dit ; chaque niveau comprend ceux qui le précèdent.',
  'log.format': 'text pour les personnes, json (un objet par ligne) pour les collecteurs.',
}
