import { ownerOf, podsOf } from '../../checks/facts/owners.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Report } from '../report.ts'
import { changesWithin, type ChangeSeen } from './changes-within.ts'

/** What responders ask first, beside the cause. */
export interface Triage {
  /** When it began; ISO time: the first bad minute that is known. */
  began: string
  /** Callers whose requests fail, most requests first. */
  hit: { caller: string; seen: number; failed: number }[]
  /** What was changed from an hour before until the alerts began, latest first. */
  before: ChangeSeen[]
  /** Kinds that could not be read: a change of them is not among those. */
  unread: string[]
  /** Who owns the workload, by its labels or annotations. */
  owner?: string
}

/** Milliseconds before the beginning that are looked at. */
const BEFORE = 60 * 60_000
/** Milliseconds by which the first bad minute may be known too early. */
const SLACK = 60_000
const MOST_CHANGES = 20
const KINDS = new Set([
  'virtual-services',
  'destination-rules',
  'service-entries',
  'gateways',
  'sidecars',
  'envoy-filters',
  'authorization-policies',
  'peer-authentications',
  'request-authentications',
  'services',
  'pods',
  'replica-sets',
  'events',
])
/** Labels and annotations of a workload that say whose it is. */
const OWNERS = ['owner', 'team', 'app.kubernetes.io/part-of'] as const

/**
 * What a report tells of who is hit and of what changed before.
 * @param report as examined: its readings hold values
 * @param since when the alerts began; ISO time
 */
export function triageOf(report: Report, since: string, ownerLabels: readonly string[] = OWNERS): Triage {
  const evidence = new Evidence(report.readings)
  const began = beganAt(report, since)
  // What failed before may be another matter: what was changed until the alert began is told, too.
  const until = Math.max(Date.parse(began), Date.parse(since))
  const owner = ownerIn(report, evidence, ownerLabels)
  return {
    began,
    hit: hitBy(report),
    before: changesWithin(evidence, report.target, Date.parse(began) - BEFORE, until + SLACK).slice(0, MOST_CHANGES),
    unread: [...new Set(report.readings.flatMap((one) => (!one.ok && KINDS.has(one.kind) ? [one.kind] : [])))],
    ...(owner !== undefined && { owner }),
  }
}

/** The first bad minute: of Prometheus, of the logs, or when the alert began, which is later by what its rule waits. */
function beganAt({ history, requests, traffic }: Report, since: string): string {
  const known = [
    since,
    ...(history?.since === undefined ? [] : [new Date(history.since.at).toISOString()]),
    ...requests.flatMap(({ failingFrom }) => (failingFrom === undefined ? [] : [failingFrom])),
    ...(traffic?.failingFrom === undefined ? [] : [traffic.failingFrom]),
  ].map((one) => new Date(one).toISOString())
  return known.toSorted()[0] ?? since
}

function hitBy({ requests }: Report): Triage['hit'] {
  const failing = requests.filter(({ failed, caller }) => failed > 0 && caller !== undefined)
  const callers = Map.groupBy(failing, ({ caller }) =>
    caller === undefined ? '' : workloadOf(caller.name, caller.namespace),
  )
  return [...callers]
    .map(([caller, classes]) => ({
      caller,
      seen: classes.reduce((sum, { seen }) => sum + seen, 0),
      failed: classes.reduce((sum, { failed }) => sum + failed, 0),
    }))
    .toSorted((one, other) => other.seen - one.seen || one.caller.localeCompare(other.caller, 'en'))
}

/** Pods of one workload are one caller. */
const workloadOf = (pod: string, namespace = ''): string =>
  `${pod.replace(/-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/, '')}.${namespace}`

function ownerIn({ target }: Report, evidence: Evidence, names: readonly string[]): string | undefined {
  const pods = podsOf(target, evidence)
  const workloads = pods.flatMap((pod) => {
    const { kind, namespace = '', name } = ownerOf(pod, evidence)
    return kind === 'Deployment' ? (evidence.object('deployments', namespace, name) ?? []) : []
  })
  const namespaces = evidence.objects('namespaces').filter(({ metadata }) => metadata.name === target.namespace)
  const services = evidence
    .objects('services')
    .filter(({ metadata }) =>
      target.services.some(
        (ref) =>
          formatRef(ref) === formatRef({ kind: 'Service', name: metadata.name, namespace: metadata.namespace ?? '' }),
      ),
    )
  for (const { metadata } of [...workloads, ...pods, ...services, ...namespaces])
    for (const name of names) {
      const value = metadata.annotations?.[name] ?? metadata.labels?.[name]
      if (value !== undefined && value !== '') return value.slice(0, 100)
    }
  return undefined
}
