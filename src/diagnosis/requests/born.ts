import { allGateways, allRoutes } from '../../checks/facts/routes.ts'
import { gatewayHost } from '../../mesh/host.ts'
import { boundAs, hostsOf } from '../../mesh/routing.ts'
import { hostOfService } from '../../mesh/host.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'

/** When the first of the target's Services was made (milliseconds since the epoch; 0 when it has none): what was asked for before was something else of that name. */
export function targetBorn(target: Target, evidence: Evidence): number {
  const times = target.services.map(({ namespace = '', name }) =>
    Date.parse(evidence.object('services', namespace, name)?.metadata.creationTimestamp ?? ''),
  )
  return times.length === 0 || times.some(Number.isNaN) ? 0 : Math.min(...times)
}

/**
 * When the first of the objects that name a host now was made (milliseconds since the epoch; 0 when none does): requests from before met another mesh.
 */
export function bornOf(target: Target, evidence: Evidence): (host: string) => number {
  const objects: { hosts: string[]; object: KubernetesObject }[] = [
    ...allRoutes(evidence).map((object) => ({ object, hosts: boundAs(object, allRoutes(evidence)).flatMap(hostsOf) })),
    ...allGateways(evidence).map((object) => ({
      object,
      hosts: (object.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
    })),
    ...evidence.objects('service-entries').map((object) => ({ object, hosts: object.spec?.hosts ?? [] })),
    ...evidence
      .objects('services')
      .filter((object) => target.hosts.includes(hostOfService(object)))
      .map((object) => ({
        object,
        hosts: [
          hostOfService(object),
          object.metadata.name,
          `${object.metadata.name}.${object.metadata.namespace ?? ''}`,
          `${object.metadata.name}.${object.metadata.namespace ?? ''}.svc`,
        ],
      })),
  ]
  const bornWith = (host: string): number => {
    const times = objects
      .filter(({ hosts }) => hosts.includes(host))
      .map(({ object }) => Date.parse(object.metadata.creationTimestamp ?? ''))
    return times.length === 0 || times.some(Number.isNaN) ? 0 : Math.min(...times)
  }
  // Of thousands of requests, few differ in their hosts.
  const known = new Map<string, number>()
  return (host) => {
    const born = known.get(host) ?? bornWith(host)
    known.set(host, born)
    return born
  }
}
