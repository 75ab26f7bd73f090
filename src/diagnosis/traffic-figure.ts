import { isForHosts, trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { failed, since } from '../mesh/access-log.ts'
import type { Target } from '../mesh/target.ts'
import { parseFlags } from '../mesh/response-flags.ts'
import type { RateFigure, TrafficFigure } from './report.ts'

/** Requests to the target since its routing last changed: from the gateways' logs when they have any, else from the target's own proxies. */
export function trafficFigure(evidence: Evidence, target: Target): TrafficFigure | undefined {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return undefined
  const own = (name: string | undefined): boolean => target.pods.some((pod) => pod.name === name)
  const logs = evidence.seen('access-log').map(({ of, value }) => ({
    inbound: own(of?.name),
    lines: since(value.lines, moment).filter((entry) => isForHosts(entry, target.hosts)),
  }))
  const callers = logs.filter(({ inbound }) => !inbound).flatMap(({ lines }) => lines)
  const lines = (callers.length > 0 ? callers : logs.flatMap((log) => log.lines)).toSorted((a, b) =>
    a.at.localeCompare(b.at),
  )
  const [first] = lines
  const last = lines.at(-1)
  if (first === undefined || last === undefined) return undefined
  return { requests: lines.length, failed: lines.filter(failed).length, from: first.at, to: last.at }
}

/** Request rates from Prometheus, summed: as the callers counted them or, where no caller's proxy is scraped, as the target's own did. */
export function rateFigure(evidence: Evidence): RateFigure | undefined {
  const all = evidence.seen('traffic').flatMap(({ value }) => value.rates)
  // A caller's time-out is 504 at the caller and a mere 0 at the server: only the caller's count tells the truth.
  const callers = all.filter(({ reporter }) => reporter === 'source')
  const rates = callers.length > 0 ? callers : all
  const total = rates.reduce((sum, { rate }) => sum + rate, 0)
  if (total === 0) return undefined
  const failing = rates
    .filter(({ code, flags }) => code.startsWith('5') || code === '0' || parseFlags(flags).includes('NR'))
    .reduce((sum, { rate }) => sum + rate, 0)
  return { perSecond: total, failedShare: failing / total, seconds: evidence.seen('traffic')[0]?.value.seconds ?? 0 }
}
