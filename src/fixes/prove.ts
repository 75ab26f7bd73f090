import { setTimeout as pause } from 'node:timers/promises'
import { hurts, isAdvice, mattering } from '../diagnosis/cause.ts'
import type { Report } from '../diagnosis/report.ts'
import type { Finding } from '../checks/check.ts'
import { sameRef } from '../mesh/ref.ts'
import { Evidence } from '../evidence/evidence.ts'
import { baselineOf, goodSinceFailure } from './baseline.ts'
import { controllersWord } from './controllers-word.ts'
import type { Baseline, ChangeRecord, ChangeProof } from './record.ts'
import { defined } from '../mesh/defined.ts'

/** Requests after the change that settle the matter before the time is over. */
const ENOUGH = 20
/** Fewer requests than these say nothing of a share. */
const FEW = 10
/** By how much the share of failed requests must have grown to be called worse. */
const WORSE_BY = 0.1
const LOOK_EVERY = 2000
/** Configuration that a proxy refused: whoever wrote it has made things worse. */
const REJECTED = 'rejected-configuration'

export interface ProveOptions {
  /** Diagnoses the target again. */
  look: (signal: AbortSignal) => Promise<Report>
  /** Seconds from the write to the verdict, at most one look longer. */
  seconds: number
  signal: AbortSignal
  /** Told after each look. */
  progress?: (proof: Omit<ChangeProof, 'at'>) => void
  /** Milliseconds between two looks; default 2000. */
  every?: number
}

/**
 * Finds out whether a change that was written has mended what it was for: looks until the proxies have it and enough requests have shown it, or
 * the time is over. `gone`: the finding is no more, and nothing new hurts. `worse`: a proxy refuses configuration that it did not refuse before, or
 * a clearly larger share of requests fails.
 */
export async function prove(change: ChangeRecord, options: ProveOptions): Promise<ChangeProof> {
  const appliedAt = Date.parse(change.appliedAt ?? new Date().toISOString())
  const until = appliedAt + options.seconds * 1000
  // Requests count from when the proxies had the change: those answered before it went by what was.
  let took: number | undefined
  for (;;) {
    const report = await options.look(options.signal)
    const began = Date.parse(report.startedAt)
    const isGone = !report.findings.some((finding) => hurts(finding) && isOfChange(finding, change))
    took = isGone ? (took ?? began) : undefined
    const after = baselineOf(report, took ?? appliedAt)
    const verdict = judge(change, report, after)
    const proof = { ...verdict, after }
    options.progress?.(proof)
    const settled =
      verdict.outcome === 'worse' || (verdict.outcome === 'gone' && (after.traffic?.requests ?? 0) >= ENOUGH)
    if (settled || Date.now() >= until) return { ...proof, at: new Date().toISOString() }
    await pause(options.every ?? LOOK_EVERY, undefined, { signal: options.signal })
  }
}

const isOfChange = ({ code, subject }: Pick<Finding, 'code' | 'subject'>, change: ChangeRecord): boolean =>
  code === change.for && sameRef(subject, refOfChange(change))

const refOfChange = ({
  subject: { kind, namespace, name },
}: ChangeRecord): { kind: string; namespace?: string; name: string } => ({ kind, name, ...defined({ namespace }) })

function judge(
  change: ChangeRecord,
  report: Report,
  after: Baseline,
): { outcome: ChangeProof['outcome']; says: string } {
  const { baseline } = change
  const hurting = report.findings.filter(hurts)
  const fresh = hurting.filter(
    ({ code, subject }) =>
      !baseline.findings.some(
        (one) =>
          one.code === code &&
          one.subject.kind === subject.kind &&
          one.subject.namespace === subject.namespace &&
          one.subject.name === subject.name,
      ),
  )
  const rejected = fresh.find(({ check }) => check === REJECTED)
  if (rejected !== undefined)
    return {
      outcome: 'worse',
      says: `A proxy has rejected configuration since the change (${rejected.code}), which it did not do before.`,
    }
  if (isWorse(baseline, after))
    return { outcome: 'worse', says: `More requests fail than before: ${share(after)} instead of ${share(baseline)}.` }
  const own = hurting.find((finding) => isOfChange(finding, change))
  if (own !== undefined) {
    const well = isOnlyTraffic(own)
      ? goodSinceFailure(new Evidence(report.readings), report.target, Date.parse(change.appliedAt ?? report.startedAt))
      : 0
    if (well < FEW) return { outcome: 'still there', says: `${own.code} is still there (${own.standing}).` }
    return {
      outcome: 'gone',
      says: `${change.for} counts failures from right after the change, while it reached the proxies; since the last of them ${well} requests succeeded.`,
    }
  }
  if (report.verdict === 'starting')
    return { outcome: 'unclear', says: `${change.for} is no longer found, but pods are still starting.` }
  // What found it may be the very check that failed.
  if (report.verdict === 'unclear' || report.skipped.some(({ reason }) => reason === 'broken'))
    return {
      outcome: 'unclear',
      says: `${change.for} is no longer found, but not everything could be seen: ${kindsOf(mattering(report.skipped))}.`,
    }
  if (fresh.length > 0)
    return {
      outcome: 'unclear',
      says: `${change.for} is no longer found, but ${[...new Set(fresh.map(({ code }) => code))].join(', ')} is, which was not there before.`,
    }
  const { against, agrees } = controllersWord(change, new Evidence(report.readings), report.target)
  if (against !== undefined) return { outcome: 'unclear', says: `${change.for} is no longer found, but ${against}.` }
  const word = agrees === undefined ? '' : ` ${agrees}.`
  const rest =
    hurting.length === 0
      ? ''
      : ` Other problems that were there before remain: ${[...new Set(hurting.map(({ code }) => code))].join(', ')}.`
  const advice = kindsOf(report.skipped.filter(isAdvice))
  const unread = advice === '' ? '' : ` Not read: ${advice}.`
  const { traffic } = after
  if (traffic === undefined)
    return {
      outcome: 'gone',
      says: `${change.for} is gone according to the proxies' configuration; no requests have been seen since.${word}${rest}${unread}`,
    }
  return {
    outcome: 'gone',
    says: `${change.for} is gone; since the proxies received the change, ${traffic.requests - traffic.failed} of ${traffic.requests} requests succeeded.${word}${rest}${unread}`,
  }
}

const kindsOf = (skipped: Report['skipped']): string =>
  [...new Set(skipped.map(({ kind, check }) => kind ?? `check ${check}`))].join(', ')

/** True for a finding that rests on requests alone: the first failures after a change may still be of before it took effect. */
const isOnlyTraffic = ({ because }: Finding): boolean => because.every(({ kind }) => kind === 'access-log')

const failedShare = ({ traffic }: Baseline): number =>
  traffic === undefined || traffic.requests === 0 ? 0 : traffic.failed / traffic.requests
const share = (baseline: Baseline): string =>
  `${Math.round(failedShare(baseline) * 100)} % of ${baseline.traffic?.requests ?? 0}`

/** Only where both sides have requests enough to speak of a share. */
function isWorse(before: Baseline, after: Baseline): boolean {
  if ((before.traffic?.requests ?? 0) < FEW || (after.traffic?.requests ?? 0) < FEW) return false
  return failedShare(after) > failedShare(before) + WORSE_BY
}
