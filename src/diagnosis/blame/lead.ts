import type { Code, Proof } from '../../checks/check.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Ref } from '../../mesh/ref.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import type { Hop } from '../follow/report.ts'
import type { Followed } from '../requests/followed.ts'

export { newest, TOGETHER, value, values, wasChangedLast } from '../../checks/facts/clause.ts'

/** An object that is to blame for a failing class of requests, and why. */
export interface Lead {
  code: Code
  subject: Ref
  /** A clause; values from the cluster stand between backticks. */
  why: string
  /** One sentence without its full stop: what would correct it. */
  remedy: string
  because?: Proof[]
  /** True when it says why what stands nearer to the failure is not to blame: it goes before what a check names. */
  isDeeper?: boolean
}

/** What leads are looked for in. */
export interface Case {
  followed: Followed
  target: Target
  evidence: Evidence
}

/** Leads, one for each object: the first that names it. */
export function eachOnce(leads: readonly Lead[]): Lead[] {
  return leads.filter(({ subject }, index) => leads.findIndex((other) => sameRef(other.subject, subject)) === index)
}

/** What a hop says, as a clause in the middle of a sentence of our own. */
export const clauseOf = ({ says }: Pick<Hop, 'says'>): string =>
  says
    .replace(/\.$/, '')
    .replace(
      /^(The|This|These|No|None|Nothing|Nobody|Inside|Neither|Port|Virtual|Route|It|An?|What|Whether)\b/,
      (word) => word.toLowerCase(),
    )
