import type { Evidence } from '../evidence/evidence.ts'
import type { Namespace, Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { hasEnded, hasProxy, revisionOf } from '../mesh/pods.ts'
import { revisionsOfIstiod } from './facts/asked-revisions.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { podScope, podsOf } from './facts/owners.ts'

/** A namespace has both kinds of injection label, and the one for the revision has no effect: `istio-injection` wins. */
export const injectionLabelConflict = defineCheck({
  name: 'injection-label-conflict',
  about: 'no namespace of the target has two labels that ask for different injection',
  needs: ['namespaces', 'pods'],
  problems: {
    MESH0704: {
      severity: 'warning',
      title: 'two injection labels conflict',
      covers: ['IST0123'],
      says: '{subject} has both istio-injection={injection} and istio.io/rev={revision}: the first wins, and revision {revision} injects nothing here',
      remedy: 'Remove one of the two labels from {subject}, then restart its pods.',
    },
  },
  run(evidence, target) {
    const namespaces = new Set([
      target.namespace,
      ...podsOf(target, evidence).map(({ metadata }) => metadata.namespace ?? ''),
    ])
    return evidence
      .found('namespaces')
      .filter(({ object }) => namespaces.has(object.metadata.name))
      .flatMap(({ object, reading }): Found[] => {
        const injection = object.metadata.labels?.['istio-injection']
        const revision = object.metadata.labels?.['istio.io/rev']
        if (injection === undefined || revision === undefined) return []
        const pods = podsOf(target, evidence).filter(
          (pod) => pod.metadata.namespace === object.metadata.name && !hasEnded(pod),
        )
        // Pods that the revision injected after all, as when it is the default one, speak against a conflict.
        if (pods.some((pod) => revisionOf(pod) === revision)) return []
        const live = otherwise(object, revision, pods, evidence)
        return [
          {
            code: 'MESH0704',
            standing: standingOf({ live }),
            subject: refOf(object),
            args: { injection, revision },
            because: [
              proof(
                reading,
                `Namespace ${object.metadata.name} has the labels istio-injection=${injection} and istio.io/rev=${revision}`,
              ),
              ...live,
            ],
            scope: [...target.hosts, ...pods.map(podScope)],
          },
        ]
      })
  },
})

/** Pods that another revision injected, or none. A label that is no istiod's revision may be a tag, and stand for the very revision that injected them. */
function otherwise({ metadata }: Namespace, revision: string, pods: readonly Pod[], evidence: Evidence): Proof[] {
  const reading = evidence.seen('pods').find(({ value }) => value.some((pod) => pods.includes(pod)))
  if (reading === undefined || !revisionsOfIstiod(evidence).has(revision)) return []
  const injected = pods.map(
    (pod) =>
      `${pod.metadata.name} ${hasProxy(pod) ? `by ${revisionOf(pod) ?? 'an unknown revision'}` : 'not injected'}`,
  )
  return [
    proof(
      reading,
      `no pod of the target in ${metadata.name} was injected by revision ${revision}`,
      injected.join('\n'),
    ),
  ]
}
