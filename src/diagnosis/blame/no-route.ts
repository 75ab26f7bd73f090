import { goneObjects } from '../../checks/facts/gone-objects.ts'
import { madeFrom } from '../../checks/facts/made-from.ts'
import { allGateways, allRoutes } from '../../checks/facts/routes.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { isExportedTo } from '../../mesh/destination-rules.ts'
import { fromFqdn, gatewayHost, hostMatches } from '../../mesh/host.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Target } from '../../mesh/target.ts'
import type { Gateway, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import {
  concernsTarget,
  destinationsOf,
  gatewayKey,
  gatewaysOf,
  hostsOf,
  protocolsOf,
  serversTaking,
} from '../../mesh/routing.ts'
import { gatewaysOf as gatewaysServedBy, gatewaysTaking, serviceEntryOf, targetPort } from '../follow/destination.ts'
import type { Trace } from '../follow/trace.ts'
import { writtenAs } from '../../checks/facts/attachment.ts'
import { attachmentLeads } from './attachment.ts'
import { routeGone } from './gone-route.ts'
import { hiddenFrom } from './hidden.ts'
import type { Case, Lead } from './lead.ts'
import { eachOnce, newest, value, values } from './lead.ts'
import { handsOver, noMatch } from './no-match.ts'

const leadsTo = (vs: VirtualService, { hosts }: Target): boolean =>
  destinationsOf(vs).some(({ host }) => hosts.includes(host))

/** Why a VirtualService that has the host has no route at the gateway's proxy. */
function withoutEffect(one: VirtualService, host: string, trace: Trace, { evidence }: Case): Lead[] {
  const pod = trace.callerPod
  const subject = refOf(one)
  const written = isConverted(one) ? writtenAs(one, evidence) : undefined
  if (written !== undefined) return attachmentLeads(written, host, evidence)
  const served = gatewaysServedBy(pod, evidence)
  const bound = served.filter((gateway) => gatewaysOf(one).includes(gatewayKey(gateway)))
  const at = pod.metadata.namespace ?? ''
  if (!isExportedTo(one.spec?.exportTo, one.metadata.namespace ?? '', at))
    return [
      {
        code: 'MESH0131',
        subject,
        why: `it is exported to ${values(one.spec?.exportTo ?? [])} only, and the gateway that accepts ${value(host)} runs in namespace ${value(at)}`,
        remedy: `Export it to namespace ${value(at)} too`,
      },
    ]
  if (bound.length === 0) {
    const named = gatewaysOf(one)
    const existing = allGateways(evidence).filter((gateway) => named.includes(gatewayKey(gateway)))
    if (existing.length === 0 && evidence.seen('gateways').length > 0 && !named.includes('mesh'))
      return [
        {
          code: 'MESH0131',
          subject,
          why: `it is bound to Gateway ${values(named)}, which does not exist`,
          remedy: 'Create the Gateway, or bind it to one that exists',
        },
      ]
    // A Gateway that exists and is served elsewhere is as likely the mistake as who names it.
    const blamed = newest([one, ...existing]) ?? one
    return [
      {
        code: 'MESH0131',
        subject: refOf(blamed),
        why:
          blamed === one
            ? `it is bound to ${values(named)}, and none of the Gateways that ${value(pod.metadata.name)} serves is among them`
            : `its selector does not match ${value(pod.metadata.name)}, where requests for ${value(host)} arrive, and ${formatRef(subject)} is bound to it`,
        remedy:
          blamed === one
            ? `Bind it to ${values((gatewaysTaking(host, evidence).length > 0 ? gatewaysTaking(host, evidence) : served).map(gatewayKey))}`
            : `Make its selector match the pods that serve ${value(host)}`,
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
        why: `the servers of ${bound.map((each) => formatRef(refOf(each))).join(', ')} accept ${values(hosts)}, and ${formatRef(subject)} is for ${value(host)}`,
        remedy: `Make a server accept ${value(host)} from namespace ${value(one.metadata.namespace ?? '')}`,
      },
    ]
  }
  return []
}

/** The routes to the target for the host that is asked for that have no effect at the proxy, and why: another route takes their requests. */
export function routesWithoutEffect(trace: Trace, one: Case): Lead[] {
  const { host } = trace.question
  return eachOnce(
    allRoutes(one.evidence)
      .filter((vs) => leadsTo(vs, one.target) && hostsOf(vs).some((pattern) => hostMatches(pattern, host)))
      .flatMap((vs) => withoutEffect(vs, host, trace, one)),
  )
}

/** Gateways to which a VirtualService is bound for the host, when their servers take it at other ports only than the one that requests come to. */
function atOtherPorts(one: VirtualService, host: string, { callerPod, sent }: Trace, { evidence }: Case): Lead[] {
  const open = gatewaysServedBy(callerPod, evidence)
    .filter((gateway) => gatewaysOf(one).includes(gatewayKey(gateway)))
    .map((gateway) => ({
      gateway,
      ports: serversTaking(gateway, one, host).flatMap(({ port }) => port?.number ?? []),
    }))
    .filter(({ ports }) => ports.length > 0)
  const isAsked = (port: number): boolean => targetPort(callerPod, port, evidence) === sent.connection.port
  if (open.some(({ ports }) => ports.some(isAsked))) return []
  return open.map(({ gateway, ports }) => ({
    code: 'MESH0131',
    subject: refOf(gateway),
    why: `its servers accept ${value(host)} at port ${values([...new Set(ports)].map(String))}, and requests come to port ${value(sent.port)}`,
    remedy: `Make one of its servers accept ${value(host)} at port ${value(sent.port)}`,
  }))
}

/** Who is to blame when a gateway has no route for a request. */
export function atGateway(trace: Trace, one: Case): Lead[] {
  const { evidence, target } = one
  const host = trace.question.host
  const all = allRoutes(evidence)
  const exact = all.filter(
    (vs) => hostsOf(vs).some((pattern) => hostMatches(pattern, host)) && protocolsOf(vs).join() !== 'tcp',
  )
  const mine = exact.filter((vs) => concernsTarget(vs, target))
  const { virtualHost } = trace.walk.route ?? {}
  const hasRoutes = virtualHost !== undefined && virtualHost.name?.startsWith('blackhole:') !== true
  if (hasRoutes) {
    const origins = (virtualHost.routes ?? []).flatMap((route) => madeFrom(route, evidence) ?? [])
    const owners = mine.filter((vs) => origins.length === 0 || origins.some((origin) => sameRef(origin, refOf(vs))))
    const idle = mine
      .filter((vs) => !owners.includes(vs))
      .map((vs) => ({ vs, leads: withoutEffect(vs, host, trace, one) }))
    // A route of others for the same host need not take what was meant for the target's own.
    const hasOwn = idle.some(({ vs, leads }) => leads.length > 0 && leadsTo(vs, target))
    const gone =
      idle.some(({ leads }) => leads.length > 0) || owners.some((vs) => handsOver(vs, trace)) ? [] : routeGone(one)
    if (gone.length > 0) return gone
    const leads = eachOnce([
      ...idle.flatMap((each) => each.leads),
      ...owners.filter((vs) => !hasOwn || leadsTo(vs, target)).flatMap((vs) => noMatch(vs, trace, all)),
    ])
    if (leads.length > 0) return leads
  }
  if (mine.length > 0) {
    const leads = eachOnce(mine.flatMap((vs) => withoutEffect(vs, host, trace, one)))
    if (leads.length > 0) return leads
    const elsewhere = eachOnce(mine.flatMap((vs) => atOtherPorts(vs, host, trace, one)))
    if (elsewhere.length > 0) return elsewhere
    return mine.flatMap((vs) => noMatch(vs, trace, all))
  }
  const gone = exact.length > 0 ? [] : routeGone(one)
  if (gone.length > 0) return gone
  // Nothing is for this very host: what was plainly meant for it, then the Gateway that takes a host which nothing serves.
  const near = all.filter((vs) => concernsTarget(vs, target) && nearestNames(host, hostsOf(vs)).length > 0)
  const [closest] = near
  if (closest !== undefined)
    return [
      {
        code: 'MESH0131',
        subject: refOf(closest),
        why: `it is for ${values(hostsOf(closest))}, and requests ask for ${value(host)}, which no VirtualService matches`,
        remedy: `Add ${value(host)} to its hosts`,
      },
    ]
  const leading = all.filter(
    (vs) => leadsTo(vs, target) && hostsOf(vs).length > 0 && gatewaysOf(vs).some((key) => key !== 'mesh'),
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
        why: `it leads to ${value(target.name)} for ${values(hostsOf(vs))}, and requests ask for ${value(host)}, which no VirtualService matches`,
        remedy: `Add ${value(host)} to its hosts`,
      },
    ]
  return (specific.length > 0 ? specific : taking).slice(0, 3).map((gateway) => ({
    code: 'MESH0131',
    subject: refOf(gateway),
    why: `it accepts ${value(host)}, and no VirtualService or route is bound to it for that host`,
    remedy: `Create a VirtualService for ${value(host)} that is bound to ${value(gatewayKey(gateway))}`,
  }))
}

/** A DestinationRule for a host that nobody registers: what it says has no effect, and what it was made for is gone or named otherwise. */
export function ruleForNobody(host: string, { evidence }: Case): Lead[] {
  if (serviceEntryOf(host, evidence) !== undefined || fromFqdn(host) !== undefined) return []
  const hosts = evidence.objects('service-entries').flatMap(({ spec }) => spec?.hosts ?? [])
  const near = nearestNames(host, hosts)
  return evidence
    .objects('destination-rules')
    .filter((rule) => rule.spec?.host === host)
    .map((rule) => ({
      code: 'MESH0131',
      subject: refOf(rule),
      why: `it is for ${value(host)}, which no Service or ServiceEntry registers, so it has no effect${near.length === 0 ? '' : `; nearest: ${values(near)}`}`,
      remedy: `Register ${value(host)} by a ServiceEntry, or name a host that is registered`,
    }))
}

/** The Service that is asked for, when it is gone. */
function absent(
  { question: { host }, callerPod }: Trace,
  { target: { ref, namespace, name }, evidence }: Case,
): Lead[] {
  const isGone = ref.kind === 'Service' && evidence.object('services', namespace, name) === undefined
  return isGone && evidence.seen('services').length > 0
    ? [
        {
          code: 'MESH0131',
          subject: ref,
          why: `it does not exist, and ${value(callerPod.metadata.name)} asks for ${value(host)}, whose name does not resolve`,
          remedy: 'Create the Service, or make callers use one that exists',
        },
      ]
    : []
}

/** Who is to blame when a sidecar has no route for a request of its own application. */
export function atSidecar(trace: Trace, one: Case): Lead[] {
  const { evidence, target } = one
  const host = trace.question.host
  const { virtualHost } = trace.walk.route ?? {}
  const known = virtualHost !== undefined && virtualHost.name !== 'block_all' && virtualHost.name !== 'allow_any'
  if (!known) {
    const leads = hiddenFrom(trace.callerPod, host, trace.sent.port, one)
    if (leads.length > 0) return leads
    const meant = allRoutes(evidence).filter((vs) => concernsTarget(vs, target))
    if (meant.length === 0) {
      const rules = ruleForNobody(host, one)
      return rules.length > 0 ? rules : absent(trace, one)
    }
    // What leads to a Service that was deleted is not wrong for it.
    if (goneObjects(evidence).some(({ ref }) => sameRef(ref, target.ref))) return absent(trace, one)
    return target.services.length > 0
      ? []
      : meant.slice(0, 1).map((vs) => ({
          code: 'MESH0131',
          subject: refOf(vs),
          why: `it routes for ${value(host)}, which no Service or ServiceEntry registers`,
          remedy: `Create the Service, or route to a host that exists`,
        }))
  }
  const all = allRoutes(evidence)
  const origins = (virtualHost.routes ?? []).flatMap((route) => madeFrom(route, evidence) ?? [])
  const owners = all.filter(
    (vs) =>
      origins.some((origin) => sameRef(origin, refOf(vs))) ||
      (origins.length === 0 &&
        gatewaysOf(vs).includes('mesh') &&
        hostsOf(vs).some((pattern) => target.hosts.some((each) => hostMatches(pattern, each)))),
  )
  return eachOnce(owners.flatMap((vs) => noMatch(vs, trace, all)))
}
