import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { isExportedTo } from '../mesh/destination-rules.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import { exportsOf } from '../mesh/registry.ts'
import { showsHost, sidecarFor } from '../mesh/sidecars.ts'
import type { BlockedCalls, RegisteredHost } from './facts/blocked-calls.ts'
import { blockedCalls, registrationOf } from './facts/blocked-calls.ts'
import type { Found } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { podScope } from './facts/owners.ts'
import { quoteLine } from './facts/traffic-of.ts'

/** A workload calls a host that the mesh has, and that is kept from its own sidecar: by a Sidecar's egress list or by exportTo. */
export const hostHiddenFromCaller = defineCheck({
  name: 'host-hidden-from-caller',
  about: 'every host of the mesh that the target calls is known to its sidecar',
  needs: ['access-log', 'pods', 'sidecars', 'services', 'service-entries'],
  confirms: ['clusters'],
  problems: {
    MESH0118: {
      severity: 'error',
      title: 'host hidden from caller',
      says: '{subject} hides {host} from {caller} ({reason}): {calls} of its calls were not routed',
      remedy: 'Make {host} visible to {caller}: {remedy}.',
    },
  },
  run(evidence, target) {
    return blockedCalls(evidence, target)
      .flatMap((blocked) => {
        const registered = registrationOf(blocked, evidence)
        const hider = registered === undefined ? undefined : hiderOf(blocked, registered, evidence)
        return registered === undefined || hider === undefined ? [] : found(blocked, registered, hider, evidence)
      })
      .filter(
        ({ subject, args }, index, all) =>
          all.findIndex((other) => formatRef(other.subject) === formatRef(subject) && other.args.host === args.host) ===
          index,
      )
  },
})

interface Hider {
  subject: Ref
  reading: Seen
  says: string
  reason: string
  remedy: string
}

/** What keeps the host from the pod; undefined when no object does. */
function hiderOf(
  { pod }: BlockedCalls,
  { object, host, reading }: RegisteredHost,
  evidence: Evidence,
): Hider | undefined {
  const caller = pod.metadata.namespace ?? ''
  const { namespace = '' } = object.metadata
  const exported = exportsOf(object)
  if (!isExportedTo(exported, namespace, caller)) {
    const to = exported.map((entry) => (entry === '.' ? 'its own namespace' : entry)).join(', ')
    return {
      subject: refOf(object),
      reading,
      says: `${formatRef(refOf(object))} is exported to ${to}`,
      reason: `exported to ${to} only`,
      remedy: `export it to namespace ${caller} too`,
    }
  }
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  const held = evidence.found('sidecars').find((one) => one.object === sidecar)
  if (sidecar === undefined || held === undefined || showsHost(sidecar, host, namespace)) return undefined
  const hosts = (sidecar.spec?.egress ?? []).flatMap((one) => one.hosts ?? []).join(', ')
  return {
    subject: refOf(sidecar),
    reading: held.reading,
    says: `${formatRef(refOf(sidecar))} shows its pods only ${hosts}`,
    reason: `its egress hosts are ${hosts}`,
    remedy: `add ${namespace}/${host} to its egress hosts`,
  }
}

function found(
  { pod, log, lines }: BlockedCalls,
  { host }: RegisteredHost,
  { subject, reading, says, reason, remedy }: Hider,
  evidence: Evidence,
): Found[] {
  const clusters = evidence.seenOf('clusters', refOf(pod))
  const has =
    clusters?.value.some(({ name = '' }) => {
      const cluster = parseClusterName(name)
      return cluster?.direction === 'outbound' && cluster.host === host
    }) === true
  // It has the host after all: then the call went nowhere for another reason, such as a port that nobody has.
  if (has) return []
  const live = clusters === undefined ? [] : [proof(clusters, `${pod.metadata.name} has no cluster for ${host}`)]
  const last = lines.at(-1) ?? lines[0]
  const seen = [
    proof(
      log,
      `${lines.length} calls were not routed since the last change, at ${pod.metadata.name}`,
      `${quoteLine(last)} ${last.routeName ?? last.upstreamCluster ?? ''}`,
    ),
  ]
  return [
    {
      code: 'MESH0118',
      standing: standingOf({ live, observed: seen }),
      subject,
      args: {
        host,
        caller: `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
        reason,
        remedy,
        calls: lines.length,
      },
      because: [proof(reading, says), ...live, ...seen],
      scope: [host, podScope(pod)],
    },
  ]
}
