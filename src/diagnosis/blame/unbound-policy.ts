import { nearlySelecting, selectingNothing, selectorOf } from '../../checks/facts/nearly-selecting.ts'
import { missesOf } from '../../mesh/authorization.ts'
import type { AuthorizationPolicy, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Case, Lead } from './lead.ts'
import { value, wasChangedLast } from './lead.ts'
import { factsOf } from './request-facts.ts'

/** Policies of a pod's namespace that act on nothing since one was changed, after all others: whatever their selector says now, they acted on some pod before. */
function unboundLately(pod: Pod, { evidence }: Case): AuthorizationPolicy[] {
  const all = evidence
    .objects('authorization-policies')
    .filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
  return selectingNothing(all, pod, evidence).filter((policy) =>
    wasChangedLast(
      policy,
      all.filter((other) => other !== policy),
    ),
  )
}

/**
 * Where no policy at a pod allows a request: those that may allow it and act on nothing, since their selector is spelt otherwise than the pod's labels, or was changed last.
 * A rule that the request surely does not meet would not have helped.
 */
export function unboundPolicies(pod: Pod | undefined, one: Case): Lead[] {
  const [first] = one.followed.present.failures
  if (pod === undefined) return []
  const facts = first === undefined ? {} : factsOf(first, one)
  const near = nearlySelecting(one.evidence.objects('authorization-policies'), pod, one.evidence)
  return [...near, ...unboundLately(pod, one).filter((policy) => !near.includes(policy))]
    .filter(
      ({ spec }) =>
        (spec?.action ?? 'ALLOW') === 'ALLOW' &&
        (spec?.rules ?? []).some((rule) => missesOf(rule, facts).every(({ sure }) => !sure)),
    )
    .map((policy) => ({
      code: 'MESH0531',
      isDeeper: true,
      subject: refOf(policy),
      why: `it may allow these requests, and acts on nothing: no pod in ${value(policy.metadata.namespace ?? '')} has the labels of its selector, ${value(selectorOf(policy))}`,
      remedy: `Make its selector match the labels of ${value(pod.metadata.name)}`,
    }))
}
