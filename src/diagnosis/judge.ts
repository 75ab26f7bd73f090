import type { Check, Finding, Problem, Proof } from '../checks/check.ts'
import { fill } from '../checks/check.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Ref } from '../mesh/ref.ts'
import { compareRefs, formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { Pace } from './pace.ts'
import type { Skipped } from './report.ts'
import { defined } from '../mesh/defined.ts'

/** What the checks made of the evidence. */
export interface Judgement {
  findings: Finding[]
  skipped: Skipped[]
  ruledOut: { check: string; about: string }[]
}

/** Which of a check's evidence could not be seen; without any of a needed kind it can't run at all. */
function unseen(check: Check, evidence: Evidence): { skipped: Skipped[]; runs: boolean } {
  // What is only read where something is configured, and was not: nothing is missing.
  const isAsked = check.needs.some((kind) => evidence.seen(kind).length + evidence.blind(kind).length > 0)
  if (check.optional === true && !isAsked) return { skipped: [], runs: false }
  const kinds = [...new Set([...check.needs, ...(check.confirms ?? [])])]
  let runs = true
  const skipped = kinds.flatMap((kind) => {
    const none = evidence.seen(kind).length === 0
    const blind = evidence.blind(kind)
    if (none && blind.length > 0 && check.needs.includes(kind)) runs = false
    return blind.map(({ of, reason, detail, permission }): Skipped => ({
      check: check.name,
      kind,
      reason,
      detail,
      partly: !none || !check.needs.includes(kind),
      ...defined({ of, permission }),
    }))
  })
  return { skipped, runs }
}

/**
 * True when a finding says what an analyzer says: the same code and, when its problem gives more (`IST0101 host+subset`), these words in the message.
 * Words hold `{name}` for an argument of the finding.
 */
function coversMessage(covered: string, { args }: Finding, message: Finding): boolean {
  const space = covered.indexOf(' ')
  const [code, words] = space === -1 ? [covered, ''] : [covered.slice(0, space), covered.slice(space + 1)]
  return message.args.analyzer === code && String(message.args.message).includes(fill(words, '', args))
}

/**
 * An analyzer's message, or a validation of Kiali's, that a finding of our own about the same object explains is not said twice; about the same object, or about
 * one that the finding names in its scope. Of Kiali's validation the finding keeps that it says so too.
 */
function withoutCovered(findings: readonly Finding[], checks: readonly Check[]): Finding[] {
  const problemOf = (finding: Finding): Problem | undefined =>
    checks.find(({ name }) => name === finding.check)?.problems[finding.code]
  const isAbout = (finding: Finding, subject: Ref): boolean =>
    sameRef(finding.subject, subject) || finding.scope.includes(formatRef(subject))
  const isMessage = ({ args }: Finding): boolean => typeof args.analyzer === 'string'
  const own = findings.filter((one) => !isMessage(one))
  const said = new Map<Finding, Proof[]>()
  const left = findings.filter((message) => {
    if (!isMessage(message)) return true
    const other = own.find(
      (one) =>
        isAbout(one, message.subject) &&
        [...(problemOf(one)?.covers ?? []), ...(problemOf(one)?.kiali ?? [])].some((covered) =>
          coversMessage(covered, one, message),
        ),
    )
    if (other === undefined) return true
    const [first] = message.because
    if (first.kind === KIALI) said.set(other, [...(said.get(other) ?? []), first])
    return false
  })
  return withoutTold(left, checks).map((one) => {
    const more = said.get(one)
    return more === undefined ? one : { ...one, because: [...one.because, ...more] }
  })
}

const KIALI = 'kiali-validations'

/** Kiali's validations of an object of which an analyzer of Istio's says the same are left out. */
function withoutTold(findings: readonly Finding[], checks: readonly Check[]): Finding[] {
  const problems = checks.flatMap((check) => Object.values(check.problems))
  return findings.filter(
    (one) =>
      one.because[0].kind !== KIALI ||
      !findings.some(
        (message) =>
          message.because[0].kind === 'analyzer-messages' &&
          sameRef(message.subject, one.subject) &&
          problems.some(
            ({ kiali = [], covers = [] }) =>
              kiali.includes(String(one.args.analyzer)) &&
              covers.some((covered) => coversMessage(covered, message, message)),
          ),
      ),
  )
}

/** Hears of a check that threw; its error belongs in the log. */
export type OnBroken = (check: string, error: unknown) => void

export interface JudgeOptions {
  onBroken?: OnBroken | undefined
  /** Shared with other work that goes on in the same stretch. */
  pace?: Pace
}

/** Kinds of which there are most. */
const LARGE = ['pods', 'replica-sets', 'events', 'services'] as const

/**
 * Runs every check that has what it needs, and lets others have a turn in between. Findings come in a fixed order: severity, standing, code, subject.
 * A check that throws is skipped, so that it never counts as "nothing found".
 */
export async function judge(
  checks: readonly Check[],
  evidence: Evidence,
  target: Target,
  { onBroken, pace = new Pace() }: JudgeOptions = {},
): Promise<Judgement> {
  const judgement: Judgement = { findings: [], skipped: [], ruledOut: [] }
  // What is indexed at its first use, in stretches of its own.
  for (const kind of LARGE) {
    evidence.objects(kind)
    await pace.breathe()
  }
  for (const check of checks) {
    await pace.breathe()
    const { skipped, runs } = unseen(check, evidence)
    judgement.skipped.push(...skipped)
    if (!runs) continue
    let found: Finding[]
    try {
      found = run(check, evidence, target)
    } catch (error) {
      onBroken?.(check.name, error)
      judgement.skipped.push({ check: check.name, reason: 'broken', detail: BROKEN, partly: false })
      continue
    }
    judgement.findings.push(...found)
    const isRead = check.optional !== true || check.needs.some((kind) => evidence.seen(kind).length > 0)
    if (isRead && found.length === 0 && skipped.length === 0)
      judgement.ruledOut.push({ check: check.name, about: check.about })
  }
  await pace.breathe()
  judgement.findings = withoutCovered(judgement.findings, checks).toSorted(byWeight)
  return judgement
}

function run(check: Check, evidence: Evidence, target: Target): Finding[] {
  return check.run(evidence, target).map((one) => {
    const problem = check.problems[one.code]
    if (problem === undefined) throw new Error(`${check.name} found ${one.code}, which is not among its problems`)
    return { ...one, check: check.name, severity: problem.severity, scope: one.scope ?? [] }
  })
}

const BROKEN = 'not run because of an internal error; the log has it'
const SEVERITIES = ['error', 'warning', 'info']
const STANDINGS = ['observed', 'live', 'configured']

function byWeight(a: Finding, b: Finding): number {
  return (
    STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) ||
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    a.code.localeCompare(b.code, 'en') ||
    compareRefs(a.subject, b.subject)
  )
}
