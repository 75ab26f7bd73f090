import { logReadersOf } from '../checks/facts/log-readers-of.ts'
import { endedPods } from '../checks/facts/ended-pods.ts'
import { podsOf, servicesOf } from '../checks/facts/owners.ts'
import { presentOf, trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import { accessLog, accessLogSince } from '../evidence/collectors/access-log.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { SEARCH_LIMITS } from '../evidence/clients/log-search.ts'
import { fromFqdn } from '../mesh/host.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'

/** Logs that are read for their time, at most; those of gateways and callers first. */
const MOST_WINDOWS = 12

/** Lines that are kept of the log of one of the target's own pods, at least. */
const FEWEST_OF_OWN = 500

/** Milliseconds that are read before the first of the target's pods ended. */
const BEFORE_AN_END = 30_000

/** A log whose end does not reach back to where requests count from, and the look that does. */
export interface LookFurtherBack {
  tail: Seen<'access-log'>
  /** The step that read the end. */
  before: AnyStep
  step: AnyStep
}

/** The logs that must be read further back than their end; none where it is not known from when on requests count. */
export function planLogWindows(target: Target, evidence: Evidence): LookFurtherBack[] {
  const counts = trafficCountsFrom(evidence, target)
  if (counts === undefined) return []
  // What met a pod that ended lies before others became ready.
  const [ended] = endedPods(evidence, target)
  const moment = Math.min(counts, (ended?.at ?? Infinity) - BEFORE_AN_END)
  const own = podsOf(target, evidence).map(({ metadata }) => metadata)
  const isOwn = (ref: Ref): boolean =>
    own.some(({ name, namespace }) => ref.name === name && ref.namespace === namespace)
  const texts = textsOf(target, evidence)
  // Those that the lines of callers can be joined with, twice as many where pods get unequal shares.
  const mostOfOwn = Math.max(FEWEST_OF_OWN, Math.ceil((2 * SEARCH_LIMITS.lines) / Math.max(1, own.length)))
  return evidence
    .seen('access-log')
    .flatMap((tail): LookFurtherBack[] => {
      const { of, at, value } = tail
      if (of === undefined || value.isTail !== true) return []
      const since = Math.max(moment, Date.parse(at) - presentOf(target))
      const [oldest] = value.lines
      if (oldest !== undefined && Date.parse(oldest.at) <= since) return []
      const isOurs = isOwn(of)
      const step = accessLogSince(of, {
        sinceTime: new Date(since).toISOString().replace(/\.\d+Z$/, 'Z'),
        texts: isOurs ? [] : texts,
        ...(isOurs && { most: mostOfOwn }),
        readers: logReadersOf(evidence),
      })
      return [{ tail, before: accessLog(of), step: step }]
    })
    .toSorted((a, b) => Number(isOwn(a.tail.of ?? target.ref)) - Number(isOwn(b.tail.of ?? target.ref)))
    .slice(0, MOST_WINDOWS)
}

/** What every line about the target holds one of, and others may: names of its hosts, and addresses. */
function textsOf(target: Target, evidence: Evidence): string[] {
  const hosts = target.hosts.map((host) => fromFqdn(host)?.name ?? host.replace(/^\*/, ''))
  return [
    ...new Set([
      ...hosts,
      ...servicesOf(target, evidence).flatMap(({ metadata, spec }) => [metadata.name, spec?.clusterIP ?? '']),
      ...podsOf(target, evidence).flatMap(({ status }) => status?.podIP ?? []),
    ]),
  ].filter((text) => text !== '' && text !== 'None')
}
