import { madeFrom } from '../../checks/facts/made-from.ts'
import { refOf, type Gateway, type GatewayServer } from '../../mesh/objects.ts'
import { carries, concernsTarget, gatewayKey, gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import { gatewaysOf as gatewaysServedBy, gatewaysTaking, serviceEntryOf, serviceOf } from '../follow/destination.ts'
import type { Case, Lead } from './lead.ts'
import { certificateOf } from '../follow/certificate.ts'
import { redirectCircle } from '../follow/redirects.ts'
import { clauseOf, eachOnce, newest, value, values } from './lead.ts'
import { atGateway, atSidecar } from './no-route.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { allGateways, allRoutes, routesFor } from '../../checks/facts/routes.ts'
import { writtenAs } from '../../checks/facts/attachment.ts'
import { attachmentLeads, gatewayLead } from './attachment.ts'
import { backendLeadsOf } from './backend.ts'
import { emptyServer } from './empty-server.ts'
import { isWeightless } from './weightless.ts'

/** Routes of the Gateway API for the target that have no effect at any gateway. */
const unattached = ({ followed, evidence, target }: Case): Lead[] =>
  eachOnce(
    routesFor(evidence, target)
      .filter((one) => isConverted(one) && !gatewaysOf(one).includes('mesh'))
      .flatMap((one) => {
        const written = writtenAs(one, evidence)
        return written === undefined ? [] : attachmentLeads(written, followed.requests.question.host, evidence)
      }),
  )

/** VirtualServices for the target that name Gateways which do not exist. */
function boundToNothing({ evidence, target }: Case): Lead[] {
  const keys = allGateways(evidence).map(gatewayKey)
  return allRoutes(evidence)
    .filter((vs) => !isConverted(vs) && concernsTarget(vs, target))
    .flatMap((vs): Lead[] => {
      const missing = gatewaysOf(vs).filter((key) => key !== 'mesh' && !keys.includes(key))
      return missing.length === 0
        ? []
        : [
            {
              code: 'MESH0131',
              subject: refOf(vs),
              why: `it is bound to Gateway ${values(missing)}, which does not exist, so no gateway listens for ${values(hostsOf(vs))}`,
              remedy: 'Create the Gateway, or bind it to one that exists',
            },
          ]
    })
}

/** The servers of a Gateway at a port for which a proxy listens only while a route is attached to them: those of streams. */
const streamsAt = (gateway: Gateway, asked: number | undefined): GatewayServer[] =>
  isConverted(gateway)
    ? (gateway.spec?.servers ?? []).filter(
        (server) => server.port?.number === asked && (carries(server, 'tcp') || carries(server, 'tls')),
      )
    : []

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
      why: `at ${value(trace.callerPod.metadata.name)}: ${clauseOf(hop)}`,
      remedy: 'Make it accept these requests',
    }))
  const answering = (trace.walk.route?.branches ?? []).filter(
    ({ outcome, answers }) =>
      outcome.kind === 'direct' ||
      answers.some(({ kind, passes }) => kind === 'fault' && passes !== 'yes') ||
      (outcome.kind === 'clusters' && outcome.clusters.length === 0),
  )
  const circle = hop.stage === 'route' ? redirectCircle(trace) : undefined
  if (circle !== undefined)
    return eachOnce(
      circle.makers.map((subject): Lead => ({
        code: 'MESH0131',
        subject,
        why: clauseOf(hop),
        remedy: 'Make it redirect to what another route matches',
      })),
    )
  const makers = answering.flatMap(({ route }) => (route === undefined ? [] : (madeFrom(route, trace.evidence) ?? [])))
  if (hop.stage === 'route' && makers.length > 0) {
    const written = eachOnce(
      answering.flatMap(({ route }) => (route === undefined ? [] : backendLeadsOf(route, one.evidence))),
    )
    if (written.length > 0) return written
    const weightless = answering.some(({ route }) => isWeightless(route?.name, trace.evidence))
    return eachOnce(
      makers.map((subject): Lead => ({
        code: 'MESH0131',
        subject,
        why: weightless ? `every backend of its rule has weight 0: ${clauseOf(hop)}` : clauseOf(hop),
        remedy: weightless ? 'Give a backend of its rule a weight above 0' : 'Make its route forward the requests',
      })),
    )
  }
  if (hop.stage === 'listener' && trace.caller.kind === 'ingress') {
    const gateways = gatewaysTaking(trace.question.host, one.evidence)
    const own = gateways.filter((gateway) => gatewaysServedBy(trace.callerPod, one.evidence).includes(gateway))
    const meant =
      own.length > 0
        ? own
        : gateways.length > 0
          ? gateways
          : allGateways(one.evidence).filter((gateway) =>
              allRoutes(one.evidence).some(
                (vs) => concernsTarget(vs, one.target) && gatewaysOf(vs).includes(gatewayKey(gateway)),
              ),
            )
    const gateway = newest(meant)
    const written =
      gateway === undefined || !isConverted(gateway)
        ? undefined
        : one.evidence.object('gateway-api-gateways', gateway.metadata.namespace ?? '', gateway.metadata.name)
    const unserved = written === undefined ? undefined : gatewayLead(written, one.evidence)
    if (unserved !== undefined) return [unserved]
    const [empty] = gateway === undefined ? [] : streamsAt(gateway, trace.question.port)
    if (gateway !== undefined && empty !== undefined) {
      const loose = unattached(one)
      if (loose.length > 0) return loose
      return [
        {
          code: 'MESH0131',
          subject: refOf(gateway),
          why: `no route is attached to its listener ${value(empty.port?.name ?? String(empty.port?.number ?? ''))}: ${clauseOf(hop)}`,
          remedy: `Attach a ${empty.port?.protocol === 'TLS' ? 'TLSRoute' : 'TCPRoute'} to that listener`,
        },
      ]
    }
    const streams = emptyServer(trace, one, clauseOf(hop))
    if (streams.length > 0) return streams
    return gateway === undefined
      ? [...boundToNothing(one), ...unattached(one)]
      : [
          {
            code: 'MESH0131',
            subject: refOf(gateway),
            why: clauseOf(hop),
            remedy:
              hop.says === certificateOf(trace).trouble
                ? `Give it a certificate that is valid and names ${value(trace.question.host)}`
                : `Make one of its servers accept ${value(trace.question.host)} at the port that is asked for`,
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
          why: `its port ${value(trace.sent.port)} is declared with another protocol than callers speak: ${clauseOf(hop)}`,
          remedy: 'Declare the port with the protocol that is spoken',
        },
      ]
  }
  return trace.caller.kind === 'ingress' ? atGateway(trace, one) : atSidecar(trace, one)
}
