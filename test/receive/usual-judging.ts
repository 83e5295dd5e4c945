/** How instances are judged where a test does not say: everything is normal. Without a test runner's help, for child processes too. */
import type { Judging } from '../../src/receive/confidentiality-rules.ts'

export const judging: Judging = { confidentialityOf: () => 'N', quality: 'hide', resent: 'refuse' }
