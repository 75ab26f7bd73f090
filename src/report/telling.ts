import { isDeepStrictEqual } from 'node:util'
import type { Check, Finding, Problem, Proof, Standing } from '../checks/check.ts'
import { fill, markedWithin } from '../checks/check.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { mattering } from '../diagnosis/cause.ts'
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

/** What each standing claims, in words. */
export const STANDINGS: Readonly<Record<Standing, string>> = {
  configured: 'configured: objects or analyzers say so, the proxies do not show it',
  live: "live: the proxies' own configuration shows it",
  observed: 'observed: traffic shows it',
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

/** What a finding is in its report: the cause, one of several objects that may be it, or neither. */
export function roleOf({ cause, candidates = [] }: Report, finding: Finding): 'cause' | 'candidate' | undefined {
  const isSame = ({ code, check, subject, args }: Finding): boolean =>
    code === finding.code &&
    check === finding.check &&
    sameRef(subject, finding.subject) &&
    isDeepStrictEqual(args, finding.args)
  if (cause !== undefined) return isSame(cause.finding) ? 'cause' : undefined
  return candidates.some(isSame) ? 'candidate' : undefined
}

/** The verdict as one sentence; of an ill mesh without a single cause, the objects of which one is it. */
export function headline(checks: readonly Check[], report: Report, mark: Mark = plain): string {
  const target = mark(formatRef(report.target.ref))
  if (report.verdict === 'healthy')
    return `${target} is healthy: nothing found hurts it, and everything that matters was seen.`
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
    return `${target}: unclear, because of some requests it is not known whether they arrive.`
  return mattering(report.skipped).some(({ reason }) => reason !== 'broken')
    ? `${target}: unclear, because not everything that matters could be seen.`
    : `${target}: unclear, because a check could not be run.`
}

const percent = (share: number): string => `${share > 0 && share < 0.01 ? '< 1' : Math.round(100 * share)} %`

/** How requests fared, as a sentence: since the last change by the access logs, and over a window by Prometheus; undefined when neither has any. */
export function trafficSentence({ traffic, rates, probing }: Report): string | undefined {
  const logged =
    traffic === undefined
      ? undefined
      : traffic.failed === 0
        ? `${traffic.requests} requests since the last change, none failed`
        : `${traffic.failed} of ${traffic.requests} requests failed since the last change (${percent(traffic.failed / traffic.requests)})`
  const counted =
    rates === undefined
      ? undefined
      : `${rates.perSecond.toFixed(1)} requests/s over ${Math.round(rates.seconds / 60)} min, ${percent(rates.failedShare)} failed (Prometheus)`
  const probes = (probing?.sent ?? []).filter(({ counts }) => counts).length
  const ours =
    traffic === undefined || probes === 0
      ? undefined
      : `${probes} of them ${probes === 1 ? 'was a probe' : 'were probes'} of mine`
  const said = [logged, ours, counted].filter((part) => part !== undefined)
  return said.length === 0 ? undefined : said.join('; ')
}

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

/** The proofs of a finding, each once. */
export function proofs({ because }: Finding): Proof[] {
  return because.filter((one, index) => because.findIndex((other) => other.says === one.says) === index)
}
