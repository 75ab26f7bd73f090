import { httpRoutesFor } from '../../checks/facts/http-routes.ts'
import { negativeConditions } from '../../mesh/gateway-api.ts'
import { isExportedTo } from '../../mesh/destination-rules.ts'
import { gatewayHost, hostMatches } from '../../mesh/host.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Gateway, HttpMatch, HttpRoute, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { concerns, destinationsOf, gatewayKey, gatewaysOf, hostsOf, serversTaking } from '../../mesh/routing.ts'
import { originOfRoute } from '../../mesh/envoy.ts'
import { gatewaysOf as gatewaysServedBy, gatewaysTaking, serviceEntryOf, serviceOf } from '../follow/destination.ts'
import type { Trace } from '../follow/trace.ts'
import { hiddenFrom } from './hidden.ts'
import type { Case, Lead } from './lead.ts'
import { eachOnce, newest, value, values } from './lead.ts'

const asked = ({ sent: { request } }: Trace): string => `${request.method} ${request.path.replace(/\?.*$/s, '')}`

/** Whether the part of a match that the request decides takes it; what is not known of a request counts as met. */
function takesPath({ uri, ignoreUriCase }: HttpMatch, path: string): boolean {
  const cased = (text: string): string => (ignoreUriCase === true ? text.toLowerCase() : text)
  if (uri?.exact !== undefined) return cased(uri.exact) === cased(path)
  return uri?.prefix === undefined || cased(path).startsWith(cased(uri.prefix))
}

const takes = ({ match = [] }: HttpRoute, path: string): boolean =>
  match.length === 0 || match.some((one) => takesPath(one, path))

/** The VirtualServices that a route of the root hands over to. */
function delegatesOf(
  root: VirtualService,
  all: readonly VirtualService[],
): { route: HttpRoute; name: string; namespace: string; object?: VirtualService }[] {
  return (root.spec?.http ?? []).flatMap((route) => {
    if (route.delegate?.name === undefined) return []
    const { name, namespace = root.metadata.namespace ?? '' } = route.delegate
    const object = all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
    return [{ route, name, namespace, ...(object !== undefined && { object }) }]
  })
}

/** Why a delegate adds no route that takes the request. */
function delegateLead(root: VirtualService, path: string, all: readonly VirtualService[]): Lead[] {
  return delegatesOf(root, all)
    .filter(({ route }) => takes(route, path))
    .map(({ route, name, namespace, object }): Lead => {
      if (object === undefined) {
        const near = nearestNames(
          name,
          all.map(({ metadata }) => metadata.name),
        )
        return {
          code: 'MESH0131',
          subject: refOf(root),
          why: `it hands ${value(path)} over to VirtualService ${value(`${namespace}/${name}`)}, which does not exist`,
          remedy:
            near.length === 0
              ? 'Create the delegate, or route here'
              : `Name a delegate that exists; nearest: ${values(near)}`,
        }
      }
      const subject = refOf(object)
      if ((object.spec?.hosts ?? []).length > 0)
        return {
          code: 'MESH0131',
          subject,
          why: `${formatRef(refOf(root))} hands ${value(path)} over to it, and it has hosts of its own: a delegate has none`,
          remedy: 'Take its hosts and gateways away',
        }
      if (!isExportedTo(object.spec?.exportTo, object.metadata.namespace ?? '', root.metadata.namespace ?? ''))
        return {
          code: 'MESH0131',
          subject,
          why: `it is exported to ${values(object.spec?.exportTo ?? [])} only, and ${formatRef(refOf(root))}, which hands ${value(path)} over to it, is in namespace ${value(root.metadata.namespace ?? '')}`,
          remedy: `Export it to namespace ${value(root.metadata.namespace ?? '')} too`,
        }
      const mine = (object.spec?.http ?? []).some((one) => takes(one, path))
      return mine || (object.spec?.http ?? []).length === 0
        ? {
            code: 'MESH0131',
            subject,
            why: `${formatRef(refOf(root))} hands ${value(path)} over to it, and none of its routes takes effect${(route.match ?? []).length > 0 ? ': the match of a delegate must lie within that of the route that hands over' : ''}`,
            remedy: 'Let one of its routes take what is handed over to it',
          }
        : {
            code: 'MESH0131',
            subject,
            why: `${formatRef(refOf(root))} hands ${value(path)} over to it, and none of its routes takes that path`,
            remedy: `Add a route that takes ${value(path)}`,
          }
    })
}

/** A VirtualService for the host whose routes take no such request. */
function noMatch(one: VirtualService, trace: Trace, all: readonly VirtualService[]): Lead[] {
  const path = trace.sent.request.path.replace(/\?.*$/s, '')
  const delegated = delegateLead(one, path, all)
  if (delegated.length > 0) return delegated
  const routes = one.spec?.http ?? []
  const near = routes.filter((route) => takes(route, path))
  const conditions = near
    .flatMap(({ match = [] }) => match)
    .flatMap(({ headers = {}, method, queryParams, sourceLabels, sourceNamespace }) => [
      ...Object.keys(headers).map((name) => `header ${value(name)}`),
      ...(method === undefined ? [] : ['a method']),
      ...(queryParams === undefined ? [] : ['a query parameter']),
      ...(sourceLabels === undefined ? [] : ['labels of the caller']),
      ...(sourceNamespace === undefined ? [] : [`callers of namespace ${value(sourceNamespace)}`]),
    ])
  const why =
    routes.length === 0
      ? 'it has no HTTP routes'
      : near.length === 0
        ? `none of its routes takes ${value(asked(trace))}`
        : `its routes for that path ask for ${[...new Set(conditions)].join(', ') || 'more'}, and none takes the other requests`
  return [{ code: 'MESH0131', subject: refOf(one), why, remedy: `Add a route that takes ${value(asked(trace))}` }]
}

/** Why a VirtualService that has the host has no route at the gateway's proxy. */
function withoutEffect(one: VirtualService, host: string, trace: Trace, { evidence }: Case): Lead[] {
  const pod = trace.callerPod
  const subject = refOf(one)
  const served = gatewaysServedBy(pod, evidence)
  const bound = served.filter((gateway) => gatewaysOf(one).includes(gatewayKey(gateway)))
  const at = pod.metadata.namespace ?? ''
  if (!isExportedTo(one.spec?.exportTo, one.metadata.namespace ?? '', at))
    return [
      {
        code: 'MESH0131',
        subject,
        why: `it is exported to ${values(one.spec?.exportTo ?? [])} only, and the gateway that takes ${value(host)} runs in namespace ${value(at)}`,
        remedy: `Export it to namespace ${value(at)} too`,
      },
    ]
  if (bound.length === 0) {
    const named = gatewaysOf(one)
    const existing = evidence.objects('gateways').filter((gateway) => named.includes(gatewayKey(gateway)))
    // A Gateway that exists and is served elsewhere is as likely the mistake as who names it.
    const blamed = newest([one, ...existing]) ?? one
    return [
      {
        code: 'MESH0131',
        subject: refOf(blamed),
        why:
          blamed === one
            ? `it is bound to ${values(named)}, and none of the Gateways that ${value(pod.metadata.name)} serves is among them`
            : `its selector does not take ${value(pod.metadata.name)}, where requests for ${value(host)} arrive, and ${formatRef(subject)} is bound to it`,
        remedy:
          blamed === one
            ? `Bind it to ${values((gatewaysTaking(host, evidence).length > 0 ? gatewaysTaking(host, evidence) : served).map(gatewayKey))}`
            : `Let its selector take the pods that serve ${value(host)}`,
      },
    ]
  }
  const open = bound.filter((gateway) => serversTaking(gateway, one, host).length > 0)
  if (open.length === 0) {
    const [gateway] = bound
    const blamed = gateway === undefined ? one : (newest<VirtualService | Gateway>([one, gateway]) ?? one)
    const hosts = bound.flatMap(({ spec }) => spec?.servers ?? []).flatMap((server) => server.hosts ?? [])
    return [
      {
        code: 'MESH0131',
        subject: refOf(blamed),
        why: `the servers of ${bound.map((each) => formatRef(refOf(each))).join(', ')} take ${values(hosts)}, and ${formatRef(subject)} is for ${value(host)}`,
        remedy: `Let a server take ${value(host)} from namespace ${value(one.metadata.namespace ?? '')}`,
      },
    ]
  }
  return []
}

/** Who is to blame when a gateway has no route for a request. */
function atGateway(trace: Trace, one: Case): Lead[] {
  const { evidence, target } = one
  const host = trace.question.host
  const all = evidence.objects('virtual-services')
  const exact = all.filter((vs) => hostsOf(vs).some((pattern) => hostMatches(pattern, host)))
  const mine = exact.filter((vs) => concerns(vs, target.hosts))
  const { virtualHost } = trace.walk.route ?? {}
  const hasRoutes = virtualHost !== undefined && virtualHost.name?.startsWith('blackhole:') !== true
  if (hasRoutes) {
    const origins = (virtualHost.routes ?? []).flatMap((route) => originOfRoute(route) ?? [])
    const owners = mine.filter(
      (vs) =>
        origins.length === 0 ||
        origins.some(({ name, namespace }) => vs.metadata.name === name && vs.metadata.namespace === namespace),
    )
    const leads = eachOnce([
      ...mine.filter((vs) => !owners.includes(vs)).flatMap((vs) => withoutEffect(vs, host, trace, one)),
      ...owners.flatMap((vs) => noMatch(vs, trace, all)),
    ])
    if (leads.length > 0) return leads
  }
  if (mine.length > 0) {
    const leads = eachOnce(mine.flatMap((vs) => withoutEffect(vs, host, trace, one)))
    if (leads.length > 0) return leads
    return mine.flatMap((vs) => noMatch(vs, trace, all))
  }
  const conditions = httpRoutesFor(evidence, target).flatMap((route) =>
    negativeConditions(route).map((condition) => ({ route, condition })),
  )
  if (conditions.length > 0)
    return eachOnce(
      conditions.map(({ route, condition }): Lead => ({
        code: 'MESH0131',
        subject: refOf(route),
        why: `${value(condition.parent)} does not take it: ${value(`${condition.type}=False ${condition.reason ?? ''}`)} (${value(condition.message ?? '')})`,
        remedy: 'Correct what the condition names',
      })),
    )
  const routes = httpRoutesFor(evidence, target)
  if (routes.length > 0 && exact.length === 0)
    return eachOnce(
      routes.map((route): Lead => ({
        code: 'MESH0131',
        subject: refOf(route),
        why: `none of its rules takes ${value(asked(trace))} for ${value(host)} at ${value(trace.callerPod.metadata.name)}`,
        remedy: `Add a rule or hostname that takes it`,
      })),
    )
  // Nothing is for this very host: what was plainly meant for it, then the Gateway that takes a host which nothing serves.
  const near = all.filter((vs) => concerns(vs, target.hosts) && nearestNames(host, hostsOf(vs)).length > 0)
  const [closest] = near
  if (closest !== undefined)
    return [
      {
        code: 'MESH0131',
        subject: refOf(closest),
        why: `it is for ${values(hostsOf(closest))}, and requests ask for ${value(host)}, which no VirtualService takes`,
        remedy: `Add ${value(host)} to its hosts`,
      },
    ]
  const leading = all.filter(
    (vs) =>
      destinationsOf(vs).some((to) => target.hosts.includes(to.host)) &&
      hostsOf(vs).length > 0 &&
      gatewaysOf(vs).some((key) => key !== 'mesh'),
  )
  const taking = gatewaysTaking(host, evidence)
  const specific = taking.filter(({ spec }) =>
    (spec?.servers ?? []).some(({ hosts = [] }) => hosts.some((entry) => gatewayHost(entry).host === host)),
  )
  const [vs] = leading
  if (vs !== undefined)
    return [
      {
        code: 'MESH0131',
        subject: refOf(vs),
        why: `it leads to ${value(target.name)} for ${values(hostsOf(vs))}, and requests ask for ${value(host)}, which no VirtualService takes`,
        remedy: `Add ${value(host)} to its hosts`,
      },
    ]
  return (specific.length > 0 ? specific : taking).slice(0, 3).map((gateway) => ({
    code: 'MESH0131',
    subject: refOf(gateway),
    why: `it takes ${value(host)}, and no VirtualService or route is bound to it for that host`,
    remedy: `Create a VirtualService for ${value(host)} that is bound to ${value(gatewayKey(gateway))}`,
  }))
}

/** Who is to blame when a sidecar has no route for a request of its own application. */
function atSidecar(trace: Trace, one: Case): Lead[] {
  const { evidence, target } = one
  const host = trace.question.host
  const { virtualHost } = trace.walk.route ?? {}
  const known = virtualHost !== undefined && virtualHost.name !== 'block_all' && virtualHost.name !== 'allow_any'
  if (!known) {
    const leads = hiddenFrom(trace.callerPod, host, trace.sent.port, one)
    if (leads.length > 0) return leads
    const meant = evidence.objects('virtual-services').filter((vs) => concerns(vs, target.hosts))
    return target.services.length > 0
      ? []
      : meant.slice(0, 1).map((vs) => ({
          code: 'MESH0131',
          subject: refOf(vs),
          why: `it routes for ${value(host)}, which no Service or ServiceEntry registers`,
          remedy: `Create the Service, or route to a host that exists`,
        }))
  }
  const all = evidence.objects('virtual-services')
  const origins = (virtualHost.routes ?? []).flatMap((route) => originOfRoute(route) ?? [])
  const owners = all.filter(
    (vs) =>
      origins.some(({ name, namespace }) => vs.metadata.name === name && vs.metadata.namespace === namespace) ||
      (origins.length === 0 &&
        gatewaysOf(vs).includes('mesh') &&
        hostsOf(vs).some((pattern) => target.hosts.some((each) => hostMatches(pattern, each)))),
  )
  return eachOnce(owners.flatMap((vs) => noMatch(vs, trace, all)))
}

/** VirtualServices for the target that name Gateways which do not exist. */
function boundToNothing({ evidence, target }: Case): Lead[] {
  const keys = evidence.objects('gateways').map(gatewayKey)
  return evidence
    .objects('virtual-services')
    .filter((vs) => concerns(vs, target.hosts))
    .flatMap((vs): Lead[] => {
      const missing = gatewaysOf(vs).filter((key) => key !== 'mesh' && !keys.includes(key))
      return missing.length === 0
        ? []
        : [
            {
              code: 'MESH0131',
              subject: refOf(vs),
              why: `it is bound to Gateway ${values(missing)}, which does not exist, so that no gateway listens for ${values(hostsOf(vs))}`,
              remedy: 'Create the Gateway, or bind it to one that exists',
            },
          ]
    })
}

/** Leads for a request that fails at its caller's listener or routes. */
export function routingLeads(one: Case): Lead[] {
  const { way } = one.followed
  if (way === undefined) return []
  const { trace, failing } = way
  const [hop] = failing
  if (hop === undefined || (hop.stage !== 'listener' && hop.stage !== 'route')) return []
  const policies = hop.objects.filter(({ kind }) => /Policy$|Authentication$|^EnvoyFilter$/.test(kind))
  if (policies.length > 0)
    return policies.map((subject) => ({
      code: 'MESH0531',
      subject,
      why: `at ${value(trace.callerPod.metadata.name)}: ${hop.says.replace(/\.$/, '')}`,
      remedy: 'Let it take these requests',
    }))
  const answering = (trace.walk.route?.branches ?? []).filter(
    ({ outcome, answers }) =>
      outcome.kind === 'direct' ||
      answers.some(({ kind, passes }) => kind === 'fault' && passes !== 'yes') ||
      (outcome.kind === 'clusters' && outcome.clusters.length === 0),
  )
  const makers = answering.flatMap(({ route }) => (route === undefined ? [] : (originOfRoute(route) ?? [])))
  if (hop.stage === 'route' && makers.length > 0)
    return eachOnce(
      makers.map((subject): Lead => ({
        code: 'MESH0131',
        subject,
        why: hop.says.replace(/\.$/, ''),
        remedy: 'Let its route send the requests on',
      })),
    )
  if (hop.stage === 'listener' && trace.caller.kind === 'ingress') {
    const gateways = gatewaysTaking(trace.question.host, one.evidence)
    const own = gateways.filter((gateway) => gatewaysServedBy(trace.callerPod, one.evidence).includes(gateway))
    const meant =
      own.length > 0
        ? own
        : gateways.length > 0
          ? gateways
          : one.evidence
              .objects('gateways')
              .filter((gateway) =>
                one.evidence
                  .objects('virtual-services')
                  .some((vs) => concerns(vs, one.target.hosts) && gatewaysOf(vs).includes(gatewayKey(gateway))),
              )
    const gateway = newest(meant)
    return gateway === undefined
      ? boundToNothing(one)
      : [
          {
            code: 'MESH0131',
            subject: refOf(gateway),
            why: hop.says.replace(/\.$/, ''),
            remedy: `Let a server of it take ${value(trace.question.host)} at the port that is asked for`,
          },
        ]
  }
  if (trace.walk.mismatch !== undefined && trace.caller.kind === 'sidecar') {
    const registered =
      serviceOf(trace.question.host, trace.callerPod.metadata.namespace, one.evidence) ??
      serviceEntryOf(trace.question.host, one.evidence)
    if (registered !== undefined)
      return [
        {
          code: 'MESH0131',
          subject: refOf(registered),
          why: `its port ${value(trace.sent.port)} is declared with another protocol than callers speak: ${hop.says.replace(/\.$/, '')}`,
          remedy: 'Declare the port with the protocol that is spoken',
        },
      ]
  }
  return trace.caller.kind === 'ingress' ? atGateway(trace, one) : atSidecar(trace, one)
}
