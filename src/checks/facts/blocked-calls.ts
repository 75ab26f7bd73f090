import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { failed, since } from '../../mesh/access-log.ts'
import { fromFqdn, hostMatches, hostOfService } from '../../mesh/host.ts'
import type { Pod, Service, ServiceEntry } from '../../mesh/objects.ts'
import { latestChange, refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { fact } from './fact.ts'
import { podsOf } from './owners.ts'
import { presentOf } from './traffic-of.ts'

/** Calls of one pod of the target that its own sidecar let go nowhere. */
export interface BlockedCalls {
  pod: Pod
  log: Seen<'access-log'>
  /** What was called: an authority without its port or, for a connection, `address:port`. */
  called: string
  lines: [AccessLogLine, ...AccessLogLine[]]
}

/** A connection's or request's destination as the caller gave it; undefined for incoming ones. */
function calledBy({ authority, serverName, downstreamLocal, upstreamCluster }: AccessLogLine): string | undefined {
  if (upstreamCluster?.startsWith('inbound|') === true) return undefined
  return authority?.replace(/:\d+$/, '') ?? serverName ?? downstreamLocal
}

/** `block_all` answers requests, and BlackHoleCluster takes connections, for which a proxy of mode REGISTRY_ONLY has no route; those passed on blindly count when they fail. */
const isBlocked = (line: AccessLogLine): boolean =>
  line.routeName === 'block_all' ||
  line.upstreamCluster === 'BlackHoleCluster' ||
  (line.upstreamCluster === 'PassthroughCluster' && failed(line))

/** What the target's own sidecars blocked since the last change of what they may reach, and did not let through again since. */
export const blockedCalls = fact((evidence, target): readonly BlockedCalls[] => {
  const changed = latestChange([
    ...evidence.objects('sidecars'),
    ...evidence.objects('service-entries'),
    ...evidence.objects('services'),
  ])
  const logs = Map.groupBy(evidence.seen('access-log'), ({ of }) => (of === undefined ? '' : formatRef(of)))
  return podsOf(target, evidence).flatMap((pod) =>
    (logs.get(formatRef(refOf(pod))) ?? []).flatMap((log) => {
      const calls = Map.groupBy(
        since(log.value.lines, Math.max(changed, Date.parse(log.at) - presentOf(target))),
        (line) => calledBy(line) ?? '',
      )
      return [...calls].flatMap(([called, lines]): BlockedCalls[] => {
        const last = lines.at(-1)
        const [first, ...others] = lines.filter(isBlocked)
        return called === '' || last === undefined || !isBlocked(last) || first === undefined
          ? []
          : [{ pod, log, called, lines: [first, ...others] }]
      })
    }),
  )
})

/** The Service or ServiceEntry that registers what was called, and the host it is there by. */
export interface RegisteredHost {
  object: Service | ServiceEntry
  kind: 'services' | 'service-entries'
  host: string
  reading: Seen
}

/** Looks up what a pod called: by a Service's name, short or long, its cluster address, or a ServiceEntry's host; undefined when nothing registers it. */
export function registrationOf({ called, pod }: BlockedCalls, evidence: Evidence): RegisteredHost | undefined {
  const [address] = called.split(':')
  const [name = '', namespace = pod.metadata.namespace, svc = 'svc'] = called.split('.')
  const local = fromFqdn(called) ?? (svc === 'svc' ? { name, namespace } : undefined)
  const service = evidence
    .found('services')
    .find(
      ({ object }) =>
        (object.metadata.name === local?.name && object.metadata.namespace === local.namespace) ||
        object.spec?.clusterIP === address,
    )
  if (service !== undefined)
    return { object: service.object, kind: 'services', reading: service.reading, host: hostOfService(service.object) }
  for (const { object, reading } of evidence.found('service-entries')) {
    const host = object.spec?.hosts?.find((pattern) => hostMatches(pattern, called))
    if (host !== undefined || object.spec?.addresses?.includes(address ?? '') === true)
      return { object, kind: 'service-entries', reading, host: host ?? object.spec?.hosts?.[0] ?? called }
  }
  return undefined
}
