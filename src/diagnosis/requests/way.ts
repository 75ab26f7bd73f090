import type { Evidence } from '../../evidence/evidence.ts'
import type { Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'
import { traceOf } from '../follow/trace.ts'
import { serviceEntryOf, serviceOf } from '../follow/destination.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { followIn } from '../follow-in.ts'
import type { RequestClass } from './classes.ts'
import type { Way, FollowOptions } from './followed.ts'

/** The hop that a request for a Service which does not exist never gets to: its name does not resolve. */
function absentService({ caller, callerPod, question, walk, evidence }: Trace): Hop | undefined {
  const { host } = question
  if (caller.kind !== 'sidecar' || evidence.seen('services').length === 0) return undefined
  const namespaces = evidence.objects('namespaces').map(({ metadata }) => metadata.name)
  const local =
    fromFqdn(host) ??
    fromFqdn(`${host}.${evidence.clusterDomain}`) ??
    (/^[^.]+\.[^.]+$/.test(host) && namespaces.includes(host.split('.')[1] ?? '')
      ? { name: host, namespace: '' }
      : undefined)
  const isLocal = local !== undefined || !host.includes('.')
  if (
    !isLocal ||
    serviceOf(host, callerPod.metadata.namespace, evidence) !== undefined ||
    serviceEntryOf(host, evidence) !== undefined
  )
    return undefined
  if (walk.reached.some(({ name }) => parseClusterName(name) !== undefined)) return undefined
  return {
    stage: 'route',
    ok: false,
    sure: true,
    name: host,
    objects: [],
    notes: [],
    says: `No Service ${host} exists: its name does not resolve.`,
    command: 'kubectl get services -A',
  }
}

/** The way of a class; undefined when its caller has no proxy or that could not be read. */
export function wayOf({ caller, question }: RequestClass, evidence: Evidence, options: FollowOptions): Way | undefined {
  if (caller === undefined || evidence.seenOf('listeners', caller.pod) === undefined) return undefined
  const trace = traceOf(question, caller, evidence, options.context)
  if (trace === undefined) return undefined
  const report = followIn(question, caller, evidence, options)
  const absent = absentService(trace)
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
