import type { Evidence } from '../evidence/evidence.ts'
import { ipOf } from '../mesh/address.ts'
import { dataPlaneOf, isGateway } from '../mesh/data-plane.ts'
import type { Pod, Service } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Target } from '../mesh/target.ts'
import { conditionOf, ingressUsesWaypoint, waypointAskedFor } from '../mesh/waypoint.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { namespaceNamed, ownAmbient } from './facts/ambient.ts'
import { podsOf, servicesOf } from './facts/owners.ts'
import { readingFor } from './facts/readings.ts'

/** A Service asks for a waypoint that its requests do not pass: they arrive all the same, past its routes and policies. */
export const waypointNotUsed = defineCheck({
  name: 'waypoint-not-used',
  about: "requests to the target's Services go through the waypoint that their labels ask for",
  needs: ['services', 'namespaces', 'pods', 'gateway-api-gateways'],
  confirms: ['ztunnel-config', 'access-log'],
  problems: {
    MESH0709: {
      severity: 'warning',
      title: 'waypoint asked for, not used',
      says: '{subject} asks for the waypoint {waypoint}, and its requests do not go through it: {reason}; routes and HTTP policies there have no effect',
      remedy: 'Make {waypoint} ready for Services, or correct the label istio.io/use-waypoint.',
      covers: ['IST0171'],
    },
    MESH0710: {
      severity: 'warning',
      title: 'callers bypass the waypoint',
      says: '{callers} reach the pods of {subject} without its waypoint {waypoint}: its routes and HTTP policies do not apply to them',
      remedy:
        'Move sidecar callers to ambient mode; make gateways use it by the label istio.io/ingress-use-waypoint=true on {subject}.',
    },
  },
  run(evidence, target) {
    if (ownAmbient(evidence, target).length === 0) return []
    return servicesOf(target, evidence).flatMap((service): Found[] => {
      const asked = waypointAskedFor(service, namespaceNamed(service.metadata.namespace, evidence))
      if (asked === undefined) return []
      const waypoint = `${asked.namespace}/${asked.name}`
      const { reason, proofs, isLive } = whyUnused(service, asked, evidence)
      if (reason !== undefined)
        return [
          {
            code: 'MESH0709',
            standing: isLive ? 'live' : 'configured',
            subject: refOf(service),
            args: { waypoint, reason },
            because: [labelProof(waypoint, evidence), ...proofs],
            scope: [...target.hosts],
          },
        ]
      const callers = bypassing(service, target, evidence)
      const [first] = callers
      if (first === undefined) return []
      return [
        {
          code: 'MESH0710',
          standing: 'observed',
          subject: refOf(service),
          args: { waypoint, callers: callers.map(({ pod }) => pod.metadata.name) },
          because: [labelProof(waypoint, evidence), first.because],
          scope: [...target.hosts],
        },
      ]
    })
  },
})

const labelProof = (waypoint: string, evidence: Evidence): Proof =>
  proof(readingFor('services', evidence), `the label istio.io/use-waypoint asks for Gateway ${waypoint}`)

interface Unused {
  reason?: string
  proofs: Proof[]
  isLive: boolean
}

/** Why requests do not pass the waypoint; no reason when nothing speaks against it. */
function whyUnused(
  service: Service,
  { name, namespace }: { name: string; namespace: string },
  evidence: Evidence,
): Unused {
  const unknowing = evidence.seen('ztunnel-config').flatMap((reading) => {
    const known = reading.value.services.find(
      (one) => one.name === service.metadata.name && one.namespace === service.metadata.namespace,
    )
    return known === undefined || known.waypoint !== undefined
      ? []
      : [proof(reading, `${reading.of?.name ?? 'ztunnel'} knows no waypoint of ${service.metadata.name}`)]
  })
  const of = (reason: string, ...proofs: Proof[]): Unused => ({
    reason,
    proofs: [...proofs, ...unknowing.slice(0, 1)],
    isLive: unknowing.length > 0,
  })
  const gateways = readingFor('gateway-api-gateways', evidence)
  const gateway = evidence.object('gateway-api-gateways', namespace, name)
  if (gateway === undefined)
    return of('there is no such Gateway', proof(gateways, `no Gateway ${namespace}/${name} exists`))
  const bound = conditionOf(service, 'istio.io/WaypointBound')
  if (bound?.status === 'False')
    return of(
      `${bound.reason ?? 'not bound'}${bound.message === undefined ? '' : `, ${bound.message}`}`,
      proof(readingFor('services', evidence), `its condition istio.io/WaypointBound is False: ${bound.reason ?? ''}`),
    )
  const programmed = conditionOf(gateway, 'Programmed')
  if (programmed?.status === 'False')
    return of(
      'that Gateway is not programmed',
      proof(
        gateways,
        `Gateway ${namespace}/${name} is not programmed: ${programmed.message ?? programmed.reason ?? ''}`,
      ),
    )
  const takes = gateway.metadata.labels?.['istio.io/waypoint-for'] ?? 'service'
  if (takes !== 'service' && takes !== 'all')
    return of(
      'that Gateway handles no traffic for Services',
      proof(gateways, `Gateway ${namespace}/${name} has the label istio.io/waypoint-for=${takes}`),
    )
  return unknowing.length > 0 ? of('ztunnel knows of none') : { proofs: [], isLive: false }
}

/** The callers in whose own log requests went straight to the target's pods: sidecars always, gateways unless told otherwise. */
function bypassing(service: Service, target: Target, evidence: Evidence): { pod: Pod; because: Proof }[] {
  const isTold = ingressUsesWaypoint(service, namespaceNamed(service.metadata.namespace, evidence))
  const addresses = new Set(podsOf(target, evidence).flatMap(({ status }) => status?.podIP ?? []))
  return evidence.seen('access-log').flatMap((log) => {
    const pod = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
    if (pod === undefined || dataPlaneOf(pod) !== 'sidecar' || (isGateway(pod) && isTold)) return []
    const straight = log.value.lines.filter(({ upstreamHost }) => addresses.has(ipOf(upstreamHost) ?? ''))
    return straight.length === 0
      ? []
      : [
          {
            pod,
            because: proof(log, `${pod.metadata.name} sent ${straight.length} requests straight to the target's pods`),
          },
        ]
  })
}
