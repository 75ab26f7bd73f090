import { podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Finding } from '../../checks/check.ts'
import { hostOfBackend } from '../../mesh/conversion.ts'
import { milliseconds } from '../../mesh/duration.ts'
import type { HttpRouteRule } from '../../mesh/gateway-api.ts'
import type { HttpRoute } from '../../mesh/objects.ts'
import { toFqdn } from '../../mesh/host.ts'
import type { Target } from '../../mesh/target.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { ApplyWrite, Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/** Seconds that people give timeouts. */
const USUAL = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300]
/** How much longer than the slowest answer a route waits: a service near its limit is over it now and then. */
const ROOM = 2

/** Lets a route wait longer than the service takes. */
export const raiseTimeout = defineFix({
  act: 'raise-timeout',
  about: 'raises the timeout of a route above what the service takes to answer',
  codes: ['MESH0407'],
  propose(finding, evidence, target) {
    const { code, subject } = finding
    const former = textArg(finding, 'timeout')
    const limit = milliseconds(former)
    const setTo = settingOf(finding, limit, evidence, target)
    if (setTo === undefined || limit === undefined) return []
    const slowest = slowestAnswer(evidence, target)
    const needed = (Math.max(limit, slowest) * ROOM) / 1000
    const choices = USUAL.filter((seconds) => seconds >= needed).slice(0, 2)
    return choices.map((seconds): Proposal => ({
      act: 'raise-timeout',
      for: code,
      title: `Make ${subject.name} wait ${seconds} s for ${target.name}`,
      choice: `${seconds}s`,
      why: `The route gives up after ${former}, and ${target.name} takes about as long or longer${slowest === 0 ? '' : ` (${slowest} ms at most, of the answers in its own log)`}; ${seconds} s leaves it enough time.`,
      effect: `Requests on that route of ${subject.name} may last up to ${seconds} s before the caller gets 504.`,
      risk: {
        level: 'medium',
        says: 'Callers hold their connections for longer while the service is slow, and may themselves give up sooner; this does not make the service faster.',
      },
      undo: `Sets the timeout back to ${former}.`,
      writes: [setTo(seconds)],
    }))
  },
})

/** A duration as the Gateway API writes it: without fractions. */
const wholeUnits = (seconds: number): string => (Number.isInteger(seconds) ? `${seconds}s` : `${seconds * 1000}ms`)

/** How the timeout of those routes of the finding's object is set that lead to the target and wait as long as it says; undefined when none does. */
function settingOf(
  { subject: { kind, namespace = '', name } }: Finding,
  limit: number | undefined,
  evidence: Evidence,
  target: Target,
): ((seconds: number) => ApplyWrite) | undefined {
  const domain = evidence.clusterDomain
  if (kind === 'HTTPRoute') {
    const route = evidence.object('http-routes', namespace, name)
    const rules = route?.spec?.rules ?? []
    const isMeant = ({ timeouts, backendRefs = [] }: HttpRouteRule): boolean =>
      milliseconds(timeouts?.request) === limit &&
      backendRefs.some((ref) => target.hosts.includes(hostOfBackend(ref, namespace, domain) ?? ''))
    return route === undefined || !rules.some(isMeant)
      ? undefined
      : (seconds) =>
          applyTo(route, {
            spec: {
              rules: rules.map((one) =>
                isMeant(one) ? { ...one, timeouts: { ...one.timeouts, request: wholeUnits(seconds) } } : one,
              ),
            },
          })
  }
  const virtualService = kind === 'VirtualService' ? evidence.object('virtual-services', namespace, name) : undefined
  const routes = virtualService?.spec?.http ?? []
  const isMeant = ({ timeout, route = [] }: HttpRoute): boolean =>
    milliseconds(timeout) === limit &&
    route.some(({ destination }) => target.hosts.includes(toFqdn(destination.host, namespace, domain)))
  return virtualService === undefined || !routes.some(isMeant)
    ? undefined
    : (seconds) =>
        applyTo(virtualService, {
          spec: { http: routes.map((one) => (isMeant(one) ? { ...one, timeout: `${seconds}s` } : one)) },
        })
}

/** Milliseconds of the slowest request that the target's own sidecars saw answered; 0 when none was. */
function slowestAnswer(evidence: Evidence, target: Target): number {
  const own = podsOf(target, evidence).map(({ metadata }) => metadata)
  return Math.max(
    0,
    ...evidence
      .seen('access-log')
      .filter(({ of }) => own.some(({ name, namespace }) => of?.name === name && of.namespace === namespace))
      .flatMap(({ value }) =>
        value.lines.filter(
          ({ upstreamCluster = '', code, flags }) =>
            upstreamCluster.startsWith('inbound|') && code > 0 && code < 500 && flags.length === 0,
        ),
      )
      .map(({ duration = 0 }) => duration),
  )
}
