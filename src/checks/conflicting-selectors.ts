import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { KubernetesObject, Labels, Pod, PolicyObject } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import { mtlsInForce, policiesOfPod } from '../mesh/mutual-tls.ts'
import { hasProxy } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { answerOf } from '../mesh/transport.ts'
import type { Code, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { once } from './facts/fact.ts'
import { podScope, podsOf } from './facts/owners.ts'
import { readingFor } from './facts/readings.ts'

/** Two objects of which only one can act both select a pod: istiod takes the older, and the other does nothing, unsaid. */
export const conflictingSelectors = defineCheck({
  name: 'conflicting-selectors',
  about: 'no two PeerAuthentications, Sidecars or Telemetries of one level select the same pod',
  needs: ['peer-authentications', 'sidecars', 'telemetries', 'pods'],
  confirms: ['listeners'],
  problems: {
    MESH0506: {
      severity: 'warning',
      title: 'PeerAuthentication without effect',
      says: '{subject} and {acts} both select {pods}; the older one, {acts}, applies, and {subject} has no effect',
      remedy: 'Merge {subject} into {acts}, or give each its own selector.',
      kiali: ['KIA0002', 'KIA0003'],
    },
    MESH0705: {
      severity: 'warning',
      title: 'Sidecar without effect',
      covers: ['IST0110', 'IST0111'],
      kiali: ['KIA0002', 'KIA0003'],
      says: '{subject} and {acts} both select {pods}; the older one, {acts}, applies, and {subject} has no effect',
      remedy: 'Merge {subject} into {acts}, or give each its own selector.',
    },
    MESH0706: {
      severity: 'warning',
      title: 'Telemetry without effect',
      covers: ['IST0160'],
      says: '{subject} and {acts} both select {pods}; the older one, {acts}, applies, and {subject} has no effect',
      remedy: 'Merge {subject} into {acts}, or give each its own selector.',
    },
  },
  run(evidence, target) {
    const pods = podsOf(target, evidence).filter(hasProxy)
    return [
      ...overruled(
        'MESH0506',
        pods,
        (pod) => policiesOfPod(pod, evidence.objects('peer-authentications'), rootNamespaceOf(evidence)),
        evidence,
        target,
      ),
      ...overruled(
        'MESH0705',
        pods,
        (pod) => levelsOf(pod, evidence.objects('sidecars'), ({ spec }) => spec?.workloadSelector?.labels),
        evidence,
        target,
      ),
      ...overruled(
        'MESH0706',
        pods,
        (pod) => levelsOf(pod, evidence.objects('telemetries'), telemetryLabels).slice(1),
        evidence,
        target,
      ),
    ]
  },
})

/** Of Telemetries with a selector each acts, and the younger overrule the older: these are left out. With target references they are for something else. */
const telemetryLabels = ({ spec }: PolicyObject): Labels | undefined =>
  spec?.targetRefs === undefined
    ? (spec?.selector as { matchLabels?: Labels } | undefined)?.matchLabels
    : { 'by target reference': '' }

const KINDS = { MESH0506: 'peer-authentications', MESH0705: 'sidecars', MESH0706: 'telemetries' } as const

/** Objects of the pod's namespace that select it by labels, and those that select every pod there; each level the oldest first. */
function levelsOf<T extends KubernetesObject>(
  pod: Pod,
  objects: readonly T[],
  labelsOf: (object: T) => Labels | undefined,
): T[][] {
  const near = objects
    .filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
    .toSorted(
      (a, b) =>
        (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
        a.metadata.name.localeCompare(b.metadata.name, 'en'),
    )
  return [
    near.filter((one) => selects(labelsOf(one), pod.metadata.labels)),
    near.filter((one) => Object.keys(labelsOf(one) ?? {}).length === 0),
  ]
}

const effect = once(({ spec }: KubernetesObject): string =>
  JSON.stringify({ ...(spec as object | undefined), selector: undefined, workloadSelector: undefined }),
)

/** The younger objects of a level, by object, with the pods on which they have no effect; the same thing said twice is no conflict. */
function overruled(
  code: keyof typeof KINDS,
  pods: readonly Pod[],
  levels: (pod: Pod) => KubernetesObject[][],
  evidence: Evidence,
  target: Target,
): Found[] {
  const hits = pods.flatMap((pod) =>
    levels(pod).flatMap(([acts, ...others]) =>
      acts === undefined ? [] : others.filter((one) => effect(one) !== effect(acts)).map((one) => ({ one, acts, pod })),
    ),
  )
  return [...Map.groupBy(hits, ({ one }) => one)].map(([one, group]) => {
    const acts = refOf(group[0]?.acts ?? one)
    const own = group.map(({ pod }) => pod)
    const live = code === 'MESH0506' ? asTheOlder(own, evidence) : []
    return found(code, one, formatRef(acts), own, live, evidence, target)
  })
}

function found(
  code: Code & keyof typeof KINDS,
  one: KubernetesObject,
  acts: string,
  pods: readonly Pod[],
  live: readonly Proof[],
  evidence: Evidence,
  target: Target,
): Found {
  const kind = KINDS[code]
  const reading = readingFor(kind, evidence)
  return {
    code,
    standing: live.length > 0 ? 'live' : 'configured',
    subject: refOf(one),
    args: { acts, pods: pods.map(({ metadata }) => metadata.name) },
    because: [
      proof(
        reading,
        `${acts} is older than ${formatRef(refOf(one))} (${one.metadata.creationTimestamp ?? 'no time'}), and selects the same pods`,
      ),
      ...live,
    ],
    scope: [...target.hosts, acts, ...pods.map(podScope)],
  }
}

/** Pods whose listeners take at their declared ports what the policies in force say, the younger ones left out. */
function asTheOlder(pods: readonly Pod[], evidence: Evidence): Proof[] {
  const policies = evidence.objects('peer-authentications')
  return pods.flatMap((pod) => {
    const listeners = evidence.seenOf('listeners', refOf(pod))
    const port = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports)[0]?.containerPort
    if (listeners === undefined || port === undefined) return []
    const { mode } = mtlsInForce(pod, port, policies, rootNamespaceOf(evidence))
    const plain = answerOf(listeners.value, port, 'plaintext') === 'taken'
    const mutual = answerOf(listeners.value, port, 'mutual') === 'taken'
    return plain === (mode !== 'STRICT') && mutual === (mode !== 'DISABLE')
      ? [proof(listeners, `the sidecar of ${pod.metadata.name} does at port ${port} what ${mode} says`)]
      : []
  })
}
