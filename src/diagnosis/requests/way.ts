import type { Evidence } from '../../evidence/evidence.ts'
import type { Hop } from '../follow/report.ts'
import { traceOf } from '../follow/trace.ts'
import { followIn } from '../follow-in.ts'
import type { RequestClass } from './classes.ts'
import type { Way, FollowOptions } from './followed.ts'
import { unresolved } from './unresolved.ts'

/** The way of a class; undefined when its caller has no proxy or that could not be read. */
export function wayOf({ caller, question }: RequestClass, evidence: Evidence, options: FollowOptions): Way | undefined {
  if (caller === undefined || evidence.seenOf('listeners', caller.pod) === undefined) return undefined
  const trace = traceOf(question, caller, evidence, options.context)
  if (trace === undefined) return undefined
  const report = followIn(question, caller, evidence, options)
  const absent = unresolved(trace)
  const failing = [...(absent === undefined ? [] : [absent]), ...report.hops.filter(({ ok, sure }) => !ok && sure)]
  return {
    trace,
    report,
    failing,
    foreseen: failing.length > 0 ? 'fails' : report.outcome === 'arrives' ? 'arrives' : 'unknown',
  }
}

const UPDATES: Readonly<Record<Hop['stage'], string>> = {
  listener: 'LDS',
  route: 'RDS',
  cluster: 'CDS',
  endpoints: 'EDS',
  inbound: 'LDS',
}

/** When the piece at which a class fails was last sent to the proxy (milliseconds since the epoch): requests from before met another. Now when nobody knows. */
export function lastUpdate({ failing: [hop], trace }: Way, evidence: Evidence): number {
  if (hop === undefined) return 0
  const pod =
    hop.stage === 'inbound' ? { namespace: trace.callerPod.metadata.namespace, name: hop.name } : trace.caller.pod
  const sync = evidence
    .seen('proxy-status')
    .flatMap(({ value }) => value)
    .find(({ name, namespace }) => name === pod.name && (hop.stage === 'inbound' || namespace === pod.namespace))
  const at = sync?.types.find(({ type }) => type === UPDATES[hop.stage])?.lastUpdated
  return at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at)
}
