import { ownerOf } from '../../../checks/facts/owners.ts'
import { worstEndpoint } from '../../../checks/facts/worst-endpoint.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import { changedAt, refOf } from '../../../mesh/objects.ts'
import { hasApplication } from '../../../mesh/pods.ts'
import { sameRef } from '../../../mesh/ref.ts'
import { allRoutes } from '../../../checks/facts/routes.ts'
import { answerOf } from '../../requests/answer.ts'
import { gatewaysTaking } from '../../follow/destination.ts'
import { routeGone } from '../gone-route.ts'
import { routesWithoutEffect } from '../no-route.ts'
import type { Case, Lead } from '../lead.ts'
import { eachOnce, value } from '../lead.ts'
import { lead, makersOf, routesOf, times, type Sign } from './sign.ts'

/** Another route takes what a route to the target asks for, and sends it elsewhere. */
export function misrouted(sign: Sign, one: Case): Lead[] {
  const {
    followed: { way },
    target,
  } = one
  const cluster = parseClusterName(sign.entry.upstreamCluster ?? '')
  if (cluster?.direction !== 'outbound' || target.hosts.includes(cluster.host)) return []
  const idle = way?.trace.caller.kind === 'ingress' ? routesWithoutEffect(way.trace, one) : []
  if (idle.length > 0) return idle.map((each) => ({ ...each, isDeeper: true }))
  const gone = routeGone(one)
  if (gone.length > 0) return gone
  return makersOf(routesOf(sign, way), way).map((subject) =>
    lead(
      'MESH0131',
      subject,
      `its route matches requests that are meant for ${value(target.name)} and sends them to ${value(cluster.host)}: ${times(sign)} got ${value(sign.entry.code)}`,
      'Exclude these paths from its match, or put the more specific route first',
    ),
  )
}

/** A Gateway sends whoever comes by plain HTTP to HTTPS. */
export function redirected(sign: Sign, { evidence, followed: { way } }: Case): Lead[] {
  const { entry } = sign
  if (entry.code < 300 || entry.code >= 400 || entry.upstreamCluster !== undefined || way === undefined) return []
  const makers = makersOf(routesOf(sign, way), way)
  if (makers.length > 0)
    return makers.map((subject) =>
      lead(
        'MESH0131',
        subject,
        `its route redirects every request: ${times(sign)} got ${value(entry.code)}, and none came back`,
        'Make it redirect only what must be',
      ),
    )
  return gatewaysTaking(way.trace.question.host, evidence)
    .filter(({ spec }) => (spec?.servers ?? []).some(({ tls }) => tls?.httpsRedirect === true))
    .map((gateway) =>
      lead(
        'MESH0131',
        refOf(gateway),
        `it redirects all plain HTTP to HTTPS, and every request comes by plain HTTP: ${times(sign)} got ${value(entry.code)}`,
        'Remove httpsRedirect where something in front terminates TLS, or make clients use HTTPS',
      ),
    )
}

/** Seconds within which an application may be asked to answer: below, any endpoint is late now and then. */
const SHORTEST = 0.05

/** The answer came too late for the route. */
export function timedOut(sign: Sign, { followed: { way, requests } }: Case): Lead[] {
  const { entry } = sign
  if (!entry.flags.includes('UT') && !(entry.details ?? '').includes('timeout')) return []
  const routes = routesOf(sign, way).filter(
    ({ route }) => route?.timeout !== undefined && route.timeout !== '0s' && Number.parseFloat(route.timeout) < 2,
  )
  const isLong = routes.every(({ route }) => Number.parseFloat(route?.timeout ?? '') >= SHORTEST)
  // One endpoint of several that is slow is the matter, not how long the route waits for all.
  if (isLong && worstEndpoint(requests.requests, sign.group) !== undefined) return []
  return makersOf(routes, way).map((subject) =>
    lead(
      'MESH0131',
      subject,
      `its route gives up after ${value(routes[0]?.route?.timeout ?? '')}: ${times(sign)} got ${value(entry.code)}`,
      'Give the application as long as it needs',
    ),
  )
}

/**
 * The VirtualServices and routes that were changed after the application had answered the same request well, and before it refused the first, while its pod ran all the
 * time: what they hand on is something else now.
 */
function changedBetween(sign: Sign, { evidence, followed: { way, requests } }: Case): Lead[] {
  const { entry, pod, group } = sign
  const began = Math.min(...group.map((one) => Date.parse(one.entry.at)))
  const answered = requests.requests
    .filter((one) => answerOf(one) === 'answered' && Date.parse(one.entry.at) < began)
    .map((one) => Date.parse(one.entry.at))
  const last = Math.max(...answered)
  if (answered.length === 0 || pod === undefined || !(Date.parse(pod.metadata.creationTimestamp ?? '') < last))
    return []
  return eachOnce(
    makersOf(routesOf(sign, way), way).flatMap((subject): Lead[] => {
      const made = allRoutes(evidence).find((one) => sameRef(refOf(one), subject))
      const changed = made === undefined ? undefined : changedAt(made)
      // Objects are dated by whole seconds.
      return changed !== undefined && changed > last - 1000 && changed < began
        ? [
            lead(
              'MESH0131',
              subject,
              `since its route was changed the application answers ${value(entry.code)} to requests that succeeded before: ${times(sign)}`,
              'Make its route send requests that the application serves, as it did before',
            ),
          ]
        : []
    }),
  )
}

/** The application answered something else than before: a route that rewrites what is asked for comes first. */
export function byApplication(sign: Sign, one: Case): Lead[] {
  const { entry, pod } = sign
  const {
    evidence,
    followed: { way },
  } = one
  if (entry.flags.length > 0 || (entry.details !== undefined && entry.details !== 'via_upstream')) return []
  const rewriting = routesOf(sign, way).filter(
    ({ route }) =>
      route?.prefixRewrite !== undefined ||
      route?.regexRewrite !== undefined ||
      route?.hostRewriteLiteral !== undefined,
  )
  if (entry.code < 500 && rewriting.length > 0)
    return makersOf(rewriting, way).map((subject) =>
      lead(
        'MESH0131',
        subject,
        `it rewrites what is asked for, and the application answers ${value(entry.code)}: ${times(sign)}`,
        'Rewrite to a path that the application serves',
      ),
    )
  if (entry.code < 400)
    return makersOf(routesOf(sign, way), way).map((subject) =>
      lead(
        'MESH0131',
        subject,
        `its route answers ${value(entry.code)}: ${times(sign)}`,
        'Make its route forward the requests',
      ),
    )
  const changed = entry.code < 500 ? changedBetween(sign, one) : []
  if (changed.length > 0) return changed
  return pod === undefined || !hasApplication(pod)
    ? []
    : [
        lead(
          'MESH0431',
          ownerOf(pod, evidence),
          `its application answers ${value(entry.code)}: ${times(sign)}; the proxies forwarded them unchanged`,
          "Read the application's own log",
        ),
      ]
}
