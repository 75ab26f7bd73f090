import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { hostOfRule } from '../mesh/destination-rules.ts'
import { fromFqdn, hostMatches } from '../mesh/host.ts'
import type { DestinationRule, Namespace, Pod } from '../mesh/objects.ts'
import { latestChange, selects } from '../mesh/objects.ts'
import { hasEnded, hasProxy, isAmbient } from '../mesh/pods.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, podScope, podsOf } from './facts/owners.ts'
import { lastReadinessChange, observed } from './facts/traffic-of.ts'
import { podReading } from './facts/readings.ts'

/** A pod that should be in the mesh runs without a proxy; callers that insist on mutual TLS cannot reach it. */
export const podWithoutSidecar = defineCheck({
  name: 'pod-without-sidecar',
  about: 'every pod that should have a sidecar has one',
  needs: ['pods', 'namespaces'],
  confirms: ['proxy-status', 'replica-sets', 'destination-rules', 'clusters', 'access-log', 'services'],
  problems: {
    MESH0701: {
      severity: 'warning',
      title: 'pod without sidecar',
      says: 'The pods of {subject} ({pods}) run without a sidecar: {reason}',
      remedy: 'Remove what prevents the injection, then restart {subject}.',
      covers: ['IST0103'],
    },
    MESH0702: {
      severity: 'error',
      title: 'mutual TLS to pods without sidecar',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: 'DestinationRule {rule} makes callers use mutual TLS to {host}, and the pods of {subject} ({pods}) have no sidecar to answer it: {reason}',
      remedy: 'Give {subject} its sidecar, or remove the TLS mode from DestinationRule {rule}.',
      covers: ['IST0103'],
    },
  },
  run(evidence, target) {
    const pods = podsOf(target, evidence)
    const bare = pods.filter(
      (pod) => !hasProxy(pod) && !isAmbient(pod) && !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined,
    )
    return byOwner(bare, evidence).flatMap(({ owner, pods: own }): Found[] => {
      const [pod] = own
      const reason = whyNot(pod, evidence)
      const names = own.map(({ metadata }) => metadata.name)
      const insisting = mutualRules(evidence, target, own)
      if (insisting !== undefined)
        return [insisted(insisting, own, { names, reason: reason ?? 'nothing asks for one' }, owner, evidence, target)]
      if (reason === undefined && !pods.some(hasProxy)) return []
      const listed = evidence.seen('proxy-status')[0]
      const connected =
        listed?.value.some(({ name, namespace }) => names.includes(name) && namespace === pod.metadata.namespace) ===
        true
          ? undefined
          : listed
      return [
        {
          code: 'MESH0701',
          standing: connected === undefined ? 'configured' : 'live',
          subject: owner,
          args: { pods: names, reason: reason ?? 'other pods of the target have one' },
          because: [
            podProof(pod, evidence),
            ...(connected === undefined ? [] : [proof(connected, `istiod knows no proxy of ${names.join(', ')}`)]),
          ],
          scope: [...target.hosts, ...own.map(podScope)],
        },
      ]
    })
  },
})

function podProof(pod: Pod, evidence: Evidence): Proof {
  const reading = podReading(pod, evidence)
  return proof(
    reading,
    `${pod.metadata.name} has the containers ${(pod.spec?.containers ?? []).map(({ name }) => name).join(', ')} and no istio-proxy`,
  )
}

/** Why the injector left the pod alone, when something asks for injection; undefined when nothing does (Istio's injection rules, in their order). */
function whyNot(pod: Pod, evidence: Evidence): string | undefined {
  const namespace: Namespace | undefined = evidence
    .objects('namespaces')
    .find(({ metadata }) => metadata.name === pod.metadata.namespace)
  const asks =
    namespace?.metadata.labels?.['istio-injection'] === 'enabled' ||
    (namespace?.metadata.labels?.['istio.io/rev'] !== undefined &&
      namespace.metadata.labels['istio-injection'] !== 'disabled')
  const label = pod.metadata.labels?.['sidecar.istio.io/inject']
  const annotation = pod.metadata.annotations?.['sidecar.istio.io/inject']
  if (!asks && label !== 'true') return undefined
  if (namespace?.metadata.labels?.['istio-injection'] === 'disabled')
    return 'its namespace has istio-injection=disabled, which no pod can override'
  if (pod.spec?.hostNetwork === true) return 'it uses the network of its node, which is never injected'
  if (label === 'false') return 'its label sidecar.istio.io/inject is false'
  if (label === undefined && annotation === 'false') return 'its annotation sidecar.istio.io/inject is false'
  return 'it was created before injection was asked for, or the injection webhook did not answer'
}

interface Insisting {
  rule: DestinationRule
  host: string
}

/** The most specific DestinationRule of each of the target's hosts, when it makes callers of these pods use mutual TLS. */
function mutualRules(evidence: Evidence, target: Target, pods: readonly Pod[]): Insisting | undefined {
  for (const host of target.hosts) {
    const local = fromFqdn(host)
    const service = local === undefined ? undefined : evidence.object('services', local.namespace, local.name)
    // A route may lead on from another Service, an egress gateway's for one, whose pods are others.
    if (service !== undefined && !pods.some(({ metadata }) => selects(service.spec?.selector, metadata.labels)))
      continue
    const [closest] = evidence
      .objects('destination-rules')
      .map((rule) => ({ rule, pattern: hostOfRule(rule) }))
      .filter(({ pattern }) => hostMatches(pattern, host))
      .toSorted(
        (a, b) => Number(b.pattern === host) - Number(a.pattern === host) || b.pattern.length - a.pattern.length,
      )
    if (closest === undefined) continue
    const { rule } = closest
    const policies = [
      rule.spec?.trafficPolicy,
      ...(rule.spec?.subsets ?? [])
        .filter(({ labels }) => pods.some((pod) => selects(labels, pod.metadata.labels)))
        .map(({ trafficPolicy }) => trafficPolicy),
    ] as (TrafficPolicy | undefined)[]
    if (
      policies
        .flatMap((policy) => [policy?.tls, ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls)])
        .some((tls) => tls?.mode === 'ISTIO_MUTUAL' || tls?.mode === 'MUTUAL')
    )
      return { rule, host }
  }
  return undefined
}

interface TrafficPolicy {
  tls?: { mode?: string }
  portLevelSettings?: { tls?: { mode?: string } }[]
}

function insisted(
  { rule, host }: Insisting,
  pods: readonly [Pod, ...Pod[]],
  { names, reason }: { names: string[]; reason: string },
  subject: Found['subject'],
  evidence: Evidence,
  target: Target,
): Found {
  const live = evidence.seen('clusters').flatMap((reading: Seen<'clusters'>) => {
    const cluster = reading.value.find(({ name = '', transportSocket }) => {
      const parsed = parseClusterName(name)
      return (
        parsed?.direction === 'outbound' &&
        parsed.host === host &&
        transportSocket?.name === 'envoy.transport_sockets.tls'
      )
    })
    return cluster === undefined
      ? []
      : [proof(reading, `${reading.of?.name ?? 'a proxy'} uses TLS for every endpoint of ${cluster.name ?? ''}`)]
  })
  const moment = Math.max(latestChange([rule]), lastReadinessChange(evidence, target))
  const seen =
    live.length === 0
      ? []
      : observed(
          evidence,
          [host],
          moment,
          'failed in the TLS handshake',
          ({ flags, failure }) => flags.includes('UF') && (failure ?? '').includes('TLS'),
        )
  return {
    code: 'MESH0702',
    standing: seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured',
    subject,
    args: { rule: `${rule.metadata.namespace ?? ''}/${rule.metadata.name}`, host, pods: names, reason },
    because: [podProof(pods[0], evidence), ...live, ...seen],
    scope: [...target.hosts, ...pods.map(podScope)],
  }
}
