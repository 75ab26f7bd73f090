import { linesTo, trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { countedOnce } from '../mesh/both-ends.ts'
import { failed, type AccessLogLine } from '../mesh/access-log.ts'
import type { Target } from '../mesh/target.ts'
import { parseFlags } from '../mesh/response-flags.ts'
import type { RateFigure, TrafficFigure } from './report.ts'

/** Requests to the target since its routing last changed: from the gateways' logs when they have any, else from the target's own proxies. */
export function trafficFigure(evidence: Evidence, target: Target): TrafficFigure | undefined {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return undefined
  const own = new Set(target.pods.map(({ name }) => name))
  const logs = linesTo(evidence, target, moment)
  const callers = logs.filter(({ log }) => !own.has(log.of?.name ?? '')).flatMap(({ lines }) => lines)
  const lines = callers.length > 0 ? callers : logs.flatMap((log) => log.lines)
  const [one] = lines
  if (one === undefined) return undefined
  const failures = lines.filter(failed)
  // Of a TCP connection there is no code either.
  const unanswered = lines.filter(({ code, method }) => code === 0 && method !== undefined).length
  return {
    requests: lines.length,
    failed: failures.length,
    ...(unanswered > 0 && { unanswered }),
    from: lines.reduce((first, { at }) => (at < first ? at : first), one.at),
    to: lines.reduce((last, { at }) => (at > last ? at : last), one.at),
    ...(failures[0] !== undefined && {
      failingFrom: failures.reduce((first, { at }) => (at < first ? at : first), failures[0].at),
      failures: byAnswer(failures),
    }),
  }
}

/** Requests by what they were answered: code and flags, `503 NC`; most frequent first. */
export function byAnswer(
  lines: readonly Pick<AccessLogLine, 'code' | 'flags'>[],
): { answer: string; requests: number }[] {
  const counts = new Map<string, number>()
  for (const { code, flags } of lines) {
    const answer = [String(code), ...flags].join(' ')
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  return [...counts]
    .map(([answer, requests]) => ({ answer, requests }))
    .toSorted((a, b) => b.requests - a.requests || a.answer.localeCompare(b.answer, 'en'))
}

/** Request rates from Prometheus, summed: as the callers counted them or, where no caller's proxy is scraped, as the target's own did. */
export function rateFigure(evidence: Evidence): RateFigure | undefined {
  const all = evidence.seen('traffic').flatMap(({ value }) => value.rates)
  // A caller's time-out is 504 at the caller and a mere 0 at the server: only the caller's count tells the truth.
  const callers = all.filter(({ reporter }) => reporter === 'source')
  const rates = callers.length > 0 ? callers : countedOnce(all, ({ reporter }) => reporter)
  const total = rates.reduce((sum, { rate }) => sum + rate, 0)
  if (total === 0) return undefined
  const failing = rates
    .filter(({ code, flags }) => code.startsWith('5') || code === '0' || parseFlags(flags).includes('NR'))
    .reduce((sum, { rate }) => sum + rate, 0)
  return { perSecond: total, failedShare: failing / total, seconds: evidence.seen('traffic')[0]?.value.seconds ?? 0 }
}
