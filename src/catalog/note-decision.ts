/** Under which id the journal of decisions tells of a rejection note: one for each version of it. */
import type { Uid } from './contract.ts'

export const noteDecision = (noteUid: Uid, sha256: string): string => `rejected ${noteUid} ${sha256}`
