import { proof, type Proof } from '../check.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteObject } from '../../mesh/conversion.ts'
import { GATEWAY_API, hostOfBackend, isService } from '../../mesh/conversion.ts'
import type { ObjectReference, ReferenceGrant } from '../../mesh/gateway-api.ts'
import { grants, ROUTE_KINDS } from '../../mesh/gateway-api.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { registryOf } from './registry.ts'
import { conditionsAt } from './attachment.ts'
import { newest, value, values } from './clause.ts'
import type { Obstacle } from './obstacle.ts'

/** What of the route's namespace or kind, or of the backend, a grant names: it was meant for something alike. */
const isNear = ({ spec }: ReferenceGrant, route: RouteObject, ref: ObjectReference): boolean =>
  (spec?.from ?? []).some(({ namespace }) => namespace === route.metadata.namespace) ||
  (spec?.to ?? []).some(({ name }) => name === ref.name) ||
  (spec?.from ?? []).some(
    ({ kind, namespace }) =>
      kind === route.kind && nearestNames(namespace, [route.metadata.namespace ?? '']).length > 0,
  )

/** A kind as a grant names it, with its group when that is another than it usually has. */
const kindIn = ({ group, kind }: { group: string; kind: string }, usual: string): string =>
  group === usual ? kind : `${kind} of ${group === '' ? 'the core group' : `group ${group}`}`

/** A backend that requests do not get to. */
export interface BackendTrouble extends Obstacle {
  ref: ObjectReference
  /** False when what lacks is a ReferenceGrant. */
  isGranted: boolean
}

const isStream = ({ kind }: RouteObject): boolean => kind === 'TCPRoute' || kind === 'TLSRoute'

/** What is wrong with one backend of a route; undefined when nothing is. */
export function backendTrouble(
  route: RouteObject,
  ref: ObjectReference,
  evidence: Evidence,
): BackendTrouble | undefined {
  const own = route.metadata.namespace ?? ''
  const at = ref.namespace ?? own
  const kind = ROUTE_KINDS[route.kind]
  const [reading] = kind === undefined ? [] : evidence.seen(kind)
  const conditions = (route.spec?.parentRefs ?? []).flatMap((parent) => conditionsAt(route, parent))
  const because: Proof[] =
    reading === undefined
      ? []
      : conditions
          .filter(({ type }) => type === 'ResolvedRefs')
          .slice(0, 1)
          .map(({ reason = '', message = '' }) =>
            proof(
              reading,
              `Istio's controller says that the references of ${formatRef(refOf(route))} are not resolved`,
              `${reason}: ${message}`,
            ),
          )
  const trouble = (subject: KubernetesObject, why: string, remedy: string, isGranted = true): BackendTrouble => ({
    ref,
    isGranted,
    subject: refOf(subject),
    why,
    remedy,
    because,
  })
  const host = hostOfBackend(ref, own, evidence.clusterDomain)
  if (host === undefined)
    return trouble(
      route,
      `it sends requests to a ${value(ref.kind ?? '')} of ${value(ref.group ?? '')}, which Istio does not route to`,
      'Send them to a Service',
    )
  if (!isService(ref)) {
    const registry = registryOf(evidence)
    return registry.of(host).length > 0
      ? undefined
      : trouble(
          route,
          `it sends requests to ${value(host)}, which no Service or ServiceEntry registers`,
          'Correct the host, or register it',
        )
  }
  const service = evidence.object('services', at, ref.name)
  const about = `Service ${at}/${ref.name}`
  if (at !== own && evidence.seen('reference-grants').length > 0) {
    const there = evidence.objects('reference-grants').filter(({ metadata }) => metadata.namespace === at)
    if (!there.some((grant) => grants(grant, route, ref))) {
      const near = there.filter((grant) => isNear(grant, route, ref))
      const blamed = newest<KubernetesObject>([route, ...near]) ?? route
      return trouble(
        blamed,
        blamed === route
          ? `it sends requests to ${about}, and no ReferenceGrant in namespace ${value(at)} allows that to ${route.kind}s of namespace ${value(own)}: ${isStream(route) ? 'connections are closed' : 'they are answered 500'}`
          : `it does not allow ${formatRef(refOf(route))} to send requests to ${about}: it is for ${values((blamed as ReferenceGrant).spec?.from?.map((one) => `${kindIn(one, GATEWAY_API)} of ${one.namespace}`) ?? [])}, to ${values((blamed as ReferenceGrant).spec?.to?.map((one) => `${kindIn(one, '')} ${one.name ?? '(any)'}`) ?? [])}`,
        `Allow it with a ReferenceGrant in namespace ${value(at)}`,
        false,
      )
    }
  }
  if (service === undefined) {
    const names = evidence.objects('services').filter(({ metadata }) => metadata.namespace === at)
    const near = nearestNames(
      ref.name,
      names.map(({ metadata }) => metadata.name),
    )
    return trouble(
      route,
      `it sends requests to ${about}, which does not exist${near.length === 0 ? '' : `; nearest: ${values(near)}`}`,
      near.length === 0 ? 'Create the Service, or name one that exists' : `Name a Service that exists: ${values(near)}`,
    )
  }
  const ports = (service.spec?.ports ?? []).map(({ port }) => port)
  if (ref.port === undefined || !ports.includes(ref.port))
    return trouble(
      newest<KubernetesObject>([route, service]) ?? route,
      `requests are sent to port ${value(ref.port ?? '')} of ${about}, which has ${ports.length === 0 ? 'no ports' : `only ${values(ports.map(String))}`}`,
      'Make the two ports match',
    )
  return undefined
}

/** What is wrong with the backends of one rule, `NAMESPACE.NAME.RULE`, or of all; those that get no share of the requests left out. */
export function backendTroubles(route: RouteObject, rule: number | undefined, evidence: Evidence): BackendTrouble[] {
  const rules = route.spec?.rules ?? []
  const asked = rule === undefined ? rules : rules.slice(rule, rule + 1)
  return asked
    .flatMap(({ backendRefs = [] }): ObjectReference[] => backendRefs)
    .filter(({ weight }) => weight !== 0)
    .flatMap((ref) => backendTrouble(route, ref, evidence) ?? [])
}
