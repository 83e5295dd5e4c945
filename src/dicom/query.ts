/** A query and a retrieval as values, between the identifier of a request (query-model.ts) and the catalog that answers it
 *  (PS3.4 C.2.2.2, C.4.2.2.1). Types only. Text is decoded Unicode, checked UIDs where a UID is meant. */
import type { LevelSet } from './confidentiality.ts'
import type { IndexKeyword, Level } from './index-attributes.ts'
import type { Uid } from './uid.ts'

/** Values computed from rows (PS3.4 C.3.4, C.6.2.1). `NumberOf…` exclude this node's own manifests. */
export type DerivedKeyword =
  | 'ModalitiesInStudy'
  | 'SOPClassesInStudy'
  | 'NumberOfPatientRelatedStudies'
  | 'NumberOfPatientRelatedSeries'
  | 'NumberOfPatientRelatedInstances'
  | 'NumberOfStudyRelatedSeries'
  | 'NumberOfStudyRelatedInstances'
  | 'NumberOfSeriesRelatedInstances'

/** One matching key (PS3.4 C.2.2.2). Text is decoded Unicode. Universal matching is the absence of a condition. */
export type Condition =
  /** Single value matching; PN is compared folded (case, accents) over every component group, a TM as the span that it leaves open. */
  | { readonly keyword: IndexKeyword | 'ModalitiesInStudy' | 'SOPClassesInStudy'; readonly kind: 'value'; readonly value: string }
  /** List of UID matching, and CS keys of several values (ModalitiesInStudy `CT\\MR`): any one of them, literal, is any of the stored values.
   *  Any number. */
  | {
      readonly keyword: IndexKeyword | 'ModalitiesInStudy' | 'SOPClassesInStudy'
      readonly kind: 'list'
      readonly values: readonly string[]
    }
  /** Wild card matching: `*` any run, `?` one character; everything else is literal. */
  | { readonly keyword: IndexKeyword | 'ModalitiesInStudy'; readonly kind: 'wildcard'; readonly pattern: string }
  /** Range matching of DA or TM, both ends included; an open end is undefined. YYYYMMDD; HHMMSS.FFFFFF, where `from`
   *  may be shorter (see dates.ts). A start behind the end matches nothing. */
  | { readonly keyword: IndexKeyword; readonly kind: 'range'; readonly from?: string; readonly to?: string }
  /** Combined date and time range (PS3.4 C.2.2.2.5.2): both ends are date followed by time, YYYYMMDDHHMMSS.FFFFFF. */
  | {
      readonly keyword: IndexKeyword
      readonly timeKeyword: IndexKeyword
      readonly kind: 'dateTimeRange'
      readonly from?: string
      readonly to?: string
    }
  /** Sequence matching: at least one item in which every named attribute matches. Tags are 8 hex digits, as in DICOM JSON. */
  | {
      readonly keyword: IndexKeyword
      readonly kind: 'item'
      readonly attributes: readonly { readonly tag: string; readonly pattern: string }[]
    }

/** How a study stands with its manifest. `collecting`: it has changes that no manifest has dealt with. `withheld`: an operator, or what is wrong with
 *  it, does not allow one. `none`: there never was one. */
export type StudyStanding = 'collecting' | 'in force' | 'withheld' | 'conflict' | 'withdrawn' | 'none'

export interface CatalogQuery {
  readonly level: Level
  readonly conditions: readonly Condition[]
  /** Values computed only when asked: each costs a sub-query. */
  readonly derived: readonly DerivedKeyword[]
  /** Attributes whose values are wanted; all of them where it is absent. Each costs a little. */
  readonly values?: readonly IndexKeyword[]
  /** Include this node's own manifests (`manifest.listed`, or Modality KO / a manifest's own UID is asked for). */
  readonly includeManifests: boolean
  /** Only studies that stand so. */
  readonly standing?: StudyStanding
  /** Instances of other confidentiality levels do not exist for it; nor do those that are hidden. */
  readonly levels: LevelSet
}

/** What a retrieval names (PS3.4 C.4.2.2.1): unique keys, each a list; the lowest one given decides. */
export interface RetrieveKeys {
  readonly patientId?: string
  readonly studyInstanceUids?: readonly Uid[]
  readonly seriesInstanceUids?: readonly Uid[]
  readonly sopInstanceUids?: readonly Uid[]
}
