import { rootNamespaceOf } from '../checks/facts/root-namespace-of.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { routesFor } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { actsOn } from '../mesh/authorization.ts'
import { rulesOfHost } from '../mesh/destination-rules.ts'
import type { KubernetesObject, Sidecar } from '../mesh/objects.ts'
import { showsHost } from '../mesh/sidecars.ts'
import type { Target } from '../mesh/target.ts'
import { isGatewayPod } from '../checks/facts/gateway-pod.ts'

/** The letters that two names begin with alike. */
function sharedBeginning(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return at
}

/**
 * Namespaces that objects single out for requests to the target: they have a rule, a Sidecar's egress or a route of their own for its hosts, or a policy of the
 * target names them.
 */
export function callersNamed(target: Target, evidence: Evidence): ReadonlySet<string> {
  const namespaceOf = ({ metadata }: KubernetesObject): string => metadata.namespace ?? ''
  const shows = (one: Sidecar): boolean => target.hosts.some((host) => showsHost(one, host, target.namespace))
  const policies = evidence
    .objects('authorization-policies')
    .filter((one) => podsOf(target, evidence).some((pod) => actsOn(one, pod, rootNamespaceOf(evidence))))
  const text = JSON.stringify(policies.map(({ spec }) => spec ?? {}))
  return new Set([
    ...target.hosts.flatMap((host) => rulesOfHost(evidence.objects('destination-rules'), host)).map(namespaceOf),
    ...evidence
      .objects('sidecars')
      .filter((one) => (one.spec?.egress ?? []).length > 0 && shows(one))
      .map(namespaceOf),
    ...routesFor(evidence, target).map(namespaceOf),
    ...[...text.matchAll(/"namespaces":\[([^\]]*)\]/g)].flatMap(([, names = '']) =>
      names.replaceAll('"', '').split(','),
    ),
    ...[...text.matchAll(/\/ns\/([^/"]+)\/sa\//g)].flatMap(([, name]) => name ?? []),
  ])
}

/** Whether Prometheus has the workload of a pod as a caller: pods are named by what made them. */
export const isCounted = ({ name, namespace }: { name: string; namespace: string }, evidence: Evidence): boolean =>
  evidence
    .seen('traffic-callers')
    .flatMap(({ value }) => value)
    .some((one) => (one.namespace ?? namespace) === namespace && name.startsWith(`${one.workload}-`))

/**
 * Sidecars of the mesh other than the target's: who may call it. Those of its own namespace come first, then those of namespaces that
 * Prometheus has callers in, that objects single out, then
 * of those whose names begin as the target's does.
 */
export function possibleCallers(target: Target, evidence: Evidence): { name: string; namespace: string }[] {
  const own = new Set(target.pods.map(({ namespace = '', name }) => `${namespace}/${name}`))
  const gateways = new Set(
    evidence
      .objects('pods')
      .filter((pod) => isGatewayPod(pod, evidence))
      .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
  )
  const named = callersNamed(target, evidence)
  const proxies = evidence.seen('proxy-status').flatMap(({ value }) => value)
  const counted = new Set(proxies.flatMap((one) => (isCounted(one, evidence) ? [one.namespace] : [])))
  const rankOf = (namespace: string): number =>
    namespace === target.namespace
      ? Infinity
      : (named.has(namespace) ? 1000 : 0) +
        (counted.has(namespace) ? 2000 : 0) +
        sharedBeginning(namespace, target.namespace)
  const known = new Set<string>()
  const root = rootNamespaceOf(evidence)
  return proxies
    .filter(({ name, namespace }) => {
      const key = `${namespace}/${name}`
      // What runs beside istiod is a gateway, and calls nobody of its own accord.
      if (namespace === root || own.has(key) || gateways.has(key) || known.has(key)) return false
      known.add(key)
      return true
    })
    .toSorted(
      (a, b) =>
        (a.namespace === b.namespace ? 0 : rankOf(b.namespace) - rankOf(a.namespace)) ||
        a.namespace.localeCompare(b.namespace, 'en') ||
        a.name.localeCompare(b.name, 'en'),
    )
}
