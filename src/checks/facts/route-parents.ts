import type { Evidence } from '../../evidence/evidence.ts'
import { namespacesAllowed } from '../../mesh/conversion.ts'
import type { GatewayObject, Listener, ListenerSet, ObjectReference } from '../../mesh/gateway-api.ts'
import { listenerConflicts } from '../../mesh/listener-conflicts.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { newest, value, values } from './clause.ts'
import { obstacle, type Obstacle } from './obstacle.ts'

/** The host that a listener takes: every one unless it says otherwise. */
export const hostOf = ({ hostname }: Listener): string => (hostname === undefined || hostname === '' ? '*' : hostname)

/** The Gateway that a parent is, or whose listeners it adds to. */
export interface Place {
  gateway: GatewayObject
  set?: ListenerSet
}

/** Why there is no such place; the route's own matter unless a `subject` is named. */
export interface Nowhere {
  why: string
  remedy: string
  subject?: KubernetesObject
}

/** The place that a route's parent names. */
export function placeOf(parent: ObjectReference, own: string, evidence: Evidence): Place | Nowhere {
  const at = parent.namespace ?? own
  const gateways = evidence.objects('gateway-api-gateways')
  const sets = evidence.objects('listener-sets')
  const nowhere = (kind: string, wanted: string, all: readonly KubernetesObject[]): Nowhere => {
    const near = nearestNames(
      wanted,
      all.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    )
    return {
      why: `it names ${kind} ${value(wanted)} as its parent, which does not exist`,
      remedy:
        near.length === 0
          ? `Create the ${kind}, or name one that exists`
          : `Name a ${kind} that exists; nearest: ${values(near)}`,
    }
  }
  if (parent.kind !== 'ListenerSet') {
    const gateway = gateways.find(({ metadata }) => metadata.namespace === at && metadata.name === parent.name)
    return gateway === undefined ? nowhere('Gateway', `${at}/${parent.name}`, gateways) : { gateway }
  }
  const set = sets.find(({ metadata }) => metadata.namespace === at && metadata.name === parent.name)
  if (set === undefined) return nowhere('ListenerSet', `${at}/${parent.name}`, sets)
  const { namespace = at, name = '' } = set.spec?.parentRef ?? {}
  const gateway = gateways.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (gateway === undefined) return { ...nowhere('Gateway', `${namespace}/${name}`, gateways), subject: set }
  return letsIn(gateway, set, evidence)
    ? { gateway, set }
    : {
        subject: newest<KubernetesObject>([set, gateway]) ?? set,
        why: `${formatRef(refOf(gateway))} allows no ListenerSets from namespace ${value(at)}, and ${formatRef(refOf(set))} adds listeners to it`,
        remedy: `Allow namespace ${value(at)} in the Gateway's allowedListeners`,
      }
}

/** True when a Gateway takes a ListenerSet; none, unless it says otherwise. */
const letsIn = ({ metadata, spec }: GatewayObject, set: ListenerSet, evidence: Evidence): boolean => {
  const namespaces = { from: 'None', ...spec?.allowedListeners?.namespaces }
  const allowed = namespacesAllowed(
    { name: '', port: 0, allowedRoutes: { namespaces } },
    metadata.namespace ?? '',
    evidence.objects('namespaces'),
  )
  return allowed.includes('*') || allowed.includes(set.metadata.namespace ?? '')
}

/** Why none of the listeners asked about takes requests: others have their ports or hostnames. */
export function conflictObstacle(
  gateway: GatewayObject,
  holder: GatewayObject | ListenerSet,
  names: readonly string[],
  evidence: Evidence,
): Obstacle | undefined {
  const sets = evidence
    .objects('listener-sets')
    .filter(
      (set) =>
        set.spec?.parentRef?.name === gateway.metadata.name &&
        (set.spec.parentRef.namespace ?? set.metadata.namespace) === gateway.metadata.namespace &&
        letsIn(gateway, set, evidence),
    )
  const lost = listenerConflicts(gateway, sets).filter(
    ({ listener, owner }) => owner === holder && names.includes(listener.name),
  )
  const [first] = lost
  if (first === undefined || lost.length < names.length) return undefined
  const { listener, winner } = first
  const text = ({ name, port, protocol = 'HTTP', hostname }: Listener): string =>
    value(`${name} (${protocol} ${hostname ?? '*'}:${port})`)
  return obstacle(
    holder,
    `its listener ${text(listener)} gets no requests: ${text(winner.listener)} of ${formatRef(refOf(winner.owner))} has ${hostOf(winner.listener) === hostOf(listener) ? 'that hostname and port' : 'that port'} already`,
    winner.owner === holder
      ? 'Give the two listeners different ports or hostnames'
      : `Attach the route to ${formatRef(refOf(winner.owner))}, or give the two listeners different ports or hostnames`,
  )
}
