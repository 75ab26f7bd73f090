import type { Check, Finding, Problem, Standing } from '../checks/check.ts'
import type { Ref } from '../mesh/ref.ts'
import { sameRef, uniqueRefs } from '../mesh/ref.ts'
import { ADVISORY } from '../evidence/reading.ts'
import type { Report, Skipped } from './report.ts'

/** A finding that hurts the target for certain: an error that live configuration or traffic shows. */
export function hurts(finding: Finding): boolean {
  return finding.severity === 'error' && finding.standing !== 'configured'
}

/** True for a look that only advises; never for a check that broke, which may have missed anything. */
export const isAdvice = ({ kind, isAside }: Skipped): boolean =>
  isAside === true || (kind !== undefined && ADVISORY.has(kind))

/** What of the unseen a verdict depends on: all but advice. */
export const mattering = (skipped: readonly Skipped[]): Skipped[] => skipped.filter((one) => !isAdvice(one))

const problemOf = (checks: readonly Check[], { check, code }: Finding): Problem | undefined =>
  checks.find(({ name }) => name === check)?.problems[code]

/**
 * The one finding the others follow from. Candidates are findings that hurt, are no mere symptom and are explained by no other candidate;
 * when several remain, the one that explains more, then the one traffic shows, wins; a tie has no cause: it is never guessed.
 */
export function causeOf(checks: readonly Check[], findings: readonly Finding[]): Report['cause'] {
  const problem = (finding: Finding): Problem | undefined => problemOf(checks, finding)
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
  const [first] = ranked
  if (first === undefined) return undefined
  const equals = ranked.filter((one) => weigh(one) === weigh(first))
  if (equals.length === 1) return first
  const together = asOne(equals.map(({ finding }) => finding))
  return together === undefined
    ? undefined
    : { finding: together, explains: [...new Set(equals.flatMap((one) => one.explains))] }
}

/** Siblings with the same fault are one cause; undefined for findings that differ. */
function asOne(findings: readonly Finding[]): Finding | undefined {
  const [first] = findings
  const isSame = ({ code, subject }: Finding): boolean => code === first?.code && subject.kind === first.subject.kind
  if (first === undefined || !findings.every(isSame)) return undefined
  const subjects = uniqueRefs(findings.map(({ subject }) => subject))
  return { ...first, ...(subjects.length > 1 && { subjects }) }
}

const weigh = ({ finding, explains }: { finding: Finding; explains: Finding[] }): number =>
  explains.filter(hurts).length * 2 + (finding.standing === 'observed' ? 1 : 0)

/** True for a finding that counts requests which fail, and names nothing that makes them. */
export const isSymptomOfTraffic = (checks: readonly Check[], finding: Finding): boolean =>
  problemOf(checks, finding)?.counts === 'failures'

/**
 * Findings that hold when every class of requests was followed and none fails: what only counts failures or refusals is over then, a few of them too unless
 * some class still has a few.
 */
export const withoutPassed = (checks: readonly Check[], findings: readonly Finding[], hasFew: boolean): Finding[] =>
  findings.filter((one) => {
    const counts = problemOf(checks, one)?.counts
    if (counts === 'failures') return one.severity !== 'error' && hasFew
    return counts !== 'refusals' || one.severity !== 'error' || one.standing !== 'observed'
  })

/** When the last of the log lines that a finding quotes was written (milliseconds since the epoch); undefined when it quotes none. */
function lastQuoted({ because }: Finding): number | undefined {
  const times = because.flatMap(({ quote = '' }) => {
    const at = Date.parse(/^\d{4}-\d\d-\d\dT\S+Z/.exec(quote)?.[0] ?? '')
    return Number.isNaN(at) ? [] : [at]
  })
  return times.length === 0 ? undefined : Math.max(...times)
}

/**
 * Findings that hold when some requests fail: what counts failures, and saw the last of them before any of those that go on, counts others, which are over.
 *
 * @param since when the first of the failures that go on was seen (ISO)
 */
export function withoutOthers(
  checks: readonly Check[],
  findings: readonly Finding[],
  since: readonly string[],
): Finding[] {
  if (since.length === 0) return [...findings]
  const first = Math.min(...since.map((at) => Date.parse(at)))
  return findings.filter(
    (one) => problemOf(checks, one)?.counts !== 'failures' || !((lastQuoted(one) ?? Infinity) < first),
  )
}

/** The hosts that a finding is about. */
const hostsIn = ({ scope, args: { hosts } }: Finding): string[] => [
  ...scope,
  ...(Array.isArray(hosts) ? hosts.map(String) : []),
]

/** True for a finding about the ends of connections to some ports of a Service, none of which was asked for. */
const isOfPortsUnasked = ({ code, args: { ports } }: Finding, asked: ReadonlySet<number>): boolean =>
  code === 'MESH0501' && Array.isArray(ports) && ports.every((port) => !asked.has(Number(port)))

/** True for a finding about what is behind a Service to which no request was sent: routes lead what is asked of it elsewhere. */
const isOfHostUnused = ({ code, args: { host } }: Finding, used: ReadonlySet<string>): boolean =>
  code.startsWith('MESH03') && typeof host === 'string' && used.size > 0 && !used.has(host)

/** Routes that no gateway takes. */
const BOUND_TO_NOTHING: ReadonlySet<string> = new Set(['MESH0106', 'MESH0121'])

/**
 * Findings when the requests of every class that were seen were answered: a fault of routing, or of ports that nobody asks for, that live configuration shows, and that none of them met, is worth a
 * warning and makes nobody ill.
 *
 * @param missed hosts that were asked for, and that no gateway was seen to take: those requests may be from before it was deleted with its log, and that their
 * route is bound to nothing stands
 * @param ports of Services, which were asked for; `hosts`: those that requests were sent to in the end
 */
export const withoutUnmet = (
  findings: readonly Finding[],
  missed: ReadonlySet<string>,
  { ports, hosts }: { ports: ReadonlySet<number>; hosts: ReadonlySet<string> },
): Finding[] =>
  findings.map((one) =>
    one.severity === 'error' &&
    one.standing === 'live' &&
    ((one.code.startsWith('MESH01') &&
      !(BOUND_TO_NOTHING.has(one.code) && hostsIn(one).some((host) => missed.has(host)))) ||
      isOfPortsUnasked(one, ports) ||
      isOfHostUnused(one, hosts))
      ? { ...one, severity: 'warning' }
      : one,
  )

/** What following the requests that fail comes to: findings of its own, and the objects that explain most of them. */
export interface Blamed {
  findings: readonly Finding[]
  best: readonly Ref[]
  /** Those of them that say why what a check names is not to blame. */
  deeper: readonly Ref[]
  /** Those of requests that fail where the walk says they do. */
  borneOut: readonly Ref[]
  standing: Standing
}

/**
 * The cause of requests that fail: the object that following blames, in the words of the check that knows it best. Without a single such object
 * a check's cause stands, unless it names but a symptom; several that explain as much are candidates.
 */
export function causeOfFailing(
  checks: readonly Check[],
  findings: readonly Finding[],
  { findings: followed, best, deeper, borneOut, standing }: Blamed,
): { cause?: NonNullable<Report['cause']>; candidates?: Finding[] } {
  const byChecks = causeOf(checks, findings)
  const isBlamed = ({ subject }: Finding): boolean => best.some((ref) => sameRef(ref, subject))
  if (best.length === 0) return byChecks === undefined ? {} : { cause: byChecks }
  if (byChecks !== undefined && isBlamed(byChecks.finding)) return { cause: byChecks }
  const isSymptom = (finding: Finding): boolean => {
    const { counts, symptom } = problemOf(checks, finding) ?? {}
    return counts === 'failures' || symptom === true
  }
  const known = findings.filter((one) => isBlamed(one) && one.severity === 'error' && !isSymptom(one))
  const named = best
    .map(
      (ref) =>
        known.find(({ subject }) => sameRef(subject, ref)) ?? followed.find(({ subject }) => sameRef(subject, ref)),
    )
    .filter((one) => one !== undefined)
    .map((one) => (one.standing === 'configured' ? { ...one, standing } : one))
  const others = findings.filter(hurts)
  const isDeeper = deeper.some((ref) => best.some((one) => sameRef(one, ref)))
  // What was told from failures alone gives way to the piece of configuration at which they fail.
  const givesWay =
    byChecks?.finding.code.startsWith('MESH04') === true &&
    borneOut.some((ref) => best.some((one) => sameRef(one, ref)))
  if (byChecks !== undefined && !isSymptom(byChecks.finding) && !isDeeper && !givesWay) return { cause: byChecks }
  const [only, ...rest] = named
  if (only !== undefined && rest.length === 0)
    return {
      cause: {
        finding: only,
        explains: others.filter((one) => one !== only),
      },
    }
  const together = asOne(named)
  if (together !== undefined) return { cause: { finding: together, explains: others } }
  return { candidates: named }
}
