import { isDeepStrictEqual } from 'node:util'
import type { Check, Finding, Problem, Proof, Standing } from '../checks/check.ts'
import { fill, markedWithin } from '../checks/check.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { hurts, mattering } from '../diagnosis/cause.ts'
import { candidatesApart } from './candidates-apart.ts'
import { ruleFor } from '../evidence/permission-rule.ts'
import type { Report, Skipped, Verdict } from '../diagnosis/report.ts'

/** Marks a value inside a sentence, for example with back-ticks. */
export type Mark = (value: string) => string

const plain: Mark = (value) => value

/** What a finding's code means; every finding's check is among the checks. */
export function problemOf(checks: readonly Check[], finding: Finding): Problem {
  const problem = checks.find(({ name }) => name === finding.check)?.problems[finding.code]
  if (problem === undefined) throw new Error(`no check explains ${finding.code}`)
  return problem
}

const subjectsOf = ({ subject, subjects = [subject] }: Finding): string[] => subjects.map(formatRef)

/** The finding as one sentence without its full stop. */
export function sentence(checks: readonly Check[], finding: Finding, mark: Mark = plain): string {
  return fill(problemOf(checks, finding).says, subjectsOf(finding), finding.args, mark)
}

/** What would mend it, as one sentence. */
export function remedy(checks: readonly Check[], finding: Finding, mark: Mark = plain): string {
  return fill(problemOf(checks, finding).remedy, subjectsOf(finding), finding.args, mark)
}

/** What would change a verdict that is neither *ill* nor *unclear*, as one sentence; undefined when nothing need be done. */
export const verdictRemedy = ({ verdictReason }: Report, mark: Mark = plain): string | undefined =>
  verdictReason === undefined ? undefined : `${markedWithin(verdictReason.remedy, mark)}.`

/** What to do, as one sentence: what would mend the cause, tell candidates apart, change another verdict, or what could be looked at yet; undefined when nothing need be done. */
export function whatToDo(checks: readonly Check[], report: Report, mark: Mark = plain): string | undefined {
  if (report.cause !== undefined) return remedy(checks, report.cause.finding, mark)
  const reason = verdictRemedy(report, mark) ?? candidatesApart(report, mark)
  if (reason !== undefined || report.verdict !== 'unclear') return reason
  const [missed, ...more] = unseen(report)
  if (missed === undefined) return undefined
  const also = more.length === 0 ? '' : ` ${more.length} more sources could not be read.`
  return missed.rule === undefined
    ? `See why ${missed.what} could not be read (${missed.reason}), then diagnose again.${also}`
    : `Allow mesh-medic to read ${missed.what}: the missing rule is in the full report.${also}`
}

/** How a finding is known, in words. */
export const STANDINGS: Readonly<Record<Standing, string>> = {
  configured: 'only in the objects',
  live: "in the proxies' live configuration",
  observed: 'seen in traffic',
}

export const VERDICTS: Readonly<Record<Verdict, string>> = {
  healthy: 'Healthy',
  ill: 'Ill',
  starting: 'Starting',
  'not in the mesh': 'Not in the mesh',
  unclear: 'Unclear',
}

/** Candidates that a headline names. */
const MOST_CANDIDATES = 4

/** The objects that explain what fails equally well, each once. */
const candidateNames = ({ candidates = [] }: Report): string[] => [...new Set(candidates.flatMap(subjectsOf))]

const isSame = (one: Finding, other: Finding): boolean =>
  one.code === other.code &&
  one.check === other.check &&
  sameRef(one.subject, other.subject) &&
  isDeepStrictEqual(one.args, other.args)

/** What a finding is in its report: the cause, one of several objects that may be it, or neither. */
export function roleOf({ cause, candidates = [] }: Report, finding: Finding): 'cause' | 'candidate' | undefined {
  if (cause !== undefined) return isSame(cause.finding, finding) ? 'cause' : undefined
  return candidates.some((one) => isSame(one, finding)) ? 'candidate' : undefined
}

/** Warnings of a report that more than objects tell. */
export const warningsOf = ({ findings }: Report): Finding[] =>
  findings.filter(({ severity, standing }) => severity !== 'info' && standing !== 'configured')

/** Warnings that the headline of a healthy target names. */
const MOST_WARNINGS = 3

/** That a target is healthy, with what is not as it should be all the same. */
function healthy(checks: readonly Check[], report: Report, target: string): string {
  const titles = [...new Set(warningsOf(report).map((finding) => problemOf(checks, finding).title))]
  if (titles.length === 0)
    return `${target} is healthy: no ${(report.traffic?.failed ?? 0) > 0 ? 'lasting ' : ''}problem was found, and everything that matters was seen.`
  const more = titles.length - MOST_WARNINGS
  return `${target} is healthy, with ${titles.length === 1 ? 'a warning' : `${titles.length} warnings`}: ${titles.slice(0, MOST_WARNINGS).join(', ')}${more > 0 ? ` and ${more} more` : ''}. Everything that matters was seen.`
}

/** What is left for people, as it is told beside what to do: the same is not said twice. */
export function adviceOf(checks: readonly Check[], report: Report): Report['advice'] {
  const todo = whatToDo(checks, report)
  return report.advice
    .map((one) => ({
      ...one,
      says: todo === undefined ? one.says : one.says.replace(` What would fix it: ${todo}`, ''),
    }))
    .filter(({ says }) => says !== todo)
}

/** The verdict as one sentence; of an ill mesh without a single cause, the objects of which one is it. */
export function headline(checks: readonly Check[], report: Report, mark: Mark = plain): string {
  const target = mark(formatRef(report.target.ref))
  if (report.verdict === 'healthy') return healthy(checks, report, target)
  if (report.verdictReason !== undefined) return `${markedWithin(report.verdictReason.says, mark)}.`
  if (report.cause !== undefined) return `${sentence(checks, report.cause.finding, mark)}.`
  if (report.verdict === 'ill') {
    const named = candidateNames(report)
    if (named.length > 0) {
      const more = named.length - MOST_CANDIDATES
      return `${target} is ill. One of: ${named.slice(0, MOST_CANDIDATES).map(mark).join(', ')}${more > 0 ? ` and ${more} more` : ''}.`
    }
    const hurting = report.findings.filter(
      ({ severity, standing }) => severity === 'error' && standing !== 'configured',
    )
    return `${target} is ill; no single cause explains it: ${hurting.map((finding) => problemOf(checks, finding).title).join(', ')}.`
  }
  if (mattering(report.skipped).length === 0)
    return `${target}: unclear, because it is not known whether some requests arrive.`
  return mattering(report.skipped).some(({ reason }) => reason !== 'broken')
    ? `${target}: unclear, because not everything that matters could be seen.`
    : `${target}: unclear, because a check could not be run.`
}

/** `1 pod`, `3 pods`: those of the target. */
export const podCount = ({ target: { pods } }: Report): string => `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}`

/** A share (0 to 1) in per cent. */
export const percent = (share: number): string => `${share > 0 && share < 0.01 ? '< 1' : Math.round(100 * share)} %`

/** Request rates as Prometheus has them. */
export const ratesSentence = ({ perSecond, seconds, failedShare }: NonNullable<Report['rates']>): string =>
  `${perSecond.toFixed(1)} requests/s over ${Math.round(seconds / 60)} min, ${percent(failedShare)} failed`

/** What could not be seen: each blind look once, with the checks that missed it and the rule that is missing. */
export interface Unseen {
  what: string
  reason: Skipped['reason']
  detail: string
  checks: string[]
  rule?: string
  scope?: string
}

export function unseen(report: Report): Unseen[] {
  const byLook = new Map<string, Unseen>()
  for (const { check, kind, of, what: named, reason, detail, permission } of report.skipped) {
    const what = named ?? (kind === undefined ? `check ${check}` : `${kind}${of === undefined ? '' : ` of ${of.name}`}`)
    const known = byLook.get(what)
    if (known !== undefined) {
      if (!known.checks.includes(check)) known.checks.push(check)
      continue
    }
    byLook.set(what, {
      what,
      reason,
      detail,
      checks: [check],
      ...(permission !== undefined && {
        rule: ruleFor(permission),
        scope: permission.namespace === undefined ? 'ClusterRole' : `Role in ${permission.namespace}`,
      }),
    })
  }
  return [...byLook.values()]
}

/** Pieces of a proof that are shown at once. */
const MOST_PROOFS = 3

/** The proof of a report: of its cause, or of each of the objects of which one is it, or of what hurts; at most three pieces. */
export function proofOf({ cause, candidates = [], findings }: Report): { finding: Finding; proof: Proof }[] {
  if (cause !== undefined) {
    const { finding } = cause
    const told = new Set(mostTelling(finding, MOST_PROOFS))
    // In the finding's own order: what is configured, then what is live, then what was observed.
    return proofs(finding)
      .filter((proof) => told.has(proof))
      .map((proof) => ({ finding, proof }))
  }
  const equals = candidates.length > 0 ? candidates : findings.filter(hurts)
  return equals.flatMap((finding) => mostTelling(finding, 1).map((proof) => ({ finding, proof }))).slice(0, MOST_PROOFS)
}

/** Traffic tells more than configuration, and what is quoted more than what is only said. */
const telling = ({ kind, quote }: Proof): number => Number(kind === 'access-log') * 2 + Number(quote !== undefined)

/** The proofs of a finding that tell most. */
const mostTelling = (finding: Finding, count: number): Proof[] =>
  proofs(finding)
    .toSorted((a, b) => telling(b) - telling(a))
    .slice(0, count)

/** What else hurts, and is neither the cause nor explained by it, in the findings' order; then what only objects say. */
export function otherFindings(checks: readonly Check[], report: Report): Finding[] {
  const { cause } = report
  const isOther = (one: Finding): boolean =>
    roleOf(report, one) === undefined &&
    !(cause?.explains ?? []).some((explained) => isSame(explained, one)) &&
    !(cause !== undefined && problemOf(checks, one).symptom === true)
  const others = report.findings.filter(isOther)
  return [
    ...others.filter(({ standing }) => standing !== 'configured'),
    ...others.filter(({ standing }) => standing === 'configured'),
  ]
}

/** The proofs of a finding, each once. */
export function proofs({ because }: Finding): Proof[] {
  return because.filter((one, index) => because.findIndex((other) => other.says === one.says) === index)
}
