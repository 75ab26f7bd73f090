import type { Ref } from '../src/mesh/ref.ts'
import { formatRef } from '../src/mesh/ref.ts'
import type { Report } from './report.ts'

/** What came of a diagnosis, compared with what is true. */
export type Score =
  'right' | 'candidate' | 'wrong' | 'no-cause' | 'unclear' | 'MISSED' | 'no-report' | 'silent' | 'FALSE-ALARM'

/** Of a report, what its score is made of. */
export interface Told {
  verdict: string
  cause?: { finding: { subject: Ref; subjects?: readonly Ref[] } }
  findings?: readonly { check: string; severity: string; standing: string; subject: Ref }[]
  /** When several objects could be the cause. */
  candidates?: readonly { subject: Ref }[]
}

/** More candidates than this are no answer. */
const CANDIDATES = 3
/** Verdicts that claim neither illness nor health. */
const UNDECIDED = ['unclear', 'starting']

/** Scores the diagnosis of a mesh; `isTwin`: once it was mended. Undefined: there was no report. */
export function scoreOf({ truth }: Report, told: Told | undefined, isTwin = false): Score {
  if (told === undefined) return 'no-report'
  if (UNDECIDED.includes(told.verdict)) return 'unclear'
  if (isTwin || truth.verdict === 'healthy') return told.verdict === 'ill' ? 'FALSE-ALARM' : 'silent'
  if (told.verdict !== 'ill') return 'MISSED'
  const isTrue = (ref: Ref): boolean => [...truth.subjects, ...truth.acceptable].includes(formatRef(ref))
  if (told.cause !== undefined) {
    const { subject, subjects = [] } = told.cause.finding
    return [subject, ...subjects].some(isTrue) ? 'right' : 'wrong'
  }
  const { candidates = [] } = told
  return candidates.length <= CANDIDATES && candidates.some(({ subject }) => isTrue(subject)) ? 'candidate' : 'no-cause'
}

/** The cause that was named. */
export const causeTold = (told: Told | undefined): string =>
  told?.cause === undefined ? '' : formatRef(told.cause.finding.subject)
