import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { actsOn } from '../mesh/authorization.ts'
import { dataPlaneOf } from '../mesh/data-plane.ts'
import type { AuthorizationPolicy } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { ObjectReference } from '../mesh/gateway-api.ts'
import { isCurrent } from '../mesh/gateway-api.ts'
import { hasOtherConditions, httpFields } from '../mesh/http-fields.ts'
import type { Target } from '../mesh/target.ts'
import { conditionOf, waypointAskedFor } from '../mesh/waypoint.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { namespaceNamed, ownAmbient } from './facts/ambient.ts'
import { podScope, servicesOf } from './facts/owners.ts'
import { readingFor } from './facts/readings.ts'

/** A policy in ambient mode that has no effect: one that asks of requests what ztunnel cannot see, or one that no waypoint takes. */
export const policyWithoutWaypoint = defineCheck({
  name: 'policy-without-waypoint',
  about: 'no policy that ztunnel enforces asks for what only a waypoint can see, and those for waypoints are accepted',
  needs: ['authorization-policies', 'pods', 'namespaces', 'services'],
  confirms: ['ztunnel-config', 'ztunnel-log'],
  problems: {
    MESH0515: {
      severity: 'warning',
      title: 'DENY policy that denies nothing',
      says: '{subject} denies by {fields}, which ztunnel cannot see: for {pods} it denies nothing',
      remedy: "Attach {subject} to the target's waypoint by targetRefs instead of a selector.",
      covers: ['IST0167', 'IST0171'],
    },
    MESH0516: {
      severity: 'error',
      title: 'ALLOW policy that allows nothing',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: '{subject} allows by {fields}, which ztunnel cannot see: for {pods} these rules allow nobody, and all connections are refused',
      remedy: "Attach {subject} to the target's waypoint by targetRefs, and allow the waypoint's identity at the pods.",
      covers: ['IST0167', 'IST0171'],
    },
    MESH0518: {
      severity: 'warning',
      title: 'policy not accepted by its waypoint',
      says: '{subject} is meant for {aim}, and has no effect there: its controller says {reason}',
      remedy: 'In the targetRefs of {subject}, name a Service that uses a waypoint, or the waypoint itself.',
      covers: ['IST0171'],
    },
  },
  run(evidence, target) {
    return [...emptyForZtunnel(evidence, target), ...notTaken(evidence, target)]
  },
})

function emptyForZtunnel(evidence: Evidence, target: Target): Found[] {
  const pods = ownAmbient(evidence, target).filter((pod) => dataPlaneOf(pod) === 'ztunnel')
  return evidence.objects('authorization-policies').flatMap((policy): Found[] => {
    const acted = pods.filter((pod) => actsOn(policy, pod, rootNamespaceOf(evidence)))
    const rules = policy.spec?.rules ?? []
    const unseen = rules.map(httpFields)
    const action = policy.spec?.action ?? 'ALLOW'
    const isEmpty =
      action === 'DENY'
        ? rules.length > 0 && rules.every((rule, at) => (unseen[at] ?? []).length > 0 && !hasOtherConditions(rule))
        : action === 'ALLOW' && rules.length > 0 && unseen.every((fields) => fields.length > 0)
    if (acted.length === 0 || !isEmpty) return []
    const live = ztunnelProofs(policy, evidence)
    const refused =
      action === 'ALLOW'
        ? refusals(
            acted.map(({ metadata }) => metadata.name),
            evidence,
          )
        : []
    return [
      {
        code: action === 'DENY' ? 'MESH0515' : 'MESH0516',
        standing: refused.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured',
        subject: refOf(policy),
        args: { fields: [...new Set(unseen.flat())].sort(), pods: acted.map(({ metadata }) => metadata.name) },
        because: [policyProof(policy, evidence), ...live, ...refused],
        scope: [...target.hosts, ...acted.map(podScope)],
      },
    ]
  })
}

/** True when one of a policy's targetRefs is a Service of the target, or the waypoint that one of them asks for. */
function aimOf(policy: AuthorizationPolicy, target: Target, evidence: Evidence): string | undefined {
  const own = policy.metadata.namespace ?? ''
  const services = servicesOf(target, evidence)
  const waypoints = services.flatMap(
    (service) => waypointAskedFor(service, namespaceNamed(service.metadata.namespace, evidence)) ?? [],
  )
  const refs = (policy.spec?.targetRefs ?? []) as ObjectReference[]
  const aimed = refs.find(({ kind, name, namespace = own }) =>
    kind === 'Service'
      ? services.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
      : kind === 'Gateway' && waypoints.some((one) => one.name === name && one.namespace === namespace),
  )
  return aimed === undefined ? undefined : `${aimed.kind ?? 'Service'} ${aimed.namespace ?? own}/${aimed.name}`
}

/** Policies for the target's waypoint that the controller of waypoints refuses; nothing of a status that is older than the policy. */
function notTaken(evidence: Evidence, target: Target): Found[] {
  return evidence.objects('authorization-policies').flatMap((policy): Found[] => {
    const accepted = conditionOf(policy, 'WaypointAccepted')
    if (accepted?.status !== 'False' || !isCurrent(accepted, policy)) return []
    const aim = aimOf(policy, target, evidence)
    if (aim === undefined) return []
    const { reason = 'no reason', message = '' } = accepted
    return [
      {
        code: 'MESH0518',
        standing: 'configured',
        subject: refOf(policy),
        args: { aim, reason: message === '' ? reason : `${reason}, ${message}` },
        because: [
          proof(
            readingFor('authorization-policies', evidence),
            `its condition WaypointAccepted is False`,
            `${reason}: ${message}`,
          ),
        ],
        scope: [...target.hosts],
      },
    ]
  })
}

function policyProof(policy: AuthorizationPolicy, evidence: Evidence): Proof {
  const accepted = conditionOf(policy, 'ZtunnelAccepted')
  return proof(
    readingFor('authorization-policies', evidence),
    accepted?.reason === 'UnsupportedValue'
      ? `its condition ZtunnelAccepted says UnsupportedValue: ${accepted.message ?? ''}`
      : `it is attached to pods, by a selector or for its namespace, not to a waypoint`,
    JSON.stringify({ action: policy.spec?.action ?? 'ALLOW', rules: policy.spec?.rules }),
  )
}

/** What ztunnel made of the policy: no rule with any condition. */
function ztunnelProofs({ metadata }: AuthorizationPolicy, evidence: Evidence): Proof[] {
  return evidence
    .seen('ztunnel-config')
    .flatMap((reading) => {
      const known = reading.value.policies.find(
        ({ name, namespace }) => name === metadata.name && namespace === metadata.namespace,
      )
      if (known === undefined) return []
      const conditions = known.rules.flat(2).filter((match) => Object.keys(match ?? {}).length > 0)
      return conditions.length > 0
        ? []
        : [proof(reading, `${reading.of?.name ?? 'ztunnel'} has it as ${known.action} without any condition`)]
    })
    .slice(0, 1)
}

function refusals(pods: readonly string[], evidence: Evidence): Proof[] {
  return evidence.seen('ztunnel-log').flatMap((reading) => {
    const refused = reading.value.connections.filter(
      ({ error = '', destination }) =>
        error.includes('allow policies exist, but none allowed') && pods.includes(destination.workload ?? ''),
    )
    const last = refused.at(-1)
    return last === undefined
      ? []
      : [proof(reading, `ztunnel refused ${refused.length} connections, as no policy allowed them`, last.error)]
  })
}
