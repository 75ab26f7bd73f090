import type { Check, Finding, Problem } from '../checks/check.ts'
import { ADVISORY } from '../evidence/reading.ts'
import type { Judgement } from './judge.ts'
import type { Report, Skipped, Verdict } from './report.ts'

/** A finding that hurts the target for certain: an error that live configuration or traffic shows. */
export function hurts(finding: Finding): boolean {
  return finding.severity === 'error' && finding.standing !== 'configured'
}

/** True for a look that only advises; never for a check that broke, which may have missed anything. */
export const isAdvice = ({ kind }: Skipped): boolean => kind !== undefined && ADVISORY.has(kind)

/** What of the unseen a verdict depends on: all but advice. */
export const mattering = (skipped: readonly Skipped[]): Skipped[] => skipped.filter((one) => !isAdvice(one))

/** *ill*: something hurts; *healthy*: nothing does and nothing that mattered was unseen; otherwise *unclear*. */
export function verdictOf({ findings, skipped }: Judgement): Verdict {
  if (findings.some(hurts)) return 'ill'
  return mattering(skipped).length === 0 ? 'healthy' : 'unclear'
}

/**
 * The one finding the others follow from. Candidates are findings that hurt, are no mere symptom and are explained by no other candidate;
 * when several remain, the one that explains more, then the one traffic shows, wins; a tie has no cause: it is never guessed.
 */
export function causeOf(checks: readonly Check[], findings: readonly Finding[]): Report['cause'] {
  const problem = (finding: Finding): Problem | undefined =>
    checks.find(({ name }) => name === finding.check)?.problems[finding.code]
  const explains = (a: Finding, b: Finding): boolean =>
    a !== b &&
    (problem(a)?.explains ?? []).includes(b.code) &&
    (a.scope.length === 0 || b.scope.length === 0 || a.scope.some((one) => b.scope.includes(one)))
  const hurting = findings.filter((finding) => hurts(finding))
  const possible = hurting.filter((finding) => problem(finding)?.symptom !== true)
  const roots = possible.filter(
    (finding) => !possible.some((other) => explains(other, finding) && !explains(finding, other)),
  )
  const ranked = roots
    .map((finding) => ({ finding, explains: findings.filter((other) => explains(finding, other)) }))
    .toSorted((a, b) => weigh(b) - weigh(a))
  const [first, second] = ranked
  if (first === undefined || (second !== undefined && weigh(first) === weigh(second))) return undefined
  return first
}

const weigh = ({ finding, explains }: { finding: Finding; explains: Finding[] }): number =>
  explains.filter(hurts).length * 2 + (finding.standing === 'observed' ? 1 : 0)
